/** The clocks of Node. */
import type { Clock, Timer } from '../host.ts';

const maxDelayMs = 2 ** 31 - 1;

export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer: (delayMs, callback) => new NodeTimer(delayMs, callback),
  soon: (callback) => {
    setImmediate(callback);
  },
};

/** Node cuts delays above 2^31-1 down to 1 ms and may fire a fraction of a millisecond early: both are waited out. */
class NodeTimer implements Timer {
  readonly #dueMs: number;
  readonly #callback: () => void;
  #timeout: NodeJS.Timeout;

  constructor(delayMs: number, callback: () => void) {
    this.#dueMs = performance.now() + delayMs;
    this.#callback = callback;
    this.#timeout = this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }

  #arm(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#fire(), Math.min(Math.ceil(delayMs), maxDelayMs));
  }

  #fire(): void {
    const remainingMs = this.#dueMs - performance.now();
    if (remainingMs > 0) this.#timeout = this.#arm(remainingMs);
    else this.#callback();
  }
}
