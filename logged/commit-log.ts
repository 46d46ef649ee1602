/**
 * The commit log: what every implementation promises (files here; Kafka over HTTP and a real Kafka later) and all
 * that a caller may know. Written to be enough to implement it from the text alone; it imports nothing.
 *
 * A *topic* is a name with one or more *partitions*. A partition is an append-only sequence of records, each with an
 * *offset*: its number in the partition. Offsets are dense when records are appended, become sparse by compaction,
 * only ever grow, and are never used twice while the topic lives, whatever crashes.
 *
 * - **Acknowledged means kept.** `produce` resolves when the record is as durable as its topic's `durability` says:
 *   `sync` (the default): on the storage medium, safe from a power cut. `every:<n>ms`: written, and on the medium
 *   within n ms: a power cut loses at most the last n ms. `os`: written: safe when the process is killed, not from a
 *   power cut.
 * - **Readable means final.** A record that was once delivered is never withdrawn, except by retention, compaction or
 *   deletion of its topic. Records are delivered once they are on the medium, with `os` once they are written: there a
 *   power cut may take delivered records with it, and the log then goes on behind their offsets and leaves a gap.
 * - **Order.** Within a partition records are delivered in the order of their offsets, and that is the order in which
 *   the calls of `produce` were made. Between partitions there is no order.
 * - **Concurrency.** Calls may overlap freely. One process writes a topic at a time (`locked` otherwise), any number
 *   read it.
 * - **Damage is never passed over in silence.** Reading at a damaged place fails with `damaged`, which names file,
 *   position and the offset at which reading can go on; everything else stays readable.
 *
 * Topic names are `[a-zA-Z0-9._-]`, 1 to 249 characters, not `.` or `..`; a namespace may stand in front of a colon
 * (`default:end-device-events`). Names beginning with `__` are internal. `__consumer_offsets` holds the commits of groups:
 * it is read and altered as any topic, and producing to it, creating and deleting it fail with `invalid-topic`.
 */
export interface CommitLog {
  /**
   * Appends one record. A record without a partition goes where Kafka's clients would put it: by murmur2 of its key,
   * or, without a key, to one partition for a while and then to another.
   *
   * Errors: `unknown-topic` (only where topics are not created by use), `unknown-partition`, `invalid-topic`,
   * `invalid-record`, `record-too-large`, `locked`, `read-only`, `no-space`, `io-failed`, `busy`,
   * `stale-sequence`, `closed`. After `no-space` the record is not in the log and never will be. After `io-failed` it is
   * not readable, but if the medium fails for good in that moment it may be found when the log is opened next: numbered
   * records (`Producer`) can be sent again without harm. A topic that was created by the call stays.
   */
  produce(record: ProducerRecord, producer?: Producer): Promise<ProducedOffset>;

  /**
   * Appends records of one topic, in their order, and resolves when all of them are acknowledged: one entry per
   * record, in order. The records that go to one partition are appended together: all or none of them, unless they
   * take more than `max.message.bytes`, in which case they are split. Different partitions may fare differently, so a failure
   * is reported per record and not by rejecting; it rejects only for what is wrong with the whole call
   * (`unknown-topic`, `invalid-topic`, `locked`, `closed`) or with any one record before anything is appended
   * (`invalid-record`, `record-too-large`, `unknown-partition`).
   */
  produceBatch(
    topic: string,
    records: readonly Omit<ProducerRecord, 'topic'>[],
    producer?: Producer,
  ): Promise<readonly ProduceResult[]>;

  /** The offsets of a partition, or null when there is no such topic or partition. */
  offsets(topic: string, partition: number): Promise<PartitionOffsets | null>;

  /**
   * The offset of the first record whose time (its timestamp, else the moment of its append) is at or after
   * `timestamp`, or null when there is none. Times need not ascend; the first in offset order counts.
   * Errors: `unknown-topic`, `unknown-partition`, `damaged`, `io-failed`.
   */
  offsetForTime(topic: string, partition: number, timestamp: number): Promise<number | null>;

  /**
   * Reads records of several topics and partitions, and then waits for more. Returns at once; what is wrong shows at
   * the first `next()`: `unknown-topic`, `unknown-partition`, `invalid-topic`, `invalid-record` (an option out of
   * range), `damaged`, `unknown-version`, `io-failed`. Start positions are those of that moment. When the log is closed
   * the iteration fails with `closed`. Nothing is read ahead of the consumer beyond one chunk per partition.
   */
  subscribe(options: SubscribeOptions): Subscription;

  /** The names of all topics, sorted, internal ones included. */
  listTopics(): Promise<readonly string[]>;

  /** Errors: `unknown-topic`, `invalid-topic`, `damaged`, `unknown-version`. */
  describeTopic(topic: string): Promise<TopicDescription>;

