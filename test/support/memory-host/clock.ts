/** The time of a memory disk's world: it stands still until a test advances it. */
import type { Timer } from '../../../targets/host.ts';
import { clock } from '../platform.ts';

/** More turns than any honest piece of work takes: something calls itself again and again. */
const maxTurns = 100_000;

interface Due {
  readonly atMs: number;
  readonly callback: () => void;
}

export class MemoryClock {
  #wallMs: number;
  #elapsedMs = 0;
  /** Sorted by time, then by age. */
  #timers: Due[] = [];
  #outstanding = 0;

  constructor(startMs: number) {
    this.#wallMs = startMs;
  }

  now(): number {
    return this.#wallMs;
  }

  /** The wall clock jumps, as when a router hears from a time server. Timers do not notice. */
  setNow(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  timer(delayMs: number, callback: () => void): Timer {
    const due: Due = { atMs: this.#elapsedMs + Math.max(0, delayMs), callback };
    const later = this.#timers.findIndex(({ atMs }) => atMs > due.atMs);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, due);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((timer) => timer !== due);
      },
    };
  }

  soon(callback: () => void): void {
    this.#outstanding += 1;
    clock.soon(() => {
      this.#outstanding -= 1;
      callback();
    });
  }

  /** Lets time pass: fires the timers that come due, each after all that the one before set off has been done. */
  async advance(durationMs: number): Promise<void> {
    await this.settle();
    const targetMs = this.#elapsedMs + durationMs;
    for (let due = this.#timers[0]; due !== undefined && due.atMs <= targetMs; due = this.#timers[0]) {
      this.#timers.shift();
      this.#passTo(due.atMs);
      due.callback();
      await this.settle();
    }
    this.#passTo(targetMs);
  }

  /** Waits until nothing more happens without time passing: no sync under way, no callback due. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < maxTurns; turns += 1) {
      await new Promise<void>((resolve) => {
        clock.soon(resolve);
      });
      if (this.#outstanding === 0) return;
    }
    throw new Error(`not settled after ${maxTurns} turns`);
  }

  #passTo(elapsedMs: number): void {
    this.#wallMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}
