/**
 * Many connections at once, all in use: producers, consumers that wait for records, and streams. First as fast as it
 * goes, and then, as devices do, each now and then: a service whose every turn is full compacts very slowly.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, inParallel } from './client.ts';

const TOPIC = 'many';
const PRODUCERS = 140;
const READERS = 40;
const STREAMS = 20;
export const CONNECTIONS = PRODUCERS + READERS + STREAMS;
/** As fast as it goes. */
const FAST = 4000;
const PAUSE_MS = 20_000;

const V2 = 'application/vnd.kafka.binary.v2+json';
const VALUE = Buffer.alloc(200, 'v').toString('base64');

export interface Load {
  readonly produced: number;
  readonly read: number;
  /** The fewest that a stream got. */
  readonly streamed: number;
}

/** Goes on until `over` resolves, or longer. Synced records; streams get all of them. */
export async function loadConnections(client: Client, over: Promise<unknown>): Promise<Load> {
  let isOver = false;
  void over.finally(() => (isOver = true)).catch(() => {}); // who awaits it is told
  let [produced, read, producing] = [0, 0, true];
  const produce = async (): Promise<void> => {
    await client.want({
      method: 'POST',
      path: `/topics/${TOPIC}`,
      headers: { 'content-type': V2 },
      body: JSON.stringify({ records: [{ value: VALUE, partition: 0 }] }),
    });
    produced += 1;
  };
  await produce();
  const streams = Array.from({ length: STREAMS }, () =>
    stream(
      client,
      () => !producing,
      () => produced,
    ),
  );
  const readers = inParallel(
    READERS,
    () => (producing ? produced : undefined),
    async (offset) => {
      const query = `offset=${offset}&timeout=5000&max_bytes=4096`;
      const path = `/topics/${TOPIC}/partitions/0/records?${query}`;
      await client.want({ method: 'GET', path, headers: { accept: V2 } });
      read += 1;
    },
  );
  await inParallel(
    PRODUCERS,
    () => (produced < FAST || !isOver ? produced : undefined),
    async (before) => {
      await produce();
      if (before >= FAST) await Promise.race([pause(PAUSE_MS, undefined, { ref: false }), over]);
    },
  );
  producing = false;
  await produce(); // ends streams that wait
  await readers;
  return { produced, read, streamed: Math.min(...(await Promise.all(streams))) };
}

/** Ends when it is over and all has come that was produced; the number of records. */
async function stream(client: Client, isOver: () => boolean, produced: () => number): Promise<number> {
  let lines = 0;
  const take = (chunk: Buffer): void => {
    for (const byte of chunk) if (byte === 10) lines += 1;
  };
  await client.stream(`/streams?topics=${TOPIC}`, take, () => isOver() && lines >= produced());
  return lines;
}
