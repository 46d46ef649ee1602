/** Subscriptions of the reference log: positions in arrays, and a list of listeners to wait with. */
import type { ConsumerRecord, StartPosition, SubscribeOptions, Subscription } from '../../../logged/commit-log.ts';
import type { Clock } from '../../../targets/host.ts';
import { checkTopicName } from '../../../logged/topics/topic-name.ts';
import { isCount, require, sizeOf } from './checks.ts';
import { offsetForTime, offsetsOf } from './state.ts';
import type { State, Topic } from './state.ts';

/** The part of the log that a subscription needs. */
export interface Source {
  readonly state: State;
  readonly clock: Pick<Clock, 'timer'>;
  isClosed(): boolean;
}

interface Cursor {
  readonly topic: Topic;
  readonly partition: number;
  next: number;
  /** Not read from this offset on. */
  readonly until: number;
}

export class ReferenceSubscription implements Subscription {
  readonly #source: Source;
  readonly #options: SubscribeOptions;
  readonly #cursors = new Map<string, Cursor>();
  readonly #topics = new Map<string, Topic>();
  #ended = false;
  #wake: (() => void) | null = null;
  #turn = 0;

  constructor(source: Source, options: SubscribeOptions) {
    this.#source = source;
    this.#options = options;
    const signal = options.signal;
    if (signal?.aborted === true) this.#ended = true;
    else signal?.addEventListener('abort', this.close);
    for (const { topic } of options.subscriptions ?? []) {
      const found = source.state.topics.get(topic);
      if (found !== undefined) this.#addCursors(found, this.#wanted(found));
    }
  }

