/**
 * The commit log on files: `CommitLog` over the host port, without any broker. Topics live in directories of their own
 * under one root (see `storage/topic-directories.ts`); they are opened at first use, and one that cannot be opened does
 * not keep the others from being served.
 */
import type { Host } from '../targets/host.ts';
import {
  type CommitLog,
  CommitLogError,
  type CommittedOffset,
  type CreateTopicOptions,
  type OffsetCommit,
  type PartitionOffsets,
  type ProducedOffset,
  type Producer,
  type ProducerRecord,
  type ProduceResult,
  type SubscribeOptions,
  type Subscription,
  type TopicChange,
  type TopicDescription,
} from './commit-log.ts';
import type { CompactionReport } from './compaction/compactor.ts';
import type { Compaction } from './compaction/strategy.ts';
import { ConsumerGroups, GROUPS_TOPIC } from './consumer-groups.ts';
import { Housekeeping } from './upkeep/housekeeping.ts';
import { type LogEvent, tellingDamageOnce } from './log-event.ts';
import { produceAll, produceOne, type TopicRecord } from './produce.ts';
import { DEFAULT_RESERVE_BYTES, Reserve } from './upkeep/reserve.ts';
import { asLogError } from './storage/host-failure.ts';
import { PartitionReader } from './storage/reading/partition-reader.ts';
import type { PartitionView } from './storage/reading/partition-view.ts';
import { findLastOffset, findTime } from './storage/reading/segment-lookup.ts';
import { TopicDirectories } from './storage/topic-directories.ts';
import { LogSubscription } from './subscription.ts';
import { Topic } from './topics/topic.ts';
import { isTopicName } from './topics/topic-name.ts';
import { locked, Topics } from './topics/topics.ts';

export interface FileLogOptions {
  /** The directory of the log; created when absent. */
  readonly root: string;
  /** Is told what the operator should know. */
  readonly report?: (event: LogEvent) => void;
  /** Whether producing to a topic that does not exist creates it. Default: true. */
  readonly autoCreateTopics?: boolean;
  /**
   * When this process becomes the writer of a topic: `use`, as a service does that owns the log, or `write`, which
   * leaves topics that are only read to others. Default: `use`.
   */
  readonly lockOn?: 'use' | 'write';
  /**
   * How often topics are looked after (rolled, expired, compacted), in milliseconds; 0 leaves that to `keepHouse`.
   * Topics that others write are left alone. Default: 30 seconds; 0 with `lockOn: 'write'`.
   */
  readonly housekeepingMs?: number;
  /** The most bytes that may wait to be written per partition; `busy` beyond. Default: 4 MiB. */
  readonly maxPendingBytes?: number;
  /** What is kept occupied so that compaction finds room on a full medium. Default: 256 KiB; 0 with `lockOn: 'write'`. */
  readonly reserveBytes?: number;
  /** The most memory for the tables of a compaction. Default: 2 MiB. */
  readonly compactionMemoryBytes?: number;
  /** The most that compaction reads and writes per second; 0, the default: as fast as it goes. */
  readonly compactionBytesPerSecond?: number;
  /** Strategies of your own, by topic, instead of `streambed.compaction.keep`. */
  readonly strategies?: ReadonlyMap<string, Compaction>;
}

const DEFAULT_HOUSEKEEPING_MS = 30_000;
const DEFAULT_PENDING_BYTES = 4 * 1024 * 1024;

export class FileLog implements CommitLog {
  readonly #host: Host;
  readonly #options: FileLogOptions;
  readonly #directories: TopicDirectories;
  readonly #report: (event: LogEvent) => void;
  readonly #topics: Topics;
  readonly #subscriptions = new Set<LogSubscription>();
  readonly #groups: ConsumerGroups;
  readonly #housekeeping: Housekeeping;
  #closed = false;
  /** Calls that have not ended yet. */
  #underWay = 0;
  #quiet: (() => void) | null = null;

