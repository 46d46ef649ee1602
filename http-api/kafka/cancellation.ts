/**
 * The reasons for which one wait may end early, as the single signal that the log takes: the client has gone, the
 * service stops, time is up, the group was rebalanced.
 */
import type { Signal } from '../../logged/commit-log.ts';

export class Cancellation implements Signal {
  readonly #sources: readonly Signal[];
  readonly #listeners = new Set<() => void>();
  readonly #cancelled = (): void => this.cancel();
  #aborted = false;

  /** Follows the sources until `release`. */
  constructor(...sources: readonly (Signal | undefined)[]) {
    this.#sources = sources.filter((source) => source !== undefined);
    for (const source of this.#sources) source.addEventListener('abort', this.#cancelled);
    if (this.#sources.some((source) => source.aborted)) this.#aborted = true;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  cancel(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    for (const listener of this.#listeners) listener();
  }

  release(): void {
    for (const source of this.#sources) source.removeEventListener('abort', this.#cancelled);
  }
}
