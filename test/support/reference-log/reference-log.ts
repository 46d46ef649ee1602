/**
 * A commit log in memory, the plain model of the contract in `logged/commit-log.ts`: for tests that need a log, and as
 * the oracle that tests compare the file log with. Everything is a search in an array; nothing here is fast.
 */
import { CommitLogError } from '../../../logged/commit-log.ts';
import type {
  CommitLog,
  CommittedOffset,
  CreateTopicOptions,
  OffsetCommit,
  PartitionOffsets,
  ProducedOffset,
  Producer,
  ProducerRecord,
  ProduceResult,
  SubscribeOptions,
  Subscription,
  TopicChange,
  TopicDescription,
} from '../../../logged/commit-log.ts';
import { partitionForKey } from '../../../logged/topics/partitioner.ts';
import { configEntries, parseTopicConfig } from '../../../logged/topics/topic-config.ts';
import { checkGroupName, checkTopicName } from '../../../logged/topics/topic-name.ts';
import type { Clock } from '../../../targets/host.ts';
import { checkNotGroups, checkProducer, checkRecord, isCount, require, sizeOf } from './checks.ts';
import type { RecordFields } from './checks.ts';
import { compactPartition } from './cleaning.ts';
import type { Compaction } from './cleaning.ts';
import { remember, rememberedOffset } from './producer-memory.ts';
import { announce, emptyPartition, emptyState, offsetForTime, offsetsOf } from './state.ts';
import type { Partition, State, Topic } from './state.ts';
import { ReferenceSubscription } from './subscription.ts';

export interface ReferenceLogOptions {
  readonly clock: Pick<Clock, 'now' | 'timer'>;
  /** Whether `produce` creates its topic, with one partition, even if it then refuses the records. Default: yes. */
  readonly createTopicsByUse?: boolean | undefined;
  /** How many calls per partition are remembered of a producer. Default 5. */
  readonly rememberedCalls?: number | undefined;
}

/** What an outside force may make fail: the name of a method and the topic, or null where there is none. */
export type FaultPlan = (method: keyof CommitLog, topic: string | null) => CommitLogError | null;

export function referenceLog(options: ReferenceLogOptions): ReferenceLog {
  return new ReferenceLog(options, emptyState());
}

export class ReferenceLog implements CommitLog {
  readonly #options: ReferenceLogOptions;
  readonly #state: State;
  #closed = false;
  #unkeyed = 0;

  /** Asked before each call has any effect; an error is what the call fails with. Null: nothing fails. */
  faults: FaultPlan | null = null;

  constructor(options: ReferenceLogOptions, state: State) {
    this.#options = options;
    this.#state = state;
  }

  async produce(record: ProducerRecord, producer?: Producer): Promise<ProducedOffset> {
    const [result] = await this.#append('produce', record?.topic, [record], producer);
    if (result === undefined || 'error' in result) throw result?.error ?? new Error('no result');
    return result;
  }

  async produceBatch(
    topic: string,
    records: readonly RecordFields[],
    producer?: Producer,
  ): Promise<readonly ProduceResult[]> {
    return this.#append('produceBatch', topic, records, producer);
  }

  async offsets(topic: string, partition: number): Promise<PartitionOffsets | null> {
    this.#enter('offsets', topic);
    const found = this.#state.topics.get(topic)?.partitions[partition];
    return found === undefined ? null : offsetsOf(found);
  }

