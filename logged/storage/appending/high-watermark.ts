/** Up to where a partition may be read, and who is told when that changes: readers here and in other processes. */
import type { Clock } from '../../../targets/host.ts';
import type { Readable } from '../reading/partition-view.ts';
import type { Watermark } from '../watermark.ts';

export class HighWatermark {
  #readable: Readable;
  #revision = 0;
  #publishDue = false;
  #closed = false;

  readonly #clock: Clock;
  readonly #publish: (mark: Watermark) => void;
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock, publish: (mark: Watermark) => void, readable: Readable) {
    this.#clock = clock;
    this.#publish = publish;
    this.#readable = readable;
    this.publish();
  }

  get readable(): Readable {
    return this.#readable;
  }

  listen(callback: () => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  /** Other processes learn of it with `publish` or `publishSoon`. */
  set(readable: Readable): void {
    this.#readable = readable;
    for (const listener of this.#listeners) listener();
  }

  /** The list of segments has changed. */
  revise(): void {
    this.#revision++;
    this.publish();
  }

  publish(): void {
    this.#publish({ ...this.#readable, revision: this.#revision });
  }

  /** Once for all that happens in this turn of the loop. */
  publishSoon(): void {
    if (this.#publishDue) return;
    this.#publishDue = true;
    this.#clock.soon(() => {
      this.#publishDue = false;
      if (!this.#closed) this.publish();
    });
  }

  close(): void {
    this.#closed = true;
  }
}