  private constructor(host: Host, options: FileLogOptions) {
    this.#host = host;
    this.#options = options;
    this.#directories = new TopicDirectories(host, options.root);
    const owns = options.lockOn !== 'write';
    const report = tellingDamageOnce(options.report ?? (() => {}));
    this.#report = report;
    const reserve = new Reserve(host, options.root, options.reserveBytes ?? (owns ? DEFAULT_RESERVE_BYTES : 0));
    this.#topics = new Topics(
      {
        host,
        directories: this.#directories,
        report,
        mayAppend: () => !reserve.isLent,
        maxPendingBytes: options.maxPendingBytes ?? DEFAULT_PENDING_BYTES,
      },
      options.autoCreateTopics ?? true,
    );
    this.#housekeeping = new Housekeeping({
      host,
      reserve,
      compactor: {
        memoryBytes: options.compactionMemoryBytes,
        bytesPerSecond: options.compactionBytesPerSecond,
        spillDir: `${options.root}/spill`,
        reserve,
      },
      everyMs: options.housekeepingMs ?? (owns ? DEFAULT_HOUSEKEEPING_MS : 0),
      strategies: options.strategies ?? new Map(),
      report,
      topics: () => this.#topics.writable(),
    });
    this.#groups = new ConsumerGroups({
      now: () => host.clock.now(),
      groupsTopic: async (create) => (create ? this.#topics.groups() : this.#topics.find(GROUPS_TOPIC)),
      findTopic: async (name) => this.#topics.find(name),
      view: (topic) => this.#view(topic, 0),
    });
  }

  /**
   * Opens the log. What stands on a medium that is full or read-only can be read all the same, so that is reported and
   * not thrown, and topics that are damaged show it when they are used.
   */
  static async open(host: Host, options: FileLogOptions): Promise<FileLog> {
    const log = new FileLog(host, options);
    if (options.lockOn !== 'write') await log.#prepare();
    log.#housekeeping.start();
    return log;
  }

  produce(record: ProducerRecord, producer?: Producer): Promise<ProducedOffset> {
    try {
      return this.#produceNow(record.topic, record, producer) ?? this.#produceOne(record, producer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Null: something has to be waited for. Throws for what is wrong with the record. */
  #produceNow(topicName: string, record: TopicRecord, producer: Producer | undefined): Promise<ProducedOffset> | null {
    const topic = producer === undefined && !this.#closed ? this.#topics.openWriter(topicName) : null;
    return topic === null ? null : produceOne(this.#host.bytes, topic, record);
  }

  async #produceOne(record: ProducerRecord, producer: Producer | undefined): Promise<ProducedOffset> {
    const [result] = await this.#produceAll(record.topic, [record], producer);
    if (result === undefined || 'error' in result) throw result?.error ?? new TypeError('no result');
    return result;
  }

  produceBatch(
    topicName: string,
    records: readonly TopicRecord[],
    producer?: Producer,
  ): Promise<readonly ProduceResult[]> {
    const alone = records[0];
    if (alone === undefined || records.length > 1) return this.#produceAll(topicName, records, producer);
    try {
      const appended = this.#produceNow(topicName, alone, producer);
      return appended?.then(asResults, asRefusal) ?? this.#produceAll(topicName, records, producer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #produceAll(
    topicName: string,
    records: readonly TopicRecord[],
    producer: Producer | undefined,
  ): Promise<readonly ProduceResult[]> {
    return this.#run(async () => {
      const found = this.#topics.forWriting(topicName);
      const topic = found instanceof Topic ? found : await found;
      return produceAll(this.#host.bytes, topic, records, producer);
    });
  }

  offsets(topicName: string, partition: number): Promise<PartitionOffsets | null> {
    return this.#run(async () => {
      const topic = isTopicName(topicName) ? this.#topics.find(topicName) : null;
      if (topic === null || !topic.hasPartition(partition)) return null;
      const view = await this.#view(topic, partition);
      const { endOffset } = view.readable();
      const lastOffset = findLastOffset(view);
      return { beginningOffset: lastOffset === null ? endOffset : firstOffset(view), endOffset, lastOffset };
    });
  }

  offsetForTime(topicName: string, partition: number, timestamp: number): Promise<number | null> {
    return this.#run(async () => {
      const topic = this.#topics.get(topicName);
      topic.checkPartition(partition);
      return findTime(await this.#view(topic, partition), timestamp);
    });
  }

  subscribe(options: SubscribeOptions): Subscription {
    const subscription: LogSubscription = new LogSubscription(
      {
        clock: this.#host.clock,
        topic: async (name) => {
          this.#checkOpen();
          return this.#topics.get(name);
        },
        view: (topic, partition) => this.#view(topic, partition),
        committedOffset: async (group, topic, partition) => {
          const commits = await this.#groups.committed(group);
          return commits.find((commit) => commit.topic === topic && commit.partition === partition)?.offset ?? null;
        },
        ended: () => this.#subscriptions.delete(subscription),
      },
      options,
    );
    this.#subscriptions.add(subscription);
    return subscription;
  }

  listTopics(): Promise<readonly string[]> {
    return this.#run(async () => this.#topics.list());
  }

  describeTopic(topicName: string): Promise<TopicDescription> {
    return this.#run(async () => this.#topics.get(topicName).describe());
  }

  createTopic(topicName: string, options: CreateTopicOptions = {}): Promise<TopicDescription> {
    return this.#run(() => this.#topics.create(topicName, options));
  }

  alterTopic(topicName: string, change: TopicChange): Promise<TopicDescription> {
    return this.#run(() => this.#topics.alter(topicName, change));
  }

  deleteTopic(topicName: string): Promise<void> {
    return this.#run(() =>
      this.#topics.delete(topicName, {
        before: (topic) => this.#housekeeping.leave(topic),
        after: (topic) => this.#forget(topic),
      }),
    );
  }

  /** Commits name the topic that they were made for, so that what stays of them counts for no other. */
  async #forget({ name, meta }: Topic): Promise<void> {
    try {
      await this.#groups.forgetTopic(name, meta.id);
    } catch (error) {
      if (!(error instanceof CommitLogError)) throw error;
      this.#report({ event: 'background-failed', topic: name, message: error.message });
    }
  }

  commitOffsets(group: string, offsets: readonly OffsetCommit[]): Promise<void> {
    return this.#run(() => this.#groups.commit(group, offsets));
  }

  committedOffsets(group: string): Promise<readonly CommittedOffset[]> {
    return this.#run(() => this.#groups.committed(group));
  }

  listGroups(): Promise<readonly string[]> {
    return this.#run(() => this.#groups.list());
  }

  deleteGroup(group: string): Promise<void> {
    return this.#run(() => this.#groups.delete(group));
  }

  /**
   * Seals what there is of a topic and compacts all of it, whatever its `cleanup.policy`. Errors: `unknown-topic`,
   * `locked`, `no-space`, `io-failed`, `read-only`.
   */
  compact(topicName: string): Promise<readonly CompactionReport[]> {
    return this.#run(async () => this.#housekeeping.compact(locked(this.#topics.get(topicName))));
  }

  /** Rolls, expires and compacts whatever is due, as is done every `housekeepingMs`. What fails is reported. */
  keepHouse(): Promise<void> {
    return this.#run(() => this.#housekeeping.round());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const kept = this.#housekeeping.stop();
    for (const subscription of this.#subscriptions) {
      subscription.fail(closedError());
    }
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#quiet = resolve;
      });
    }
    await kept;
    this.#groups.close();
    await this.#topics.close();
  }

  /** Runs a call of the contract; `close` waits for those that have begun. Holds on to nothing of the call itself. */
  #run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    this.#underWay++;
    return call().finally(() => {
      this.#underWay--;
      if (this.#underWay === 0) this.#quiet?.();
    });
  }

  async #prepare(): Promise<void> {
    try {
      await this.#directories.prepare();
    } catch (error) {
      const { code, message } = asLogError(error, `log ${this.#options.root}`);
      this.#report({ event: 'background-failed', topic: '', message: `${code}: ${message}` });
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError();
  }

  /** A view of a partition, after trying to become the topic's writer if this log is to own what it uses. */
  async #view(topic: Topic, partition: number): Promise<PartitionView> {
    if (this.#options.lockOn !== 'write' && !topic.isWriter) {
      try {
        topic.lock();
      } catch (error) {
        if (!(error instanceof CommitLogError)) throw error;
      }
    }
    return topic.view(partition);
  }
}

function closedError(): CommitLogError {
  return new CommitLogError('closed', 'log was closed');
}

/** The first offset that is stored; where damage hides it, that of the segment. */
function firstOffset(view: PartitionView): number {
  const reader = new PartitionReader(view, 0);
  try {
    return reader.read(1)[0]?.offset ?? view.readable().endOffset;
  } catch (error) {
    if (error instanceof CommitLogError && error.code === 'damaged') return reader.nextOffset;
    throw error;
  } finally {
    reader.close();
  }
}

function asResults(produced: ProducedOffset): readonly ProduceResult[] {
  return [produced];
}

function asRefusal(error: unknown): readonly ProduceResult[] {
  if (error instanceof CommitLogError) return [{ error }];
  throw error;
}
