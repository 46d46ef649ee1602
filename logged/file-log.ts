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
import { ConsumerGroups, GROUPS_TOPIC, GROUPS_TOPIC_CONFIG } from './consumer-groups.ts';
import type { LogEvent } from './log-event.ts';
import { produceAll, produceOne, type TopicRecord } from './produce.ts';
import { asLogError, guardAsync, hostCode } from './storage/host-failure.ts';
import { PartitionReader } from './storage/partition-reader.ts';
import type { PartitionView } from './storage/partition-view.ts';
import { findLastOffset, findTime } from './storage/segment-lookup.ts';
import { TopicDirectories } from './storage/topic-directories.ts';
import { readTopicFile, type TopicMeta } from './storage/topic-file.ts';
import { LogSubscription } from './subscription.ts';
import { Topic, type TopicSetup } from './topic.ts';
import { configEntries, parseTopicConfig } from './topic-config.ts';
import { checkTopicName } from './topic-name.ts';

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
   * Topics that others write are left alone. Default: 30 seconds, and never with `lockOn: 'write'`.
   */
  readonly housekeepingMs?: number;
  /** The most bytes that may wait to be written per partition; `busy` beyond. Default: 4 MiB. */
  readonly maxPendingBytes?: number;
}

/** What a rename says when a topic of the name is there. */
const EXISTS: ReadonlySet<string> = new Set(['EEXIST', 'ENOTEMPTY']);
const MAX_PARTITIONS = 1024;
const DEFAULT_PENDING_BYTES = 4 * 1024 * 1024;

export class FileLog implements CommitLog {
  readonly #host: Host;
  readonly #options: FileLogOptions;
  readonly #directories: TopicDirectories;
  readonly #topics = new Map<string, Topic>();
  readonly #creating = new Map<string, Promise<Topic>>();
  readonly #deleting = new Map<string, Promise<void>>();
  readonly #subscriptions = new Set<LogSubscription>();
  readonly #groups: ConsumerGroups;
  #closed = false;
  /** Calls that have not ended yet. */
  #underWay = 0;
  #quiet: (() => void) | null = null;

