/**
 * Committed offsets of consumer groups. They are records of a compacted internal topic, so they are as durable and as
 * portable as the data; what is in memory is only ever read from there.
 *
 * Key: CBOR of `[group, topic, partition]`. Value: CBOR of `{topicId, offset, metadata, committedAt}`, or a tombstone.
 * A commit counts only for the topic it was made for: one of the same name that was created later has another id.
 */
import { CommitLogError, type CommittedOffset, type ConsumerRecord, type OffsetCommit } from './commit-log.ts';
import { decodeCbor, encodeCbor } from './storage/format/cbor.ts';
import type { Partition } from './storage/appending/partition.ts';
import { PartitionReader } from './storage/reading/partition-reader.ts';
import type { PartitionView } from './storage/reading/partition-view.ts';
import type { RecordFields } from './storage/format/record.ts';
import type { Topic } from './topics/topic.ts';
import { checkGroupName } from './topics/topic-name.ts';

export const GROUPS_TOPIC = '__consumer_offsets';

/** How the internal topic is created. */
export const GROUPS_TOPIC_CONFIG: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'segment.bytes': '262144',
};

const READ_BYTES = 65536;
const MOST_METADATA = 4096;

/** What the groups need of the log. */
export interface GroupsSource {
  now(): number;
  /** The internal topic, or null when it does not exist and `create` is false. */
  groupsTopic(create: boolean): Promise<Topic | null>;
  /** An existing topic, or null. */
  findTopic(name: string): Promise<Topic | null>;
  /** A view of the internal topic's only partition. */
  view(topic: Topic): Promise<PartitionView>;
}

interface StoredCommit extends CommittedOffset {
  readonly topicId: string;
}

type StoredValue = Omit<StoredCommit, 'topic' | 'partition'>;

export class ConsumerGroups {
  readonly #source: GroupsSource;
  /** By group, then by partition and topic. */
  readonly #commits = new Map<string, Map<string, StoredCommit>>();
  #reader: { readonly topic: Topic; readonly view: PartitionView; readonly reader: PartitionReader } | null = null;

  constructor(source: GroupsSource) {
    this.#source = source;
  }

  async commit(group: string, offsets: readonly OffsetCommit[]): Promise<void> {
    checkGroupName(group);
    if (offsets.length === 0) return;
    const committedAt = this.#source.now();
    const records: RecordFields[] = [];
    for (const { topic: name, partition, offset, metadata = '' } of offsets) {
      const topic = await this.#source.findTopic(name);
      if (topic === null) throw new CommitLogError('unknown-topic', `topic ${name}: does not exist`);
      topic.checkPartition(partition);
      if (!Number.isSafeInteger(offset) || offset < 0) {
        throw new CommitLogError('invalid-record', `offset ${offset}: want a whole number from 0`);
      }
      if (typeof metadata !== 'string' || metadata.length > MOST_METADATA) {
        throw new CommitLogError('invalid-record', `metadata: want text of at most ${MOST_METADATA} characters`);
      }
      const value: StoredValue = { topicId: topic.meta.id, offset, metadata, committedAt };
      records.push(entry(group, name, partition, encodeCbor(value)));
    }
    const topic = await this.#source.groupsTopic(true);
    await append(await (topic as Topic).writer(0), records);
  }

