/** A subscription: reads the partitions in turn and waits when all are read. */
import type { Clock, Timer } from '../targets/host.ts';
import {
  CommitLogError,
  type ConsumerRecord,
  type StartPosition,
  type Subscribe,
  type SubscribeOptions,
  type Subscription,
} from './commit-log.ts';
import { PartitionReader } from './storage/partition-reader.ts';
import type { PartitionView } from './storage/partition-view.ts';
import { findTime } from './storage/segment-lookup.ts';
import type { Topic } from './topic.ts';

const DEFAULT_BATCH_BYTES = 65536;

/** What a subscription needs of the log. */
export interface SubscriptionSource {
  readonly clock: Clock;
  /** Errors: `unknown-topic`, `invalid-topic`, `closed`. */
  topic(name: string): Promise<Topic>;
  view(topic: Topic, partition: number): Promise<PartitionView>;
  committedOffset(group: string, topic: string, partition: number): Promise<number | null>;
  /** Called when the subscription has ended. */
  ended(subscription: LogSubscription): void;
}

interface Cursor {
  readonly reader: PartitionReader;
  readonly unlisten: () => void;
}

export class LogSubscription implements Subscription {
  readonly #source: SubscriptionSource;
  readonly #options: SubscribeOptions;
  readonly #cursors = new Map<string, Cursor>();
  readonly #unlisten: (() => void)[] = [];
  #topics: { readonly topic: Topic; readonly subscribe: Subscribe }[] = [];
  #begun = false;
  #closed = false;
  #failure: CommitLogError | null = null;
  /** Something may have changed since the cursors were last read. */
  #stirred = false;
  #wake: (() => void) | null = null;

  constructor(source: SubscriptionSource, options: SubscribeOptions) {
    this.#source = source;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ConsumerRecord, void, undefined> {
    for await (const batch of this.batches()) {
      for (const record of batch) {
        if (this.#closed) return;
        yield record;
      }
    }
  }

  async *batches(): AsyncGenerator<readonly ConsumerRecord[], void, undefined> {
    const { signal, idleTimeoutMs, maxBatchBytes = DEFAULT_BATCH_BYTES } = this.#options;
    const abort = (): void => this.close();
    signal?.addEventListener('abort', abort);
    try {
      if (signal?.aborted === true) return;
      await this.#start();
      while (!this.#closed) {
        this.#stirred = false;
        await this.#addPartitions();
        this.#begun = true;
        let delivered = false;
        for (const { reader } of this.#cursors.values()) {
          const records = reader.read(maxBatchBytes);
          if (records.length === 0) continue;
          delivered = true;
          yield records;
          await this.#turn();
          if (this.#closed) break;
        }
        if (delivered || this.#closed) continue;
        if (idleTimeoutMs === 0) return;
        if (!(await this.#wait(idleTimeoutMs))) return;
      }
      if (this.#failure !== null) throw this.#failure;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.close();
      this.#release();
    }
  }

  close(): void {
    this.#closed = true;
    this.#stir();
  }

  /** Ends the iteration with an error. */
  fail(failure: CommitLogError): void {
    if (this.#closed) return;
    this.#failure = failure;
    this.close();
  }

  async #start(): Promise<void> {
    for (const subscribe of this.#options.subscriptions) {
      const topic = await this.#source.topic(subscribe.topic);
      for (const partition of subscribe.partitions ?? []) topic.checkPartition(partition);
      this.#topics.push({ topic, subscribe });
      this.#unlisten.push(topic.onChange(() => this.#stir()));
    }
  }

  async #addPartitions(): Promise<void> {
    for (const { topic, subscribe } of this.#topics) {
      if (topic.deleted) throw new CommitLogError('unknown-topic', `topic ${topic.name}: was deleted`);
      const all = Array.from({ length: topic.partitionCount }, (_, partition) => partition);
      for (const partition of subscribe.partitions ?? all) {
        const id = `${partition}/${topic.name}`;
        if (!this.#cursors.has(id)) this.#cursors.set(id, await this.#open(topic, partition));
        if (this.#closed) return;
      }
    }
  }

  async #open(topic: Topic, partition: number): Promise<Cursor> {
    const view = await this.#source.view(topic, partition);
    const unlisten = view.onReadable(() => this.#stir());
    try {
      const offset = await this.#startOffset(view);
      return { reader: new PartitionReader(view, offset), unlisten };
    } catch (error) {
      unlisten();
      throw error;
    }
  }

  async #startOffset(view: PartitionView): Promise<number> {
    const { topic, partition } = view;
    const consumed = this.#options.offsets?.find((entry) => entry.topic === topic && entry.partition === partition);
    if (consumed !== undefined) return consumed.offset + 1;
    // A partition that was added while we read holds nothing that the start position could have meant.
    return this.#begun ? 0 : this.#resolve(this.#options.from ?? 'beginning', view);
  }

  async #resolve(from: StartPosition, view: PartitionView): Promise<number> {
    if (from === 'beginning') return 0;
    if (from === 'end') return view.readable().endOffset;
    if ('offset' in from) return from.offset;
    if ('timestamp' in from) return findTime(view, from.timestamp) ?? view.readable().endOffset;
    const committed = await this.#source.committedOffset(from.group, view.topic, view.partition);
    return committed ?? this.#resolve(from.otherwise, view);
  }

  /** Lets the rest of the process have its turn between two batches. */
  #turn(): Promise<void> {
    return new Promise((resolve) => this.#source.clock.soon(resolve));
  }

  /** Waits until something stirs; false when the idle timeout came first. */
  async #wait(idleTimeoutMs: number | undefined): Promise<boolean> {
    if (this.#stirred) return true;
    let timer: Timer | null = null;
    let timedOut = false;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (idleTimeoutMs === undefined) return;
      timer = this.#source.clock.timer(idleTimeoutMs, () => {
        timedOut = true;
        resolve();
      });
    });
    this.#wake = null;
    (timer as Timer | null)?.cancel();
    return !timedOut;
  }

  #stir(): void {
    this.#stirred = true;
    this.#wake?.();
  }

  #release(): void {
    for (const { reader, unlisten } of this.#cursors.values()) {
      unlisten();
      reader.close();
    }
    this.#cursors.clear();
    for (const unlisten of this.#unlisten) unlisten();
    this.#topics = [];
    this.#source.ended(this);
  }
}
