/** The directory that the service keeps everything in: not in memory, made, and taken for one process. */
import type { Files, Host, Lock } from '../host.ts';
import { isHostError, Unusable } from './failure.ts';
import { memoryFileSystem, parentOf } from './linux/memory-file-system.ts';

/**
 * Nothing that is promised about power cuts holds in memory, and `/var` and `/tmp` of a router are there: a log is
 * never put there by mistake. Returns what to warn of, or null.
 */
export function checkVolatile(host: Host, directory: string, isAllowed: boolean): string | null {
  const memory = memoryFileSystem(host, directory);
  if (memory === null) return null;
  const text = `${directory} is in memory (${memory}): all of it is lost when the machine stops`;
  if (!isAllowed) throw new Unusable(`${text}; --allow-volatile if that is meant`);
  return text;
}

/** Another process has the data directory. */
export class Taken extends Unusable {}

/** Errors of these say that nothing can be written there; what stands there can be read all the same. */
const readOnlyCodes = ['EROFS', 'ENOSPC', 'EIO'];

/**
 * Makes the directory when it is missing (the log makes the names on the way durable) and takes it: two services would
 * share out the partitions of one group twice. Null: no lock can be taken there, but it can be read.
 */
export function takeDirectory(files: Files, directory: string, warn: (line: string) => void): Lock | null {
  try {
    makeWithParents(files, directory);
    return files.lock(`${directory}/service.lock`);
  } catch (error) {
    if (!isHostError(error)) throw error;
    const { code, message } = error;
    if (code === 'EAGAIN') throw new Taken(`${directory}: another streambed serves it`);
    if (!readOnlyCodes.includes(code) || !isThere(files, directory)) throw new Unusable(`${directory}: ${message}`);
    warn(`${directory}: ${message}: what can be read is served`);
    return null;
  }
}

function isThere(files: Files, directory: string): boolean {
  try {
    files.list(directory);
    return true;
  } catch {
    return false; // Nothing there can be read, so nothing can be served.
  }
}

function makeWithParents(files: Files, directory: string): void {
  // A link to a directory is as good as one, and is found by opening what is in it.
  if (files.stat(directory) !== null) return;
  makeWithParents(files, parentOf(directory));
  try {
    files.makeDir(directory);
  } catch (error) {
    if (!isHostError(error) || error.code !== 'EEXIST') throw error; // somebody else starts here too
  }
}
