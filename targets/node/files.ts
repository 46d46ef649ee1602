/** Files and directories of Node, on Linux. Errors are Node's own. */
import * as fs from 'node:fs';
import type { File, Files, FileStat, OpenMode, Space } from '../host.ts';
import { lockFile } from './file-lock.ts';
import { watchPath } from './file-watch.ts';
import { fileSystemName } from '../service/linux/file-system-name.ts';
import { errorCode, hostError } from './host-error.ts';
import { volatileDir } from './volatile-dir.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants;

// O_NONBLOCK means nothing to a regular file, and keeps the opening of a FIFO from waiting for its other end.
const openFlags: Record<OpenMode, number> = {
  read: O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
  update: O_RDWR | O_NOFOLLOW | O_NONBLOCK,
  create: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
  'create-read-only': O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
};

export const nodeFiles: Files = {
  open,
  stat,
  list: (directory) => fs.readdirSync(directory),
  makeDir: (path) => fs.mkdirSync(path, { mode: 0o700 }),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.unlinkSync(path),
  removeDir: (path) => fs.rmdirSync(path),
  syncDir,
  lock: lockFile,
  watch: watchPath,
  space,
  volatileDir,
};

function open(path: string, mode: OpenMode): File {
  const descriptor = fs.openSync(path, openFlags[mode], mode === 'create-read-only' ? 0o400 : 0o600);
  const kind = kindOf(fs.fstatSync(descriptor));
  if (kind === 'file') return new NodeFile(descriptor, path);
  fs.closeSync(descriptor);
  throw kind === 'directory'
    ? hostError('EISDIR', `illegal operation on a directory, open '${path}'`)
    : hostError('EINVAL', `not a regular file, open '${path}'`);
}

function stat(path: string): FileStat | null {
  try {
    const stats = fs.lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? null : describe(stats);
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') return null;
    throw error;
  }
}

function describe(stats: fs.Stats): FileStat {
  const isPrivate = stats.uid === process.geteuid?.() && (stats.mode & 0o077) === 0;
  return { kind: kindOf(stats), lengthBytes: stats.size, isPrivate };
}

function kindOf(stats: fs.Stats): FileStat['kind'] {
  if (stats.isFile()) return 'file';
  return stats.isDirectory() ? 'directory' : 'other';
}

/** Opened at once and not on the thread pool: it is this directory that is meant, wherever it is renamed to. */
async function syncDir(path: string): Promise<void> {
  const descriptor = fs.openSync(path, O_RDONLY | O_DIRECTORY);
  try {
    await new Promise<void>((resolve, reject) => {
      fs.fsync(descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  } finally {
    fs.closeSync(descriptor);
  }
}

function space(path: string): Space {
  const { type, bsize, blocks, bavail } = fs.statfsSync(path);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, fileSystem: fileSystemName(type) };
}

class NodeFile implements File {
  readonly #descriptor: number;
  readonly #path: string;
  #syncsUnderWay = 0;
  #closed = false;

  constructor(descriptor: number, path: string) {
    this.#descriptor = descriptor;
    this.#path = path;
  }

  lengthBytes(): number {
    return fs.fstatSync(this.#open()).size;
  }

  read(into: Uint8Array, position: number): number {
    const descriptor = this.#open();
    let filled = 0;
    while (filled < into.length) {
      const count = readSome(descriptor, into, filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  write(bytes: Uint8Array, position: number): void {
    const descriptor = this.#open();
    let written = 0;
    while (written < bytes.length) {
      const count = fs.writeSync(descriptor, bytes, written, bytes.length - written, position + written);
      // A second try at the rest says why the first was short.
      if (count === 0) throw hostError('EIO', `nothing was written at ${position + written}, write '${this.#path}'`);
      written += count;
    }
  }

  truncate(lengthBytes: number): void {
    fs.ftruncateSync(this.#open(), lengthBytes);
  }

  async sync(): Promise<void> {
    const descriptor = this.#open();
    this.#syncsUnderWay += 1;
    try {
      await new Promise<void>((resolve, reject) => {
        fs.fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)));
      });
    } finally {
      this.#syncsUnderWay -= 1;
      this.#closeWhenIdle();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeWhenIdle();
  }

  /** A number that is closed under a running fdatasync could by then name another file. */
  #closeWhenIdle(): void {
    if (this.#closed && this.#syncsUnderWay === 0) fs.closeSync(this.#descriptor);
  }

  #open(): number {
    if (this.#closed) throw hostError('EBADF', `the file is closed, '${this.#path}'`);
    return this.#descriptor;
  }
}

/** libuv repeats every interrupted call but this one. */
function readSome(descriptor: number, into: Uint8Array, offset: number, position: number): number {
  for (;;) {
    try {
      return fs.readSync(descriptor, into, offset, into.length - offset, position);
    } catch (error) {
      if (errorCode(error) !== 'EINTR') throw error;
    }
  }
}
