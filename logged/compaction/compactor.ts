/**
 * Compaction of partitions: brings what is sealed to what the topic's strategy retains, while producers and consumers go
 * on. For the file log, which calls it from time to time and when asked to, for one partition at a time, and not while it
 * applies retention to the same one.
 *
 * Segments are replaced from the oldest to the newest, so that a tombstone never goes before what it deletes. A file that
 * compaction wrote is *clean*: within the files that are clean from the beginning on, no record supersedes another. Its
 * name says so, and that is all that is remembered: a compaction that was cancelled, failed or died is begun anew, and
 * finds done what was done. A segment that is damaged is left as it is.
 *
 * When the medium is full, segments are written one by one, those whose survivors fit, first into the room that is there
 * and then into the reserve; tombstones wait until that is over.
 */
import type { Host } from '../../targets/host.ts';
import type { Signal } from '../commit-log.ts';
import type { Reserve } from '../upkeep/reserve.ts';
import { asLogError, guard, hostCode } from '../storage/host-failure.ts';
import type { Partition } from '../storage/appending/partition.ts';
import type { SegmentName } from '../storage/format/segment-header.ts';
import type { TopicConfig } from '../topics/topic-config.ts';
import { InputProblem, pathOf } from './inputs.ts';
import { Cancelled, Pace } from './pace.ts';
import { NameNotDurable } from './replacement.ts';
import { Round } from './round.ts';
import { type Compaction, keepLast } from './strategy.ts';

export interface CompactorOptions {
  /**
   * What the tables of one compaction take at most, however many keys there are. Buffers of 64 KiB and one frame come on
   * top, and where a single segment has more than `memoryBytes` records, one bit for each. Default: 2 MiB.
   */
  readonly memoryBytes?: number | undefined;
  /** The most bytes that are read and written per second; 0, the default: as fast as it goes. */
  readonly bytesPerSecond?: number | undefined;
  /** A directory to spill to, of its own, whose parent exists. Null: none; it takes more passes instead. */
  readonly spillDir: string | null;
  readonly reserve: Reserve | null;
}

export interface CompactionRequest {
  readonly config: TopicConfig;
  /** The topic's own strategy, instead of `streambed.compaction.keep`. */
  readonly strategy?: Compaction | undefined;
  /** Looks at what is clean as if it were not: for when the strategy has changed. */
  readonly everything?: boolean | undefined;
  readonly signal?: Signal | undefined;
}

export interface CompactionReport {
  /** `no-space`: not all was done, for want of room. `cancelled`: by the signal. What was done stays done. */
  readonly outcome: 'done' | 'no-space' | 'cancelled';
  /** The sealed segments before and after. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly removedRecords: number;
}

const DEFAULT_MEMORY_BYTES = 2 * 1024 * 1024;

export class Compactor {
  readonly #host: Host;
  readonly #options: CompactorOptions;
  /** Paths of segments that turned out to be damaged or could not be read. */
  readonly #leftOut = new Set<string>();
  /** Those that could not be read: that may pass. */
  readonly #unreadable = new Set<string>();
  /** Directories in which it is not certain what is durable: tombstones stay. */
  readonly #unsure = new Set<string>();
  /** By directory: when the next tombstone may go. */
  readonly #tombstoneDueAt = new Map<string, number>();

