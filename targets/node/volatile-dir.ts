/**
 * A place on tmpfs for what belongs to a directory on disk but must not wear it. The name is made of the directory's
 * device and inode, so that every process that names the directory, by whatever path, comes to the same place.
 *
 * Anybody may create names in /dev/shm and /tmp, so a place counts only when it is a directory, not a link, that the
 * owner of `directory` owns and nobody else can write. An inode number may be used again for another directory before
 * the next boot: who reads what lies there must be able to tell that it is not his.
 */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { fileSystemName } from './file-system-name.ts';
import { errorCode } from './host-error.ts';

const candidates = ['/dev/shm', '/run', '/tmp'];

export function volatileDir(directory: string): string | null {
  const stats = fs.statSync(directory, { bigint: true });
  const name = `streambed-${stats.dev.toString(16)}-${stats.ino.toString(16)}`;
  const owner = Number(stats.uid);
  const places = candidates.filter(isInMemory).map((parent) => `${parent}/${name}`);
  // All places are looked at before one is made: another process may have had to go to a later one.
  const existing = places.find((path) => isTrusted(path, owner));
  const chosen = existing ?? places.find((path) => create(path, owner));
  return chosen !== undefined && isAccessible(chosen) ? chosen : null;
}

function isInMemory(path: string): boolean {
  try {
    const name = fileSystemName(fs.statfsSync(path).type);
    return name === 'tmpfs' || name === 'ramfs';
  } catch {
    return false; // Not there, or not for us: as good as not there.
  }
}

function isTrusted(path: string, owner: number): boolean {
  const stats = fs.lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === owner && (stats.mode & 0o022) === 0;
}

function isAccessible(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.R_OK | fs.constants.X_OK);
    return true;
  } catch {
    return false; // Its owner is another user: only he and root share it.
  }
}

/** Root makes it for the owner, under another name until it is his, so that he never meets a place he cannot trust. */
function create(path: string, owner: number): boolean {
  const self = process.geteuid?.() ?? owner;
  if (self !== owner && self !== 0) return false;
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    fs.mkdirSync(fresh, { mode: 0o700 });
  } catch (error) {
    if (['EACCES', 'EROFS', 'ENOSPC', 'EDQUOT', 'EPERM'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
  try {
    if (self !== owner) fs.chownSync(fresh, owner, -1);
    fs.renameSync(fresh, path);
  } catch {
    // Somebody else was quicker, or has taken the name; the look below tells which.
    fs.rmdirSync(fresh);
  }
  return isTrusted(path, owner);
}
