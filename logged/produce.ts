/** From a caller's records to frames of partitions: checks, choice of partition, splitting, results. */
import type { Bytes } from '../targets/host.ts';
import { CommitLogError, type ProducedOffset, type Producer, type ProducerRecord } from './commit-log.ts';
import { partitionForKey } from './partitioner.ts';
import { MAX_FRAME_RECORDS } from './storage/frame.ts';
import type { FrameContent } from './storage/append-buffer.ts';
import type { Partition } from './storage/partition.ts';
import type { SequencedProducer } from './storage/producer-window.ts';
import { type EncodedHeaders, encodedRecordBytes, encodeHeaders, type RecordFields } from './storage/record.ts';
import type { Topic } from './topic.ts';

export type TopicRecord = Omit<ProducerRecord, 'topic'>;

const MAX_HEADERS = 0xffff;
const MAX_HEADER_NAME_BYTES = 0xffff;
const MAX_TIMESTAMP = 8_640_000_000_000_000;

interface CheckedRecord {
  readonly record: RecordFields;
  readonly headers: EncodedHeaders;
  readonly recordBytes: number;
  readonly partition: number;
  /** Its place in the call. */
  readonly place: number;
}

/** Records of one call that go into one frame. */
interface Portion {
  readonly partition: number;
  readonly records: CheckedRecord[];
  totalBytes: number;
}

export type Outcome = ProducedOffset | { readonly error: CommitLogError };

/** Appends the records and says how each has fared, in their order. Throws for what is wrong with the call itself. */
export async function produceAll(
  bytes: Bytes,
  topic: Topic,
  records: readonly TopicRecord[],
  producer: Producer | undefined,
): Promise<readonly Outcome[]> {
  checkProducer(producer, records.length);
  const checked = records.map((record, place) => check(bytes, topic, record, place, producer));
  const outcomes = new Array<Outcome>(records.length);
  await Promise.all(portionsOf(checked, topic).map((portion) => append(topic, portion, producer, outcomes)));
  return outcomes;
}

/**
 * Appends one record without a producer to a partition that is open already, or returns null when it is not: the way
 * most records go, with nothing made for it but its frame and the promise.
 */
export function produceOne(bytes: Bytes, topic: Topic, record: TopicRecord): Promise<ProducedOffset> | null {
  const headers = checkFields(bytes, record);
  const recordBytes = checkedBytes(topic, record, headers);
  const partition = choosePartition(topic, record, recordBytes, undefined);
  const target = topic.openWriter(partition);
  if (target === null) return null;
  return new Promise((resolve, reject) => {
    const appended = (offset: number): void => resolve({ partition, offset, duplicate: false });
    target.enqueueOne(record, headers, recordBytes, appended, reject);
  });
}

async function append(
  topic: Topic,
  { partition, records }: Portion,
  producer: Producer | undefined,
  outcomes: Outcome[],
): Promise<void> {
  try {
    const target = topic.openWriter(partition) ?? (await topic.writer(partition));
    if (producer === undefined) {
      const baseOffset = await target.append(contentOf(records, null));
      records.forEach(({ place }, i) => {
        outcomes[place] = { partition, offset: baseOffset + i, duplicate: false };
      });
      return;
    }
    await appendOnce(target, { partition, records }, producer, outcomes);
  } catch (error) {
    if (!(error instanceof CommitLogError)) throw error;
    for (const { place } of records) outcomes[place] = { error };
  }
}

/** Appends those records that the partition does not remember. */
async function appendOnce(
  target: Partition,
  { partition, records }: Omit<Portion, 'totalBytes'>,
  producer: Producer,
  outcomes: Outcome[],
): Promise<void> {
  const remembered = records.map(({ place }) => target.producers.find(producer.id, producer.sequence + place));
  const fresh = records.filter((_, i) => remembered[i] === 'new');
  const sequences = fresh.map(({ place }) => producer.sequence + place);
  const appended = fresh.length === 0 ? null : target.append(contentOf(fresh, { id: producer.id, sequences }));
  for (let i = 0; i < records.length; i++) {
    const found = remembered[i];
    const { place } = records[i] as CheckedRecord;
    if (found === 'new' || found === undefined) continue;
    if (found === 'stale') {
      const message = `producer ${producer.id}: sequence ${producer.sequence + place} is older than what is remembered`;
      outcomes[place] = { error: new CommitLogError('stale-sequence', message) };
    } else {
      outcomes[place] = { partition, offset: await found, duplicate: true };
    }
  }
  if (appended === null) return;
  const baseOffset = await appended;
  fresh.forEach(({ place }, i) => {
    outcomes[place] = { partition, offset: baseOffset + i, duplicate: false };
  });
}

