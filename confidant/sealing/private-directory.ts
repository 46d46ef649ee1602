/**
 * The directory of a store on disk, and how files in it are replaced so that every power cut leaves the old or the new:
 *
 *   <root>/writer.lock    held by the process that has the store open
 *   <root>/keyring        see `keyring-file.ts`
 *   <root>/staging/<n>    a file that is being written: synced, and then renamed to its place
 *   <root>/files/...      see `file-names.ts`
 *
 * Nobody but the owner may come to it, else nothing in it is read or written. No symbolic link below `root` is followed:
 * each directory on the way is looked at before every use. Between the look and the use only the owner could put a link
 * there, and what is read through it would still have to be authentic.
 *
 * Files are known by the directories on the way, as they are on disk, and their own name. Errors: `damaged` when
 * something else stands where a file or a directory should; `host-failed`.
 */
import type { Files, FileStat, Lock } from '../../targets/host.ts';
import { SecretStoreError } from '../secret-store.ts';
import { asStoreError, guard, guardAsync, hostCode } from './host-failure.ts';

/** What a file may take; every use of a file holds it in memory. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** Names that are known to be durable are kept up to this number, and then all found out anew. */
const MAX_SETTLED = 256;
const STAGING = 'staging';

export interface Place {
  readonly directories: readonly string[];
  readonly file: string;
}

export class PrivateDirectory {
  readonly root: string;
  readonly #files: Files;
  /** Directories whose own names are durable: what stands there may be the work of a process that was killed before. */
  readonly #settled = new Set<string>();
  #written = 0;

  constructor(files: Files, root: string) {
    this.#files = files;
    this.root = root;
  }

