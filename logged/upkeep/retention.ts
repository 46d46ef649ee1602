/**
 * Retention: removes whole segments from the beginning of a partition, by age and by size. For the file log, which calls
 * it from time to time, and not while it compacts the same partition.
 *
 * The age of a segment is that of its newest record, by its timestamp or else by when it was appended; so records older
 * than `retention.ms` stay as long as they share a segment with a younger one. When all records of the segment that is
 * appended to are too old it is sealed, and goes as well. Times before 2020 come from a clock that was never set, or from
 * nowhere, and say nothing of age: such a segment goes by size only, like the ones behind it. `retention.bytes` counts
 * all segments; the one that is appended to stays. Offsets go on as if nothing had happened.
 */
import type { Host } from '../../targets/host.ts';
import { CLOCK_SET_MS } from '../compaction/tombstones.ts';
import type { Reserve } from './reserve.ts';
import { asLogError, guard, hostCode } from '../storage/host-failure.ts';
import type { Partition } from '../storage/appending/partition.ts';
import { indexName, listSegments, openForReading } from '../storage/segment-file.ts';
import type { SegmentName } from '../storage/format/segment-header.ts';
import { indexOf } from '../storage/reading/segment-lookup.ts';
import type { TopicConfig } from '../topics/topic-config.ts';

/** Removes what may go and returns the number of segments. Errors: `io-failed`, `read-only`, `no-space`. */
export async function applyRetention(
  partition: Partition,
  config: TopicConfig,
  reserve: Reserve | null,
): Promise<number> {
  if (!config.cleanup.delete) return 0;
  try {
    return await new Retention(partition, config, reserve).apply();
  } catch (error) {
    throw asLogError(error, `retention of ${partition.directory}`);
  } finally {
    if (reserve?.isLent === true) await reserve.restore();
  }
}

class Retention {
  readonly #host: Host;
  readonly #partition: Partition;
  readonly #config: TopicConfig;
  readonly #reserve: Reserve | null;
  #removed = 0;

  constructor(partition: Partition, config: TopicConfig, reserve: Reserve | null) {
    this.#host = partition.host;
    this.#partition = partition;
    this.#config = config;
    this.#reserve = reserve;
  }

  async apply(): Promise<number> {
    const partition = this.#partition;
    while (this.#oldestIsTooOld()) await this.#removeOldest();
    const active = partition.activeIndex();
    if (partition.sealedSegments().length === 0 && active.hasRecords && this.#isTooOld(active.maxTime)) {
      await this.#withReserve(() => partition.roll());
      while (this.#oldestIsTooOld()) await this.#removeOldest();
    }
    while (partition.sealedSegments().length > 0 && this.#totalBytes() > this.#config.retentionBytes) {
      await this.#removeOldest();
    }
    return this.#removed;
  }

  #oldestIsTooOld(): boolean {
    return this.#partition.sealedSegments().length > 0 && this.#isTooOld(this.#newestTime(0));
  }

  /** A segment without records, which only compaction leaves, has no time and may go. */
  #isTooOld(time: number): boolean {
    if (time === Number.NEGATIVE_INFINITY) return true;
    return time >= CLOCK_SET_MS && this.#host.clock.now() - time > this.#config.retentionMs;
  }

  /** The newest time in a sealed segment. What damage hides is older than what comes behind it. */
  #newestTime(at: number): number {
    const name = this.#partition.sealedSegments()[at];
    if (name === undefined) return this.#partition.activeIndex().maxTime;
    const known = this.#partition.maxTimes.get(name.name);
    if (known !== undefined) return known;
    const file = openForReading(this.#host, this.#pathOf(name));
    if (file === null) return Number.NEGATIVE_INFINITY;
    try {
      const index = indexOf(this.#partition, name, file);
      const isWhole = index.dataBytes === guard(`segment ${name.name}`, () => file.lengthBytes());
      const time = isWhole ? index.maxTime : Math.max(index.maxTime, this.#newestTime(at + 1));
      if (isWhole) this.#partition.maxTimes.set(name.name, time);
      return time;
    } finally {
      file.close();
    }
  }

  #totalBytes(): number {
    let sum = 0;
    for (const name of this.#partition.segments()) sum += this.#host.files.stat(this.#pathOf(name))?.lengthBytes ?? 0;
    return sum;
  }

  /** One at a time and durably: were a later one gone without the one before it, its records would be missed. */
  async #removeOldest(): Promise<void> {
    const { directory } = this.#partition;
    const name = this.#partition.sealedSegments()[0] as SegmentName;
    if (this.#removed === 0) await this.#finishReplacements();
    this.#partition.replaceSealed([name], []);
    try {
      await this.#withReserve(async () => this.#remove(this.#pathOf(name)));
    } catch (error) {
      this.#partition.replaceSealed([], [name]);
      throw error;
    }
    this.#removed++;
    this.#remove(`${directory}/${indexName(name)}`);
    await this.#host.files.syncDir(directory);
  }

  /** Files for which another one stands would be back were that one removed. */
  async #finishReplacements(): Promise<void> {
    const { directory } = this.#partition;
    for (const name of listSegments(this.#host, directory).superseded) this.#remove(this.#pathOf(name));
    await this.#host.files.syncDir(directory);
  }

  #remove(path: string): void {
    try {
      this.#host.files.remove(path);
    } catch (error) {
      if (hostCode(error) !== 'ENOENT') throw error;
    }
  }

  /** There are file systems that need room to remove something. */
  async #withReserve(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const isFull = asLogError(error, this.#partition.directory).code === 'no-space';
      if (!isFull || this.#reserve === null || !(await this.#reserve.lend())) throw error;
      await work();
    }
  }

  #pathOf(name: SegmentName): string {
    return `${this.#partition.directory}/${name.name}`;
  }
}
