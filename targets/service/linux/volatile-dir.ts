/**
 * A place on tmpfs for what belongs to a directory on disk but must not wear it. The name is made of the directory's
 * device and inode, so that every process that names the directory, by whatever path, on whatever target, comes to the
 * same place.
 *
 * Anybody may create names in /dev/shm and /tmp, so a place counts only when it is a directory, not a link, that the
 * owner of `directory` owns and nobody else can write. An inode number may be used again for another directory before
 * the next boot: who reads what lies there must be able to tell that it is not his.
 */
import { fileSystemName, isMemory } from './file-system-name.ts';

/** The calls of the system that it takes; errors are the host's. */
export interface PlaceCalls {
  /** Of the directory itself, links followed. `identity`: its device and inode, in hex, with a dash between. */
  identify(directory: string): { readonly owner: number; readonly identity: string };
  /** The magic number of statfs(2). */
  fileSystem(path: string): number;
  /** Links are not followed; null: nothing is there. */
  look(path: string): { readonly isDirectory: boolean; readonly owner: number; readonly mode: number } | null;
  /** Whether this process may list what is in it and reach it. */
  isAccessible(path: string): boolean;
  effectiveUser(): number;
  /** For a name that nobody can guess. */
  randomHex(): string;
  makeDir(path: string): void;
  give(path: string, owner: number): void;
  rename(from: string, to: string): void;
  removeDir(path: string): void;
}

const candidates = ['/dev/shm', '/run', '/tmp'];
const writableByOthers = 0o022;
const refusals = ['EACCES', 'EROFS', 'ENOSPC', 'EDQUOT', 'EPERM'];

export function volatileDir(calls: PlaceCalls, directory: string): string | null {
  const { owner, identity } = calls.identify(directory);
  const places = candidates
    .filter((parent) => isInMemory(calls, parent))
    .map((parent) => `${parent}/streambed-${identity}`);
  // All places are looked at before one is made: another process may have had to go to a later one.
  const existing = places.find((path) => isTrusted(calls, path, owner));
  const chosen = existing ?? places.find((path) => create(calls, path, owner));
  return chosen !== undefined && calls.isAccessible(chosen) ? chosen : null;
}

function isInMemory(calls: PlaceCalls, path: string): boolean {
  try {
    return isMemory(fileSystemName(calls.fileSystem(path)));
  } catch {
    return false; // Not there, or not for us: as good as not there.
  }
}

function isTrusted(calls: PlaceCalls, path: string, owner: number): boolean {
  const found = calls.look(path);
  return found?.isDirectory === true && found.owner === owner && (found.mode & writableByOthers) === 0;
}

/** Root makes it for the owner, under another name until it is his, so that he never meets a place he cannot trust. */
function create(calls: PlaceCalls, path: string, owner: number): boolean {
  const self = calls.effectiveUser();
  if (self !== owner && self !== 0) return false;
  const fresh = `${path}.${calls.randomHex()}`;
  try {
    calls.makeDir(fresh);
  } catch (error) {
    if (refusals.includes((error as { readonly code?: string }).code ?? '')) return false;
    throw error;
  }
  try {
    if (self !== owner) calls.give(fresh, owner);
    calls.rename(fresh, path);
  } catch {
    // Somebody else was quicker, or has taken the name; the look below tells which.
    calls.removeDir(fresh);
  }
  return isTrusted(calls, path, owner);
}
