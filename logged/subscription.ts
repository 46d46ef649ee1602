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
import { PartitionReader } from './storage/reading/partition-reader.ts';
import type { PartitionView } from './storage/reading/partition-view.ts';
import { findTime } from './storage/reading/segment-lookup.ts';
import { BatchIterator, RecordIterator } from './subscription-iterators.ts';
import type { Topic } from './topics/topic.ts';

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
  /** Not read from this offset on. */
  readonly until: number;
  readonly unlisten: () => void;
}

export class LogSubscription implements Subscription {
  readonly #source: SubscriptionSource;
  readonly #options: SubscribeOptions;
  readonly #cursors = new Map<string, Cursor>();
  readonly #unlisten: (() => void)[] = [];
  #topics: { readonly topic: Topic; readonly subscribe: Subscribe }[] = [];
  /** Which cursor has its turn. */
  #turns = 0;
  #begun = false;
  #closed = false;
  /** A batch is being taken: whatever it holds is released when that ends. */
  #taking = false;
  #failure: CommitLogError | null = null;
  /** Something may have changed since the cursors were last read. */
  #stirred = false;
  #wake: (() => void) | null = null;

  constructor(source: SubscriptionSource, options: SubscribeOptions) {
    this.#source = source;
    this.#options = options;
  }

  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord> {
    return new RecordIterator(this, () => this.#take());
  }

  batches(): AsyncIterable<readonly ConsumerRecord[]> {
    return { [Symbol.asyncIterator]: () => new BatchIterator(this, () => this.#take()) };
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  readonly close = (): void => {
    this.#closed = true;
    this.#stir();
    if (!this.#taking) this.#release();
  };

  /** Ends the iteration with an error. */
  fail(failure: CommitLogError): void {
    if (this.#closed) return;
    this.#failure = failure;
    this.close();
  }

  /** The next records, or null at the end; one call at a time. */
  async #take(): Promise<readonly ConsumerRecord[] | null> {
    this.#taking = true;
    try {
      if (!this.#closed) {
        if (this.#begun) await this.#turn();
        else await this.#start();
        const records = await this.#next();
        if (records !== null) return records;
      }
      this.close();
      const failure = this.#failure;
      this.#failure = null;
      if (failure !== null) throw failure;
      return null;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.#taking = false;
      if (this.#closed) this.#release();
    }
  }

  async #next(): Promise<readonly ConsumerRecord[] | null> {
    const { idleTimeoutMs } = this.#options;
    const { clock } = this.#source;
    const deadline = clock.monotonic() + (idleTimeoutMs ?? Number.POSITIVE_INFINITY);
    while (!this.#closed) {
      this.#stirred = false;
      await this.#addPartitions();
      this.#begun = true;
      const records = this.#closed ? null : this.#read();
      if (records !== null) return records;
      if (idleTimeoutMs === 0 || !(await this.#wait(deadline - clock.monotonic()))) return null;
    }
    return null;
  }

  /** A batch of the next cursor that has one. */
  #read(): readonly ConsumerRecord[] | null {
    const cursors = [...this.#cursors.values()];
    for (let i = 0; i < cursors.length; i++) {
      const { reader, until } = cursors[(this.#turns + i) % cursors.length] as Cursor;
      if (reader.nextOffset >= until) continue;
      const records = reader.read(this.#options.maxBatchBytes ?? DEFAULT_BATCH_BYTES);
      while ((records[records.length - 1]?.offset ?? -1) >= until) records.pop();
      if (records.length === 0) continue;
      this.#turns = (this.#turns + i + 1) % cursors.length;
      return records;
    }
    return null;
  }

  async #start(): Promise<void> {
    const { signal, subscriptions } = this.#options;
    if (signal?.aborted === true) return this.close();
    signal?.addEventListener('abort', this.close);
    checkOptions(this.#options);
    for (const subscribe of subscriptions) {
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
      // What comes later belongs to the next one who asks, or a steady producer would keep this one for ever.
      const until = this.#options.idleTimeoutMs === 0 ? view.readable().endOffset : Number.POSITIVE_INFINITY;
      return { reader: new PartitionReader(view, offset), until, unlisten };
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

  /** Waits until something stirs; false when the time was up before. */
  async #wait(leftMs: number): Promise<boolean> {
    if (this.#stirred) return true;
    let timer: Timer | null = null;
    const stirred = await new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(true);
      if (leftMs < Number.POSITIVE_INFINITY) timer = this.#source.clock.timer(leftMs, () => resolve(false));
    });
    this.#wake = null;
    (timer as Timer | null)?.cancel();
    return stirred;
  }

  #stir(): void {
    this.#stirred = true;
    this.#wake?.();
  }

  #release(): void {
    this.#options.signal?.removeEventListener('abort', this.close);
    for (const { reader, unlisten } of this.#cursors.values()) {
      unlisten();
      reader.close();
    }
    this.#cursors.clear();
    for (const unlisten of this.#unlisten.splice(0)) unlisten();
    this.#topics = [];
    this.#source.ended(this);
  }
}

function checkOptions({ offsets = [], from = 'end', idleTimeoutMs = 0, maxBatchBytes = 1 }: SubscribeOptions): void {
  for (const { offset } of offsets) {
    if (!(Number.isSafeInteger(offset) && offset >= -1)) throw invalid(`offset ${offset}: want a whole number from -1`);
  }
  if (!isPosition(from)) throw invalid(`from ${String(from)}: want beginning, end, an offset, a timestamp or a group`);
  if (!(idleTimeoutMs >= 0)) throw invalid(`idle timeout ${idleTimeoutMs}: want milliseconds from 0`);
  if (!(maxBatchBytes >= 1)) throw invalid(`batch bytes ${maxBatchBytes}: want a number from 1`);
}

function isPosition(from: StartPosition): boolean {
  if (typeof from !== 'object') return from === 'beginning' || from === 'end';
  if ('offset' in from) return Number.isSafeInteger(from.offset) && from.offset >= 0;
  if ('timestamp' in from) return Number.isFinite(from.timestamp);
  return from.otherwise === 'beginning' || from.otherwise === 'end';
}

function invalid(message: string): CommitLogError {
  return new CommitLogError('invalid-record', message);
}
