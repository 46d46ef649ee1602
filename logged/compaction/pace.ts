/** The pace of compaction: short slices with the event loop in between, and no more bytes per second than was asked for. */
import type { Host } from '../../targets/host.ts';
import type { Signal } from '../commit-log.ts';

/** What is read and written before producers and consumers get their turn: about a millisecond on a large machine. */
const SLICE_BYTES = 65536;
/** Where the others are busy, slices follow each other for this part of the time that they took, or as long as this. */
const SHARE = 0.25;
const MOST_TURN_MS = 20;

/** Thrown where compaction was told to stop. */
export class Cancelled extends Error {
  constructor() {
    super('compaction was cancelled');
    this.name = 'Cancelled';
  }
}

export class Pace {
  readonly #clock: Host['clock'];
  readonly #bytesPerSecond: number;
  readonly #signal: Signal | null;
  #sliceBytes = 0;
  /** Before this nobody else gets a turn. */
  #turnEndsAt = Number.NEGATIVE_INFINITY;
  /** Since when, and how much: for the rate. */
  #startedAt: number;
  #spentBytes = 0;

  /** `bytesPerSecond`: 0 for as fast as it goes. */
  constructor(clock: Host['clock'], bytesPerSecond: number, signal: Signal | null) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#signal = signal;
    this.#startedAt = clock.monotonic();
  }

  /** Counts bytes that were read or written; true when it is time to `rest`. */
  spend(bytes: number): boolean {
    this.#sliceBytes += bytes;
    if (this.#sliceBytes < SLICE_BYTES) return false;
    if (this.#bytesPerSecond > 0 || this.#clock.monotonic() >= this.#turnEndsAt) return true;
    this.#sliceBytes = 0;
    return false;
  }

  /** Lets others have their turn, for as long as the rate asks. Throws `Cancelled`. */
  async rest(): Promise<void> {
    this.#spentBytes += this.#sliceBytes;
    this.#sliceBytes = 0;
    const before = this.#clock.monotonic();
    await this.#pause(this.#aheadMs());
    const now = this.#clock.monotonic();
    this.#turnEndsAt = now + Math.min(MOST_TURN_MS, (now - before) * SHARE);
    this.check();
  }

  check(): void {
    if (this.#signal?.aborted === true) throw new Cancelled();
  }

  #aheadMs(): number {
    if (this.#bytesPerSecond === 0) return 0;
    const elapsedMs = this.#clock.monotonic() - this.#startedAt;
    return (this.#spentBytes / this.#bytesPerSecond) * 1000 - elapsedMs;
  }

  #pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (pauseMs < 1) {
        this.#clock.soon(resolve);
        return;
      }
      const signal = this.#signal;
      const done = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#clock.timer(pauseMs, done);
      signal?.addEventListener('abort', done);
    });
  }
}
