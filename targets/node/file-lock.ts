/**
 * An exclusive file lock for Node, which has no flock(2). The `flock` utility (util-linux or BusyBox) is run once on an
 * inherited descriptor: the lock then belongs to the open file description, which lives as long as this process holds
 * the descriptor, so kill -9 releases it; and it is the same lock that the C host takes.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import type { Lock } from '../host.ts';
import { errorCode, hostError } from './host-error.ts';

const inheritedDescriptor = 3;

export function lockFile(path: string): Lock {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    takeLock(descriptor, path);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return new FileLock(descriptor);
}

class FileLock implements Lock {
  #descriptor: number | null;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  release(): void {
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

function takeLock(descriptor: number, path: string): void {
  const child = spawnSync('flock', ['-n', '-x', String(inheritedDescriptor)], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    encoding: 'utf8',
  });
  if (child.error !== undefined) throw spawnError(child.error, path);
  if (child.status === 0) return;
  // Both utilities say nothing and exit with 1 when the lock is held; BusyBox exits with 1 on other failures as well,
  // but then it says why.
  const reason = child.stderr.trim();
  if (child.status === 1 && reason === '') throw hostError('EAGAIN', `the lock is held, flock '${path}'`);
  throw hostError('ENOLCK', `flock '${path}': ${reason || `exit status ${child.status ?? child.signal}`}`);
}

/** A failed fork is EAGAIN, too, and must not read as a held lock. */
function spawnError(error: Error, path: string): Error {
  if (errorCode(error) === 'ENOENT') {
    return hostError('ENOTSUP', `no flock utility in PATH to lock '${path}': install util-linux or BusyBox`, error);
  }
  return hostError('ENOLCK', `cannot run flock for '${path}': ${error.message}`, error);
}
