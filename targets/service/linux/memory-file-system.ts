/** Finds out whether a directory is in memory, where `/tmp` and `/var` of a router are. */
import type { Files, Host, Space } from '../../host.ts';
import { isMemory } from './file-system-name.ts';
import { readSystemFile } from './system-file.ts';

/** The kind of memory that holds the directory, be it there or still to be made; null: it is on a medium, or unknown. */
export function memoryFileSystem({ files, bytes }: Pick<Host, 'files' | 'bytes'>, directory: string): string | null {
  const space = nearestSpace(files, directory);
  if (space === null) return null;
  if (isMemory(space.fileSystem)) return space.fileSystem;
  if (space.fileSystem !== 'overlayfs') return null;
  // OpenWrt's root, which is on tmpfs as long as the flash cannot be written: an overlay counts as that which takes its
  // changes, and tells that one's numbers.
  for (const path of changesOfOverlays(readSystemFile({ files, bytes }, '/proc/self/mountinfo') ?? '')) {
    const under = spaceOf(files, path);
    if (under !== null && isMemory(under.fileSystem) && under.totalBytes === space.totalBytes) {
      return `${under.fileSystem} under overlayfs`;
    }
  }
  return null;
}

function nearestSpace(files: Files, directory: string): Space | null {
  for (let path = directory; ; path = parentOf(path)) {
    const space = spaceOf(files, path);
    if (space !== null || path === '/' || path === '.') return space;
  }
}

function spaceOf(files: Files, path: string): Space | null {
  try {
    return files.space(path);
  } catch {
    return null; // Not there, or not to be seen from here.
  }
}

/** `.` and `/` have none: they stand for themselves. */
export function parentOf(directory: string): string {
  const path = directory.replace(/(?<=.)\/+$/, '');
  const slash = path.lastIndexOf('/');
  if (slash === 0) return '/';
  return slash < 0 ? '.' : path.slice(0, slash);
}

function changesOfOverlays(mountInfo: string): string[] {
  return [...mountInfo.matchAll(/ - overlay \S+ \S*?upperdir=([^\s,]+)/g)].map(([, path = '']) =>
    path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
  );
}