  /** Makes the root with its parents where they are missing; `settleRoot` makes them durable. */
  make(): void {
    guard(`directory ${this.root}`, () => {
      for (const directory of withParents(this.root)) {
        if (this.#files.stat(directory) === null) this.#files.makeDir(directory);
      }
    });
    this.#mustBePrivate();
  }

  /** For this process alone. Null on a medium that is read-only: nobody can write there. */
  lock(): Lock | null {
    try {
      return this.#files.lock(`${this.root}/writer.lock`);
    } catch (error) {
      if (hostCode(error) === 'EROFS') return null;
      if (hostCode(error) !== 'EAGAIN') throw asStoreError(error, `directory ${this.root}`);
      const message = `directory ${this.root}: another process has it open`;
      throw new SecretStoreError('host-failed', message, { cause: error });
    }
  }

  async settleRoot(): Promise<void> {
    await guardAsync(`directory ${this.root}`, async () => {
      for (const directory of withParents(this.root)) await this.#syncReadable(parentOf(directory));
    });
  }

  /** What a crash has left half written. What cannot be removed harms nobody. */
  removeUnfinished(): void {
    if (this.#depth([STAGING]) === 0) return;
    const names = guard(`directory ${this.root}`, () => this.#files.list(`${this.root}/${STAGING}`));
    for (const name of names) this.#discard(`${this.root}/${STAGING}/${name}`);
  }

  /** Errors: `damaged` for what is no file. */
  exists({ directories, file }: Place): boolean {
    if (this.#depth(directories) < directories.length) return false;
    const path = `${this.#path(directories)}/${file}`;
    const stat = guard(path, () => this.#files.stat(path));
    if (stat !== null && stat.kind !== 'file') throw damaged(path, 'is no file');
    if (stat !== null) mustBePrivate(stat, path);
    if ((stat?.lengthBytes ?? 0) > MAX_FILE_BYTES) throw damaged(path, `has ${stat?.lengthBytes} bytes`);
    return stat !== null;
  }

  /** The bytes, or null when there is no such file. */
  read(place: Place): Uint8Array | null {
    if (!this.exists(place)) return null;
    const path = `${this.#path(place.directories)}/${place.file}`;
    return guard(path, () => {
      const file = this.#files.open(path, 'read');
      try {
        const content = new Uint8Array(file.lengthBytes());
        return content.subarray(0, file.read(content, 0));
      } finally {
        file.close();
      }
    });
  }

  /**
   * Resolves when the new content is durable. When it rejects the old one is there, but for a failure after the rename
   * (`syncDir`): then the new one is, and a power cut may bring back the old, until any later change of the file
   * succeeds. Errors: also `too-large`.
   */
  async replace(place: Place, content: Uint8Array): Promise<void> {
    const { directories, file } = place;
    const path = `${this.#path(directories)}/${file}`;
    if (content.length > MAX_FILE_BYTES) {
      throw new SecretStoreError('too-large', `${path}: ${content.length} bytes, at most ${MAX_FILE_BYTES}`);
    }
    await guardAsync(path, async () => {
      const unfinished = await this.#writeAside(content);
      try {
        // In one turn, so that no `remove` takes an empty directory away in between.
        this.#makeDirectories(directories);
        this.exists(place);
        this.#files.rename(unfinished, path);
      } catch (error) {
        this.#discard(unfinished);
        this.#prune(directories);
        throw error;
      }
      await this.#files.syncDir(this.#path(directories));
      await this.#settle(directories);
    });
  }

  /** Resolves when the file is gone for good. Of what is not there, too: its removal may not have been durable yet. */
  async remove({ directories, file }: Place): Promise<void> {
    const path = `${this.#path(directories)}/${file}`;
    await guardAsync(path, async () => {
      const depth = this.#depth(directories);
      if (depth === directories.length && this.#files.stat(path) !== null) this.#files.remove(path);
      await this.#files.syncDir(this.#path(directories.slice(0, depth)));
      this.#prune(directories);
    });
  }

  /** Makes durable what stands in the root. */
  syncRoot(): Promise<void> {
    return guardAsync(`directory ${this.root}`, () => this.#files.syncDir(this.root));
  }

  /** The names in a directory, none when it is not there. */
  list(directories: readonly string[]): string[] {
    if (this.#depth(directories) < directories.length) return [];
    return guard(this.#path(directories), () => this.#files.list(this.#path(directories)));
  }

  isDirectory(directories: readonly string[]): boolean {
    const path = this.#path(directories);
    return guard(path, () => this.#files.stat(path))?.kind === 'directory';
  }

  #path(directories: readonly string[]): string {
    return [this.root, ...directories].join('/');
  }

  #mustBePrivate(): void {
    const stat = guard(`directory ${this.root}`, () => this.#files.stat(this.root));
    if (stat?.kind !== 'directory') {
      const what = stat === null ? 'is missing' : 'is no directory';
      throw new SecretStoreError('host-failed', `directory ${this.root} ${what}`);
    }
    mustBePrivate(stat, `directory ${this.root}`);
  }

  /** How many of the directories are there, from the first on. */
  #depth(directories: readonly string[]): number {
    this.#mustBePrivate();
    let path = this.root;
    for (const [depth, name] of directories.entries()) {
      path += `/${name}`;
      const stat = guard(path, () => this.#files.stat(path));
      if (stat === null) return depth;
      if (stat.kind !== 'directory') throw damaged(path, 'is no directory');
      mustBePrivate(stat, `directory ${path}`);
    }
    return directories.length;
  }

  #makeDirectories(directories: readonly string[]): void {
    for (let depth = this.#depth(directories); depth < directories.length; depth += 1) {
      this.#files.makeDir(this.#path(directories.slice(0, depth + 1)));
    }
  }

  /** Makes the names of directories durable. They cannot go meanwhile: there is a file in them. */
  async #settle(directories: readonly string[]): Promise<void> {
    for (let depth = directories.length; depth > 0; depth -= 1) {
      const path = this.#path(directories.slice(0, depth));
      if (this.#settled.has(path)) continue;
      await this.#files.syncDir(this.#path(directories.slice(0, depth - 1)));
      if (this.#settled.size >= MAX_SETTLED) this.#settled.clear();
      this.#settled.add(path);
    }
  }

  /** Writes a file that no name leads to yet, and returns its path when its bytes are durable. */
  async #writeAside(content: Uint8Array): Promise<string> {
    this.#makeDirectories([STAGING]);
    const path = this.#unusedPath();
    const file = this.#files.open(path, 'create');
    try {
      file.write(content, 0);
      await file.sync();
    } catch (error) {
      this.#discard(path);
      throw error;
    } finally {
      file.close();
    }
    return path;
  }

  #unusedPath(): string {
    for (;;) {
      this.#written += 1;
      const path = `${this.root}/${STAGING}/${this.#written}`;
      if (this.#files.stat(path) === null) return path;
    }
  }

  /** Removes what nobody needs; what stays is removed when the store is opened next. */
  #discard(path: string): void {
    try {
      this.#files.remove(path);
    } catch (error) {
      if (hostCode(error) === '') throw error;
    }
  }

  /** Removes directories that are empty, from the last on. */
  #prune(directories: readonly string[]): void {
    for (let depth = directories.length; depth > 0; depth -= 1) {
      const path = this.#path(directories.slice(0, depth));
      try {
        this.#files.removeDir(path);
      } catch (error) {
        if (hostCode(error) === '') throw error;
        if (hostCode(error) !== 'ENOENT') return;
      }
      this.#settled.delete(path);
    }
  }

  async #syncReadable(directory: string): Promise<void> {
    try {
      await this.#files.syncDir(directory);
    } catch (error) {
      // A directory that may not be read was made by somebody else, long ago.
      if (hostCode(error) !== 'EACCES') throw error;
    }
  }
}

/** Whatever is there and everything in it. Errors: `host-failed`. */
export function checkPrivate(files: Files, path: string): void {
  const stat = guard(path, () => files.stat(path));
  if (stat === null) return;
  mustBePrivate(stat, path);
  if (stat.kind !== 'directory') return;
  for (const name of guard(path, () => files.list(path))) checkPrivate(files, `${path}/${name}`);
}

function mustBePrivate({ kind, isPrivate }: FileStat, what: string): void {
  if (isPrivate) return;
  const mode = kind === 'directory' ? '0700' : '0600';
  const text = `is not private: it must belong to the user who runs this and have mode ${mode}`;
  throw new SecretStoreError('host-failed', `${what} ${text}`);
}

/** From the outermost on, without `/` and `.`. */
function withParents(directory: string): string[] {
  const parent = parentOf(directory);
  if (parent === directory) return [];
  return [...withParents(parent), directory];
}

function parentOf(directory: string): string {
  if (directory === '/' || directory === '.') return directory;
  const slash = directory.lastIndexOf('/');
  if (slash === 0) return '/';
  return slash < 0 ? '.' : directory.slice(0, slash);
}

function damaged(path: string, what: string): SecretStoreError {
  return new SecretStoreError('damaged', `${path}: ${what}`);
}