  async committed(group: string): Promise<readonly CommittedOffset[]> {
    checkGroupName(group);
    await this.#catchUp();
    const found: CommittedOffset[] = [];
    for (const { topicId, topic, partition, offset, metadata, committedAt } of this.#commits.get(group)?.values() ??
      []) {
      if ((await this.#topicId(topic)) !== topicId) continue;
      found.push({ topic, partition, offset, metadata, committedAt });
    }
    return found.sort((a, b) => compareText(a.topic, b.topic) || a.partition - b.partition);
  }

  /** Null when there is no such topic, or none that can be read: the group's other commits are to be had all the same. */
  async #topicId(name: string): Promise<string | null> {
    try {
      return (await this.#source.findTopic(name))?.meta.id ?? null;
    } catch (error) {
      if (error instanceof CommitLogError && error.place !== null) return null;
      throw error;
    }
  }

  async list(): Promise<readonly string[]> {
    await this.#catchUp();
    const groups: string[] = [];
    for (const group of this.#commits.keys()) if ((await this.committed(group)).length > 0) groups.push(group);
    return groups.sort(compareText);
  }

  async delete(group: string): Promise<void> {
    checkGroupName(group);
    if ((await this.committed(group)).length === 0) {
      throw new CommitLogError('unknown-group', `group ${group}: has no commit`);
    }
    await this.#remove((commit) => commit.group === group);
  }

  /** Forgets what was committed for a topic that is gone. */
  async forgetTopic(topic: string, topicId: string): Promise<void> {
    await this.#catchUp();
    await this.#remove((commit) => commit.topic === topic && commit.topicId === topicId);
  }

  close(): void {
    this.#reader?.reader.close();
    this.#reader = null;
  }

  async #remove(which: (commit: StoredCommit & { readonly group: string }) => boolean): Promise<void> {
    const records: RecordFields[] = [];
    for (const [group, commits] of this.#commits) {
      for (const commit of commits.values()) {
        if (which({ ...commit, group })) records.push(entry(group, commit.topic, commit.partition, null));
      }
    }
    if (records.length === 0) return;
    const topic = await this.#source.groupsTopic(false);
    if (topic !== null) await append(await topic.writer(0), records);
  }

  /** Reads what was committed since the last look. */
  async #catchUp(): Promise<void> {
    const topic = await this.#source.groupsTopic(false);
    if (topic === null) return;
    const view = await this.#source.view(topic);
    if (this.#reader?.topic !== topic) {
      this.#commits.clear();
      this.#begin(topic, view, 0);
    } else if (this.#reader.view !== view) {
      this.#begin(topic, view, this.#reader.reader.nextOffset);
    }
    for (;;) {
      const records = this.#readOn(topic, view);
      if (records.length === 0) return;
      for (const { key, value } of records) if (key !== null) this.#apply(key, value);
    }
  }

  /** Goes on behind damage, which the reader has reported: without the lost commits, and with all the others. */
  #readOn(topic: Topic, view: PartitionView): readonly ConsumerRecord[] {
    for (;;) {
      try {
        return this.#reader?.reader.read(READ_BYTES) ?? [];
      } catch (error) {
        const resumeOffset = error instanceof CommitLogError ? (error.place?.resumeOffset ?? null) : null;
        if (resumeOffset === null) throw error;
        this.#begin(topic, view, resumeOffset);
      }
    }
  }

  #begin(topic: Topic, view: PartitionView, nextOffset: number): void {
    this.#reader?.reader.close();
    this.#reader = { topic, view, reader: new PartitionReader(view, nextOffset) };
  }

  #apply(key: Uint8Array, value: Uint8Array | null): void {
    const place = decodeKey(key);
    const stored = value === null ? null : decodeValue(value);
    if (place === null || stored === undefined) return;
    const [group, topic, partition] = place;
    const id = `${partition}/${topic}`;
    const commits = this.#commits.get(group) ?? new Map<string, StoredCommit>();
    if (stored === null) commits.delete(id);
    else commits.set(id, { topic, partition, ...stored });
    if (commits.size > 0) this.#commits.set(group, commits);
    else this.#commits.delete(group);
  }
}

function entry(group: string, topic: string, partition: number, value: Uint8Array | null): RecordFields {
  return { key: encodeCbor([group, topic, partition]), value, headers: [], timestamp: null };
}

/** Null for what no commit has as its key: anybody may produce to the topic. */
function decodeKey(from: Uint8Array): readonly [group: string, topic: string, partition: number] | null {
  const key = decodeAny(from);
  if (!Array.isArray(key) || key.length !== 3) return null;
  const [group, topic, partition] = key as unknown[];
  if (typeof group !== 'string' || typeof topic !== 'string' || typeof partition !== 'number') return null;
  return [group, topic, partition];
}

/** Undefined for what no commit has as its value. */
function decodeValue(from: Uint8Array): StoredValue | undefined {
  const { topicId, offset, metadata, committedAt } = (decodeAny(from) ?? {}) as Partial<StoredValue>;
  if (typeof topicId !== 'string' || typeof offset !== 'number') return undefined;
  if (typeof metadata !== 'string' || typeof committedAt !== 'number') return undefined;
  return { topicId, offset, metadata, committedAt };
}

function decodeAny(from: Uint8Array): unknown {
  try {
    return decodeCbor(from);
  } catch {
    return null;
  }
}

async function append(partition: Partition, records: readonly RecordFields[]): Promise<void> {
  await partition.append({ records, headers: records.map(() => []), producer: null });
}

/** By code units, as everywhere where names are sorted. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
