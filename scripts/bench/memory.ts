/** Growth of resident memory after 1,000,000 records in and out. */
import { readFileSync } from 'node:fs';
import { print } from './figure.ts';
import { inDirectory, readAll, withLog } from './workplace.ts';

const RECORDS = 1_000_000;
const WARM_UP = 20_000;
const BATCH = 100;
const VALUE = new Uint8Array(100).fill(7);

await inDirectory((directory) =>
  withLog(directory, async (log) => {
    await log.createTopic('t', { config: { 'streambed.durability': 'os' } });
    const fill = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at += BATCH) {
        await log.produceBatch(
          't',
          Array.from({ length: BATCH }, () => ({ key: null, value: VALUE })),
        );
      }
      await readAll(log, 't');
    };
    await fill(WARM_UP);
    const before = residentKiB();
    await fill(RECORDS);
    print({ name: 'memory/growth-after-1000000-records', value: (residentKiB() - before) / 1024, unit: 'MiB' });
  }),
);

function residentKiB(): number {
  globalThis.gc?.();
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
