/** What the reference log accepts: the contract's rules for records, producers and offsets, one line each. */
import { CommitLogError } from '../../../logged/commit-log.ts';
import type { CommitLogErrorCode, Producer, ProducerRecord } from '../../../logged/commit-log.ts';

export type RecordFields = Omit<ProducerRecord, 'topic'>;

export function checkRecord(record: RecordFields): void {
  const object = typeof record === 'object' && record !== null;
  require(object, 'invalid-record', 'record: not an object');
  const partition = record.partition;
  require(partition === undefined || isCount(partition), 'invalid-record', 'partition: not a whole number from 0');
  require(isBytesOrNull(record.key), 'invalid-record', 'key: neither bytes nor null');
  require(isBytesOrNull(record.value), 'invalid-record', 'value: neither bytes nor null');
  const timestamp = record.timestamp ?? null;
  require(timestamp === null || isTime(timestamp), 'invalid-record', 'timestamp: not a time');
  const headers: unknown = record.headers ?? [];
  require(Array.isArray(headers) && headers.every(isHeader), 'invalid-record', 'headers: not names with bytes or null');
}

export function checkProducer(producer: Producer | undefined, records: number): void {
  if (producer === undefined) return;
  require(isCount(producer.id), 'invalid-record', 'producer id: not a whole number from 0');
  const whole = isCount(producer.sequence) && isCount(producer.sequence + Math.max(0, records - 1));
  require(whole, 'invalid-record', 'producer sequence: not a whole number from 0');
}

/** A topic that callers may create, produce to and delete. */
export function checkNotGroups(topic: string): void {
  require(topic !== '__consumer_offsets', 'invalid-topic', `topic ${topic}: holds the commits of groups`);
}

/** A whole number from 0 to 2^53-1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** As far as dates go in JavaScript. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

/** Payload bytes; close enough to a frame's length for tests that stay away from the limit. */
export function sizeOf(record: Pick<RecordFields, 'key' | 'value' | 'headers'>): number {
  let size = (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const header of record.headers ?? []) size += header.name.length + (header.value?.length ?? 0);
  return size;
}

export function require(condition: boolean, code: CommitLogErrorCode, message: string): asserts condition {
  if (!condition) throw new CommitLogError(code, message);
}

function isBytesOrNull(value: unknown): boolean {
  return value === null || value instanceof Uint8Array;
}

function isHeader(header: unknown): boolean {
  if (typeof header !== 'object' || header === null) return false;
  const { name, value } = header as { name?: unknown; value?: unknown };
  return typeof name === 'string' && isBytesOrNull(value);
}