  /** Errors: `topic-exists`, `invalid-topic`, `invalid-config`, `no-space`, `io-failed`, `read-only`. */
  createTopic(topic: string, options?: CreateTopicOptions): Promise<TopicDescription>;

  /**
   * Changes configuration or adds partitions, all or nothing; the topic is as described when it resolves, also after
   * a power cut. Errors: those of `createTopic` and `unknown-topic`, `locked`.
   */
  alterTopic(topic: string, change: TopicChange): Promise<TopicDescription>;

  /**
   * Deletes a topic with its records; its groups' commits go with it. Subscriptions to it end with `unknown-topic`.
   * A topic created later under the name begins at offset 0. Errors: `unknown-topic`, `invalid-topic`, `locked`,
   * `io-failed`.
   */
  deleteTopic(topic: string): Promise<void>;

  /**
   * Commits offsets for a group: the offset of the *next* record to be read, as Kafka counts. Durable when it
   * resolves. Commits of one group are applied in the order of the calls. Errors: `unknown-topic`,
   * `unknown-partition`, `invalid-group`, `invalid-record` (offset or metadata), `locked`, `no-space`, `io-failed`.
   */
  commitOffsets(group: string, offsets: readonly OffsetCommit[]): Promise<void>;

  /** All committed offsets of a group, sorted by topic and partition; empty for an unknown group. */
  committedOffsets(group: string): Promise<readonly CommittedOffset[]>;

  /** The names of all groups with a commit, sorted. */
  listGroups(): Promise<readonly string[]>;

  /** Forgets a group's commits. Errors: `unknown-group`, `locked`, `io-failed`. */
  deleteGroup(group: string): Promise<void>;

  /** Waits for what is under way, ends the subscriptions, releases everything. Later calls fail with `closed`. */
  close(): Promise<void>;
}

/** A header of a record. Names may repeat and keep their order; at most 65,535 of them, each of at most so many bytes. */
export interface Header {
  readonly name: string;
  readonly value: Uint8Array | null;
}

export interface ProducerRecord {
  readonly topic: string;
  /** Left out: chosen by the key. */
  readonly partition?: number | undefined;
  readonly key: Uint8Array | null;
  /** Null is a tombstone: in a compacted topic it deletes its key. */
  readonly value: Uint8Array | null;
  readonly headers?: readonly Header[] | undefined;
  /**
   * Milliseconds since 1970, fractions allowed, at most 8.64e15 either way; null or absent: none, the log's own append
   * time is used for seeking.
   */
  readonly timestamp?: number | null | undefined;
}

export interface ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Bytes are the caller's to keep, not to change. */
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
  readonly timestamp: number | null;
  /** When the log took it: milliseconds since 1970 by the writer's clock. */
  readonly appendedAt: number;
}

/**
 * Makes a call repeatable: a record that was appended under the same producer id and sequence is not appended again;
 * its first offset is returned. `id` is chosen once by the client, at random, 0 to 2^53-1. `sequence` numbers the
 * client's records: record i of a call has `sequence + i`, and every new call begins above the last. Partitions are
 * remembered apart. Of each producer the last calls per partition are remembered, also over restarts; a sequence that is
 * older than those fails with `stale-sequence`. Keyless records go to partition `sequence mod partitions`. After
 * partitions were added a repeated record may go to another one, which does not remember it.
 */
export interface Producer {
  readonly id: number;
  readonly sequence: number;
}

export interface ProducedOffset {
  readonly partition: number;
  readonly offset: number;
  /** True when it had been appended before (see `Producer`). */
  readonly duplicate: boolean;
}

export type ProduceResult = ProducedOffset | { readonly error: CommitLogError };

export interface PartitionOffsets {
  /** The first offset that can be read; equals `endOffset` when nothing is stored. */
  readonly beginningOffset: number;
  /** The next offset to become readable: one past the last readable record. */
  readonly endOffset: number;
  /** The offset of the last record that is stored and readable, or null when nothing is stored. */
  readonly lastOffset: number | null;
}

export interface Subscribe {
  readonly topic: string;
  /** Left out: all of them, also those added later, which are read from their beginning. */
  readonly partitions?: readonly number[] | undefined;
}

/** A record that was consumed already: reading goes on with the first record above it; -1 means none yet. */
export interface ConsumedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * Where a partition without a `ConsumedOffset` begins. An `offset` is inclusive; a `timestamp` means the first record
 * at or after it, or the end when there is none; a `group` means its commit, or `otherwise` when it has none.
 */
export type StartPosition =
  | 'beginning'
  | 'end'
  | { readonly offset: number }
  | { readonly timestamp: number }
  | { readonly group: string; readonly otherwise: 'beginning' | 'end' };

/**
 * `offsets` has streambed's meaning: already consumed. An offset below the beginning reads from the beginning; one
 * beyond the end waits until the log has grown past it.
 */
