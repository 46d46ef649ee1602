/**
 * Where the target builds keep what is expensive to make again: `$STREAMBED_CACHE`, or `streambed` in the user's cache
 * directory. Every entry is named by what it is made of, so nothing in it is ever out of date and all of it may be
 * deleted at any time.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';

export function cachePath(...parts: readonly string[]): string {
  const { STREAMBED_CACHE, XDG_CACHE_HOME } = process.env;
  return resolve(STREAMBED_CACHE ?? `${XDG_CACHE_HOME ?? `${homedir()}/.cache`}/streambed`, ...parts);
}

/** The entry's path, made by `make` when it is missing; never half made. */
export function cached(path: string, make: (unfinished: string) => void): string {
  if (existsSync(path)) return path;
  const unfinished = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    make(unfinished);
    if (!existsSync(path)) renameSync(unfinished, path);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return path;
}

export function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

export function fileSha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
