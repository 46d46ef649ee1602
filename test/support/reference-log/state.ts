/** What the reference log holds in place of files: it outlives `close`, so that a log can be opened again on it. */
import type { CommittedOffset, ConsumerRecord, PartitionOffsets } from '../../../logged/commit-log.ts';

export interface State {
  readonly topics: Map<string, Topic>;
  readonly groups: Map<string, CommittedOffset[]>;
  /** Called after every change, by whoever changes something; subscriptions listen. */
  readonly listeners: Set<() => void>;
}

export interface Topic {
  readonly name: string;
  readonly createdAt: number;
  /** What was set for this topic. */
  config: Readonly<Record<string, string>>;
  readonly partitions: Partition[];
}

export interface Partition {
  /** In the order of offsets, which has gaps after compaction. */
  records: ConsumerRecord[];
  endOffset: number;
  /** By producer id. */
  readonly producers: Map<number, Remembrance>;
}

export interface Remembrance {
  /** The offsets by sequence of each remembered call, the oldest call first. */
  readonly calls: Map<number, number>[];
  /** The highest sequence of the calls that are remembered no more, or -1. */
  forgottenTo: number;
}

export function emptyState(): State {
  return { topics: new Map(), groups: new Map(), listeners: new Set() };
}

export function emptyPartition(): Partition {
  return { records: [], endOffset: 0, producers: new Map() };
}

export function announce(state: State): void {
  for (const listener of [...state.listeners]) listener();
}

export function offsetsOf(partition: Partition): PartitionOffsets {
  const { records, endOffset } = partition;
  const first = records[0];
  return {
    beginningOffset: first === undefined ? endOffset : first.offset,
    endOffset,
    lastOffset: records.at(-1)?.offset ?? null,
  };
}

/** The first record in offset order whose time is at or after `timestamp`. */
export function offsetForTime(partition: Partition, timestamp: number): number | null {
  return partition.records.find((record) => (record.timestamp ?? record.appendedAt) >= timestamp)?.offset ?? null;
}