export interface SubscribeOptions {
  readonly subscriptions: readonly Subscribe[];
  readonly offsets?: readonly ConsumedOffset[] | undefined;
  /** Default: `beginning`. */
  readonly from?: StartPosition | undefined;
  /**
   * The iteration ends when no record came for so long; 0 ends it when all that was stored at the moment has been
   * read. Left out: it waits for ever.
   */
  readonly idleTimeoutMs?: number | undefined;
  /** Ends the iteration without an error, and at once. */
  readonly signal?: Signal | undefined;
  /** The most bytes read at a time per partition; at least one record is always delivered. Default 64 KiB. */
  readonly maxBatchBytes?: number | undefined;
}

/** The part of the web's `AbortSignal` that is used. */
export interface Signal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Iterate it once, by record or by batch. Leaving a loop early closes it. */
export interface Subscription extends AsyncIterable<ConsumerRecord> {
  /** Non-empty runs of records of one partition, in order. */
  batches(): AsyncIterable<readonly ConsumerRecord[]>;

  /** Ends the iteration; a waiting `next()` is done. Closing twice does nothing. */
  close(): void;
}

export interface CreateTopicOptions {
  /** 1 to 1024; default 1. */
  readonly partitions?: number | undefined;
  /** Names and values of `topics/topic-config.ts`, which holds the table of all of them. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** Checks and describes, and creates nothing. */
  readonly validateOnly?: boolean | undefined;
}

export interface TopicChange {
  /** The new total; partitions are only ever added. */
  readonly partitions?: number | undefined;
  readonly set?: Readonly<Record<string, string>> | undefined;
  /** Names that go back to their default. */
  readonly reset?: readonly string[] | undefined;
  readonly validateOnly?: boolean | undefined;
}

export interface TopicDescription {
  readonly topic: string;
  readonly internal: boolean;
  readonly partitions: number;
  /** `sync`, `os` or `every:<n>ms`; the same as the configuration `streambed.durability`. */
  readonly durability: string;
  /** Every known name with its value in force, sorted by name. */
  readonly config: readonly ConfigEntry[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly defaultValue: string;
  /** False when it was set for this topic. */
  readonly isDefault: boolean;
}

export interface OffsetCommit {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read. */
  readonly offset: number;
  /** At most 4096 characters. */
  readonly metadata?: string | undefined;
}

export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
  readonly committedAt: number;
}

/**
 * | code | meaning | remedy |
 * |---|---|---|
 * | `unknown-topic` | no such topic | create it |
 * | `unknown-partition` | the topic has fewer partitions | ask `describeTopic` |
 * | `unknown-group` | the group has no commit | commit first |
 * | `topic-exists` | a topic of that name is there | choose another |
 * | `invalid-topic` | not a legal topic name | see the rule above |
 * | `invalid-group` | not a legal group name: 1 to 255 characters, no control characters | choose another |
 * | `invalid-config` | unknown name, or a value out of range | the message names both |
 * | `invalid-record` | a field of the wrong type or range | the message names it |
 * | `record-too-large` | above the topic's `max.message.bytes` | send less or raise it |
 * | `stale-sequence` | older than what is remembered of this producer | treat as done long ago, or begin a new id |
 * | `locked` | another process writes this topic | stop it, or go through its service |
 * | `read-only` | the file system or the log was opened read-only | remount, or reopen |
 * | `no-space` | the medium is full; nothing was appended | free space; the log goes on by itself |
 * | `io-failed` | the medium failed; `cause` has the host's error | the log begins a new segment by itself; check the medium |
 * | `busy` | too much is waiting already | wait for earlier calls |
 * | `damaged` | bytes that were durable have changed; see `file`, `position`, `resumeOffset` | read on from `resumeOffset`; restore from elsewhere |
 * | `unknown-version` | written in a format version that this build does not know | use a newer build |
 * | `closed` | the log was closed | open it again |
 */
export type CommitLogErrorCode =
  | 'unknown-topic'
  | 'unknown-partition'
  | 'unknown-group'
  | 'topic-exists'
  | 'invalid-topic'
  | 'invalid-group'
  | 'invalid-config'
  | 'invalid-record'
  | 'record-too-large'
  | 'stale-sequence'
  | 'locked'
  | 'read-only'
  | 'no-space'
  | 'io-failed'
  | 'busy'
  | 'damaged'
  | 'unknown-version'
  | 'closed';

/** Where damage is, and where reading can go on behind it. */
export interface DamagePlace {
  readonly file: string;
  readonly position: number;
  /** The first offset behind the damage, for a new subscription; null when nothing behind it can be read. */
  readonly resumeOffset: number | null;
}

export class CommitLogError extends Error {
  readonly code: CommitLogErrorCode;
  /** With `damaged` and `unknown-version`. */
  readonly place: DamagePlace | null;

  constructor(code: CommitLogErrorCode, message: string, options?: { cause?: unknown; place?: DamagePlace }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CommitLogError';
    this.code = code;
    this.place = options?.place ?? null;
  }
}
