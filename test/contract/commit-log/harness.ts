/**
 * What the contract suite needs from an implementation of `CommitLog`, and the small words that its tests are written
 * in. No Node API: QuickJS runs it too.
 */
import * as assert from 'uvu/assert';
import { CommitLogError } from '../../../logged/commit-log.ts';
import type {
  CommitLog,
  CommitLogErrorCode,
  ConsumerRecord,
  ProducerRecord,
  Signal,
  SubscribeOptions,
} from '../../../logged/commit-log.ts';
import type { Suite } from '../../support/suite.ts';

export interface LogFactory {
  readonly name: string;
  /** An empty log of its own. Topics are created by use unless `createTopicsByUse` is false. */
  open(options?: { createTopicsByUse?: boolean }): Promise<OpenedLog>;
}

export interface OpenedLog {
  /** The log that is open now. */
  readonly log: CommitLog;
  /** The log's wall clock: a virtual one, which stands still but for `advance`. */
  now(): number;
  /** Moves the virtual clock, runs the timers that are due and lets all that follows from them happen. */
  advance(ms: number): Promise<void>;
  /** Lets everything happen that happens without the clock: promises, turns of the loop, reads and syncs. */
  settle(): Promise<void>;
  /** Closes `log` and opens it again on the same data. */
  reopen(): Promise<void>;
  /** Closes the log and removes its data. */
  dispose(): Promise<void>;
  /** How many bytes of records were read from storage so far; left out where nobody can tell. */
  bytesRead?(): number;
}

export type ContractTest = (title: string, body: (opened: OpenedLog) => Promise<void>) => void;

/** Gives each test a log of its own, which is disposed of whatever happens. */
export function withLog(test: Suite, factory: LogFactory, options?: { createTopicsByUse?: boolean }): ContractTest {
  return (title, body) =>
    test(title, async () => {
      const opened = await factory.open(options);
      try {
        await body(opened);
      } catch (error) {
        await opened.dispose().catch(() => undefined);
        throw error;
      }
      await opened.dispose();
    });
}

/** Expects a rejection, not a throw, with a `CommitLogError` of one of the codes. */
export async function fails(
  codes: CommitLogErrorCode | readonly CommitLogErrorCode[],
  call: () => Promise<unknown>,
  what = '',
): Promise<CommitLogError> {
  let promise: Promise<unknown>;
  try {
    promise = call();
  } catch (error) {
    throw new Error(`${what}: thrown instead of rejected`, { cause: error });
  }
  const error = await promise.then(
    (value) => assert.unreachable(`${what}: wanted ${codes}, resolved to ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof CommitLogError)) throw new Error(`${what}: wanted ${codes}`, { cause: error });
  assert.ok([codes].flat().includes(error.code), `${what}: wanted ${codes}, got ${error.code}: ${error.message}`);
  assert.ok(error.message.length > 0, `${what}: no message`);
  return error;
}

/** What no implementation takes for a topic's name. */
export const illegalTopics: readonly unknown[] = [
  '',
  '.',
  '..',
  'a b',
  'a/b',
  '../a',
  'a\\b',
  'a\0',
  'a\n',
  'ä',
  'a*',
  ':',
  ':a',
  'a:',
  'a:b:c',
  'a'.repeat(250),
  undefined,
  null,
  7,
  {},
];

/** ASCII only. */
export function bytes(text: string): Uint8Array {
  const value = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) value[i] = text.charCodeAt(i);
  return value;
}

export function text(value: Uint8Array | null): string {
  if (value === null) return '(null)';
  let text = '';
  for (const byte of value) text += String.fromCharCode(byte);
  return text;
}

/** A record for `produce`, its value as text. */
export function record(topic: string, value: string, more: Partial<ProducerRecord> = {}): ProducerRecord {
  return { topic, key: null, value: bytes(value), ...more };
}

/** Appends values to one partition, one batch. */
export async function append(log: CommitLog, topic: string, partition: number, ...values: string[]): Promise<void> {
  const results = await log.produceBatch(
    topic,
    values.map((value) => ({ partition, key: null, value: bytes(value) })),
  );
  for (const result of results) if ('error' in result) throw result.error;
}

/** All that is stored, by a subscription that ends then. */
export async function readAll(log: CommitLog, options: SubscribeOptions): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = [];
  for await (const one of log.subscribe({ idleTimeoutMs: 0, ...options })) records.push(one);
  return records;
}

/** `partition/offset=value` of all that is stored, by partition: their order among each other means nothing. */
export async function read(log: CommitLog, topic: string, more: Partial<SubscribeOptions> = {}): Promise<string[]> {
  const records = await readAll(log, { subscriptions: [{ topic }], ...more });
  return records.sort((a, b) => a.partition - b.partition).map(shown);
}

export function shown(one: ConsumerRecord): string {
  return `${one.partition}/${one.offset}=${text(one.value)}`;
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Iterates by record. */
export function iterate(log: CommitLog, options: SubscribeOptions): AsyncIterator<ConsumerRecord> {
  return log.subscribe(options)[Symbol.asyncIterator]();
}

/** The value of the next record, or `(done)`. */
export async function next(iterator: AsyncIterator<ConsumerRecord>): Promise<string> {
  const result = await iterator.next();
  return result.done === true ? '(done)' : text(result.value.value);
}

/** Whether a promise is still waiting after everything happened that happens without the clock. */
export async function isPending(opened: OpenedLog, promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await opened.settle();
  return !settled;
}

/** The part of `AbortController` that is needed, with a look at who listens. */
export class TestSignal implements Signal {
  readonly listeners = new Set<() => void>();
  aborted = false;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.listeners.delete(listener);
  }

  abort(): void {
    this.aborted = true;
    for (const listener of [...this.listeners]) listener();
  }
}
