/** What `volatileDir` takes of Node. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { type PlaceCalls, volatileDir as findVolatileDir } from '../service/linux/volatile-dir.ts';

const calls: PlaceCalls = {
  identify: (directory) => {
    const { dev, ino, uid } = fs.statSync(directory, { bigint: true });
    return { owner: Number(uid), identity: `${dev.toString(16)}-${ino.toString(16)}` };
  },
  fileSystem: (path) => fs.statfsSync(path).type,
  look: (path) => {
    const stats = fs.lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? null : { isDirectory: stats.isDirectory(), owner: stats.uid, mode: stats.mode };
  },
  isAccessible: (path) => {
    try {
      fs.accessSync(path, fs.constants.R_OK | fs.constants.X_OK);
      return true;
    } catch {
      return false; // Its owner is another user: only he and root share it.
    }
  },
  effectiveUser: () => process.geteuid?.() ?? -1,
  randomHex: () => randomBytes(6).toString('hex'),
  makeDir: (path) => fs.mkdirSync(path, { mode: 0o700 }),
  give: (path, owner) => fs.chownSync(path, owner, -1),
  rename: (from, to) => fs.renameSync(from, to),
  removeDir: (path) => fs.rmdirSync(path),
};

export function volatileDir(directory: string): string | null {
  return findVolatileDir(calls, directory);
}
