/**
 * The time that expiry is judged by, ms. A router's wall clock may be years behind at boot and jump either way: while
 * the process lives this one only counts what has passed, and a new process goes on at the last time that any entry of
 * the journal was written, or at the wall clock's if that is later. Where nothing else is written, the time itself is:
 * once in an hour, which flash does not feel, and when the service stops. So nothing lives longer than it was given, but
 * for the time that a machine without a battery clock was off, and for an hour at most when its power was cut.
 */
import type { Clock } from '../../targets/host.ts';

/** Two clocks are never read at the same moment. */
const JITTER_MS = 1000;

export class StoreClock {
  readonly #clock: Clock;
  readonly #startedAt: number;
  #origin: number;
  /** By how much the wall clock was ahead when it had last jumped. */
  #wallAhead = 0;

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

  /** The wall clock's time for one of this clock: what people and clients are told, the same each time they ask. */
  toWall(time: number): number {
    const ahead = this.#clock.now() - this.now();
    if (Math.abs(ahead - this.#wallAhead) > JITTER_MS) this.#wallAhead = ahead;
    return time + this.#wallAhead;
  }
}
