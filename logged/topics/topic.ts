/** An open topic: its configuration, its partitions for writing, and views of them for reading. */
import type { Host, Lock, Watch } from '../../targets/host.ts';
import { CommitLogError, type TopicDescription } from '../commit-log.ts';
import type { LogEvent } from '../log-event.ts';
import { Follower } from '../storage/reading/follower.ts';
import { asLogError, guardAsync, hostCode } from '../storage/host-failure.ts';
import { Partition } from '../storage/appending/partition.ts';
import { forgetClosing } from '../storage/appending/partition-opening.ts';
import type { PartitionView } from '../storage/reading/partition-view.ts';
import type { TopicDirectories } from '../storage/topic-directories.ts';
import { readTopicFile, type TopicMeta } from '../storage/format/topic-file.ts';
import { readWatermark, WatermarkWriter, watermarkDir } from '../storage/watermark.ts';
import { configEntries, parseTopicConfig, type TopicConfig } from './topic-config.ts';
import { StickyPartitioner } from './partitioner.ts';

export interface TopicSetup {
  readonly host: Host;
  readonly directories: TopicDirectories;
  readonly report: (event: LogEvent) => void;
  readonly maxPendingBytes: number;
  /** False while the last room on the medium is lent out. */
  readonly mayAppend: () => boolean;
}

export const isInternal = (topic: string): boolean => topic.startsWith('__');

export class Topic {
  readonly name: string;
  readonly sticky: StickyPartitioner;
  deleted = false;

