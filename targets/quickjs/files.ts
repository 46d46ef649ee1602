/** Files and directories over the calls of the C host. */
import type { File, Files, FileStat, OpenMode, Space } from '../host.ts';
import { FileWatches } from './file-watch.ts';
import { fileSystemName } from '../service/linux/file-system-name.ts';
import { hostError } from './host-error.ts';
import type { Jobs } from './jobs.ts';
import type { Loop } from './loop.ts';
import { type Native, OpenFor } from './native.ts';
import { volatileDir } from './volatile-dir.ts';

export function quickjsFiles(native: Native, loop: Loop): Files {
  const { jobs } = loop;
  const watches = new FileWatches(native, loop);
  return {
    open: (path, mode) => openFile(native, jobs, path, mode),
    stat: (path) => {
      const stat = native.statPath(path, false);
      if (stat === null) return null;
      const [mode, lengthBytes, owner] = stat;
      return { kind: kindOf(mode), lengthBytes, isPrivate: owner === native.effectiveUser() && (mode & 0o077) === 0 };
    },
    list: (directory) => native.listDirectory(directory),
    makeDir: (path) => native.makeDirectory(path),
    rename: (from, to) => native.renamePath(from, to),
    remove: (path) => native.removeFile(path),
    removeDir: (path) => native.removeDirectory(path),
    syncDir: async (path) => {
      const descriptor = native.openFile(path, OpenFor.directory);
      try {
        await jobs.sync(descriptor, true);
      } finally {
        native.closeFile(descriptor);
      }
    },
    lock: (path) => lockFile(native, path),
    watch: (path, changed) => watches.watch(path, changed),
    space: (path) => spaceOf(native, path),
    volatileDir: (directory) => volatileDir(native, directory),
  };
}

const kindMask = 0o170000;
const regularFile = 0o100000;
const directory = 0o040000;

function kindOf(mode: number): FileStat['kind'] {
  const kind = mode & kindMask;
  if (kind === regularFile) return 'file';
  return kind === directory ? 'directory' : 'other';
}

function openFile(native: Native, jobs: Jobs, path: string, mode: OpenMode): File {
  const descriptor = native.openFile(path, OpenFor[mode]);
  const kind = kindOf(native.statDescriptor(descriptor)[0]);
  if (kind === 'file') return new QuickjsFile(native, jobs, descriptor, path);
  native.closeFile(descriptor);
  throw kind === 'directory'
    ? hostError('EISDIR', `illegal operation on a directory, open '${path}'`)
    : hostError('EINVAL', `not a regular file, open '${path}'`);
}

function lockFile(native: Native, path: string) {
  let descriptor: number | null = native.openFile(path, OpenFor.lock);
  const release = (): void => {
    if (descriptor !== null) native.closeFile(descriptor);
    descriptor = null;
  };
  try {
    native.lockFile(descriptor);
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

function spaceOf(native: Native, path: string): Space {
  const [magic, freeBytes, totalBytes] = native.fileSystem(path);
  return { freeBytes, totalBytes, fileSystem: fileSystemName(magic) };
}

class QuickjsFile implements File {
  readonly #native: Native;
  readonly #jobs: Jobs;
  readonly #descriptor: number;
  readonly #path: string;
  #syncsUnderWay = 0;
  #isClosed = false;

  constructor(native: Native, jobs: Jobs, descriptor: number, path: string) {
    this.#native = native;
    this.#jobs = jobs;
    this.#descriptor = descriptor;
    this.#path = path;
  }

  lengthBytes(): number {
    return this.#native.fileLength(this.#open());
  }

  read(into: Uint8Array, position: number): number {
    return this.#native.readAt(this.#open(), into, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#native.writeAt(this.#open(), bytes, position);
  }

  truncate(lengthBytes: number): void {
    this.#native.truncateFile(this.#open(), lengthBytes);
  }

  async sync(): Promise<void> {
    const descriptor = this.#open();
    this.#syncsUnderWay += 1;
    try {
      await this.#jobs.sync(descriptor, false);
    } finally {
      this.#syncsUnderWay -= 1;
      this.#closeWhenIdle();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeWhenIdle();
  }

  /** A number that is closed under a running sync could by then name another file. */
  #closeWhenIdle(): void {
    if (this.#isClosed && this.#syncsUnderWay === 0) this.#native.closeFile(this.#descriptor);
  }

  #open(): number {
    if (this.#isClosed) throw hostError('EBADF', `the file is closed, '${this.#path}'`);
    return this.#descriptor;
  }
}
