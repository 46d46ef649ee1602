/** Opening a log of 1 GiB that was closed in order or killed, until its last record is read; and one of 1,000 topics. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FileLog } from '../../logged/file-log.ts';
import { print, seconds } from './figure.ts';
import { inDirectory, openLog, withLog } from './workplace.ts';

const GIB = 2 ** 30;
const VALUE_BYTES = 16_384;
const TOPICS = 1000;
const TOPIC = 'large';

if (process.argv[2] === undefined) await measure();
else await fillAndDie(process.argv[2]);

async function measure(): Promise<void> {
  await inDirectory(async (directory) => {
    const root = `${directory}/log`;
    const child = fork(fileURLToPath(import.meta.url), [root], { stdio: 'inherit' });
    await once(child, 'exit');
    print({ name: 'open/1GiB/killed', value: (await seconds(() => openAndRead(root))) * 1000, unit: 'ms' });
    print({ name: 'open/1GiB/closed', value: (await seconds(() => openAndRead(root))) * 1000, unit: 'ms' });
  });
  await inDirectory(async (directory) => {
    await withLog(directory, (log) => eachTopic(log));
    await withLog(directory, async (log) => {
      print({ name: 'open/1000-topics/list', value: (await seconds(() => log.listTopics())) * 1000, unit: 'ms' });
      const took = await seconds(() => eachTopic(log));
      print({ name: 'open/1000-topics/first-append-each', value: (took * 1000) / TOPICS, unit: 'ms/topic' });
    });
  });
}

async function eachTopic(log: FileLog): Promise<void> {
  for (let i = 0; i < TOPICS; i++) await log.produce({ topic: `t${i}`, key: null, value: new Uint8Array(10) });
}

async function openAndRead(root: string): Promise<void> {
  await withLog(root, async (log) => {
    const last = (await log.offsets(TOPIC, 0))?.lastOffset ?? -1;
    for await (const { offset } of log.subscribe({ subscriptions: [{ topic: TOPIC }], from: { offset: last } })) {
      if (offset !== last) throw new Error(`read offset ${offset}, want ${last}`);
      return;
    }
  });
}

async function fillAndDie(root: string): Promise<void> {
  const log = await openLog(root);
  await log.createTopic(TOPIC, { config: { 'streambed.durability': 'os', 'retention.bytes': '-1' } });
  const value = new Uint8Array(VALUE_BYTES);
  for (let written = 0; written < GIB; written += VALUE_BYTES) await log.produce({ topic: TOPIC, key: null, value });
  process.kill(process.pid, 'SIGKILL');
}
