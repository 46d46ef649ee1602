/**
 * Keys and values inside JSON bodies: `binary` (base64) and `json` (any JSON value, stored as its text).
 *
 * Reading `json` gives back the stored text as it is. A key that is no JSON but 8 bytes long is streambed's kind of
 * key and reads as the number that it is there; anything else that is no JSON is 40801.
 */
import type { ConsumerRecord } from '../../logged/commit-log.ts';
import { printKey } from '../../logged/codecs/record-json.ts';
import { printTime } from '../../logged/codecs/rfc3339.ts';
import type { Bytes } from '../../targets/host.ts';
import { KafkaHttpError } from './errors.ts';
import { isObject } from './wire.ts';

export type RecordFormat = 'binary' | 'json';

/** What a consumed record has besides topic, key, value, partition and offset. */
export interface Include {
  readonly headers: boolean;
  readonly timestamp: boolean;
}

/**
 * A key or value of a produce request as bytes; what is absent or null is none. In messages it is called by its name,
 * and by the number of its record where there is one.
 */
export function embeddedBytes(
  bytes: Bytes,
  format: RecordFormat,
  value: unknown,
  name: string,
  index?: number,
): Uint8Array | null {
  if (value === null || value === undefined) return null;
  if (format === 'json') return bytes.encodeUtf8(printJson(value));
  if (typeof value !== 'string') {
    throw new KafkaHttpError(422, `${placeOf(name, index)} must be a base64 string or null`);
  }
  try {
    return bytes.decodeBase64(value);
  } catch (error) {
    throw new KafkaHttpError(400, `${placeOf(name, index)} is not base64`, error);
  }
}

function placeOf(name: string, index: number | undefined): string {
  return index === undefined ? name : `records[${index}].${name}`;
}

/** The value of the query parameter `include`: `headers`, `timestamp`, or both with a comma. */
export function parseInclude(text: string | undefined): Include {
  const names = text === undefined || text === '' ? [] : text.split(',');
  const unknown = names.find((name) => name !== 'headers' && name !== 'timestamp');
  if (unknown !== undefined) throw new KafkaHttpError(400, `include: ${unknown} is not headers or timestamp`);
  return { headers: names.includes('headers'), timestamp: names.includes('timestamp') };
}

/**
 * A consumed record as JSON text. With `timestamp`, the record's own or else the time of its append, in RFC 3339; with
 * `headers`, `[{"name":"h","value":"<base64>"}]`.
 */
export function printConsumed(record: ConsumerRecord, format: RecordFormat, include: Include, bytes: Bytes): string {
  const { topic, partition, offset } = record;
  let text =
    `{"topic":${JSON.stringify(topic)},"key":${printEmbedded(record, 'key', format, bytes)},` +
    `"value":${printEmbedded(record, 'value', format, bytes)},"partition":${partition},"offset":${offset}`;
  if (include.timestamp) {
    text += `,"timestamp":${JSON.stringify(printTime(record.timestamp ?? record.appendedAt))}`;
  }
  if (include.headers) {
    const headers = record.headers.map(
      ({ name, value }) => `{"name":${JSON.stringify(name)},"value":${printBinary(value, bytes)}}`,
    );
    text += `,"headers":[${headers.join(',')}]`;
  }
  return `${text}}`;
}

function printEmbedded(record: ConsumerRecord, field: 'key' | 'value', format: RecordFormat, bytes: Bytes): string {
  const value = record[field];
  if (value === null || format === 'binary') return printBinary(value, bytes);
  try {
    const text = bytes.decodeUtf8(value);
    JSON.parse(text);
    return text;
  } catch (error) {
    if (field === 'key' && value.length === 8) return printKey(value);
    const place = `${record.topic} partition ${record.partition} offset ${record.offset}`;
    throw new KafkaHttpError(40801, `${field} of ${place} is not JSON`, error);
  }
}

function printBinary(value: Uint8Array | null, bytes: Bytes): string {
  return value === null ? 'null' : `"${bytes.encodeBase64(value)}"`;
}

/** Prints what `logged/codecs/exact-json.ts` has read, bigints as the whole numbers that they were. */
function printJson(value: unknown): string {
  try {
    // Most values hold no bigint, which is what JSON.stringify throws a TypeError for.
    return stringify(value) ?? printExact(value);
  } catch (error) {
    throw new KafkaHttpError(422, 'JSON value is nested too deeply', error);
  }
}

function stringify(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function printExact(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(printExact).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${printExact(member)}`);
  return `{${members.join(',')}}`;
}
