/** A directory to measure in, and logs in it. On a disk, not on a memory file system, unless `BENCH_DIR` says so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FileLog, type FileLogOptions } from '../../logged/file-log.ts';
import { nodeHost } from '../../targets/node/host.ts';

export async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(resolve(process.env['BENCH_DIR'] ?? '.'), '.bench-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    await work(directory);
  } finally {
    remove();
    process.off('exit', remove);
  }
}

export function openLog(root: string, options: Partial<FileLogOptions> = {}): Promise<FileLog> {
  return FileLog.open(nodeHost(), { root, housekeepingMs: 0, ...options });
}

export async function withLog(directory: string, work: (log: FileLog) => Promise<void>): Promise<void> {
  const log = await openLog(directory);
  try {
    await work(log);
  } finally {
    await log.close();
  }
}

/** Reads all that is stored and says how much it was. */
export async function readAll(log: FileLog, topic: string): Promise<number> {
  let count = 0;
  for await (const batch of log.subscribe({ subscriptions: [{ topic }], idleTimeoutMs: 0 }).batches()) {
    count += batch.length;
  }
  return count;
}
