/** What can be wrong with the data directory. */
import { isHostError } from '../failure.ts';
import { memoryFileSystem, parentOf } from '../linux/memory-file-system.ts';
import { readSystemFile } from '../linux/system-file.ts';
import type { Platform } from '../platform.ts';
import { type Outcome, printSize } from './finding.ts';

/** The log's reserve for compaction, a segment's head and index, and a little to write. */
const leastFreeBytes = 1024 * 1024;
const forOthers = 0o077;
const probeBytes = 4096;

export function checkFileSystem({ host, look }: Platform, directory: string): Outcome {
  let path = directory;
  while (look(path) === null && path !== '/' && path !== '.') path = parentOf(path);
  const { fileSystem, freeBytes, totalBytes } = host.files.space(path);
  const memory = memoryFileSystem(host, directory);
  const details = { fileSystem, freeBytes, totalBytes, memory };
  const text = `${fileSystem}, ${printSize(freeBytes)} of ${printSize(totalBytes)} free`;
  if (memory !== null)
    return { ok: false, text: `${text}; in memory (${memory}): lost when the machine stops`, details };
  if (freeBytes >= leastFreeBytes) return { ok: true, text, details };
  return { ok: false, text: `${text}; want at least ${printSize(leastFreeBytes)}`, details };
}

export function checkDirectory({ look, user }: Platform, directory: string): Outcome {
  const found = look(directory);
  const finding = (ok: boolean, text: string): Outcome => ({
    ok,
    text: `${directory}: ${text}`,
    details: { path: directory, mode: found === null ? null : printMode(found.mode), owner: found?.owner ?? null },
  });
  if (found === null) return finding(true, 'not there yet; serve makes it');
  if (!found.isDirectory) return finding(false, 'no directory');
  const mode = printMode(found.mode);
  if ((found.mode & forOthers) !== 0) return finding(false, `mode ${mode} lets other users in: chmod 0700`);
  if (found.owner !== user && user !== 0) return finding(false, `owned by user ${found.owner}, not by user ${user}`);
  return finding(true, `mode ${mode}, owned by user ${found.owner}`);
}

function printMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

/** Whether a service holds the directory, and which process that is where the system tells. Both are well. */
export function checkLock(platform: Platform, directory: string): Outcome {
  const path = `${directory}/service.lock`;
  // Not made here: it would belong to whoever asks, and the service could not open it.
  if (platform.look(path) === null) return { ok: true, text: 'free', details: { held: false, process: null } };
  try {
    platform.host.files.lock(path).release();
    return { ok: true, text: 'free', details: { held: false, process: null } };
  } catch (error) {
    if (!isHostError(error) || error.code !== 'EAGAIN') throw error;
    const process = holderOf(platform, path);
    const text = process === null ? 'held by a running service' : `held by process ${process}`;
    return { ok: true, text, details: { held: true, process } };
  }
}

/** On Node the lock was taken by a helper that is gone: then nobody knows. */
function holderOf({ host, look }: Platform, path: string): number | null {
  const inode = Number.parseInt(look(path)?.identity.split('-')[1] ?? '', 16);
  for (const line of (readSystemFile(host, '/proc/locks') ?? '').split('\n')) {
    const [, kind, , , process = '', place = ''] = line.split(/\s+/);
    if (kind !== 'FLOCK' || place.split(':')[2] !== String(inode)) continue;
    if (look(`/proc/${process}`) !== null) return Number(process);
  }
  return null;
}

/** What the service promises rests on this. */
export async function checkSync({ host, look }: Platform, directory: string): Promise<Outcome> {
  if (look(directory)?.isDirectory !== true) return { ok: true, text: 'nothing to try it on yet', details: {} };
  const { files, clock } = host;
  const probe = `${directory}/doctor-${Math.floor(clock.now())}`;
  const startMs = clock.monotonic();
  const file = files.open(probe, 'create');
  try {
    file.write(new Uint8Array(probeBytes), 0);
    await file.sync();
    await files.syncDir(directory);
  } finally {
    file.close();
    files.remove(probe);
  }
  await files.syncDir(directory);
  const tookMs = Math.round((clock.monotonic() - startMs) * 10) / 10;
  return { ok: true, text: `a file and its directory in ${tookMs} ms`, details: { tookMs } };
}
