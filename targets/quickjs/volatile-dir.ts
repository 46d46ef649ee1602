/** What `volatileDir` takes of the C host. */
import { volatileDir as findVolatileDir } from '../service/linux/volatile-dir.ts';
import { hostError } from './host-error.ts';
import type { Native } from './native.ts';

const kindMask = 0o170000;
const directoryKind = 0o040000;

export function volatileDir(native: Native, directory: string): string | null {
  return findVolatileDir(
    {
      identify: (path) => {
        const stat = native.statPath(path, true);
        if (stat === null) throw hostError('ENOENT', `no such file or directory, stat '${path}'`);
        return { owner: stat[2], identity: stat[3] };
      },
      fileSystem: (path) => native.fileSystem(path)[0],
      look: (path) => {
        const stat = native.statPath(path, false);
        if (stat === null) return null;
        return { isDirectory: (stat[0] & kindMask) === directoryKind, owner: stat[2], mode: stat[0] };
      },
      isAccessible: (path) => {
        try {
          native.listDirectory(path);
          return true;
        } catch {
          return false; // Its owner is another user: only he and root share it.
        }
      },
      effectiveUser: () => native.effectiveUser(),
      randomHex: () => {
        const random = new Uint8Array(6);
        native.fillRandom(random);
        return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
      },
      makeDir: (path) => native.makeDirectory(path),
      give: (path, owner) => native.givePath(path, owner),
      rename: (from, to) => native.renamePath(from, to),
      removeDir: (path) => native.removeDirectory(path),
    },
    directory,
  );
}
