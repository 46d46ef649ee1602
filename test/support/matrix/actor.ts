/** Uses a log as a scenario says, and enters into the ledger what it asked, was told and saw. */
import { CommitLogError } from '../../../logged/commit-log.ts';
import type { CommitLog, Producer, ProducerRecord } from '../../../logged/commit-log.ts';
import type { FaultHost } from '../fault-host/fault-host.ts';
import type { Batch, Ledger, RecordContent, TopicLife, TopicShape } from './ledger.ts';

/** An error that the contract allows anywhere: the medium failed or is full. */
const MEDIUM_CODES = new Set(['no-space', 'io-failed', 'read-only']);

/** What a call says that is made again after it failed, although it had come about. */
const ALREADY = new Set(['topic-exists', 'unknown-topic']);

export interface BatchPlan {
  readonly partition?: number;
  /** The lengths of the values; each record gets a value of its own all the same. */
  readonly bytes: readonly number[];
  readonly producer?: Producer;
}

export class Actor {
  readonly log: CommitLog;
  readonly ledger: Ledger;
  readonly #host: FaultHost;
  /** Whether the medium may fail: otherwise every error is one of the log's own. */
  readonly #mayFail: boolean;

  constructor(log: CommitLog, ledger: Ledger, host: FaultHost, mayFail = false) {
    this.log = log;
    this.ledger = ledger;
    this.#host = host;
    this.#mayFail = mayFail;
  }

  async create(topic: string, shape: TopicShape): Promise<boolean> {
    this.#mustLive();
    const life = this.ledger.create(topic, shape);
    return this.#step(life.creation, () => this.log.createTopic(topic, shape));
  }

