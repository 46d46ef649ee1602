/** Everything that can be read of a log, in a form in which two logs can be compared. */
import * as assert from 'uvu/assert';
import type { CommitLog, ConsumerRecord, SubscribeOptions } from '../../../logged/commit-log.ts';
import { groups } from './actions.ts';

export type Contents = Map<string, unknown>;

export async function contentsOf(log: CommitLog): Promise<Contents> {
  const contents: Contents = new Map();
  for (const topic of await topicsOf(log)) {
    const description = await log.describeTopic(topic);
    contents.set(`topic ${topic}`, description);
    for (const { partition, place, records: stored } of await partitionsOf(log, topic)) {
      contents.set(`offsets ${place}`, await log.offsets(topic, partition));
      contents.set(`records ${place}`, stored);
      const times = new Set(stored.flatMap(({ timestamp, appendedAt }) => [timestamp ?? appendedAt, appendedAt + 0.5]));
      for (const time of times) {
        contents.set(`time ${time} ${place}`, await log.offsetForTime(topic, partition, time));
      }
    }
  }
  contents.set('groups', await log.listGroups());
  for (const group of groups) contents.set(`group ${group}`, await log.committedOffsets(group));
  return contents;
}

/** Says only what is different. */
export function assertSame(found: Contents, expected: Contents): void {
  const different = (one: Contents, other: Contents) =>
    Object.fromEntries([...one].filter(([what, value]) => !areEqual(value, other.get(what))));
  assert.equal(different(found, expected), different(expected, found));
}

export interface StoredPartition {
  readonly topic: string;
  readonly partition: number;
  /** `topic/partition` */
  readonly place: string;
  readonly records: readonly ConsumerRecord[];
}

export async function partitionsOf(log: CommitLog, topic: string): Promise<StoredPartition[]> {
  const records = await recordsOf(log, { subscriptions: [{ topic }] });
  const { partitions } = await log.describeTopic(topic);
  return Array.from({ length: partitions }, (_, partition) => {
    const place = `${topic}/${partition}`;
    return { topic, partition, place, records: records.get(place) ?? [] };
  });
}

/** Without those that an implementation keeps for itself. */
export async function topicsOf(log: CommitLog): Promise<string[]> {
  return (await log.listTopics()).filter((topic) => !topic.startsWith('__'));
}

/** All that is stored from where the options say, by topic and partition: among partitions there is no order. */
export async function recordsOf(log: CommitLog, options: SubscribeOptions): Promise<Map<string, ConsumerRecord[]>> {
  const records = new Map<string, ConsumerRecord[]>();
  for await (const run of log.subscribe({ idleTimeoutMs: 0, ...options }).batches()) {
    const place = `${run[0]?.topic}/${run[0]?.partition}`;
    records.set(place, [...(records.get(place) ?? []), ...run]);
  }
  return new Map([...records].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function areEqual(a: unknown, b: unknown): boolean {
  try {
    assert.equal(a, b);
    return true;
  } catch {
    return false;
  }
}
