/**
 * One record of a v3 produce request, and the report of what became of it.
 *
 * `type` is BINARY (base64), JSON (any value, stored as its text) or STRING; without it, BINARY. A key or value whose
 * `data` is null or absent is null. A record without a timestamp gets the time of its arrival, as Kafka's producers do.
 */
import type { ProducedOffset, ProducerRecord } from '../../../logged/commit-log.ts';
import { parseTime, printTime } from '../../../logged/codecs/rfc3339.ts';
import type { KafkaContext } from '../../kafka-app.ts';
import { embeddedBytes } from '../embedded.ts';
import { KafkaHttpError } from '../errors.ts';
import { isObject, type JsonObject } from '../wire.ts';
import {
  badRequest,
  checkMembers,
  objectList,
  optionalInteger,
  payloadError,
  requiredText,
  shown,
} from './requests.ts';

/** Something of a request that its report repeats. */
interface DataReport {
  readonly type: string;
  readonly size: number;
}

export interface V3Record {
  readonly record: Omit<ProducerRecord, 'topic'>;
  readonly timestamp: number;
  readonly key: DataReport | undefined;
  readonly value: DataReport | undefined;
}

/** A record that was stored, and where. */
export interface Appended {
  readonly sent: V3Record;
  readonly produced: ProducedOffset;
}

export const RECORD_MEMBERS = ['partition_id', 'headers', 'key', 'value', 'timestamp'];
const DATA_MEMBERS = ['type', 'data', 'subject', 'subject_name_strategy', 'schema_id', 'schema_version', 'schema'];
const SCHEMA_TYPES: readonly unknown[] = ['AVRO', 'JSONSCHEMA', 'PROTOBUF'];

/** Throws a KafkaHttpError that says what is wrong with the record. */
export function parseRecord(context: KafkaContext, object: JsonObject): V3Record {
  const partition = optionalInteger(object, 'partition_id');
  if (partition !== undefined && partition < 0) throw new KafkaHttpError(40402, 'Partition not found.');
  const key = parseData(context, object['key'], 'key');
  const value = parseData(context, object['value'], 'value');
  const timestamp = timestampOf(object['timestamp'] ?? null) ?? context.clock.now();
  return {
    record: {
      partition,
      key: key?.bytes ?? null,
      value: value?.bytes ?? null,
      headers: headersOf(context, object['headers'] ?? null),
      timestamp,
    },
    timestamp,
    key: key?.report,
    value: value?.report,
  };
}

function parseData(context: KafkaContext, data: unknown, what: string) {
  if (data === null || data === undefined) return undefined;
  if (!isObject(data)) throw badRequest(`${what}=${shown(data)} is not an object.`);
  checkMembers(data, DATA_MEMBERS);
  const type = data['type'] ?? 'BINARY';
  if (SCHEMA_TYPES.includes(type)) throw payloadError(`Type ${type} needs a schema registry, which is not served.`);
  const bytes = dataBytes(context, type, data['data'] ?? null);
  return { bytes, report: { type: String(type), size: bytes?.length ?? 0 } };
}

function dataBytes({ bytes }: KafkaContext, type: unknown, data: unknown): Uint8Array | null {
  if (type === 'JSON') return embeddedBytes(bytes, 'json', data, 'data');
  if (type !== 'BINARY' && type !== 'STRING')
    throw badRequest(`type=${shown(type)} is not one of BINARY, JSON, STRING.`);
  if (data === null) return null;
  if (typeof data === 'string') return type === 'STRING' ? bytes.encodeUtf8(data) : base64(bytes, data);
  throw badRequest(`data=${shown(data)} is not a ${type === 'STRING' ? 'string' : 'base64 string'}.`);
}

function base64(bytes: KafkaContext['bytes'], data: string): Uint8Array {
  try {
    return bytes.decodeBase64(data);
  } catch (error) {
    throw new KafkaHttpError(400, `Bad Request: data=${shown(data)} is not a valid base64 string.`, error);
  }
}

function headersOf(context: KafkaContext, value: unknown): ProducerRecord['headers'] {
  if (value === null) return undefined;
  return objectList(value, 'headers', ['name', 'value']).map((header) => ({
    name: requiredText(header, 'name'),
    value: dataBytes(context, 'BINARY', header['value'] ?? null),
  }));
}

function timestampOf(value: unknown): number | null {
  if (value === null) return null;
  const time = typeof value === 'string' ? parseTime(value) : null;
  if (time === null) throw badRequest(`timestamp=${shown(value)} is not an RFC 3339 time.`);
  return time;
}

/** Prints what became of the records of one request. */
export class ReportPrinter {
  readonly #begin: string;
  #timestamp = Number.NaN;
  #time = '';

  constructor(context: KafkaContext, topic: string) {
    const { clusterId } = context;
    this.#begin = `"cluster_id":${JSON.stringify(clusterId)},"topic_name":${JSON.stringify(topic)},"partition_id":`;
  }

  /** The members of a report of success, without braces. */
  appended({ sent, produced }: Appended): string {
    if (sent.timestamp !== this.#timestamp) {
      this.#timestamp = sent.timestamp;
      this.#time = JSON.stringify(printTime(sent.timestamp));
    }
    const { partition, offset } = produced;
    const data = printData('key', sent.key) + printData('value', sent.value);
    return `${this.#begin}${partition},"offset":${offset},"timestamp":${this.#time}${data}`;
  }
}

function printData(name: string, data: DataReport | undefined): string {
  return data === undefined ? '' : `,"${name}":{"type":"${data.type}","size":${data.size}}`;
}

/** The members of a report of failure, without braces. Confluent folds the 422s into one, inside of replies. */
export function printFailed({ errorCode, status, message }: KafkaHttpError): string {
  const code = status === 422 ? status : errorCode;
  const text = status === 422 ? `Error: ${errorCode} : ${message}` : message;
  return `"error_code":${code},"message":${JSON.stringify(text)}`;
}
