/** Files that count: what was read, and what is under way, so that a test knows when nothing happens any more. */
import type { File, Files } from '../../targets/host.ts';

export interface FileCounts {
  readBytes: number;
  /** Syncs that are not settled yet. */
  syncs: number;
  openFiles: number;
}

export function countedFiles(files: Files, counts: FileCounts): Files {
  const during = (sync: Promise<void>): Promise<void> => {
    counts.syncs += 1;
    const settled = (): void => {
      counts.syncs -= 1;
    };
    sync.then(settled, settled);
    return sync;
  };
  return {
    open: (path, mode) => countedFile(files.open(path, mode), counts, during),
    stat: (path) => files.stat(path),
    list: (directory) => files.list(directory),
    makeDir: (path) => files.makeDir(path),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    removeDir: (path) => files.removeDir(path),
    syncDir: (path) => during(files.syncDir(path)),
    lock: (path) => files.lock(path),
    watch: (path, changed) => files.watch(path, changed),
    space: (path) => files.space(path),
    volatileDir: (directory) => files.volatileDir(directory),
  };
}

function countedFile(file: File, counts: FileCounts, during: (sync: Promise<void>) => Promise<void>): File {
  let isOpen = true;
  counts.openFiles += 1;
  return {
    lengthBytes: () => file.lengthBytes(),
    read: (into, position) => {
      const readBytes = file.read(into, position);
      counts.readBytes += readBytes;
      return readBytes;
    },
    write: (bytes, position) => file.write(bytes, position),
    truncate: (lengthBytes) => file.truncate(lengthBytes),
    sync: () => during(file.sync()),
    close: () => {
      if (isOpen) counts.openFiles -= 1;
      isOpen = false;
      file.close();
    },
  };
}
