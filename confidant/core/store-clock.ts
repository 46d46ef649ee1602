/**
 * The time that expiry is judged by, ms. A router's wall clock may be years behind at boot and jump either way: while
 * the process lives this one only counts what has passed, and a new process goes on at the last time that any entry of
 * the journal was written, or at the wall clock's if that is later. So nothing lives longer than it was given, but for
 * the time that a machine without a battery clock was off.
 */
import type { Clock } from '../../targets/host.ts';

export class StoreClock {
  readonly #clock: Clock;
  readonly #startedAt: number;
  #origin: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.#origin = clock.now();
  }

  /** Goes on no earlier than this. */
  raise(floor: number): void {
    this.#origin += Math.max(0, floor - this.now());
  }

  now(): number {
    return Math.floor(this.#origin + this.#clock.monotonic() - this.#startedAt);
  }

  /** The wall clock's text for a time of this clock: what people and clients are told. */
  toWall(time: number): number {
    return time - this.now() + this.#clock.now();
  }
}
