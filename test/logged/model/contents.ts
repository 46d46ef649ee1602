/** Everything that can be read of a log, in a form in which two logs can be compared. */
import type { CommitLog, ConsumerRecord, SubscribeOptions } from '../../../logged/commit-log.ts';
import { groups } from './actions.ts';

export async function contentsOf(log: CommitLog): Promise<unknown[]> {
  const contents: unknown[] = [];
  for (const topic of await topicsOf(log)) {
    const description = await log.describeTopic(topic);
    const records = await recordsOf(log, { subscriptions: [{ topic }] });
    contents.push(description);
    for (let partition = 0; partition < description.partitions; partition++) {
      const stored = records.get(`${topic}/${partition}`) ?? [];
      const times = [
        ...new Set(stored.flatMap(({ timestamp, appendedAt }) => [timestamp ?? appendedAt, appendedAt + 0.5])),
      ];
      const offsets: unknown[] = [];
      for (const time of times) offsets.push([time, await log.offsetForTime(topic, partition, time)]);
      contents.push({ topic, partition, offsets: await log.offsets(topic, partition), times: offsets, stored });
    }
  }
  contents.push(await log.listGroups());
  for (const group of groups) contents.push(await log.committedOffsets(group));
  return contents;
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
