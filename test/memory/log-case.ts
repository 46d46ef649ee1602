/** The log alone: records in and out, 1,000,000 keys compacted while 200 connections are in use. */
import { Client } from './client.ts';
import { CONNECTIONS, loadConnections } from './connections.ts';
import {
  beginningOf,
  compactFromNowOn,
  consumeKeys,
  createTopic,
  KEYS,
  produceKeys,
  REWRITTEN,
  TOPIC,
} from './keyed-records.ts';
import type { LimitedService } from './limited-service.ts';
import type { Measured } from './measured.ts';

/** Before compaction; after it, all is read. */
const CONSUMED = 200_000;

export async function useLog(limited: LimitedService, measured: Measured): Promise<void> {
  const client = new Client(limited.service.url, CONNECTIONS);
  try {
    measured.memory('idle', limited);
    await createTopic(client);
    await measured.time('produce', KEYS + REWRITTEN, 'records/s', () => produceKeys(client));
    measured.memory('produce', limited);
    const some = await measured.time('consume', CONSUMED, 'records/s', () =>
      consumeKeys(client, KEYS + REWRITTEN - CONSUMED),
    );
    measured.check('what was produced is consumed', { records: some.records }, some.records === CONSUMED);
    measured.memory('consume', limited);
    await compact(limited, client, measured);
    const start = await beginningOf(client);
    const left = await measured.time('consume-compacted', KEYS, 'records/s', () => consumeKeys(client, start));
    // What stands in the segment that is still open is not compacted.
    measured.check('compaction leaves the last of each key', { ...left }, left.records < KEYS * 1.02 && isAll(left));
    measured.memory('end', limited);
  } finally {
    client.close();
  }
}

function isAll({ keys, stale }: { readonly keys: number; readonly stale: number }): boolean {
  return keys === KEYS && stale === 0;
}

async function compact(limited: LimitedService, client: Client, measured: Measured): Promise<void> {
  const start = performance.now();
  const from = limited.service.lines.length;
  await compactFromNowOn(client);
  const compacted = limited.line(new RegExp(`compacted: (\\{"topic":"${TOPIC}".*\\})`), from).then(([, report]) => {
    measured.print('compaction', performance.now() - start, 'ms until the service has done it');
    measured.memory('compaction', limited);
    return JSON.parse(report ?? '') as { readonly bytesBefore: number; readonly bytesAfter: number };
  });
  const load = await loadConnections(client, compacted);
  measured.check('200 connections are served during compaction', { ...load }, load.streamed >= load.produced);
  measured.memory('connections', limited);
  const { bytesBefore, bytesAfter } = await compacted;
  measured.check('the log is compacted', { bytesBefore, bytesAfter }, bytesAfter < bytesBefore * 0.95);
}