function contentOf(records: readonly CheckedRecord[], producer: SequencedProducer | null): FrameContent {
  return {
    records: records.map(({ record }) => record),
    headers: records.map(({ headers }) => headers),
    producer,
  };
}

function portionsOf(records: readonly CheckedRecord[], topic: Topic): Portion[] {
  const open = new Map<number, Portion>();
  const portions: Portion[] = [];
  const mostBytes = topic.config.maxMessageBytes;
  for (const checked of records) {
    const { partition, recordBytes } = checked;
    let portion = open.get(partition);
    if (
      portion === undefined ||
      portion.totalBytes + recordBytes > mostBytes ||
      portion.records.length === MAX_FRAME_RECORDS
    ) {
      portion = { partition, records: [], totalBytes: 0 };
      open.set(partition, portion);
      portions.push(portion);
    }
    portion.records.push(checked);
    portion.totalBytes += recordBytes;
  }
  return portions;
}

function checkProducer(producer: Producer | undefined, count: number): void {
  if (producer === undefined) return;
  const { id, sequence } = producer;
  if (!Number.isSafeInteger(id) || id < 0) throw invalid(`producer id ${id}: want a whole number from 0 to 2^53-1`);
  if (!Number.isSafeInteger(sequence + count) || !Number.isSafeInteger(sequence) || sequence < 0) {
    throw invalid(`sequence ${sequence}: want a whole number from 0 to 2^53-1`);
  }
}

function check(
  bytes: Bytes,
  topic: Topic,
  record: TopicRecord,
  place: number,
  producer: Producer | undefined,
): CheckedRecord {
  const headers = checkFields(bytes, record);
  const { key, value, timestamp } = record;
  const recordBytes = checkedBytes(topic, record, headers);
  const partition = choosePartition(topic, record, recordBytes, producer && producer.sequence + place);
  return { record: { key, value, headers: record.headers, timestamp }, headers, recordBytes, partition, place };
}

function checkFields(bytes: Bytes, record: TopicRecord): EncodedHeaders {
  const { key, value, timestamp = null } = record;
  checkBytes('key', key);
  checkBytes('value', value);
  if (timestamp !== null && !(typeof timestamp === 'number' && Math.abs(timestamp) <= MAX_TIMESTAMP)) {
    throw invalid(`timestamp ${String(timestamp)}: want milliseconds since 1970, or null`);
  }
  return checkHeaders(bytes, record);
}

function checkedBytes(topic: Topic, record: TopicRecord, headers: EncodedHeaders): number {
  const recordBytes = encodedRecordBytes(record, headers);
  const { maxMessageBytes } = topic.config;
  if (recordBytes <= maxMessageBytes) return recordBytes;
  const message = `topic ${topic.name}: record takes ${recordBytes} bytes, max.message.bytes is ${maxMessageBytes}`;
  throw new CommitLogError('record-too-large', message);
}

function checkBytes(what: string, value: unknown): void {
  if (value !== null && !(value instanceof Uint8Array)) throw invalid(`${what}: want bytes or null`);
}

function checkHeaders(bytes: Bytes, { headers }: TopicRecord): EncodedHeaders {
  if (headers === undefined) return encodeHeaders(bytes, undefined);
  if (!Array.isArray(headers) || headers.length > MAX_HEADERS) {
    throw invalid(`headers: want a list of at most ${MAX_HEADERS}`);
  }
  for (const header of headers as unknown[]) {
    const { name, value } = (header ?? {}) as { name?: unknown; value?: unknown };
    if (typeof name !== 'string') throw invalid('header name: want text');
    checkBytes('header value', value);
  }
  const encoded = encodeHeaders(bytes, headers);
  if (encoded.some(({ name }) => name.length > MAX_HEADER_NAME_BYTES)) {
    throw invalid(`header name: want at most ${MAX_HEADER_NAME_BYTES} bytes`);
  }
  return encoded;
}

function choosePartition(
  topic: Topic,
  { partition, key }: TopicRecord,
  recordBytes: number,
  sequence: number | undefined,
): number {
  if (partition !== undefined) {
    topic.checkPartition(partition);
    return partition;
  }
  if (key !== null) return partitionForKey(key, topic.partitionCount);
  // A call that is made again must find what it appended in the same partition.
  if (sequence !== undefined) return sequence % topic.partitionCount;
  return topic.sticky.next(topic.partitionCount, recordBytes);
}

function invalid(message: string): CommitLogError {
  return new CommitLogError('invalid-record', message);
}
