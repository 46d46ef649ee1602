/** Whether a file lies in a directory, whatever the paths to the two look like: for root keys, which must not. */
import { isHostError } from '../failure.ts';
import { parentOf } from '../linux/memory-file-system.ts';
import type { Platform } from '../platform.ts';

export const KEY_INSIDE = 'the root key must not lie in the data directory: who copies that would have both';

export function isInside(look: Platform['look'], file: string, directory: string): boolean {
  const identityOf = (path: string): string | undefined => {
    try {
      return look(path)?.identity;
    } catch (error) {
      if (isHostError(error)) return undefined; // Beyond what this process may come to.
      throw error;
    }
  };
  const wanted = identityOf(directory);
  let below: string | undefined;
  // Upwards from one directory to the next, so that neither links nor `..` in the path hide one.
  for (let path = parentOf(file); ; path += '/..') {
    const identity = identityOf(path);
    if (identity === undefined || identity === below) return false;
    if (identity === wanted) return true;
    below = identity;
  }
}
