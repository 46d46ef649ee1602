/** The key-value stores of a memory process: one file in the directory holds the entries. */
import type { Kv, KvOptions, KvStore, KvWriter } from '../../../targets/host.ts';
import { hostError } from './host-error.ts';
import { KvEntries, keyBytes, keyText } from './kv-entries.ts';
import { FileNode } from './nodes.ts';
import type { MemoryProcess } from './process.ts';
import { findNode, findPlace } from './tree.ts';

const maxKeyBytes = 511;

export class MemoryKv implements Kv {
  readonly #process: MemoryProcess;

  constructor(process: MemoryProcess) {
    this.#process = process;
  }

  open(directory: string, options: KvOptions): KvStore {
    this.#process.guard();
    const { disk, files } = this.#process;
    if (!disk.hasKv) throw hostError('ENOTSUP', 'kv open', directory);
    if (files.stat(directory) === null) files.makeDir(directory);
    const node = this.#storeFile(directory);
    const entries = node.store;
    if (entries === null || entries.isDamaged) throw hostError('EINVAL', 'kv open', directory);
    if (entries.isOpen) throw hostError('EBUSY', 'kv open', directory);
    entries.markOpened();
    node.handles += 1;
    const release = this.#process.own(() => {
      entries.isOpen = false;
      node.handles -= 1;
      disk.releaseIfUnused(node);
    });
    return new MemoryKvStore(this.#process, entries, directory, options.maxBytes, release);
  }

  remove(directory: string): void {
    this.#process.guard();
    const { files } = this.#process;
    if (files.stat(directory) === null) return;
    if (files.stat(dataPath(directory)) !== null) files.remove(dataPath(directory));
    files.removeDir(directory);
  }

  #storeFile(directory: string): FileNode {
    const { disk, files } = this.#process;
    const path = dataPath(directory);
    if (findNode(disk.root, path) === null) {
      files.open(path, 'create').close();
      const created = findPlace(disk.root, path, 'kv open').node as FileNode;
      created.store = new KvEntries();
    }
    const { node } = findPlace(disk.root, path, 'kv open');
    if (!(node instanceof FileNode)) throw hostError('EINVAL', 'kv open', path);
    return node;
  }
}

function dataPath(directory: string): string {
  return `${directory}/data.mdb`;
}

class MemoryKvStore implements KvStore {
  readonly #process: MemoryProcess;
  readonly #entries: KvEntries;
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #release: () => void;
  #isClosed = false;

  constructor(process: MemoryProcess, entries: KvEntries, directory: string, maxBytes: number, release: () => void) {
    this.#process = process;
    this.#entries = entries;
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#release = release;
  }

  get(key: Uint8Array): Uint8Array | null {
    this.#mustBeOpen();
    return this.#entries.get(this.#checkedKey(key));
  }

  write(change: (writer: KvWriter) => void): void {
    this.#mustBeOpen();
    if (this.#process.disk.isReadOnly) throw hostError('EROFS', 'kv write', this.#directory);
    const sizeBefore = this.#entries.sizeBytes;
    const undo: [string, Uint8Array | null][] = [];
    let isOpen = true;
    const set = (key: Uint8Array, value: Uint8Array | null): void => {
      if (!isOpen) throw hostError('EBADF', 'kv writer', this.#directory);
      const text = this.#checkedKey(key);
      undo.push([text, this.#entries.set(text, value)]);
    };
    try {
      change({ put: (key, value) => set(key, value.slice()), remove: (key) => set(key, null) });
      if (this.#entries.sizeBytes > this.#maxBytes) throw hostError('ENOSPC', 'kv write', this.#directory);
      this.#process.disk.charge(this.#entries.sizeBytes - sizeBefore, this.#directory);
    } catch (error) {
      for (const [key, before] of undo.reverse()) this.#entries.set(key, before);
      throw error;
    } finally {
      isOpen = false;
    }
  }

  scan(from: Uint8Array, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    this.#mustBeOpen();
    const start = keyText(from);
    const keys = this.#entries.sortedKeys();
    for (let at = firstAtOrAfter(keys, start); at < keys.length; at += 1) {
      const key = keys[at] as string;
      const value = this.#entries.get(key);
      if (value !== null && !visit(keyBytes(key), value)) return;
    }
  }

  close(): void {
    this.#process.guard();
    this.#isClosed = true;
    this.#release();
  }

  #checkedKey(key: Uint8Array): string {
    if (key.length === 0 || key.length > maxKeyBytes) throw hostError('EINVAL', 'kv key', this.#directory);
    return keyText(key);
  }

  #mustBeOpen(): void {
    this.#process.guard();
    if (this.#isClosed) throw hostError('EBADF', 'kv', this.#directory);
  }
}

function firstAtOrAfter(keys: readonly string[], start: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
