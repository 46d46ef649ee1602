/** What stands at a path, links followed: the `look` of `service/platform.ts`. */
import type { Native } from './native.ts';

const kindMask = 0o170000;
const directoryKind = 0o040000;

export function lookAt(native: Native, path: string) {
  const stat = native.statPath(path, true);
  if (stat === null) return null;
  const [mode, , owner, identity] = stat;
  return { isDirectory: (mode & kindMask) === directoryKind, mode, owner, identity };
}