  readonly #setup: TopicSetup;
  #meta: TopicMeta;
  #config: TopicConfig;
  #lock: Lock | null = null;
  #watermark: WatermarkWriter | null = null;
  readonly #partitions = new Map<number, Promise<Partition>>();
  readonly #open = new Map<number, Partition>();
  readonly #followers = new Map<number, Follower>();
  readonly #listeners = new Set<() => void>();
  #watch: Watch | null = null;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(setup: TopicSetup, name: string, meta: TopicMeta) {
    this.name = name;
    this.sticky = new StickyPartitioner(setup.host.random);
    this.#setup = setup;
    this.#meta = meta;
    this.#config = parseTopicConfig(meta.config);
  }

  get meta(): TopicMeta {
    return this.#meta;
  }

  get config(): TopicConfig {
    return this.#config;
  }

  get partitionCount(): number {
    return this.#meta.partitions;
  }

  get isWriter(): boolean {
    return this.#lock !== null;
  }

  describe(): TopicDescription {
    const config = configEntries(this.#meta.config);
    return {
      topic: this.name,
      internal: isInternal(this.name),
      partitions: this.#meta.partitions,
      durability: config.find((entry) => entry.name === 'streambed.durability')?.value ?? 'sync',
      config,
      createdAt: this.#meta.createdAt,
    };
  }

  hasPartition(partition: number): boolean {
    return Number.isInteger(partition) && partition >= 0 && partition < this.#meta.partitions;
  }

  checkPartition(partition: number): void {
    if (this.hasPartition(partition)) return;
    const message = `topic ${this.name}: partition ${partition}, it has ${this.#meta.partitions}`;
    throw new CommitLogError('unknown-partition', message);
  }

  /** Makes a change durable and then takes it over; changes are made one after the other. */
  change(update: (meta: TopicMeta) => TopicMeta): Promise<TopicDescription> {
    const changed = this.#lastChange.then(async () => {
      const meta = update(this.#meta);
      await guardAsync(`topic ${this.name}`, async () => {
        if ([this.#config, parseTopicConfig(meta.config)].some(({ durability }) => durability !== 'sync')) {
          await this.#settle();
        }
        // When it fails, nobody knows which of the two a power cut leaves, and every append is synced from now on.
        await this.#setup.directories.change(this.name, meta);
      });
      this.#takeOver(meta);
      return this.describe();
    });
    this.#lastChange = changed.catch(() => undefined);
    return changed;
  }

  /**
   * Makes everything durable, and every append until the change is: what a power cut may have taken is told from the
   * configuration that it leaves, and that may be either (see `storage/appending/partition-opening.ts`).
   */
  async #settle(): Promise<void> {
    const partitions: Partition[] = [];
    for (let number = 0; number < this.#meta.partitions; number++) partitions.push(await this.writer(number));
    // Not before they are open: what they were appended to with counts when they are recovered.
    const before = this.#config;
    this.#config = { ...before, durability: 'sync' };
    try {
      for (const partition of partitions) {
        await partition.roll();
        for (const name of partition.segments().slice(-1)) {
          await forgetClosing(partition.host, partition.directory, name);
        }
      }
    } catch (error) {
      this.#config = before;
      throw error;
    }
  }

  #takeOver(meta: TopicMeta): void {
    this.#meta = meta;
    this.#config = parseTopicConfig(meta.config);
    this.#tell();
  }

  /** Looks whether another process has changed or deleted the topic. */
  reload(): void {
    if (this.isWriter || this.deleted) return;
    const meta = readTopicFile(this.#setup.host, this.#directory);
    if (meta === null || meta.id !== this.#meta.id) this.markDeleted();
    else if (meta.partitions !== this.#meta.partitions) this.#takeOver(meta);
    else this.#meta = meta;
  }

  markDeleted(): void {
    this.deleted = true;
    this.#tell();
  }

  /** Calls back after a change of the number of partitions and after deletion. */
  onChange(callback: () => void): () => void {
    this.#listeners.add(callback);
    if (!this.isWriter) this.#watchOthers();
    return () => {
      this.#listeners.delete(callback);
      if (this.#listeners.size === 0) this.#stopWatching();
    };
  }

  /** Learns of what another process does to the topic while somebody here wants to know. */
  #watchOthers(): void {
    if (this.#watch !== null) return;
    try {
      this.#watch = this.#setup.host.files.watch(this.#directory, () => this.reload());
    } catch (error) {
      if (hostCode(error) === '') throw error;
    }
  }

  #stopWatching(): void {
    this.#watch?.close();
    this.#watch = null;
  }

  /** Becomes the topic's writer. Errors: `locked`, `read-only`, `no-space`, `io-failed`. */
  lock(): void {
    if (this.#lock !== null) return;
    const { host, directories } = this.#setup;
    const path = `${this.#directory}/writer.lock`;
    let lock: Lock;
    try {
      lock = host.files.lock(path);
    } catch (error) {
      if (hostCode(error) !== 'EAGAIN') throw asLogError(error, `lock ${path}`);
      throw new CommitLogError('locked', `topic ${this.name}: another process writes it`, { cause: error });
    }
    try {
      const meta = readTopicFile(host, this.#directory);
      if (meta === null) throw new CommitLogError('unknown-topic', `topic ${this.name}: does not exist`);
      this.#meta = meta;
      this.#config = parseTopicConfig(meta.config);
      this.#watermark = new WatermarkWriter(host, watermarkDir(host, directories.root, this.#directory, meta.id));
    } catch (error) {
      lock.release();
      throw error;
    }
    this.#lock = lock;
  }

  /** A partition to append to; opened and recovered at first use. */
  writer(partition: number): Promise<Partition> {
    let opening = this.#partitions.get(partition);
    if (opening === undefined) {
      try {
        this.lock();
      } catch (error) {
        return Promise.reject(error);
      }
      opening = this.#recover(partition);
      this.#partitions.set(partition, opening);
      // The first to learn of it, before those who wait: whoever comes later must not overtake them.
      opening.then(
        (opened) => this.#open.set(partition, opened),
        () => this.#partitions.delete(partition),
      );
    }
    return opening;
  }

  /** The partition if it is open for writing, so that an append can begin in the very call. */
  openWriter(partition: number): Partition | null {
    return this.#open.get(partition) ?? null;
  }

  async #recover(partition: number): Promise<Partition> {
    const { host, directories, report, maxPendingBytes, mayAppend } = this.#setup;
    const markDir = watermarkDir(host, directories.root, this.#directory, this.#meta.id);
    await guardAsync(`topic ${this.name}`, () => directories.settle(this.name));
    const mark = readWatermark(host, markDir, partition);
    const isVolatile = markDir !== this.#directory;
    return Partition.open({
      host,
      topic: this.name,
      partition,
      directory: directories.partition(this.name, partition),
      config: () => this.#config,
      report,
      publish: (mark) => this.#watermark?.publish(partition, mark),
      // With durability `os` it says what was written, which counts as long as it cannot have outlived that.
      lastMark: isVolatile || this.#config.durability !== 'os' ? mark : null,
      isSameBoot: isVolatile && mark !== null,
      maxPendingBytes,
      mayAppend,
    });
  }

  /** The partitions that are open for writing. */
  async openPartitions(): Promise<Partition[]> {
    const settled = await Promise.allSettled(this.#partitions.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** A partition to read: the writer's own view where this process is the writer, else a follower's. */
  async view(partition: number): Promise<PartitionView> {
    if (this.isWriter) {
      try {
        return await this.writer(partition);
      } catch (error) {
        // It cannot be written, and what it holds can still be read.
        if (!(error instanceof CommitLogError)) throw error;
      }
    }
    return this.#follower(partition);
  }

  async #follower(partition: number): Promise<PartitionView> {
    let follower = this.#followers.get(partition);
    if (follower === undefined) {
      const { host, directories, report } = this.#setup;
      const { name } = this;
      follower = new Follower({
        host,
        topic: name,
        partition,
        directory: directories.partition(name, partition),
        watermarkDir: watermarkDir(host, directories.root, this.#directory, this.#meta.id),
        report: (place) => report({ event: 'damage', topic: name, partition, place }),
      });
      this.#followers.set(partition, follower);
    }
    await follower.refresh();
    return follower;
  }

  /** Closes what is open for writing and lets go of the lock. `gone`: the topic is being deleted. */
  async close(gone: boolean): Promise<void> {
    this.#stopWatching();
    const open = await this.openPartitions();
    this.#partitions.clear();
    this.#open.clear();
    await Promise.all(open.map((partition) => partition.close()));
    this.#watermark?.close(gone || open.every((partition) => partition.closedCleanly));
    this.#watermark = null;
    this.#lock?.release();
    this.#lock = null;
  }

  get #directory(): string {
    return this.#setup.directories.of(this.name);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
