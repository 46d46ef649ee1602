/**
 * Records as streambed's JSON, for the `logged` command and for the streambed dialect of the HTTP face:
 *
 *     {"topic":"t","headers":[{"key":"name","value":"<base64>"}],"timestamp":"2022-05-25T05:22:24.138956Z","key":7,
 *      "value":"<base64>","partition":0,"offset":12}
 *
 * **Keys.** streambed's keys are unsigned 64-bit numbers, Kafka's are bytes or null. One rule maps them, everywhere:
 * - a number becomes 8 bytes, big-endian (so that keys sort as numbers do);
 * - 1 to 8 bytes become the number that they are, big-endian;
 * - null and no bytes at all become 0;
 * - more than 8 bytes become their 64-bit FNV-1a hash: stable, and alike for equal keys, but not to be turned back.
 *
 * So every number comes back as it was, and of Kafka's keys those of exactly 8 bytes. Numbers are exact to the last
 * digit (18446744073709551615).
 *
 * **Beyond streambed**, when reading: `headers`, `timestamp` and `partition` may be left out; a `key` of null means a
 * record without a key; a `value` of null, also of a header, means none (a tombstone). Other fields are passed over.
 */
import type { Bytes } from '../../targets/host.ts';
import { CommitLogError, type ConsumerRecord, type Header, type ProducerRecord } from '../commit-log.ts';
import { parseJson } from './exact-json.ts';
import { parseTime, printTime } from './rfc3339.ts';

const MAX_U32 = 0xffffffff;
const TWO_TO_32 = 0x100000000;

/** A record from the text of one JSON object. Throws `invalid-record`, naming the field. */
export function parseRecord(text: string, bytes: Bytes): ProducerRecord {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new CommitLogError('invalid-record', 'not JSON', { cause: error });
  }
  return recordFromJson(value, bytes);
}

/** The same from what `parseJson` has read already. */
export function recordFromJson(json: unknown, bytes: Bytes): ProducerRecord {
  const fields = objectOf(json, 'record');
  const topic = fields['topic'];
  if (typeof topic !== 'string') throw invalid('topic', topic, 'a string');
  return {
    topic,
    partition: partitionOf(fields['partition']),
    key: keyOf(fields['key']),
    value: bytesOf(fields['value'], 'value', bytes),
    headers: headersOf(fields['headers'], bytes),
    timestamp: timestampOf(fields['timestamp']),
  };
}

/**
 * One JSON object, without a line end. What is null in a value prints as `null`, or as `""` for streambed's own
 * clients, which cannot read a null there.
 */
export function printRecord(record: ConsumerRecord, bytes: Bytes, printNull: 'null' | '""' = 'null'): string {
  const base64 = (value: Uint8Array | null) => (value === null ? printNull : `"${bytes.encodeBase64(value)}"`);
  const headers = record.headers.map(({ name, value }) => `{"key":${JSON.stringify(name)},"value":${base64(value)}}`);
  const time = record.timestamp === null ? null : printTime(record.timestamp);
  return (
    `{"topic":${JSON.stringify(record.topic)},"headers":[${headers.join(',')}],` +
    `"timestamp":${time === null ? 'null' : `"${time}"`},"key":${printKey(record.key)},` +
    `"value":${base64(record.value)},"partition":${record.partition},"offset":${record.offset}}`
  );
}

/** Not `BigInt.asUintN`: QuickJS takes it for -1. */
const MOST = 0xffff_ffff_ffff_ffffn;

/** The bytes of a key that is a number, or null when it is not a whole number from 0 to 2^64-1. */
export function keyFromNumber(key: number | bigint): Uint8Array | null {
  if (typeof key === 'number' ? !Number.isSafeInteger(key) : key > MOST) return null;
  if (key < 0) return null;
  const exact = BigInt(key);
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Number(exact >> 32n), false);
  view.setUint32(4, Number(exact & 0xffffffffn), false);
  return bytes;
}

/** The number of a key, in decimal digits. */
export function printKey(key: Uint8Array | null): string {
  const [high, low] = key !== null && key.length > 8 ? hashOf(key) : wordsOf(key ?? new Uint8Array());
  return high < 0x200000 ? String(high * TWO_TO_32 + low) : String((BigInt(high) << 32n) | BigInt(low));
}

function wordsOf(key: Uint8Array): readonly [high: number, low: number] {
  let high = 0;
  let low = 0;
  for (const byte of key) {
    high = ((high << 8) | (low >>> 24)) >>> 0;
    low = ((low << 8) | byte) >>> 0;
  }
  return [high, low];
}

/** FNV-1a, 64 bits, in two words: the prime is 2^40 + 435. */
function hashOf(key: Uint8Array): readonly [high: number, low: number] {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of key) {
    low = (low ^ byte) >>> 0;
    const product = low * 435;
    high = (high * 435 + Math.floor(product / TWO_TO_32) + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return [high, low];
}

function keyOf(value: unknown): Uint8Array | null {
  if (value === null) return null;
  const key = typeof value === 'number' || typeof value === 'bigint' ? keyFromNumber(value) : null;
  if (!key) throw invalid('key', value, 'a whole number from 0 to 18446744073709551615, or null');
  return key;
}

function partitionOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > MAX_U32) {
    throw invalid('partition', value, `a whole number from 0 to ${MAX_U32}`);
  }
  return value as number;
}

function timestampOf(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const time = typeof value === 'string' ? parseTime(value) : null;
  if (time === null) throw invalid('timestamp', value, 'an RFC 3339 time with its zone, or null');
  return time;
}

function headersOf(value: unknown, bytes: Bytes): readonly Header[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw invalid('headers', value, 'an array, or null');
  return value.map((entry: unknown, index) => {
    const header = objectOf(entry, `headers[${index}]`);
    const name = header['key'];
    if (typeof name !== 'string') throw invalid(`headers[${index}].key`, name, 'a string');
    return { name, value: bytesOf(header['value'], `headers[${index}].value`, bytes) };
  });
}

function bytesOf(value: unknown, field: string, bytes: Bytes): Uint8Array | null {
  if (value === null) return null;
  const want = 'base64 of the standard alphabet, padded, or null';
  if (typeof value !== 'string') throw invalid(field, value, want);
  try {
    return bytes.decodeBase64(value);
  } catch (error) {
    throw invalid(field, value, want, error);
  }
}

function objectOf(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, value, 'an object');
  return value as Record<string, unknown>;
}

function invalid(field: string, value: unknown, want: string, cause?: unknown): CommitLogError {
  if (value === undefined) return new CommitLogError('invalid-record', `${field} is missing: want ${want}`);
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  const got = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return new CommitLogError('invalid-record', `${field} is ${got}: want ${want}`, { cause });
}
