/**
 * What compaction and retention of the file log have to do, foretold from the records and the segments before: by the
 * rules in `logged/compaction/strategy.ts` and `logged/upkeep/retention.ts`, as plainly as they can be written.
 */
import type { ConsumerRecord, TopicDescription } from '../../../logged/commit-log.ts';
import { parseTopicConfig } from '../../../logged/topics/topic-config.ts';
import type { TopicConfig } from '../../../logged/topics/topic-config.ts';
import { compacted } from '../../support/reference-log/cleaning.ts';
import type { StoredPartition } from './contents.ts';
import type { Segment } from './segments.ts';
import type { Bounds } from './subject.ts';

/** Since when nothing is left of what a tombstone deletes: not before the one, and not after the other, when known. */
interface Waiting {
  readonly earliest: number;
  readonly latest: number | null;
}

export class Foreteller {
  /** By topic, life of the topic, partition and offset. */
  readonly #tombstones = new Map<string, Waiting>();

  /** `isCertain`: false when the compaction may not come to its end. */
  compaction(
    topic: TopicDescription,
    stored: StoredPartition,
    now: number,
    isCertain: boolean,
    below?: number,
  ): Bounds {
    const { compactionKeep: keep, deleteRetentionMs } = configOf(topic);
    const idOf = ({ offset }: ConsumerRecord) => `${topic.createdAt} ${stored.place} ${offset}`;
    const isDue = (since: number | null | undefined) => now - (since ?? now) >= deleteRetentionMs;
    const mayGo = (record: ConsumerRecord) => isDue(this.#tombstones.get(idOf(record))?.earliest);
    const mustGo = (record: ConsumerRecord) => isDue(this.#tombstones.get(idOf(record))?.latest);
    const least = compacted(stored.records, { keep, dropTombstone: mayGo }, below);
    const most = isCertain ? compacted(stored.records, { keep, dropTombstone: mustGo }, below) : stored.records;
    for (const record of most) {
      if (record.value !== null || record.offset >= (below ?? Number.POSITIVE_INFINITY)) continue;
      const waiting = this.#tombstones.get(idOf(record));
      const earliest = waiting?.earliest ?? now;
      this.#tombstones.set(idOf(record), { earliest, latest: waiting?.latest ?? (isCertain ? now : null) });
    }
    return { least: offsetsIn(least), most: offsetsIn(most) };
  }

  /** `activeBytes`: of the segment that is appended to afterwards. */
  house(
    topic: TopicDescription,
    stored: StoredPartition,
    segments: readonly Segment[],
    now: number,
    activeBytes: number,
  ): Bounds {
    const config = configOf(topic);
    const sealed = segments.slice(0, -1);
    let active = segments.at(-1);
    if (active !== undefined && active.hasRecords && now - active.createdAt > config.segmentMs) {
      sealed.push(active);
      active = undefined;
    }
    const from = config.cleanup.delete ? expire(sealed, active, config, now, activeBytes) : 0;
    const records = stored.records.filter(({ offset }) => offset >= from);
    if (!config.cleanup.compact) return { least: offsetsIn(records), most: offsetsIn(records) };
    const bytesOf = (some: readonly Segment[]) => some.reduce((sum, { bytes }) => sum + bytes, 0);
    const dirty = sealed.filter(({ isClean }) => !isClean);
    const isCertain = dirty.length > 0 && bytesOf(dirty) >= config.minCleanableDirtyRatio * bytesOf(sealed);
    return this.compaction(topic, { ...stored, records }, now, isCertain, active?.baseOffset);
  }
}

/** Takes from `sealed` what is too old or too much, and returns the first offset that stays. */
function expire(
  sealed: Segment[],
  active: Segment | undefined,
  config: TopicConfig,
  now: number,
  activeBytes: number,
): number {
  const isTooOld = ({ newestTime }: Segment) => now - newestTime > config.retentionMs;
  let from = 0;
  const removeOldest = () => {
    sealed.shift();
    from = (sealed[0] ?? active)?.baseOffset ?? Number.POSITIVE_INFINITY;
  };
  while (sealed[0] !== undefined && isTooOld(sealed[0])) removeOldest();
  if (sealed.length === 0 && active?.hasRecords === true && isTooOld(active)) return Number.POSITIVE_INFINITY;
  const totalBytes = () => sealed.reduce((sum, { bytes }) => sum + bytes, activeBytes);
  while (sealed.length > 0 && totalBytes() > config.retentionBytes) removeOldest();
  return from;
}

function configOf({ config }: TopicDescription): TopicConfig {
  return parseTopicConfig(Object.fromEntries(config.map(({ name, value }) => [name, value])));
}

function offsetsIn(records: readonly ConsumerRecord[]): Set<number> {
  return new Set(records.map(({ offset }) => offset));
}
