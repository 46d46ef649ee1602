/** Compaction as the reference log understands it. */
import type { ConsumerRecord } from '../../../logged/commit-log.ts';
import type { Partition } from './state.ts';

export interface Compaction {
  /** How many of the latest records are kept per key. Default 1. */
  readonly keep?: number | undefined;
  /** By partition: only what is stored below takes part; what is above neither goes nor counts. Default: all. */
  readonly below?: readonly number[] | undefined;
  /** Tombstones that may go. Default: none. */
  readonly dropTombstone?: ((record: ConsumerRecord) => boolean) | undefined;
}

export function compactPartition(partition: Pick<Partition, 'records'>, index: number, compaction: Compaction): void {
  partition.records = compacted(partition.records, compaction, compaction.below?.[index]);
}

/** What compaction leaves. Records without a key are kept: there is nothing later that could replace them. */
export function compacted(
  records: readonly ConsumerRecord[],
  { keep = 1, dropTombstone = () => false }: Compaction,
  below = Number.POSITIVE_INFINITY,
): ConsumerRecord[] {
  const sealed = records.filter((record) => record.offset < below);
  return records.filter((record) => {
    if (record.offset >= below || record.key === null) return true;
    if (record.value === null && dropTombstone(record)) return false;
    const later = sealed.filter((other) => other.offset > record.offset && sameKey(other.key, record.key));
    return later.length < keep && !later.some((other) => other.value === null);
  });
}

function sameKey(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