  readonly close = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.signal?.removeEventListener('abort', this.close);
    this.#wake?.();
  };

  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord> {
    const batches = this.batches()[Symbol.asyncIterator]();
    let batch: readonly ConsumerRecord[] = [];
    let index = 0;
    return this.#iterator(async () => {
      if (index === batch.length) {
        const taken = await batches.next();
        if (taken.done === true) return null;
        batch = taken.value;
        index = 0;
      }
      return this.#ended ? null : (batch[index++] ?? null);
    });
  }

  batches(): AsyncIterable<readonly ConsumerRecord[]> {
    return { [Symbol.asyncIterator]: () => this.#iterator(() => this.#take()) };
  }

  /** One `next()` at a time, null is the end. An error ends the iteration too. */
  #iterator<T>(take: () => Promise<T | null>): AsyncIterator<T> {
    let before: Promise<unknown> = Promise.resolve();
    const next = async (): Promise<IteratorResult<T>> => {
      const value = await take().catch((error: unknown) => {
        this.close();
        throw error;
      });
      return value === null ? { done: true, value: undefined } : { done: false, value };
    };
    return {
      next: () => {
        const result = before.then(next);
        before = result.catch(() => undefined);
        return result;
      },
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async #take(): Promise<ConsumerRecord[] | null> {
    const { idleTimeoutMs } = this.#options;
    for (;;) {
      if (this.#ended) return null;
      require(!this.#source.isClosed(), 'closed', 'the log is closed');
      this.#check();
      const batch = this.#ready();
      if (batch !== null) return batch;
      const idle = idleTimeoutMs === 0 || (await this.#change(idleTimeoutMs));
      if (idle) this.close();
    }
  }

  #check(): void {
    checkOptions(this.#options);
    for (const { topic: name, partitions } of this.#options.subscriptions) {
      checkTopicName(name);
      const topic = this.#source.state.topics.get(name);
      const known = this.#topics.get(name);
      require(topic !== undefined && (known ?? topic) === topic, 'unknown-topic', `topic ${name}: no such topic`);
      for (const partition of partitions ?? []) {
        const exists = isCount(partition) && partition < topic.partitions.length;
        require(exists, 'unknown-partition', `topic ${name}: no partition ${partition}`);
      }
      this.#addCursors(topic, partitions ?? [...topic.partitions.keys()]);
    }
  }

  #wanted(topic: Topic): readonly number[] {
    const all = [...topic.partitions.keys()];
    const named = this.#options.subscriptions.filter((one) => one.topic === topic.name);
    return all.filter((partition) => named.some((one) => one.partitions?.includes(partition) ?? true));
  }

  #addCursors(topic: Topic, partitions: readonly number[]): void {
    const late = this.#topics.get(topic.name) === topic;
    this.#topics.set(topic.name, topic);
    for (const partition of partitions) {
      const id = `${topic.name}/${partition}`;
      if (this.#cursors.has(id)) continue;
      const next = this.#start(topic, partition, late);
      if (next === null) continue;
      const stored = topic.partitions[partition];
      const ends = this.#options.idleTimeoutMs === 0 && stored !== undefined;
      const until = ends ? offsetsOf(stored).endOffset : Number.POSITIVE_INFINITY;
      this.#cursors.set(id, { topic, partition, next, until });
    }
  }

  /** The first offset to read, null when there is no such partition. A partition added later is read from its beginning. */
  #start(topic: Topic, index: number, late: boolean): number | null {
    const partition = topic.partitions[index];
    if (partition === undefined) return null;
    const at = (one: { topic: string; partition: number }) => one.topic === topic.name && one.partition === index;
    const consumed = this.#options.offsets?.find(at);
    if (consumed !== undefined) return consumed.offset + 1;
    let from = this.#options.from ?? 'beginning';
    if (typeof from === 'object' && 'group' in from) {
      const commit = this.#source.state.groups.get(from.group)?.find(at);
      if (commit !== undefined) return commit.offset;
      from = from.otherwise;
    }
    if (typeof from === 'object' && 'offset' in from) return from.offset;
    if (from === 'beginning' || late) return 0;
    const end = offsetsOf(partition).endOffset;
    return from === 'end' ? end : (offsetForTime(partition, from.timestamp) ?? end);
  }

  /** The next run of a partition that has something, the partitions taking turns. */
  #ready(): ConsumerRecord[] | null {
    const cursors = [...this.#cursors.values()];
    const limit = this.#options.maxBatchBytes ?? 65_536;
    for (let i = 0; i < cursors.length; i++) {
      const cursor = cursors[(this.#turn + i) % cursors.length];
      if (cursor === undefined) continue;
      const batch: ConsumerRecord[] = [];
      let size = 0;
      for (const record of cursor.topic.partitions[cursor.partition]?.records ?? []) {
        if (record.offset < cursor.next) continue;
        if (record.offset >= cursor.until) break;
        size += sizeOf(record);
        if (batch.length > 0 && size > limit) break;
        batch.push(record);
      }
      const last = batch.at(-1);
      if (last === undefined) continue;
      cursor.next = last.offset + 1;
      this.#turn = this.#turn + i + 1;
      return batch;
    }
    return null;
  }

  /** Resolves to false when something changed or ended, to true when nothing did for `timeoutMs`. */
  #change(timeoutMs: number | undefined): Promise<boolean> {
    const { state, clock } = this.#source;
    return new Promise((resolve) => {
      const settle = (idle: boolean) => {
        state.listeners.delete(wake);
        timer?.cancel();
        this.#wake = null;
        resolve(idle);
      };
      const wake = () => settle(false);
      const timer = timeoutMs === undefined ? null : clock.timer(timeoutMs, () => settle(true));
      state.listeners.add(wake);
      this.#wake = wake;
    });
  }
}

function checkOptions({ offsets = [], from = 'end', idleTimeoutMs = 0, maxBatchBytes = 1 }: SubscribeOptions): void {
  const consumed = offsets.every(({ offset }) => offset === -1 || isCount(offset));
  require(consumed, 'invalid-record', 'offsets: not whole numbers from -1');
  require(isStart(from), 'invalid-record', 'from: not a position');
  require(Number.isFinite(idleTimeoutMs) && idleTimeoutMs >= 0, 'invalid-record', 'idle timeout: not a number from 0');
  require(isCount(maxBatchBytes) && maxBatchBytes > 0, 'invalid-record', 'max batch bytes: not a whole number from 1');
}

function isStart(from: StartPosition): boolean {
  if (typeof from !== 'object') return from === 'beginning' || from === 'end';
  if ('offset' in from) return isCount(from.offset);
  if ('timestamp' in from) return Number.isFinite(from.timestamp);
  return typeof from.group === 'string' && (from.otherwise === 'beginning' || from.otherwise === 'end');
}
