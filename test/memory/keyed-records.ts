/** The records that are compacted: keys are numbers, a value begins with how often its key was written before. */
import type { Client } from './client.ts';
import { inParallel } from './client.ts';

export const TOPIC = 'keys';
export const KEYS = 1_000_000;
/** Keys that are written a second time. */
export const REWRITTEN = 100_000;

const BATCH = 500;
const CONNECTIONS = 8;
const PADDING = 'x'.repeat(18);
const V2 = 'application/vnd.kafka.binary.v2+json';
const ANY_V2 = 'application/vnd.kafka.v2+json';
const READ_BYTES = 262_144;

/** A topic that keeps all, acknowledged as soon as the system has it: the medium is not what is measured. */
export async function createTopic(client: Client): Promise<void> {
  const configs = [
    { name: 'retention.bytes', value: '-1' },
    { name: 'streambed.durability', value: 'os' },
  ];
  await client.want({
    method: 'POST',
    path: '/v3/clusters/streambed/topics',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ topic_name: TOPIC, partitions_count: 1, configs }),
  });
}

export async function produceKeys(client: Client): Promise<void> {
  for (const [round, count] of [KEYS, REWRITTEN].entries()) {
    let at = 0;
    const next = (): number | undefined => (at < count ? (at += BATCH) - BATCH : undefined);
    await inParallel(CONNECTIONS, next, (first) =>
      client.want({
        method: 'POST',
        path: `/topics/${TOPIC}`,
        headers: { 'content-type': V2 },
        body: JSON.stringify({ records: Array.from({ length: BATCH }, (_, i) => record(first + i, round)) }),
      }),
    );
  }
}

function record(number: number, round: number): { readonly key: string; readonly value: string } {
  const key = Buffer.alloc(8);
  key.writeUInt32BE(number, 4);
  return { key: key.toString('base64'), value: Buffer.from(`${round} ${PADDING}`).toString('base64') };
}

/** From now on the service compacts it, with its next round of housekeeping. */
export async function compactFromNowOn(client: Client): Promise<void> {
  const data = [
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'min.cleanable.dirty.ratio', value: '0' },
  ];
  await client.want({
    method: 'POST',
    path: `/v3/clusters/streambed/topics/${TOPIC}/configs:alter`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ data }),
  });
}

/** What is compacted away at the front is not there to be asked for. */
export async function beginningOf(client: Client): Promise<number> {
  const path = `/topics/${TOPIC}/partitions/0/offsets`;
  const offsets = JSON.parse(await client.want({ method: 'GET', path, headers: { accept: ANY_V2 } })) as Offsets;
  return offsets.beginning_offset;
}

interface Offsets {
  readonly beginning_offset: number;
}

export interface Found {
  readonly records: number;
  readonly keys: number;
  /** Keys whose last record is not what was last written. */
  readonly stale: number;
}

/** Reads all there is from an offset on, several ranges at a time, each by one connection. */
export async function consumeKeys(client: Client, start = 0): Promise<Found> {
  const end = KEYS + REWRITTEN;
  const latest = new Int8Array(KEYS).fill(-1);
  let records = 0;
  const ranges = Array.from({ length: CONNECTIONS }, (_, i) => start + Math.floor(((end - start) * i) / CONNECTIONS));
  const next = (): readonly [number, number] | undefined => {
    const from = ranges.shift();
    return from === undefined ? undefined : [from, ranges[0] ?? end];
  };
  await inParallel(CONNECTIONS, next, async ([from, to]) => {
    for (let offset = from; offset < to; ) {
      const read = await readFrom(client, offset);
      if (read.length === 0) throw new Error(`no records from ${offset} on`);
      for (const one of read) {
        if (one.offset >= to) break;
        const key = Buffer.from(one.key, 'base64').readUInt32BE(4);
        latest[key] = Math.max(latest[key] ?? 0, Number(Buffer.from(one.value, 'base64').toString().split(' ')[0]));
        records += 1;
      }
      offset = (read.at(-1)?.offset ?? to) + 1;
    }
  });
  const keys = latest.reduce((sum, round) => sum + (round >= 0 ? 1 : 0), 0);
  const stale = latest.reduce((sum, round, key) => sum + (round === (key < REWRITTEN ? 1 : 0) ? 0 : 1), 0);
  return { records, keys, stale };
}

interface Consumed {
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

async function readFrom(client: Client, offset: number): Promise<readonly Consumed[]> {
  const query = `offset=${offset}&timeout=1000&max_bytes=${READ_BYTES}`;
  const path = `/topics/${TOPIC}/partitions/0/records?${query}`;
  return JSON.parse(await client.want({ method: 'GET', path, headers: { accept: V2 } })) as readonly Consumed[];
}
