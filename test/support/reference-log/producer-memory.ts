/** Which records a producer appended to a partition: each of its last calls, the offsets by sequence. */
import type { Producer } from '../../../logged/commit-log.ts';
import { require } from './checks.ts';
import type { Partition } from './state.ts';

/** The offset of a record that was appended before, null when it was not; throws `stale-sequence`. */
export function rememberedOffset(partition: Partition, { id, sequence }: Producer): number | null {
  const remembered = partition.producers.get(id);
  if (remembered === undefined) return null;
  for (const offsets of remembered.calls) {
    const offset = offsets.get(sequence);
    if (offset !== undefined) return offset;
  }
  const { forgottenTo } = remembered;
  require(sequence >
    forgottenTo, 'stale-sequence', `producer ${id}: ${sequence} is not remembered, as all to ${forgottenTo}`);
  return null;
}

/** True when all of both calls follow one another, in sequences and in offsets. */
function goesOn(before: ReadonlyMap<number, number>, offsets: ReadonlyMap<number, number>): boolean {
  const all = [...before, ...offsets];
  const [first] = all;
  return all.every(([sequence, offset], i) => first && sequence === first[0] + i && offset === first[1] + i);
}

/** Remembers a call, as part of the last one where it goes on from there, and forgets the oldest when there are more than `most`. */
export function remember(partition: Partition, id: number, offsets: Map<number, number>, most: number): void {
  const remembered = partition.producers.get(id) ?? { calls: [], forgottenTo: -1 };
  partition.producers.set(id, remembered);
  const before = remembered.calls.at(-1);
  if (before !== undefined && goesOn(before, offsets)) {
    for (const [sequence, offset] of offsets) before.set(sequence, offset);
    return;
  }
  remembered.calls.push(offsets);
  if (remembered.calls.length > most) {
    const forgotten = remembered.calls.shift();
    remembered.forgottenTo = Math.max(remembered.forgottenTo, ...(forgotten?.keys() ?? []));
  }
}
