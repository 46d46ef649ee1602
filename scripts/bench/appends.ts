/**
 * Appends. First the two workloads of streambed-rs's own benchmark: 30,000 records of 10 bytes, each awaited in turn,
 * on an `os` topic, and all of them read by one subscriber. Then synced appends by 1, 64 and 1,000 producers that wait.
 * Limits: a loop of write(2) of the same bytes; a loop of write(2) and fdatasync(2) of the same batches.
 */
import { closeSync, fdatasync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { FileLog } from '../../logged/file-log.ts';
import { median, print, seconds } from './figure.ts';
import { inDirectory, withLog } from './workplace.ts';

const RECORDS = 30_000;
const VALUE = new Uint8Array(10).fill(7);
const KEY = new Uint8Array(8);
const FRAME_BYTES = 63;
const ROUNDS = 3;
const sync = promisify(fdatasync);

await inDirectory(async (directory) => {
  await withLog(`${directory}/log`, async (log) => {
    await unsynced(log, directory);
    for (const producers of [1, 64, 1000]) await synced(log, directory, producers);
  });
});

async function unsynced(log: FileLog, directory: string): Promise<void> {
  const appends: number[] = [];
  const reads: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const topic = `os-${round}`;
    await log.createTopic(topic, { config: { 'streambed.durability': 'os' } });
    bare.push(RECORDS / (await seconds(() => writeLoop(`${directory}/bare-${round}`))));
    appends.push(
      RECORDS /
        (await seconds(async () => {
          for (let i = 0; i < RECORDS; i++) await log.produce({ topic, key: KEY, value: VALUE });
        })),
    );
    let count = 0;
    const took = await seconds(async () => {
      const offsets = [{ topic, partition: 0, offset: -1 }];
      for await (const _ of log.subscribe({ subscriptions: [{ topic }], offsets, idleTimeoutMs: 0 })) count++;
    });
    if (count !== RECORDS) throw new Error(`read ${count} of ${RECORDS} records`);
    reads.push(RECORDS / took);
  }
  const value = median(appends);
  const unit = 'records/s';
  print({ name: 'append/os/one-by-one', value, unit, ratio: value / median(bare), limit: 'write(2) loop' });
  print({ name: 'read/one-subscriber', value: median(reads), unit });
}

function writeLoop(path: string): void {
  const file = openSync(path, 'w');
  const frame = new Uint8Array(FRAME_BYTES);
  for (let i = 0; i < RECORDS; i++) writeSync(file, frame, 0, FRAME_BYTES, i * FRAME_BYTES);
  closeSync(file);
}

async function synced(log: FileLog, directory: string, producers: number): Promise<void> {
  const batches = producers === 1 ? 1000 : 300;
  const topic = `sync-${producers}`;
  await log.createTopic(topic, { config: { 'segment.bytes': '268435456' } });
  await log.produce({ topic, key: KEY, value: VALUE });
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push((batches * producers) / (await seconds(() => syncLoop(`${directory}/bare`, batches, producers))));
    const producer = async (): Promise<void> => {
      for (let i = 0; i < batches; i++) await log.produce({ topic, key: KEY, value: VALUE });
    };
    const all = () => Promise.all(Array.from({ length: producers }, producer));
    ours.push((batches * producers) / (await seconds(all)));
  }
  const value = median(ours);
  const limit = 'write(2) and fdatasync(2) loop';
  print({ name: `append/sync/${producers}`, value, unit: 'records/s', ratio: value / median(bare), limit });
}

async function syncLoop(path: string, batches: number, producers: number): Promise<void> {
  const file = openSync(path, 'w');
  const batch = new Uint8Array(FRAME_BYTES * producers);
  for (let i = 0; i < batches; i++) {
    writeSync(file, batch, 0, batch.length, i * batch.length);
    await sync(file);
  }
  closeSync(file);
}
