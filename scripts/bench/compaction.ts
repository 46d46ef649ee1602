/**
 * Compaction of 1,000,000 records with as many different keys as records, and with 100: MB of log per second, and how
 * much memory it takes at most above what the process had before, with the default setting. Each in its own process,
 * on a log that another one has filled.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { print, seconds } from './figure.ts';
import { inDirectory, openLog, withLog } from './workplace.ts';

const RECORDS = 1_000_000;
const BATCH = 100;
const VALUE = new Uint8Array(100).fill(7);
const SAMPLE_MS = 5;
const TOPIC = 't';

const [task, directory, keys] = process.argv.slice(2);
if (task === undefined || directory === undefined) await measure();
else if (task === 'fill') await fill(directory, Number(keys));
else await compact(directory, Number(keys));

async function measure(): Promise<void> {
  for (const count of [RECORDS, 100]) {
    await inDirectory(async (root) => {
      await run('fill', root, count);
      await run('compact', root, count);
    });
  }
}

async function run(name: string, root: string, count: number): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), [name, root, String(count)], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${name} failed`);
}

async function fill(root: string, count: number): Promise<void> {
  await withLog(root, async (log) => {
    await log.createTopic(TOPIC, { config: { 'cleanup.policy': 'compact', 'streambed.durability': 'os' } });
    for (let at = 0; at < RECORDS; at += BATCH) {
      const records = Array.from({ length: BATCH }, (_, i) => ({ key: keyOf((at + i) % count), value: VALUE }));
      await log.produceBatch(TOPIC, records);
    }
  });
}

function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setUint32(4, number);
  return key;
}

async function compact(root: string, count: number): Promise<void> {
  const log = await openLog(root);
  // What is idle has the topic open, and has read something.
  for await (const _ of log.subscribe({ subscriptions: [{ topic: TOPIC }] })) break;
  globalThis.gc?.();
  const before = memory();
  let anonymousKiB = before.anonymousKiB;
  writeFileSync('/proc/self/clear_refs', '5');
  const sampling = setInterval(() => {
    anonymousKiB = Math.max(anonymousKiB, memory().anonymousKiB);
  }, SAMPLE_MS);
  let compactedBytes = 0;
  const took = await seconds(async () => {
    for (const { bytesBefore } of await log.compact(TOPIC)) compactedBytes += bytesBefore;
  });
  clearInterval(sampling);
  const { peakKiB } = memory();
  const name = `compaction/${count}-keys`;
  print({ name, value: compactedBytes / 1e6 / took, unit: 'MB/s' });
  print({ name: `${name}/peak-resident`, value: (peakKiB - before.residentKiB) / 1024, unit: 'MiB above idle' });
  print({ name: `${name}/peak-heap`, value: (anonymousKiB - before.anonymousKiB) / 1024, unit: 'MiB above idle' });
  await log.close();
}

/** `peakKiB`: of the resident memory, since it was last set back. */
function memory(): { residentKiB: number; anonymousKiB: number; peakKiB: number } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const valueOf = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
  return { residentKiB: valueOf('VmRSS'), anonymousKiB: valueOf('RssAnon'), peakKiB: valueOf('VmHWM') };
}