  private constructor(host: Host, options: FileLogOptions) {
    this.#host = host;
    this.#options = options;
    this.#directories = new TopicDirectories(host, options.root);
    this.#groups = new ConsumerGroups({
      now: () => host.clock.now(),
      groupsTopic: async (create) => (create ? this.#topicForWriting(GROUPS_TOPIC) : this.#find(GROUPS_TOPIC)),
      findTopic: async (name) => {
        checkTopicName(name);
        return this.#find(name);
      },
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
    return log;
  }

  async produce(record: ProducerRecord, producer?: Producer): Promise<ProducedOffset> {
    const topic = this.#topics.get(record.topic);
    if (producer === undefined && topic?.isWriter === true && !this.#creating.has(record.topic)) {
      const produced = produceOne(this.#host.bytes, topic, record);
      if (produced !== null) return produced;
    }
    const [result] = await this.produceBatch(record.topic, [record], producer);
    if (result === undefined || 'error' in result) throw result?.error ?? new TypeError('no result');
    return result;
  }

  produceBatch(
    topicName: string,
    records: readonly TopicRecord[],
    producer?: Producer,
  ): Promise<readonly ProduceResult[]> {
    return this.#run(async () => {
      const found = this.#topicForWriting(topicName);
      const topic = found instanceof Topic ? found : await found;
      return produceAll(this.#host.bytes, topic, records, producer);
    });
  }

  offsets(topicName: string, partition: number): Promise<PartitionOffsets | null> {
    return this.#run(async () => {
      checkTopicName(topicName);
      const topic = this.#find(topicName);
      if (topic === null || !topic.hasPartition(partition)) return null;
      const view = await this.#view(topic, partition);
      const { endOffset } = view.readable();
      const lastOffset = findLastOffset(view);
      return { beginningOffset: lastOffset === null ? endOffset : firstOffset(view), endOffset, lastOffset };
    });
  }

  offsetForTime(topicName: string, partition: number, timestamp: number): Promise<number | null> {
    return this.#run(async () => {
      const topic = this.#topic(topicName);
      topic.checkPartition(partition);
      return findTime(await this.#view(topic, partition), timestamp);
    });
  }

  subscribe(options: SubscribeOptions): Subscription {
    const subscription: LogSubscription = new LogSubscription(
      {
        clock: this.#host.clock,
        topic: (name) => this.#openTopic(name),
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
    return this.#run(async () => this.#directories.list());
  }

  describeTopic(topicName: string): Promise<TopicDescription> {
    return this.#run(async () => this.#topic(topicName).describe());
  }

  createTopic(topicName: string, options: CreateTopicOptions = {}): Promise<TopicDescription> {
    return this.#run(async () => {
      checkTopicName(topicName);
      const { partitions = 1, config = {}, validateOnly = false } = options;
      checkPartitionCount(partitions);
      parseTopicConfig(config);
      if (this.#find(topicName) !== null || this.#creating.has(topicName)) {
        throw new CommitLogError('topic-exists', `topic ${topicName}: exists already`);
      }
      const meta = this.#newMeta(partitions, config);
      if (validateOnly) return new Topic(this.#topicSetup(), topicName, meta).describe();
      return (await this.#create(topicName, meta)).describe();
    });
  }

  alterTopic(topicName: string, change: TopicChange): Promise<TopicDescription> {
    return this.#run(async () => {
      const topic = this.#topic(topicName);
      if (change.validateOnly === true) {
        return new Topic(this.#topicSetup(), topicName, changedMeta(topicName, topic.meta, change)).describe();
      }
      topic.lock();
      return topic.change((meta) => changedMeta(topicName, meta, change));
    });
  }

  deleteTopic(topicName: string): Promise<void> {
    return this.#run(async () => {
      const topic = this.#topic(topicName);
      topic.lock();
      const deleted = this.#delete(topic).finally(() => this.#deleting.delete(topicName));
      this.#deleting.set(topicName, deleted);
      await deleted;
    });
  }

  async #delete(topic: Topic): Promise<void> {
    const { name, meta } = topic;
    topic.markDeleted();
    this.#topics.delete(name);
    await topic.close(true);
    await guardAsync(`topic ${name}`, () => this.#directories.delete(name, meta.id));
    await this.#groups.forgetTopic(name, meta.id);
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

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const subscription of this.#subscriptions) {
      subscription.fail(new CommitLogError('closed', 'log was closed'));
    }
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#quiet = resolve;
      });
    }
    this.#groups.close();
    await Promise.all([...this.#topics.values()].map((topic) => topic.close(false)));
    this.#topics.clear();
  }

  /** Runs a call of the contract; `close` waits for those that have begun. */
  async #run<T>(call: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    this.#underWay++;
    try {
      return await call();
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#quiet?.();
    }
  }

  async #prepare(): Promise<void> {
    try {
      await this.#directories.prepare();
    } catch (error) {
      const { code, message } = asLogError(error, `log ${this.#options.root}`);
      this.#topicSetup().report({ event: 'background-failed', topic: '', message: `${code}: ${message}` });
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new CommitLogError('closed', 'log was closed');
  }

  async #openTopic(name: string): Promise<Topic> {
    this.#checkOpen();
    return this.#topic(name);
  }

  /** An existing topic. Errors: `unknown-topic`, `invalid-topic`, `damaged`, `unknown-version`. */
  #topic(name: string): Topic {
    checkTopicName(name);
    const topic = this.#find(name);
    if (topic === null) throw new CommitLogError('unknown-topic', `topic ${name}: does not exist`);
    return topic;
  }

  #find(name: string): Topic | null {
    if (this.#deleting.has(name)) return null;
    const open = this.#topics.get(name);
    if (open !== undefined) {
      open.reload();
      if (!open.deleted) return open;
      this.#topics.delete(name);
    }
    const meta = readTopicFile(this.#host, this.#directories.of(name));
    if (meta === null) return null;
    const topic = new Topic(this.#topicSetup(), name, meta);
    this.#topics.set(name, topic);
    return topic;
  }

  /** At once where the topic exists, so that an append begins in the very call and nobody overtakes. */
  #topicForWriting(name: string): Topic | Promise<Topic> {
    const creating = this.#creating.get(name);
    if (creating !== undefined) return creating.then(locked);
    const open = this.#topics.get(name);
    if (open?.isWriter === true) return open;
    checkTopicName(name);
    const topic = this.#find(name);
    return topic === null ? this.#autoCreate(name).then(locked) : locked(topic);
  }

  #autoCreate(name: string): Promise<Topic> {
    if (this.#options.autoCreateTopics === false && name !== GROUPS_TOPIC) {
      throw new CommitLogError('unknown-topic', `topic ${name}: does not exist`);
    }
    return this.#create(name, this.#newMeta(1, name === GROUPS_TOPIC ? GROUPS_TOPIC_CONFIG : {}));
  }

  #create(name: string, meta: TopicMeta): Promise<Topic> {
    const gone = this.#deleting.get(name)?.catch(() => undefined) ?? Promise.resolve();
    const created = gone.then(() => this.#createNow(name, meta));
    this.#creating.set(name, created);
    const ended = (): boolean => this.#creating.delete(name);
    created.then(ended, ended);
    return created;
  }

  async #createNow(name: string, meta: TopicMeta): Promise<Topic> {
    try {
      await this.#directories.create(name, meta);
    } catch (error) {
      // Another process may have been faster.
      const theirs = EXISTS.has(hostCode(error)) ? this.#find(name) : null;
      if (theirs === null) throw asLogError(error, `topic ${name}`);
      return theirs;
    }
    const topic = new Topic(this.#topicSetup(), name, meta);
    this.#topics.set(name, topic);
    return topic;
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

  #newMeta(partitions: number, config: Readonly<Record<string, string>>): TopicMeta {
    const id = new Uint8Array(16);
    this.#host.random.fill(id);
    const digits = Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { id: digits, createdAt: this.#host.clock.now(), partitions, config: { ...config } };
  }

  #topicSetup(): TopicSetup {
    return {
      host: this.#host,
      directories: this.#directories,
      report: this.#options.report ?? ((): void => {}),
      maxPendingBytes: this.#options.maxPendingBytes ?? DEFAULT_PENDING_BYTES,
    };
  }
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

function locked(topic: Topic): Topic {
  topic.lock();
  return topic;
}

/** Throws `invalid-config` when the change is not possible. */
function changedMeta(topicName: string, meta: TopicMeta, change: TopicChange): TopicMeta {
  const { partitions = meta.partitions, set = {}, reset = [] } = change;
  checkPartitionCount(partitions);
  if (partitions < meta.partitions) {
    const message = `topic ${topicName}: has ${meta.partitions} partitions, they can only become more`;
    throw new CommitLogError('invalid-config', message);
  }
  parseTopicConfig(Object.fromEntries(reset.map((name) => [name, defaultOf(name)])));
  const config = { ...meta.config, ...set };
  for (const name of reset) delete config[name];
  parseTopicConfig(config);
  return { ...meta, partitions, config };
}

function defaultOf(name: string): string {
  return configEntries({}).find((entry) => entry.name === name)?.defaultValue ?? '';
}

function checkPartitionCount(partitions: number): void {
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= MAX_PARTITIONS) return;
  throw new CommitLogError('invalid-config', `partitions ${partitions}: want 1 to ${MAX_PARTITIONS}`);
}
