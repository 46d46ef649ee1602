/**
 * The two workloads of streambed-rs's own benchmark on our log: 30,000 records of 10 bytes on an `os` topic, each
 * awaited in turn, and all of them read by one subscriber. For `appends` and `peers`.
 */
import type { FileLog } from '../../logged/file-log.ts';
import { seconds } from './figure.ts';

export const RECORDS = 30_000;
export const VALUE = new Uint8Array(10).fill(7);
/** Streambed's key 0: an unsigned 64-bit number. */
export const KEY = new Uint8Array(8);

/** Records per second. */
export interface Rates {
  readonly appends: number;
  readonly reads: number;
}

/** One round on a topic of its own. */
export async function runWorkloads(log: FileLog, topic: string): Promise<Rates> {
  await log.createTopic(topic, { config: { 'streambed.durability': 'os' } });
  const produced = await seconds(async () => {
    for (let i = 0; i < RECORDS; i++) await log.produce({ topic, key: KEY, value: VALUE });
  });
  let count = 0;
  const consumed = await seconds(async () => {
    for await (const _ of log.subscribe({ subscriptions: [{ topic }], idleTimeoutMs: 0 })) count++;
  });
  if (count !== RECORDS) throw new Error(`read ${count} of ${RECORDS} records`);
  return { appends: RECORDS / produced, reads: RECORDS / consumed };
}
