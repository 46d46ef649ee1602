/** From the call of produce on a synced topic to the subscriber who has the record: in one process, and in two. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FileLog } from '../../logged/file-log.ts';
import { print, quantile } from './figure.ts';
import { inDirectory, openLog, withLog } from './workplace.ts';

const RECORDS = 2000;
const TOPIC = 'latency';

if (process.argv[2] === undefined) await measure();
else await report(process.argv[2]);

async function measure(): Promise<void> {
  await inDirectory(async (directory) => {
    await withLog(directory, async (log) => {
      await log.createTopic(TOPIC);
      const here = receive(log, 'beginning');
      await produceInTurn(log);
      show('latency/one-process', await here);
      show('latency/two-processes', await inTwo(log, directory));
    });
  });
}

async function inTwo(log: FileLog, directory: string): Promise<number[]> {
  const child = fork(fileURLToPath(import.meta.url), [directory], { stdio: 'inherit' });
  const message = <T>(): Promise<T> => new Promise((resolve) => child.once('message', (value) => resolve(value as T)));
  await message<'ready'>();
  const waits = message<number[]>();
  await produceInTurn(log);
  return waits;
}

async function report(directory: string): Promise<void> {
  const log = await openLog(directory, { lockOn: 'write' });
  const waits = receive(log, 'end');
  // The subscription stands once a read of the same partition has come back.
  await log.offsets(TOPIC, 0);
  process.send?.('ready');
  process.send?.(await waits);
  await log.close();
  process.disconnect();
}

/** Each record carries the time at which it was produced, by the clock that all processes share. */
async function produceInTurn(log: FileLog): Promise<void> {
  for (let i = 0; i < RECORDS; i++) {
    const value = new Uint8Array(8);
    new DataView(value.buffer).setBigUint64(0, process.hrtime.bigint());
    await log.produce({ topic: TOPIC, key: null, value });
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function receive(log: FileLog, from: 'beginning' | 'end'): Promise<number[]> {
  const waits: number[] = [];
  for await (const { value } of log.subscribe({ subscriptions: [{ topic: TOPIC }], from })) {
    const sent = new DataView((value as Uint8Array).buffer, value?.byteOffset).getBigUint64(0);
    waits.push(Number(process.hrtime.bigint() - sent) / 1e6);
    if (waits.length === RECORDS) return waits;
  }
  return waits;
}

function show(name: string, waits: readonly number[]): void {
  print({ name: `${name}/p50`, value: quantile(waits, 0.5), unit: 'ms' });
  print({ name: `${name}/p99`, value: quantile(waits, 0.99), unit: 'ms' });
}
