/**
 * A partition that another process writes, or nobody: what may be read comes from the writer's watermark. Where there
 * is none, no writer is at work: then all intact frames may be read, once they have been synced, so that a power cut
 * cannot take back what was delivered.
 */
import type { File, Host, Watch } from '../../../targets/host.ts';
import { CommitLogError, type DamagePlace } from '../../commit-log.ts';
import { asLogError, guard, hostCode } from '../host-failure.ts';
import type { PartitionView, Readable } from './partition-view.ts';
import { judgeTail } from '../appending/recovery.ts';
import { listSegments, openForReading, readSegmentHeader } from '../segment-file.ts';
import type { SegmentName } from '../format/segment-header.ts';
import { readWatermark, watermarkPath } from '../watermark.ts';

export interface FollowerSetup {
  readonly host: Host;
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
  readonly watermarkDir: string;
  readonly report: (place: DamagePlace) => void;
}

export class Follower implements PartitionView {
  readonly host: Host;
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
  readonly ownsFiles = false;
  readonly maxTimes = new Map<string, number>();

  readonly #setup: FollowerSetup;
  #segments: readonly SegmentName[] = [];
  #readable: Readable = { segmentBase: -1, position: 0, endOffset: 0 };
  #revision = -1;
  #gone = false;
  readonly #listeners = new Set<() => void>();
  #watches: Watch[] = [];
  #markWatch: Watch | null = null;
  #refreshing: Promise<void> | null = null;
  #again = false;

  constructor(setup: FollowerSetup) {
    this.#setup = setup;
    this.host = setup.host;
    this.topic = setup.topic;
    this.partition = setup.partition;
    this.directory = setup.directory;
  }

  segments(): readonly SegmentName[] {
    if (this.#gone) throw new CommitLogError('unknown-topic', `topic ${this.topic}: was deleted`);
    return this.#segments;
  }

  readable(): Readable {
    return this.#readable;
  }

  activeIndex(): null {
    return null;
  }

  reportDamage(place: DamagePlace): void {
    this.#setup.report(place);
  }

  onReadable(callback: () => void): () => void {
    this.#listeners.add(callback);
    if (this.#listeners.size === 1) {
      this.#watch();
      // What came before the watches stood.
      this.#changed();
    }
    return () => {
      this.#listeners.delete(callback);
      if (this.#listeners.size > 0) return;
      for (const watch of this.#watches) watch.close();
      this.#watches = [];
      this.#markWatch?.close();
      this.#markWatch = null;
    };
  }

  /** Looks up to where may be read now. Errors: `io-failed`. */
  refresh(): Promise<void> {
    if (this.#refreshing !== null) {
      this.#again = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#look().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #look(): Promise<void> {
    do {
      this.#again = false;
      if (this.host.files.stat(this.directory) === null) {
        this.#gone = true;
        this.#tell();
        return;
      }
      const mark = readWatermark(this.host, this.#setup.watermarkDir, this.partition);
      if (mark === null) await this.#readWithoutWriter();
      else this.#follow(mark);
      // Without a word of this partition the file may be there all the same, from a writer that has just begun.
      this.#watchMark(mark !== null || this.host.files.stat(watermarkPath(this.#setup.watermarkDir)) !== null);
    } while (this.#again);
  }

  #follow(mark: Readable & { readonly revision: number }): void {
    if (mark.revision !== this.#revision || mark.segmentBase !== this.#readable.segmentBase) {
      this.#segments = listSegments(this.host, this.directory).live;
      this.#revision = mark.revision;
    }
    this.#set(mark);
  }

  async #readWithoutWriter(): Promise<void> {
    this.#revision = -1;
    this.#segments = listSegments(this.host, this.directory).live;
    const last = this.#segments[this.#segments.length - 1];
    if (last === undefined || last.endOffset !== 0) {
      this.#set({ segmentBase: -1, position: 0, endOffset: last?.endOffset ?? 0 });
      return;
    }
    const path = `${this.directory}/${last.name}`;
    const file = openForReading(this.host, path);
    if (file === null) return;
    try {
      if (!this.#isKnown(path, last, file)) return;
      const open = { name: last, path, file, createdAt: 0 };
      const { position, endOffset } = guard(`segment ${last.name}`, () => judgeTail(this.host, this.directory, open));
      if (last.baseOffset !== this.#readable.segmentBase || position > this.#readable.position) await file.sync();
      this.#set({ segmentBase: last.baseOffset, position, endOffset });
    } catch (error) {
      throw asLogError(error, `segment ${last.name}`);
    } finally {
      file.close();
    }
  }

  /** Of a newer format: readers are led there, to be told so. */
  #isKnown(path: string, name: SegmentName, file: File): boolean {
    try {
      readSegmentHeader(this.host, path, name, file);
    } catch (error) {
      if (!(error instanceof CommitLogError) || error.place === null) throw error;
      if (error.code !== 'unknown-version') return true;
      const { baseOffset } = name;
      this.#set({ segmentBase: baseOffset, position: file.lengthBytes(), endOffset: baseOffset + 1 });
      return false;
    }
    return true;
  }

  #set(readable: Readable): void {
    const { segmentBase, position, endOffset } = readable;
    // A stale watermark may be lower than what was seen to be durable already.
    if (endOffset < this.#readable.endOffset) return;
    const before = this.#readable;
    this.#readable = { segmentBase, position, endOffset };
    if (before.endOffset !== endOffset || before.segmentBase !== segmentBase) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #watch(): void {
    const { files } = this.host;
    for (const directory of new Set([this.directory, this.#setup.watermarkDir])) {
      try {
        // The writer's place on a memory file system may not be there yet; a watch needs it.
        if (files.stat(directory) === null) files.makeDir(directory);
        this.#watches.push(files.watch(directory, () => this.#changed()));
      } catch (error) {
        if (hostCode(error) === '') throw error;
      }
    }
  }

  /** The directories tell of names; what the writer publishes is in a file that comes and goes with it. */
  #watchMark(exists: boolean): void {
    if (!exists) {
      this.#markWatch?.close();
      this.#markWatch = null;
    } else if (this.#markWatch === null && this.#listeners.size > 0) {
      try {
        this.#markWatch = this.host.files.watch(watermarkPath(this.#setup.watermarkDir), () => this.#changed());
        // It may have changed between being read and being watched.
        this.#again = true;
      } catch (error) {
        if (hostCode(error) === '') throw error;
      }
    }
  }

  #changed(): void {
    void this.refresh().catch((error: unknown) => {
      // What is wrong shows when the reader reads.
      if (hostCode(error) === '' && !(error instanceof CommitLogError)) throw error;
      this.#tell();
    });
  }
}
