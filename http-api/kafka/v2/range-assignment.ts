/**
 * Kafka's range assignment: the partitions of each topic, in order, are dealt out in ranges to those members, in order
 * of their names, that subscribe to the topic; the first ones get one more when it does not come out even.
 */
import type { TopicPartition } from '../offset-lists.ts';

/** The topics of each member, and the partition count of each topic, give the partitions of each member. */
export function assignRanges(
  topicsOf: ReadonlyMap<string, readonly string[]>,
  partitionsOf: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly TopicPartition[]> {
  const members = [...topicsOf.keys()].sort();
  const assigned = new Map<string, TopicPartition[]>(members.map((member) => [member, []]));
  for (const [topic, count] of partitionsOf) {
    const takers = members.filter((member) => topicsOf.get(member)?.includes(topic));
    let partition = 0;
    for (const [index, member] of takers.entries()) {
      const end = partition + Math.floor(count / takers.length) + (index < count % takers.length ? 1 : 0);
      for (; partition < end; partition += 1) assigned.get(member)?.push({ topic, partition });
    }
  }
  return assigned;
}
