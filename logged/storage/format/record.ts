/**
 * A record inside a frame, format version 1: flat, so that a scan steps from one to the next without allocating.
 *
 *   0        4       8       9
 *   +--------+-------+-------+----------------+-------------------+------------------------+---------+
 *   | length | delta | flags | timestamp (f64)| key length (u32),  | header count (u16),    | value   |
 *   |  u32   |  u32  |  u8   |                | key               | headers                | (rest)  |
 *   +--------+-------+-------+----------------+-------------------+------------------------+---------+
 *
 * `length` counts the bytes behind itself. `delta` is the offset minus the frame's base offset. `flags`: bit 0 a
 * timestamp, bit 1 a key, bit 2 a value, bit 3 headers; what has no bit takes no bytes, and without bit 2 the value
 * is null. A timestamp is milliseconds since 1970 and may have a fraction. A header is: name length (u16), name in
 * UTF-8, value length (u32, ffffffff for null), value. Integers and floats are little-endian.
 */
import type { Bytes } from '../../../targets/host.ts';
import type { ConsumerRecord, Header, ProducerRecord } from '../../commit-log.ts';

const HAS_TIMESTAMP = 1;
const HAS_KEY = 2;
const HAS_VALUE = 4;
const HAS_HEADERS = 8;
const NULL_LENGTH = 0xffffffff;
const FIXED_BYTES = 9;

export type RecordFields = Pick<ProducerRecord, 'key' | 'value' | 'headers' | 'timestamp'>;

/** A record's headers with their names in UTF-8, made once per append. */
export type EncodedHeaders = readonly { readonly name: Uint8Array; readonly value: Uint8Array | null }[];

const NO_HEADERS: EncodedHeaders = [];

export function encodeHeaders(bytes: Bytes, headers: readonly Header[] | undefined): EncodedHeaders {
  if (headers === undefined || headers.length === 0) return NO_HEADERS;
  return headers.map((header) => ({ name: bytes.encodeUtf8(header.name), value: header.value }));
}

export function encodedRecordBytes(record: RecordFields, headers: EncodedHeaders): number {
  let length = FIXED_BYTES;
  if (typeof record.timestamp === 'number') length += 8;
  if (record.key !== null) length += 4 + record.key.length;
  if (headers.length > 0) {
    length += 2;
    for (const header of headers) length += 6 + header.name.length + (header.value?.length ?? 0);
  }
  return length + (record.value?.length ?? 0);
}

/** Writes the record at `at` and returns the place behind it. */
export function writeRecord(
  out: Uint8Array,
  view: DataView,
  at: number,
  delta: number,
  record: RecordFields,
  headers: EncodedHeaders,
): number {
  let flags = 0;
  let next = at + FIXED_BYTES;
  view.setUint32(at + 4, delta, true);
  if (typeof record.timestamp === 'number') {
    flags |= HAS_TIMESTAMP;
    view.setFloat64(next, record.timestamp, true);
    next += 8;
  }
  if (record.key !== null) {
    flags |= HAS_KEY;
    view.setUint32(next, record.key.length, true);
    out.set(record.key, next + 4);
    next += 4 + record.key.length;
  }
  if (headers.length > 0) {
    flags |= HAS_HEADERS;
    next = writeHeaders(out, view, next, headers);
  }
  if (record.value !== null) {
    flags |= HAS_VALUE;
    out.set(record.value, next);
    next += record.value.length;
  }
  view.setUint8(at + 8, flags);
  view.setUint32(at, next - at - 4, true);
  return next;
}

function writeHeaders(out: Uint8Array, view: DataView, at: number, headers: EncodedHeaders): number {
  view.setUint16(at, headers.length, true);
  let next = at + 2;
  for (const { name, value } of headers) {
    view.setUint16(next, name.length, true);
    out.set(name, next + 2);
    next += 2 + name.length;
    view.setUint32(next, value === null ? NULL_LENGTH : value.length, true);
    next += 4;
    if (value !== null) {
      out.set(value, next);
      next += value.length;
    }
  }
  return next;
}

export const recordBytesAt = (view: DataView, at: number): number => 4 + view.getUint32(at, true);
export const recordDelta = (view: DataView, at: number): number => view.getUint32(at + 4, true);

/** The record's timestamp, or `appendedAt` where it has none: the time by which it is sought. */
export function recordTime(view: DataView, at: number, appendedAt: number): number {
  return (view.getUint8(at + 8) & HAS_TIMESTAMP) === 0 ? appendedAt : view.getFloat64(at + 9, true);
}

export const recordHasValue = (view: DataView, at: number): boolean => (view.getUint8(at + 8) & HAS_VALUE) !== 0;

/** Where the length of the key stands, with the key behind it, or -1. */
export function recordKeyAt(view: DataView, at: number): number {
  const flags = view.getUint8(at + 8);
  if ((flags & HAS_KEY) === 0) return -1;
  return at + FIXED_BYTES + ((flags & HAS_TIMESTAMP) === 0 ? 0 : 8);
}

export interface RecordOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly baseOffset: number;
  readonly appendedAt: number;
}

const EMPTY: readonly Header[] = [];

/** Decodes the record at `at`; key, value and header values are views into `from`. */
export function readRecord(
  bytes: Bytes,
  from: Uint8Array,
  view: DataView,
  at: number,
  origin: RecordOrigin,
): ConsumerRecord {
  const end = at + recordBytesAt(view, at);
  const flags = view.getUint8(at + 8);
  let next = at + FIXED_BYTES;
  let timestamp: number | null = null;
  if ((flags & HAS_TIMESTAMP) !== 0) {
    timestamp = view.getFloat64(next, true);
    next += 8;
  }
  let key: Uint8Array | null = null;
  if ((flags & HAS_KEY) !== 0) {
    const keyEnd = next + 4 + view.getUint32(next, true);
    key = from.subarray(next + 4, keyEnd);
    next = keyEnd;
  }
  let headers = EMPTY;
  if ((flags & HAS_HEADERS) !== 0) {
    const read: Header[] = [];
    next = readHeaders(bytes, from, view, next, read);
    headers = read;
  }
  return {
    topic: origin.topic,
    partition: origin.partition,
    offset: origin.baseOffset + recordDelta(view, at),
    key,
    value: (flags & HAS_VALUE) === 0 ? null : from.subarray(next, end),
    headers,
    timestamp,
    appendedAt: origin.appendedAt,
  };
}

function readHeaders(bytes: Bytes, from: Uint8Array, view: DataView, at: number, into: Header[]): number {
  const count = view.getUint16(at, true);
  let next = at + 2;
  for (let i = 0; i < count; i++) {
    const nameEnd = next + 2 + view.getUint16(next, true);
    const name = bytes.decodeUtf8(from, next + 2, nameEnd);
    const length = view.getUint32(nameEnd, true);
    const valueEnd = nameEnd + 4 + (length === NULL_LENGTH ? 0 : length);
    into.push({ name, value: length === NULL_LENGTH ? null : from.subarray(nameEnd + 4, valueEnd) });
    next = valueEnd;
  }
  return next;
}
