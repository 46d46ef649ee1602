/** Lists of partitions and offsets in the bodies of consumer routes. */
import { parseTime } from '../../logged/codecs/rfc3339.ts';
import { KafkaHttpError } from './errors.ts';
import { isObject, type JsonObject } from './wire.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
  readonly metadata: string;
}

export interface PartitionTime extends TopicPartition {
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** Each entry of the member, which must be an array; 422 when it is none. */
export function listOf<T>(body: JsonObject, member: string, parse: (entry: JsonObject, place: string) => T): T[] {
  const entries = body[member];
  if (!Array.isArray(entries)) throw new KafkaHttpError(422, `${member} must be an array`);
  return entries.map((entry: unknown, index) => {
    const place = `${member}[${index}]`;
    if (!isObject(entry)) throw new KafkaHttpError(422, `${place} must be an object`);
    return parse(entry, place);
  });
}

export function partitionEntry(entry: JsonObject, place: string): TopicPartition {
  const { topic } = entry;
  if (typeof topic !== 'string') throw new KafkaHttpError(422, `${place}.topic must be a string`);
  return { topic, partition: countOf(entry['partition'], `${place}.partition`) };
}

export function offsetEntry(entry: JsonObject, place: string): PartitionOffset {
  const metadata = entry['metadata'] ?? '';
  if (typeof metadata !== 'string') throw new KafkaHttpError(422, `${place}.metadata must be a string`);
  return { ...partitionEntry(entry, place), offset: countOf(entry['offset'], `${place}.offset`), metadata };
}

/** The same for an `offset` that names the last record done with: what is committed is the next one. */
export function doneEntry(entry: JsonObject, place: string): PartitionOffset {
  const done = offsetEntry(entry, place);
  return { ...done, offset: done.offset + 1 };
}

/** As `doneEntry`, where -1 is a commit of the beginning: none is done with. */
export function doneOrNoneEntry(entry: JsonObject, place: string): PartitionOffset {
  return entry['offset'] === -1 ? offsetEntry({ ...entry, offset: 0 }, place) : doneEntry(entry, place);
}

export function timeEntry(entry: JsonObject, place: string): PartitionTime {
  const text = entry['timestamp'];
  const timestamp = typeof text === 'string' ? parseTime(text) : null;
  if (timestamp === null) throw new KafkaHttpError(422, `${place}.timestamp must be an RFC 3339 time`);
  return { ...partitionEntry(entry, place), timestamp };
}

function countOf(value: unknown, place: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new KafkaHttpError(422, `${place} must be an integer of 0 or more`);
}
