/** Which records a producer appended to a partition: each of its last calls, the offsets by sequence. */
import type { Producer } from '../../../logged/commit-log.ts';
import { require } from './checks.ts';
import type { Partition } from './state.ts';

/** The offset of a record that was appended before, null when it was not; throws `stale-sequence`. */
export function rememberedOffset(partition: Partition, producer: Producer): number | null {
  const calls = partition.producers.get(producer.id) ?? [];
  for (const offsets of calls) {
    const offset = offsets.get(producer.sequence);
    if (offset !== undefined) return offset;
  }
  const oldest = Math.min(...(calls[0]?.keys() ?? []));
  const message = `producer ${producer.id}: sequence ${producer.sequence} is older than ${oldest}`;
  require(calls.length === 0 || producer.sequence > oldest, 'stale-sequence', message);
  return null;
}

/** Remembers a call, and forgets the oldest when there are more than `calls`. */
export function remember(partition: Partition, id: number, offsets: Map<number, number>, calls: number): void {
  const remembered = partition.producers.get(id) ?? [];
  remembered.push(offsets);
  partition.producers.set(id, remembered.slice(-calls));
}
