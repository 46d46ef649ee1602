/** From a caller's records to frames of partitions: checks, choice of partition, splitting, results. */
import type { Bytes } from '../targets/host.ts';
import { CommitLogError, type ProducedOffset, type Producer, type ProducerRecord } from './commit-log.ts';
import { partitionForKey } from './topics/partitioner.ts';
import { MAX_FRAME_RECORDS } from './storage/format/frame.ts';
import type { FrameContent } from './storage/appending/append-buffer.ts';
import { type EncodedHeaders, encodedRecordBytes, encodeHeaders, type RecordFields } from './storage/format/record.ts';
import type { Topic } from './topics/topic.ts';

export type TopicRecord = Omit<ProducerRecord, 'topic'>;

const MAX_HEADERS = 0xffff;
const MAX_HEADER_NAME_BYTES = 0xffff;
const MAX_TIMESTAMP = 8_640_000_000_000_000;

/** Records of one call that go into one frame. */
interface Portion extends FrameContent {
  readonly partition: number;
  /** The records' places in the call. */
  readonly places: number[];
  readonly records: RecordFields[];
  readonly headers: EncodedHeaders[];
  readonly producer: null;
  totalBytes: number;
}

export type Outcome = ProducedOffset | { readonly error: CommitLogError };

/**
 * Appends the records and says how each has fared, in their order. Throws for what is wrong with the call itself. Where
 * the partitions are open the records are encoded in the very call, and none of them is held on to after it.
 */
export function produceAll(
  bytes: Bytes,
  topic: Topic,
  records: readonly TopicRecord[],
  producer: Producer | undefined,
): Promise<readonly Outcome[]> {
  checkProducer(producer, records.length);
  const outcomes = new Array<Outcome>(records.length);
  return appendAll(topic, portionsOf(bytes, topic, records, producer), producer, outcomes).then(() => outcomes);
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

function appendAll(
  topic: Topic,
  portions: readonly Portion[],
  producer: Producer | undefined,
  outcomes: Outcome[],
): Promise<unknown> {
  return Promise.all(
    portions.map((portion) => {
      const appended = producer === undefined ? append(topic, portion) : appendOnce(topic, portion, producer, outcomes);
      return settle(appended, portion.partition, portion.places, outcomes);
    }),
  );
}

/** Fills in what became of the records: from the offset of the first on, or, with null, what `outcomes` holds already. */
async function settle(
  appended: Promise<number | null>,
  partition: number,
  places: readonly number[],
  outcomes: Outcome[],
  duplicate = false,
): Promise<void> {
  try {
    let offset = await appended;
    if (offset === null) return;
    for (const place of places) outcomes[place] = { partition, offset: offset++, duplicate };
  } catch (error) {
    if (!(error instanceof CommitLogError)) throw error;
    for (const place of places) outcomes[place] = { error };
  }
}

function append(topic: Topic, portion: Portion): Promise<number> {
  return topic.openWriter(portion.partition)?.append(portion) ?? appendLater(topic, portion);
}

async function appendLater(topic: Topic, portion: Portion): Promise<number> {
  const content = copyOf(portion);
  return (await topic.writer(portion.partition)).append(content);
}

/** The caller's records are as they were checked only in the call itself. */
function copyOf(portion: Portion): Portion {
  return { ...portion, records: portion.records.map(({ key, value, timestamp }) => ({ key, value, timestamp })) };
}

/** Appends those records that the partition does not remember. */
async function appendOnce(topic: Topic, checked: Portion, producer: Producer, outcomes: Outcome[]): Promise<null> {
  const { partition, places } = checked;
  const portion = topic.openWriter(partition) === null ? copyOf(checked) : checked;
  const target = topic.openWriter(partition) ?? (await topic.writer(partition));
  const remembered = places.map((place) => target.producers.find(producer.id, producer.sequence + place));
  const fresh = places.filter((_, i) => remembered[i] === 'new');
  const isFresh = (_: unknown, i: number): boolean => remembered[i] === 'new';
  const content = {
    records: portion.records.filter(isFresh),
    headers: portion.headers.filter(isFresh),
    producer: { id: producer.id, sequences: fresh.map((place) => producer.sequence + place) },
  };
  // Waited for from the beginning: it may be refused while we wait for a call of before, and that one as well.
  const settled = fresh.length === 0 ? null : settle(target.append(content), partition, fresh, outcomes);
  for (const [i, place] of places.entries()) {
    const found = remembered[i];
    if (found === 'new' || found === undefined) continue;
    if (found === 'stale') {
      const message = `producer ${producer.id}: sequence ${producer.sequence + place} is older than what is remembered`;
      outcomes[place] = { error: new CommitLogError('stale-sequence', message) };
    } else {
      await settle(Promise.resolve(found), partition, [place], outcomes, true);
    }
  }
  await settled;
  return null;
}

function portionsOf(
  bytes: Bytes,
  topic: Topic,
  records: readonly TopicRecord[],
  producer: Producer | undefined,
): readonly Portion[] {
  const open = new Map<number, Portion>();
  const portions: Portion[] = [];
  const mostBytes = topic.config.maxMessageBytes;
  for (let place = 0; place < records.length; place++) {
    const record = records[place] as TopicRecord;
    const headers = checkFields(bytes, record);
    const recordBytes = checkedBytes(topic, record, headers);
    const partition = choosePartition(topic, record, recordBytes, producer && producer.sequence + place);
    let portion = open.get(partition);
    if (
      portion === undefined ||
      portion.totalBytes + recordBytes > mostBytes ||
      portion.records.length === MAX_FRAME_RECORDS
    ) {
      portion = { partition, places: [], records: [], headers: [], producer: null, totalBytes: 0 };
      open.set(partition, portion);
      portions.push(portion);
    }
    portion.places.push(place);
    portion.records.push(record);
    portion.headers.push(headers);
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
