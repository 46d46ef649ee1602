/**
 * Appends. First 30,000 records on an `os` topic, each awaited in turn, and all of them read by one subscriber. Then
 * synced appends by 1, 64 and 1,000 producers that wait, on topics of the default configuration: they roll as they do.
 * Limits: a loop of write(2) of the same bytes; a loop of write(2) and fdatasync(2) of the same batches. What is
 * compared is run in turns, so that both meet the same moments of the machine.
 */
import { closeSync, fdatasync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { FileLog } from '../../logged/file-log.ts';
import { median, print, seconds } from './figure.ts';
import { KEY, RECORDS, runWorkloads, VALUE } from './streambed-workloads.ts';
import { inDirectory, withLog } from './workplace.ts';

/** What one of those records takes in a segment. */
const FRAME_BYTES = 63;
const ROUNDS = 9;
const SYNC_ROUNDS = 25;
const BATCHES_PER_ROUND = 40;
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
    bare.push(RECORDS / (await seconds(() => writeLoop(`${directory}/bare`))));
    const rates = await runWorkloads(log, `os-${round}`);
    appends.push(rates.appends);
    reads.push(rates.reads);
  }
  const value = median(appends);
  const unit = 'records/s';
  print({ name: 'append/os/one-by-one', value, unit, ratio: value / median(bare), limit: 'write(2) loop in Node' });
  print({ name: 'read/one-subscriber', value: median(reads), unit });
}

function writeLoop(path: string): void {
  const file = openSync(path, 'w');
  const frame = new Uint8Array(FRAME_BYTES);
  for (let i = 0; i < RECORDS; i++) writeSync(file, frame, 0, FRAME_BYTES, i * FRAME_BYTES);
  closeSync(file);
}

async function synced(log: FileLog, directory: string, producers: number): Promise<void> {
  const topic = `sync-${producers}`;
  await log.createTopic(topic);
  await log.produce({ topic, key: KEY, value: VALUE });
  const file = openSync(`${directory}/bare-${producers}`, 'w');
  const batch = new Uint8Array(FRAME_BYTES * producers);
  let at = 0;
  const syncLoop = async (): Promise<void> => {
    for (let i = 0; i < BATCHES_PER_ROUND; i++, at += batch.length) {
      writeSync(file, batch, 0, batch.length, at);
      await sync(file);
    }
  };
  const producer = async (): Promise<void> => {
    for (let i = 0; i < BATCHES_PER_ROUND; i++) await log.produce({ topic, key: KEY, value: VALUE });
  };
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < SYNC_ROUNDS; round++) {
    bare.push(await seconds(syncLoop));
    ours.push(await seconds(() => Promise.all(Array.from({ length: producers }, producer))));
  }
  closeSync(file);
  const value = (BATCHES_PER_ROUND * producers) / median(ours);
  const limit = 'write(2) and fdatasync(2) loop in Node';
  print({ name: `append/sync/${producers}`, value, unit: 'records/s', ratio: median(bare) / median(ours), limit });
}