  constructor(host: Host, options: CompactorOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Whether it is time: enough is dirty, or a tombstone may go. Errors: `io-failed`. */
  needs(partition: Partition, config: TopicConfig): boolean {
    if (!config.cleanup.compact) return false;
    const dueAt = this.#tombstoneDueAt.get(partition.directory) ?? Number.POSITIVE_INFINITY;
    if (this.#host.clock.now() >= dueAt) return true;
    const names = partition.sealedSegments().filter((name) => !this.#leftOut.has(pathOf(partition, name)));
    const dirty = names.filter((name) => name.endOffset === 0);
    if (dirty.length === 0) return false;
    return this.#bytesOf(partition, dirty) >= config.minCleanableDirtyRatio * this.#bytesOf(partition, names);
  }

  /**
   * Compacts what is sealed. Errors: `io-failed`, `read-only`, and whatever a developer's strategy throws; what was done
   * until then stays done, and everything else is as it was.
   */
  async run(partition: Partition, request: CompactionRequest): Promise<CompactionReport> {
    const sealedBytes = (): number => this.#bytesOf(partition, partition.sealedSegments());
    const bytesBefore = sealedBytes();
    const round = this.#newRound(partition, request);
    const outcome = await this.#outcomeOf(partition, round);
    return { outcome, bytesBefore, bytesAfter: sealedBytes(), removedRecords: round.removedRecords };
  }

  async #outcomeOf(partition: Partition, round: Round): Promise<CompactionReport['outcome']> {
    const { reserve } = this.#options;
    const { directory } = partition;
    try {
      const isDone = await this.#untilDone(partition, round);
      if (isDone) this.#tombstoneDueAt.set(directory, round.tombstoneDueAt);
      return isDone ? 'done' : 'no-space';
    } catch (error) {
      if (error instanceof Cancelled) return 'cancelled';
      if (error instanceof NameNotDurable) this.#unsure.add(directory);
      const cause = error instanceof NameNotDurable ? error.cause : error;
      throw hostCode(cause) === '' ? cause : asLogError(cause, `compaction of ${directory}`);
    } finally {
      if (reserve?.isLent === true) await reserve.restore();
    }
  }

  /** False when there is no room to go on. Every turn but the last makes some. */
  async #untilDone(partition: Partition, round: Round): Promise<boolean> {
    const { reserve } = this.#options;
    for (;;) {
      if (await this.#leavingOut(partition, () => round.run())) return true;
      let squeezed = await this.#leavingOut(partition, () => round.squeeze());
      if (squeezed === 0 && reserve !== null && (await reserve.lend())) {
        // Once there is as much besides, it goes on without it, and producers too.
        squeezed = await this.#leavingOut(partition, () => round.squeezeAlone(2 * reserve.bytes));
        await reserve.restore();
      }
      if (squeezed === 0) return false;
    }
  }

  /** Begins anew without a segment that turns out to be damaged. */
  async #leavingOut<T>(partition: Partition, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof InputProblem)) throw error;
        this.#leftOut.add(error.path);
        if (error.place === null) this.#unreadable.add(error.path);
        else partition.reportDamage(error.place);
      }
    }
  }

  /** Tries them again; true when there are any. What was compacted without them is then not as clean as it seems. */
  #takeBackUnreadable(directory: string): boolean {
    let some = false;
    for (const path of this.#unreadable) {
      if (!path.startsWith(`${directory}/`)) continue;
      this.#unreadable.delete(path);
      this.#leftOut.delete(path);
      some = true;
    }
    return some;
  }

  #newRound(partition: Partition, request: CompactionRequest): Round {
    const { config, signal = null } = request;
    const everything = this.#takeBackUnreadable(partition.directory) || request.everything === true;
    const strategy = request.strategy ?? keepLast(config.compactionKeep);
    const { bytesPerSecond = 0, memoryBytes = DEFAULT_MEMORY_BYTES, spillDir } = this.#options;
    return new Round({
      host: this.#host,
      partition,
      pace: new Pace(this.#host.clock, bytesPerSecond, signal),
      compaction: strategy,
      everything,
      segmentBytes: config.segmentBytes,
      memoryBytes,
      spillDir,
      leftOut: this.#leftOut,
      deleteRetentionMs: config.deleteRetentionMs,
      tombstonesMayGo: 'count' in strategy && !this.#unsure.has(partition.directory),
    });
  }

  #bytesOf(partition: Partition, names: readonly SegmentName[]): number {
    let sum = 0;
    for (const name of names) {
      const path = pathOf(partition, name);
      sum += guard(`segment ${path}`, () => this.#host.files.stat(path))?.lengthBytes ?? 0;
    }
    return sum;
  }
}
