/** All that can be read from a log, as plain data to be compared. */
import type { CommitLog, ConsumerRecord } from '../../../logged/commit-log.ts';
import type { TopicShape } from './ledger.ts';

export interface TopicDump {
  readonly shape: TopicShape;
  /** By partition, in the order of reading. */
  readonly records: readonly (readonly ConsumerRecord[])[];
  readonly endOffsets: readonly number[];
}

export interface Dump {
  readonly topics: ReadonlyMap<string, TopicDump>;
  /** By group: `<topic>/<partition>` and the offset. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export async function dumpOf(log: CommitLog): Promise<Dump> {
  const topics = new Map<string, TopicDump>();
  for (const name of await log.listTopics()) {
    if (!name.startsWith('__')) topics.set(name, await dumpTopic(log, name));
  }
  const groups = new Map<string, ReadonlyMap<string, number>>();
  for (const group of await log.listGroups()) {
    const commits = await log.committedOffsets(group);
    groups.set(group, new Map(commits.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset])));
  }
  return { topics, groups };
}

async function dumpTopic(log: CommitLog, topic: string): Promise<TopicDump> {
  const { partitions, config } = await log.describeTopic(topic);
  const records: ConsumerRecord[][] = Array.from({ length: partitions }, () => []);
  for await (const record of log.subscribe({ subscriptions: [{ topic }], idleTimeoutMs: 0 })) {
    records[record.partition]?.push(record);
  }
  const endOffsets: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    endOffsets.push(await endOffset(log, topic, partition, records[partition] ?? []));
  }
  const set = config.filter(({ isDefault }) => !isDefault).map(({ name, value }) => [name, value] as const);
  return { shape: { partitions, config: Object.fromEntries(set) }, records, endOffsets };
}

/** The end offset, after a look whether all three offsets fit what was read. */
async function endOffset(
  log: CommitLog,
  topic: string,
  partition: number,
  records: readonly ConsumerRecord[],
): Promise<number> {
  const offsets = await log.offsets(topic, partition);
  if (offsets === null) throw new Error(`${topic}/${partition} has no offsets`);
  const first = records[0]?.offset ?? offsets.endOffset;
  const last = records.at(-1)?.offset ?? null;
  if (offsets.beginningOffset !== first || offsets.lastOffset !== last || offsets.endOffset <= (last ?? -1)) {
    throw new Error(`${topic}/${partition}: read ${first} to ${last}, the offsets say ${JSON.stringify(offsets)}`);
  }
  return offsets.endOffset;
}
