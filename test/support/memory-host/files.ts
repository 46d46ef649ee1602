/** The files of a memory process. */
import type { Files, FileStat, Lock, OpenMode, Space, Watch } from '../../../targets/host.ts';
import { MemoryFile } from './file.ts';
import { hostError } from './host-error.ts';
import { type DirectoryNode, type EntryOperation, FileNode } from './nodes.ts';
import type { MemoryProcess } from './process.ts';
import { findDirectory, findNode, findPlace, type Place } from './tree.ts';
import { PathWatch } from './watch.ts';

export class MemoryFiles implements Files {
  readonly #process: MemoryProcess;
  readonly #root: DirectoryNode;

  constructor(process: MemoryProcess) {
    this.#process = process;
    this.#root = process.disk.root;
  }

  open(path: string, mode: OpenMode): MemoryFile {
    this.#process.guard();
    const place = findPlace(this.#root, path, 'open');
    if (mode === 'create' || mode === 'create-read-only')
      return new MemoryFile(this.#process, this.#create(place, path), path, true);
    if (place.node === null) throw hostError('ENOENT', 'open', path);
    if (place.node.kind === 'directory') throw hostError('EISDIR', 'open', path);
    if (mode === 'update') this.#mustBeWritable(place, 'open', path);
    return new MemoryFile(this.#process, place.node, path, mode === 'update');
  }

  stat(path: string): FileStat | null {
    this.#process.guard();
    const node = findNode(this.#root, path);
    if (node === null) return null;
    const lengthBytes = node.kind === 'file' ? node.content.lengthBytes : 0;
    return { kind: node.kind, lengthBytes, isPrivate: node !== this.#root };
  }

  list(directory: string): string[] {
    this.#process.guard();
    return [...findDirectory(this.#root, directory, 'list').entries.keys()];
  }

  makeDir(path: string): void {
    this.#process.guard();
    const place = findPlace(this.#root, path, 'mkdir');
    this.#mustBeFree(place, 'mkdir', path);
    const { disk } = this.#process;
    disk.setEntry(place.directory, place.name, disk.newDirectory(place.directory.isVolatile));
  }

  rename(from: string, to: string): void {
    this.#process.guard();
    const source = findPlace(this.#root, from, 'rename');
    const target = findPlace(this.#root, to, 'rename');
    if (source.node === null) throw hostError('ENOENT', 'rename', from);
    this.#mustBeWritable(source, 'rename', from);
    if (source.directory.isVolatile !== target.directory.isVolatile) throw hostError('EXDEV', 'rename', to);
    if (source.node === target.node) return;
    checkReplaces(source, target, from, to);
    const { disk } = this.#process;
    const given = disk.setEntry(target.directory, target.name, source.node);
    const taken = disk.setEntry(source.directory, source.name, null);
    pair(given, taken);
  }

  remove(path: string): void {
    this.#process.guard();
    const place = findPlace(this.#root, path, 'unlink');
    if (place.node === null) throw hostError('ENOENT', 'unlink', path);
    if (place.node.kind === 'directory') throw hostError('EISDIR', 'unlink', path);
    this.#mustBeWritable(place, 'unlink', path);
    this.#process.disk.setEntry(place.directory, place.name, null);
  }

  removeDir(path: string): void {
    this.#process.guard();
    const place = findPlace(this.#root, path, 'rmdir');
    if (place.node === null) throw hostError('ENOENT', 'rmdir', path);
    if (place.node.kind !== 'directory') throw hostError('ENOTDIR', 'rmdir', path);
    if (place.node.entries.size > 0) throw hostError('ENOTEMPTY', 'rmdir', path);
    this.#mustBeWritable(place, 'rmdir', path);
    this.#process.disk.setEntry(place.directory, place.name, null);
  }

  syncDir(path: string): Promise<void> {
    return new Promise((resolve) => {
      this.#process.guard();
      const { disk } = this.#process;
      const directory = findDirectory(this.#root, path, 'fsync');
      const { sequence } = disk;
      this.#process.afterTurns(disk.syncTurns, () => {
        disk.makeNamesDurable(directory, sequence);
        resolve();
      });
    });
  }

  /** For the fault layer: as long as a sync takes. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.#process.afterTurns(this.#process.disk.syncTurns, resolve));
  }

  lock(path: string): Lock {
    this.#process.guard();
    const place = findPlace(this.#root, path, 'lock');
    if (place.node?.kind === 'directory') throw hostError('EISDIR', 'lock', path);
    const node = place.node ?? this.#create(place, path);
    if (node.locked) throw hostError('EAGAIN', 'lock', path);
    node.locked = true;
    node.handles += 1;
    const release = this.#process.own(() => {
      node.locked = false;
      node.handles -= 1;
      this.#process.disk.releaseIfUnused(node);
    });
    return { release };
  }

  watch(path: string, changed: () => void): Watch {
    this.#process.guard();
    if (findNode(this.#root, path) === null) throw hostError('ENOENT', 'watch', path);
    return new PathWatch(this.#process, path, changed);
  }

  space(path: string): Space {
    this.#process.guard();
    const node = findNode(this.#root, path);
    if (node === null) throw hostError('ENOENT', 'statfs', path);
    const { disk } = this.#process;
    const fileSystem = node.isVolatile ? 'tmpfs' : disk.fileSystem;
    return { freeBytes: disk.freeBytes, totalBytes: disk.capacityBytes, fileSystem };
  }

  volatileDir(directory: string): string | null {
    this.#process.guard();
    const { disk } = this.#process;
    const node = findDirectory(this.#root, directory, 'volatileDir');
    if (!disk.hasVolatileDir) return null;
    const path = `/run/${node.number}`;
    if (findNode(this.#root, path) === null) this.makeDir(path);
    return path;
  }

  #create(place: Place, path: string): FileNode {
    this.#mustBeFree(place, 'open', path);
    const node = new FileNode(place.directory.isVolatile);
    this.#process.disk.setEntry(place.directory, place.name, node);
    return node;
  }

  #mustBeFree(place: Place, call: string, path: string): void {
    if (place.node !== null) throw hostError('EEXIST', call, path);
    this.#mustBeWritable(place, call, path);
    if (!place.directory.isVolatile && this.#process.disk.freeBytes === 0) throw hostError('ENOSPC', call, path);
  }

  #mustBeWritable(place: Place, call: string, path: string): void {
    if (this.#process.disk.isReadOnly && !place.directory.isVolatile) throw hostError('EROFS', call, path);
  }
}

function checkReplaces(source: Place, target: Place, from: string, to: string): void {
  if (source.node?.kind === 'directory') {
    if (target.node?.kind === 'file') throw hostError('ENOTDIR', 'rename', to);
    if (target.node?.kind === 'directory' && target.node.entries.size > 0) throw hostError('ENOTEMPTY', 'rename', to);
    if (isInside(target.directory, source.node)) throw hostError('EINVAL', 'rename', from);
  } else if (target.node?.kind === 'directory') throw hostError('EISDIR', 'rename', to);
}

function isInside(directory: DirectoryNode, ancestor: DirectoryNode): boolean {
  if (directory === ancestor) return true;
  for (const node of ancestor.entries.values()) {
    if (node.kind === 'directory' && isInside(directory, node)) return true;
  }
  return false;
}

/** What a power cut may keep of a rename: see `disk.ts`. */
function pair(given: EntryOperation, taken: EntryOperation): void {
  if (given.node?.kind === 'directory') given.requires = taken;
  else if (given.directory !== taken.directory) return;
  taken.requires = given;
}