  async offsetForTime(topic: string, partition: number, timestamp: number): Promise<number | null> {
    this.#enter('offsetForTime', topic);
    return offsetForTime(this.#partition(topic, partition), timestamp);
  }

  subscribe(options: SubscribeOptions): Subscription {
    const source = { state: this.#state, clock: this.#options.clock, isClosed: () => this.#closed };
    return new ReferenceSubscription(source, options);
  }

  async listTopics(): Promise<readonly string[]> {
    this.#enter('listTopics');
    return [...this.#state.topics.keys()].sort();
  }

  async describeTopic(topic: string): Promise<TopicDescription> {
    this.#enter('describeTopic', topic);
    checkTopicName(topic);
    return describe(this.#topic(topic));
  }

  async createTopic(topic: string, options: CreateTopicOptions = {}): Promise<TopicDescription> {
    this.#enter('createTopic', topic);
    checkTopicName(topic);
    checkNotGroups(topic);
    require(!this.#state.topics.has(topic), 'topic-exists', `topic ${topic}: exists`);
    const created = this.#newTopic(topic, options);
    if (options.validateOnly !== true) this.#addTopic(created);
    return describe(created);
  }

  async alterTopic(topic: string, change: TopicChange): Promise<TopicDescription> {
    this.#enter('alterTopic', topic);
    const found = this.#topic(topic);
    const partitions = change.partitions ?? found.partitions.length;
    checkPartitions(partitions, found.partitions.length);
    const reset = change.reset ?? [];
    parseTopicConfig(Object.fromEntries(reset.map((name) => [name, defaultOf(name)])));
    const kept = Object.entries(found.config).filter(([name]) => !reset.includes(name));
    const config = { ...Object.fromEntries(kept), ...change.set };
    parseTopicConfig(config);
    const added = Array.from({ length: partitions - found.partitions.length }, emptyPartition);
    if (change.validateOnly === true)
      return describe({ ...found, config, partitions: [...found.partitions, ...added] });
    found.config = config;
    found.partitions.push(...added);
    announce(this.#state);
    return describe(found);
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#enter('deleteTopic', topic);
    checkNotGroups(topic);
    this.#topic(topic);
    this.#state.topics.delete(topic);
    for (const [group, commits] of this.#state.groups) {
      this.#setGroup(
        group,
        commits.filter((commit) => commit.topic !== topic),
      );
    }
    announce(this.#state);
  }

  async commitOffsets(group: string, offsets: readonly OffsetCommit[]): Promise<void> {
    this.#enter('commitOffsets');
    checkGroupName(group);
    for (const commit of offsets) {
      this.#partition(commit.topic, commit.partition);
      require(isCount(commit.offset), 'invalid-record', `offset ${commit.offset}: not a whole number from 0`);
      const metadata: unknown = commit.metadata === undefined ? '' : commit.metadata;
      const short = typeof metadata === 'string' && metadata.length <= 4096;
      require(short, 'invalid-record', 'metadata: not a text of at most 4096 characters');
    }
    const committedAt = this.#options.clock.now();
    for (const { topic, partition, offset, metadata = '' } of offsets) {
      const others = (this.#state.groups.get(group) ?? []).filter(
        (one) => one.topic !== topic || one.partition !== partition,
      );
      this.#setGroup(group, [...others, { topic, partition, offset, metadata, committedAt }]);
    }
  }

  async committedOffsets(group: string): Promise<readonly CommittedOffset[]> {
    this.#enter('committedOffsets');
    checkGroupName(group);
    return [...(this.#state.groups.get(group) ?? [])].sort((a, b) =>
      a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition,
    );
  }

  async listGroups(): Promise<readonly string[]> {
    this.#enter('listGroups');
    return [...this.#state.groups.keys()].sort();
  }

  async deleteGroup(group: string): Promise<void> {
    this.#enter('deleteGroup');
    checkGroupName(group);
    require(this.#state.groups.delete(group), 'unknown-group', `group ${group}: no commit`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    announce(this.#state);
  }

  /** Closes this log and opens another one on what it held. */
  async reopen(): Promise<ReferenceLog> {
    await this.close();
    return new ReferenceLog(this.#options, this.#state);
  }

  /** Compacts all partitions of a topic now. */
  compact(topic: string, compaction: Compaction = {}): void {
    for (const [index, one] of this.#topic(topic).partitions.entries()) compactPartition(one, index, compaction);
  }

  /** Removes all records of a partition but those, whatever may have been the reason. */
  keepOnly(topic: string, partition: number, offsets: ReadonlySet<number>): void {
    const found = this.#partition(topic, partition);
    found.records = found.records.filter(({ offset }) => offsets.has(offset));
  }

  /** Removes what a partition stores below an offset, as retention does. */
  expire(topic: string, partition: number, below: number): void {
    const found = this.#partition(topic, partition);
    found.records = found.records.filter(({ offset }) => offset >= below);
  }

  async #append(
    method: 'produce' | 'produceBatch',
    name: string,
    records: readonly RecordFields[],
    producer: Producer | undefined,
  ): Promise<ProduceResult[]> {
    this.#enter(method, name);
    require(typeof records === 'object' && Array.isArray(records), 'invalid-record', 'records: not an array');
    checkTopicName(name);
    checkNotGroups(name);
    const topic = this.#state.topics.get(name) ?? this.#topicByUse(name);
    for (const record of records) checkRecord(record);
    checkProducer(producer, records.length);
    const placed = records.map((record, i) => this.#place(topic, record, producer, i));
    const results: ProduceResult[] = [];
    for (const partition of new Set(placed)) this.#appendTo(topic, partition, records, placed, producer, results);
    announce(this.#state);
    return results;
  }

  /** The records of one call that go to one partition: all of them, or an error for each. */
  #appendTo(
    topic: Topic,
    index: number,
    records: readonly RecordFields[],
    placed: readonly number[],
    producer: Producer | undefined,
    results: ProduceResult[],
  ): void {
    const partition = topic.partitions[index] ?? emptyPartition();
    const mine = [...placed.keys()].filter((i) => placed[i] === index);
    const appended = new Map<number, number>();
    try {
      const known = mine.map((i) => producer && rememberedOffset(partition, sequenced(producer, i)));
      for (const [at, i] of mine.entries()) {
        const before = known[at] ?? null;
        const offset = before ?? this.#store(topic, partition, index, records[i] as RecordFields);
        if (producer !== undefined && before === null) appended.set(producer.sequence + i, offset);
        results[i] = { partition: index, offset, duplicate: before !== null };
      }
    } catch (error) {
      if (!(error instanceof CommitLogError)) throw error;
      for (const i of mine) results[i] = { error };
    }
    if (producer !== undefined && appended.size > 0)
      remember(partition, producer.id, appended, this.#options.rememberedCalls ?? 5);
  }

  #store(topic: Topic, partition: Partition, index: number, record: RecordFields): number {
    const offset = partition.endOffset;
    partition.endOffset += 1;
    partition.records.push({
      topic: topic.name,
      partition: index,
      offset,
      key: copy(record.key),
      value: copy(record.value),
      headers: (record.headers ?? []).map(({ name, value }) => ({ name, value: copy(value) })),
      timestamp: record.timestamp ?? null,
      appendedAt: this.#options.clock.now(),
    });
    return offset;
  }

  #place(topic: Topic, record: RecordFields, producer: Producer | undefined, index: number): number {
    const count = topic.partitions.length;
    const { partition, key } = record;
    const exists = partition === undefined || partition < count;
    require(exists, 'unknown-partition', `topic ${topic.name}: no partition ${partition}`);
    const limit = parseTopicConfig(topic.config).maxMessageBytes;
    require(sizeOf(record) <=
      limit, 'record-too-large', `topic ${topic.name}: record of ${sizeOf(record)} bytes, at most ${limit}`);
    if (partition !== undefined) return partition;
    if (key !== null) return partitionForKey(key, count);
    if (producer !== undefined) return (producer.sequence + index) % count;
    return Math.floor(this.#unkeyed++ / 8) % count;
  }

  #topicByUse(name: string): Topic {
    require(this.#options.createTopicsByUse ?? true, 'unknown-topic', `topic ${name}: no such topic`);
    const topic = this.#newTopic(name, {});
    this.#addTopic(topic);
    return topic;
  }

  #newTopic(name: string, { partitions = 1, config = {} }: CreateTopicOptions): Topic {
    checkPartitions(partitions, 1);
    parseTopicConfig(config);
    const createdAt = this.#options.clock.now();
    return { name, createdAt, config: { ...config }, partitions: Array.from({ length: partitions }, emptyPartition) };
  }

  #addTopic(topic: Topic): void {
    this.#state.topics.set(topic.name, topic);
    announce(this.#state);
  }

  #setGroup(group: string, commits: CommittedOffset[]): void {
    if (commits.length === 0) this.#state.groups.delete(group);
    else this.#state.groups.set(group, commits);
  }

  #topic(name: string): Topic {
    const topic = this.#state.topics.get(name);
    require(topic !== undefined, 'unknown-topic', `topic ${name}: no such topic`);
    return topic;
  }

  #partition(topic: string, index: number): Partition {
    const partition = this.#topic(topic).partitions[index];
    require(partition !== undefined, 'unknown-partition', `topic ${topic}: no partition ${index}`);
    return partition;
  }

  #enter(method: keyof CommitLog, topic: string | null = null): void {
    require(!this.#closed, 'closed', 'the log is closed');
    const fault = this.faults?.(method, topic) ?? null;
    if (fault !== null) throw fault;
  }
}

function sequenced(producer: Producer, index: number): Producer {
  return { id: producer.id, sequence: producer.sequence + index };
}

function copy(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : bytes.slice();
}

function checkPartitions(partitions: number, least: number): void {
  const legal = Number.isSafeInteger(partitions) && partitions >= least && partitions <= 1024;
  require(legal, 'invalid-config', `partitions=${partitions}: want ${least} to 1024`);
}

function defaultOf(name: string): string {
  return configEntries({}).find((entry) => entry.name === name)?.defaultValue ?? '';
}

function describe(topic: Topic): TopicDescription {
  const config = configEntries(topic.config);
  return {
    topic: topic.name,
    internal: topic.name.startsWith('__'),
    partitions: topic.partitions.length,
    durability: config.find((entry) => entry.name === 'streambed.durability')?.value ?? '',
    config,
    createdAt: topic.createdAt,
  };
}
