/**
 * A place on tmpfs for what belongs to a directory on disk but must not wear it, by the same rules and under the same
 * name as on Node: see `targets/node/volatile-dir.ts`.
 */
import { errorCode, hostError } from './host-error.ts';
import { fileSystemName } from './file-system-name.ts';
import type { Native } from './native.ts';

const candidates = ['/dev/shm', '/run', '/tmp'];
const kindMask = 0o170000;
const directoryMode = 0o040000;

export function volatileDir(native: Native, directory: string): string | null {
  const stat = native.statPath(directory, true);
  if (stat === null) throw hostError('ENOENT', `no such file or directory, stat '${directory}'`);
  const [, , owner, identity] = stat;
  const places = candidates
    .filter((parent) => isInMemory(native, parent))
    .map((parent) => `${parent}/streambed-${identity}`);
  // All places are looked at before one is made: another process may have had to go to a later one.
  const existing = places.find((path) => isTrusted(native, path, owner));
  const chosen = existing ?? places.find((path) => create(native, path, owner));
  return chosen !== undefined && isAccessible(native, chosen) ? chosen : null;
}

function isInMemory(native: Native, path: string): boolean {
  try {
    const name = fileSystemName(native.fileSystem(path)[0]);
    return name === 'tmpfs' || name === 'ramfs';
  } catch {
    return false; // Not there, or not for us: as good as not there.
  }
}

function isTrusted(native: Native, path: string, owner: number): boolean {
  const stat = native.statPath(path, false);
  return stat !== null && (stat[0] & kindMask) === directoryMode && stat[2] === owner && (stat[0] & 0o022) === 0;
}

function isAccessible(native: Native, path: string): boolean {
  try {
    native.listDirectory(path);
    return true;
  } catch {
    return false; // Its owner is another user: only he and root share it.
  }
}

/** Root makes it for the owner, under another name until it is his, so that he never meets a place he cannot trust. */
function create(native: Native, path: string, owner: number): boolean {
  const self = native.effectiveUser();
  if (self !== owner && self !== 0) return false;
  const random = new Uint8Array(6);
  native.fillRandom(random);
  const fresh = `${path}.${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  try {
    native.makeDirectory(fresh);
  } catch (error) {
    if (['EACCES', 'EROFS', 'ENOSPC', 'EDQUOT', 'EPERM'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
  try {
    if (self !== owner) native.givePath(fresh, owner);
    native.renamePath(fresh, path);
  } catch {
    // Somebody else was quicker, or has taken the name; the look below tells which.
    native.removeDirectory(fresh);
  }
  return isTrusted(native, path, owner);
}