  async alter(topic: string, shape: TopicShape): Promise<boolean> {
    this.#mustLive();
    const life = this.ledger.life(topic);
    const before = this.ledger.shape(life);
    const change = this.ledger.step(shape);
    life.changes.push(change);
    const reset = Object.keys(before.config).filter((name) => !(name in shape.config));
    return this.#step(change, () =>
      this.log.alterTopic(topic, { partitions: shape.partitions, set: shape.config, reset }),
    );
  }

  async delete(topic: string): Promise<boolean> {
    this.#mustLive();
    const life = this.ledger.life(topic);
    const step = this.ledger.step(null);
    // A deletion that failed may have come about all the same, long before it is asked for again.
    const deletion = { ...step, begun: life.deletion?.begun ?? step.begun };
    life.deletion = deletion;
    return this.#step(deletion, () => this.log.deleteTopic(topic));
  }

  /** Makes a call of the log that asks for nothing, again when the medium failed. */
  async ask<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        this.#codeOf(error);
      }
    }
  }

  async commit(group: string, topic: string, offsets: readonly number[]): Promise<boolean> {
    this.#mustLive();
    const wanted = new Map(offsets.map((offset, partition) => [`${topic}/${partition}`, offset]));
    const commit = { ...this.ledger.step(wanted), group };
    this.ledger.commits.push(commit);
    const given = offsets.map((offset, partition) => ({ topic, partition, offset }));
    return this.#step(commit, () => this.log.commitOffsets(group, given));
  }

  /** One call; true when it was acknowledged. */
  async produce(topic: string, plan: BatchPlan): Promise<boolean> {
    this.#mustLive();
    const life = this.ledger.life(topic);
    const batch = this.#begin(life, plan);
    const records = batch.records.map((record) => ({ ...record, partition: batch.partition }));
    return this.#settle(batch, () => this.#send(topic, records, plan.producer));
  }

  /** Makes the same call again until it is acknowledged or `tries` are used up, as a client does. */
  async produceAgain(topic: string, plan: BatchPlan, tries: number): Promise<boolean> {
    for (let made = 0; made < tries; made += 1) {
      if (await this.produce(topic, plan)) return true;
    }
    return false;
  }

  /** Reads the topic from its beginning, now and whatever comes, until the log is closed. */
  watch(topic: string, log: CommitLog = this.log): Promise<void> {
    const life = this.ledger.life(topic);
    const read = async (): Promise<void> => {
      for await (const { partition, offset, value } of log.subscribe({ subscriptions: [{ topic }] })) {
        life.sights.push({ at: this.ledger.tick(), partition, offset, value: nameOf(value) });
      }
    };
    const watching = read().catch((error: unknown) => {
      if (!(error instanceof CommitLogError)) throw error;
      if (error.code === 'closed' || error.code === 'unknown-topic') return;
      if (!this.#mayFail || !MEDIUM_CODES.has(error.code)) throw error;
    });
    // A scenario that is stopped never comes to wait for it.
    watching.catch(() => undefined);
    return watching;
  }

  /** A scenario goes on for a while after its process was killed, and must leave no trace. */
  #mustLive(): void {
    if (this.#host.stoppedAt !== null) throw new Error('the process was killed');
  }

  #begin(life: TopicLife, { partition = 0, bytes }: BatchPlan): Batch {
    const number = this.ledger.tick();
    const records = bytes.map((length, i) => contentOf(`${life.name}-${partition}-${number}-${i}`, length));
    const batch: Batch = { partition, records, begun: number, acked: null, rejected: null };
    life.batches.push(batch);
    return batch;
  }

  async #send(topic: string, records: readonly Omit<ProducerRecord, 'topic'>[], producer?: Producer): Promise<number> {
    const results = await this.log.produceBatch(topic, records, producer);
    for (const result of results) if ('error' in result) throw result.error;
    const offsets = results.map((result) => ('error' in result ? -1 : result.offset));
    const first = offsets[0] ?? -1;
    if (offsets.some((offset, i) => offset !== first + i)) throw new Error(`a batch got the offsets ${offsets.join()}`);
    return first;
  }

  async #settle(batch: Batch, call: () => Promise<number>): Promise<boolean> {
    try {
      const offset = await call();
      batch.acked = { at: this.ledger.tick(), atMs: this.#host.clock.now(), offset };
      return true;
    } catch (error) {
      batch.rejected = { at: this.ledger.tick(), code: this.#codeOf(error) };
      return false;
    }
  }

  async #step(step: { done: number | null; failed: number | null }, call: () => Promise<unknown>): Promise<boolean> {
    try {
      await call();
      step.done = this.ledger.tick();
      return true;
    } catch (error) {
      // It came about, but nobody was told that it is durable.
      if (error instanceof CommitLogError && this.#mayFail && ALREADY.has(error.code)) return true;
      this.#codeOf(error);
      step.failed = this.ledger.tick();
      return false;
    }
  }

  #codeOf(error: unknown): string {
    if (!(error instanceof CommitLogError) || !this.#mayFail) throw error;
    if (!MEDIUM_CODES.has(error.code))
      throw new Error(`the medium failed and the log said ${error.code}`, { cause: error });
    return error.code;
  }
}

/** A record that can be told from every other: its name is in its value, and the rest follows from the name. */
export function contentOf(name: string, lengthBytes: number): RecordContent {
  const value = new Uint8Array(Math.max(lengthBytes, name.length + 1)).fill(0x2e);
  value.set(Uint8Array.from(name, (character) => character.charCodeAt(0)));
  const sum = value.subarray(0, name.length).reduce((total, byte) => total + byte, 0);
  return {
    key: sum % 3 === 0 ? null : value.slice(0, name.length),
    value,
    headers: sum % 2 === 0 ? [] : [{ name: 'length', value: Uint8Array.of(value.length & 0xff) }],
    timestamp: sum % 4 === 0 ? null : 1_699_999_900_000 + sum + 0.25,
  };
}

/** The name in a value. */
export function nameOf(value: Uint8Array | null): string {
  if (value === null) return '(null)';
  const end = value.indexOf(0x2e);
  return Array.from(value.subarray(0, end < 0 ? value.length : end), (byte) => String.fromCharCode(byte)).join('');
}
