/** What a subscription is iterated with: by record and by batch. */
import type { ConsumerRecord } from './commit-log.ts';

export type Take = () => Promise<readonly ConsumerRecord[] | null>;

/** The part of a subscription that its iterators need. */
export interface EndableSubscription {
  readonly isClosed: boolean;
  close(): void;
}

/**
 * Not an async generator: its `return()` would wait for a `next()` that waits for records, and what a consumer has
 * left in the middle would never be released.
 */
abstract class QueuedIterator<T> implements AsyncIterator<T, undefined> {
  protected readonly subscription: EndableSubscription;
  protected readonly take: Take;
  #last: Promise<unknown> | null = null;

  constructor(subscription: EndableSubscription, take: Take) {
    this.subscription = subscription;
    this.take = take;
  }

  /** What there is without waiting. */
  protected abstract ready(): T | undefined;
  protected abstract later(): Promise<T | null>;

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#last === null) {
      const value = this.ready();
      if (value !== undefined) return Promise.resolve({ done: false, value });
    }
    const result = (this.#last ?? Promise.resolve()).then(() => this.#next());
    const ended = (): void => {
      if (this.#last === last) this.#last = null;
    };
    const last = result.then(ended, ended);
    this.#last = last;
    return result;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.subscription.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  async #next(): Promise<IteratorResult<T, undefined>> {
    const value = this.ready() ?? (await this.later());
    return value === null ? { done: true, value: undefined } : { done: false, value };
  }
}

export class BatchIterator extends QueuedIterator<readonly ConsumerRecord[]> {
  protected ready(): undefined {}

  protected later(): Promise<readonly ConsumerRecord[] | null> {
    return this.take();
  }
}

export class RecordIterator extends QueuedIterator<ConsumerRecord> {
  #batch: readonly ConsumerRecord[] = [];
  #at = 0;

  protected ready(): ConsumerRecord | undefined {
    return this.subscription.isClosed ? undefined : this.#batch[this.#at++];
  }

  protected async later(): Promise<ConsumerRecord | null> {
    this.#batch = [];
    const batch = await this.take();
    if (batch === null) return null;
    this.#batch = batch;
    this.#at = 0;
    return this.ready() ?? null;
  }
}
