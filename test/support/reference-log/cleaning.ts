/** Compaction and retention of the reference log, as explicit acts. */
import type { ConsumerRecord } from '../../../logged/commit-log.ts';
import type { Partition } from './state.ts';

export interface Compaction {
  /** How many of the latest records are kept per key. Default 1. */
  readonly keep?: number | undefined;
  /** By partition: only what is stored below is compacted, though what is above counts as later. Default: all. */
  readonly below?: readonly number[] | undefined;
  /** Tombstones among what is compacted go when this says so, and with them nothing is left of their keys. */
  readonly dropTombstone?: ((record: ConsumerRecord) => boolean) | undefined;
}

/** Records without a key are kept: there is nothing later that could replace them. */
export function compactPartition(partition: Partition, index: number, compaction: Compaction): void {
  const { keep = 1, below = [], dropTombstone = () => false } = compaction;
  const limit = below[index] ?? partition.endOffset;
  const all = partition.records;
  const later = (record: ConsumerRecord) =>
    all.filter((other) => other.offset > record.offset && sameKey(other.key, record.key));
  partition.records = all.filter((record) => {
    if (record.offset >= limit || record.key === null) return true;
    if (record.value === null && dropTombstone(record)) return false;
    const after = later(record);
    return after.length < keep && !after.some((other) => other.value === null);
  });
}

export function expirePartition(partition: Partition, below: number): void {
  partition.records = partition.records.filter((record) => record.offset >= below);
}

function sameKey(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a !== null && b !== null && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
