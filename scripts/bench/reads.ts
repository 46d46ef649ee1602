/**
 * Reading: a scan of 1,000,000 records of 100 bytes against reading and checksumming the same bytes, and seeking by
 * offset and by time in 10,000 and in 1,000,000 records.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import type { FileLog } from '../../logged/file-log.ts';
import { nodeHost } from '../../targets/node/host.ts';
import { median, print, seconds } from './figure.ts';
import { inDirectory, readAll, withLog } from './workplace.ts';

const SMALL = 10_000;
const LARGE = 1_000_000;
const VALUE = new Uint8Array(100).fill(7);
const BATCH = 1000;
const ROUNDS = 3;
const SEEKS = 2000;
const { bytes } = nodeHost();

await inDirectory(async (directory) => {
  const root = `${directory}/log`;
  await withLog(root, async (log) => {
    await fill(log, 'small', SMALL);
    await fill(log, 'large', LARGE);
    await scan(log, `${root}/topics/large/0`);
    const small = await seek(log, 'small', SMALL);
    const large = await seek(log, 'large', LARGE);
    print({ name: 'seek/offset/10000', value: small.offset, unit: 'us' });
    const limit = 'the same in 10,000 records';
    print({ name: 'seek/offset/1000000', value: large.offset, unit: 'us', ratio: large.offset / small.offset, limit });
    print({ name: 'seek/time/10000', value: small.time, unit: 'us' });
    print({ name: 'seek/time/1000000', value: large.time, unit: 'us', ratio: large.time / small.time, limit });
  });
});

async function fill(log: FileLog, topic: string, count: number): Promise<void> {
  await log.createTopic(topic, { config: { 'streambed.durability': 'os', 'retention.bytes': '-1' } });
  for (let at = 0; at < count; at += BATCH) {
    await log.produceBatch(
      topic,
      Array.from({ length: BATCH }, (_, i) => ({ key: null, value: VALUE, timestamp: at + i })),
    );
  }
}

async function scan(log: FileLog, directory: string): Promise<void> {
  const ours: number[] = [];
  const bare: number[] = [];
  let scannedBytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(
      await seconds(() => {
        scannedBytes = checksumAll(directory);
      }),
    );
    ours.push(
      await seconds(async () => {
        const count = await readAll(log, 'large');
        if (count !== LARGE) throw new Error(`read ${count} of ${LARGE} records`);
      }),
    );
  }
  const took = median(ours);
  const limit = 'reading and checksumming the same files';
  print({ name: 'scan/records', value: LARGE / took, unit: 'records/s' });
  print({ name: 'scan/bytes', value: scannedBytes / 1e6 / took, unit: 'MB/s', ratio: median(bare) / took, limit });
}

function checksumAll(directory: string): number {
  const chunk = new Uint8Array(65536);
  let total = 0;
  for (const name of readdirSync(directory)) {
    if (!name.endsWith('.log')) continue;
    const file = openSync(`${directory}/${name}`, 'r');
    for (let length = 1, crc = 0; length > 0; total += length) {
      length = readSync(file, chunk);
      crc = bytes.crc32c(chunk, 0, length, crc);
    }
    closeSync(file);
  }
  return total;
}

/** Microseconds until the first record is there. */
async function seek(log: FileLog, topic: string, count: number): Promise<{ offset: number; time: number }> {
  const byOffset: number[] = [];
  const byTime: number[] = [];
  for (let i = 0; i < SEEKS; i++) {
    const wanted = Math.floor((count * ((i * 7919) % SEEKS)) / SEEKS);
    byOffset.push(await seconds(() => first(log, topic, wanted)));
    byTime.push(await seconds(async () => first(log, topic, (await log.offsetForTime(topic, 0, wanted)) ?? -1)));
  }
  return { offset: median(byOffset) * 1e6, time: median(byTime) * 1e6 };
}

async function first(log: FileLog, topic: string, offset: number): Promise<void> {
  const from = { offset };
  for await (const record of log.subscribe({ subscriptions: [{ topic }], from, maxBatchBytes: 1 })) {
    if (record.offset !== offset) throw new Error(`sought ${offset}, found ${record.offset}`);
    return;
  }
}
