/**
 * What the event loop of the C host calls: handlers of descriptors, timers, and what is to be done at the end of a
 * turn. Descriptors are polled edge-triggered: a handler takes all there is, and may be called for nothing.
 */
import type { Timer } from '../host.ts';
import { Jobs } from './jobs.ts';
import type { Native } from './native.ts';

interface Due {
  readonly atMs: number;
  readonly callback: () => void;
}

const longestWaitMs = 2 ** 31 - 1;

export class Loop {
  /** All of the process: the C host numbers them, and tells of their ends, in one place. */
  readonly jobs: Jobs;
  readonly #native: Native;
  readonly #handlers = new Map<number, () => void>();
  readonly #soon: (() => void)[] = [];
  /** Sorted by time, then by age. */
  #timers: Due[] = [];

  /** `report` is told of what nobody has caught. One loop per process. */
  constructor(native: Native, report: (error: unknown) => void) {
    this.#native = native;
    this.jobs = new Jobs(native, this);
    native.start(
      (descriptor) => this.#handlers.get(descriptor)?.(),
      () => this.#step(),
      report,
    );
  }

  on(descriptor: number, handler: () => void): void {
    this.#handlers.set(descriptor, handler);
  }

  off(descriptor: number): void {
    this.#handlers.delete(descriptor);
  }

  timer(delayMs: number, callback: () => void): Timer {
    const due: Due = { atMs: this.#native.monotonic() + delayMs, callback };
    const later = this.#timers.findIndex(({ atMs }) => atMs > due.atMs);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, due);
    return {
      cancel: () => {
        const at = this.#timers.indexOf(due);
        if (at !== -1) this.#timers.splice(at, 1);
      },
    };
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Runs one callback that is due, so that promise jobs come between any two. The milliseconds that may be waited. */
  #step(): number {
    const soon = this.#soon.shift();
    if (soon !== undefined) {
      soon();
      return 0;
    }
    const [timer] = this.#timers;
    if (timer === undefined) return -1;
    const remainingMs = timer.atMs - this.#native.monotonic();
    if (remainingMs > 0) return Math.min(Math.ceil(remainingMs), longestWaitMs);
    this.#timers.shift();
    timer.callback();
    return 0;
  }
}
