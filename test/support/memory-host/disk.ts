/**
 * The disk that the memory hosts share: what a machine has apart from its processes. It models, for every file and for
 * every directory, what is on the medium and what is only pending, and `powerCut` gives the disk that comes back.
 *
 * A file's bytes become durable by a sync of the file, a name by a sync of the directory. A rename is two names; within
 * one directory a cut may keep both the old name and the new (JFFS2), between directories either, both or none. The
 * rename of a directory is kept as a whole or not at all.
 */
import { MemoryClock } from './clock.ts';
import { hostError } from './host-error.ts';
import { MemoryNetwork } from './network.ts';
import {
  applyToContent,
  applyToEntries,
  DirectoryNode,
  type DiskNode,
  type EntryOperation,
  FileNode,
  type FileOperation,
  type Operation,
} from './nodes.ts';
import type { CutChoice } from './power-cut.ts';
import { MemoryProcess } from './process.ts';
import { SeededRandom } from './random.ts';
import { rebuildAfterCut } from './rebuild.ts';

export class MemoryDisk {
  readonly clock: MemoryClock;
  readonly network = new MemoryNetwork();
  readonly random: SeededRandom;
  readonly root: DirectoryNode;

  /** What the files may take together; beyond it writes and creations fail with ENOSPC. */
  capacityBytes = 2 ** 40;
  /** Every change fails with EROFS. */
  isReadOnly = false;
  /** How many turns of the loop a sync takes; what is written meanwhile is not part of it. */
  syncTurns = 1;
  /** False: `kv.open` fails with ENOTSUP. */
  hasKv = true;
  /** False: `volatileDir` gives null. */
  hasVolatileDir = true;
  fileSystem = 'ext4';

  readonly #pending = new Set<Operation>();
  readonly #processes = new Set<MemoryProcess>();
  #sequence = 0;
  #usedBytes = 0;
  #directoryNumber = 1;

  constructor(seed = 1, startMs = 1_700_000_000_000) {
    this.random = new SeededRandom(seed);
    this.clock = new MemoryClock(startMs);
    this.root = new DirectoryNode(false, 0);
    this.root.names = 1;
    const volatileRoot = new DirectoryNode(true, this.#directoryNumber++);
    this.root.entries.set('run', volatileRoot);
    this.root.durable.set('run', volatileRoot);
    volatileRoot.names = 1;
  }

  /** A new process on this machine. */
  host(): MemoryProcess {
    const process = new MemoryProcess(this);
    this.#processes.add(process);
    return process;
  }

  /** kill -9 of all processes. What they had written stays, and stays pending. */
  kill(): void {
    for (const process of this.#processes) process.kill();
    this.#processes.clear();
  }

  /** The disk that comes back after a power cut at this moment. This one goes on as if nothing had happened. */
  powerCut(choice: CutChoice): MemoryDisk {
    const disk = new MemoryDisk(this.random.next(), this.clock.now());
    disk.capacityBytes = this.capacityBytes;
    disk.syncTurns = this.syncTurns;
    disk.hasKv = this.hasKv;
    disk.hasVolatileDir = this.hasVolatileDir;
    disk.fileSystem = this.fileSystem;
    disk.#usedBytes = rebuildAfterCut(this.root, disk.root, [...this.#pending], choice, () => disk.newDirectory(false));
    return disk;
  }

  /** The operations that a power cut may lose, oldest first. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get freeBytes(): number {
    return Math.max(0, this.capacityBytes - this.#usedBytes);
  }

  newDirectory(isVolatile: boolean): DirectoryNode {
    return new DirectoryNode(isVolatile, this.#directoryNumber++);
  }

  /** Gives a name to a node, or with null takes it away. */
  setEntry(directory: DirectoryNode, name: string, node: DiskNode | null): EntryOperation {
    const before = directory.entries.get(name);
    const operation: EntryOperation = {
      kind: 'entry',
      sequence: ++this.#sequence,
      directory,
      name,
      node,
      requires: null,
    };
    applyToEntries(directory.entries, operation);
    if (node !== null) node.names += 1;
    if (before !== undefined) before.names -= 1;
    if (before?.kind === 'file') this.releaseIfUnused(before);
    if (!directory.isVolatile) {
      directory.pending.push(operation);
      this.#pending.add(operation);
    }
    notify(directory);
    return operation;
  }

  /** Writes what there is room for, and throws when that is not all. */
  write(node: FileNode, bytes: Uint8Array, position: number, path: string): void {
    const end = position + bytes.length;
    const room = Math.max(node.content.lengthBytes, node.content.lengthBytes + this.freeBytes);
    const fits = node.isVolatile || end <= room;
    const part = fits ? bytes.slice() : bytes.slice(0, Math.max(0, room - position));
    if (part.length > 0) {
      this.#change(node, { kind: 'write', sequence: ++this.#sequence, node, position, bytes: part });
    }
    if (!fits) throw hostError('ENOSPC', 'write', path);
  }

  truncate(node: FileNode, lengthBytes: number, path: string): void {
    const growth = lengthBytes - node.content.lengthBytes;
    if (!node.isVolatile && growth > this.freeBytes) throw hostError('ENOSPC', 'truncate', path);
    this.#change(node, { kind: 'truncate', sequence: ++this.#sequence, node, lengthBytes });
  }

  /** Charges a key-value store's growth, or throws. */
  charge(bytes: number, path: string): void {
    if (bytes > this.freeBytes) throw hostError('ENOSPC', 'write', path);
    this.#usedBytes += bytes;
  }

  /** Makes what was done to the file up to `sequence` durable. */
  makeBytesDurable(node: FileNode, sequence: number): void {
    const done = node.pending.filter((operation) => operation.sequence <= sequence);
    if (done.length === 0) return;
    const all = done.length === node.pending.length && node.failed.length === 0;
    if (all) node.durable = node.content.copy();
    else for (const operation of done) applyToContent(node.durable, operation);
    node.pending = all ? [] : node.pending.filter((operation) => operation.sequence > sequence);
    // Older bytes cannot come to lie over newer ones.
    const buried = node.failed.filter((failed) => done.some((operation) => overlaps(failed, operation)));
    node.failed = node.failed.filter((failed) => !buried.includes(failed));
    for (const operation of [...done, ...buried]) this.#pending.delete(operation);
  }

  /** A failed sync: the pages are marked clean all the same, so no later sync makes them durable. */
  loseBytes(node: FileNode, sequence: number): void {
    node.failed.push(...node.pending.filter((operation) => operation.sequence <= sequence));
    node.pending = node.pending.filter((operation) => operation.sequence > sequence);
  }

  /** Makes the names given and taken in the directory up to `sequence` durable. */
  makeNamesDurable(directory: DirectoryNode, sequence: number): void {
    for (const operation of directory.pending.filter((pending) => pending.sequence <= sequence)) {
      this.#makeNameDurable(operation);
      // The rename of a directory is one operation wherever it is synced.
      if (operation.requires?.requires === operation) this.#makeNameDurable(operation.requires);
    }
  }

  /** Gives the space back once nobody can reach the file. */
  releaseIfUnused(node: FileNode): void {
    if (node.names > 0 || node.handles > 0 || node.isVolatile) return;
    this.#usedBytes -= node.content.lengthBytes + (node.store?.sizeBytes ?? 0);
  }

  #change(node: FileNode, operation: FileOperation): void {
    const before = node.content.lengthBytes;
    applyToContent(node.content, operation);
    if (!node.isVolatile) {
      this.#usedBytes += node.content.lengthBytes - before;
      node.pending.push(operation);
      this.#pending.add(operation);
    }
    notify(node);
  }

  #makeNameDurable(operation: EntryOperation): void {
    if (!this.#pending.delete(operation)) return;
    const { directory } = operation;
    directory.pending = directory.pending.filter((pending) => pending !== operation);
    applyToEntries(directory.durable, operation);
  }
}

function notify(node: DiskNode): void {
  if (node.watchers === null) return;
  for (const watcher of [...node.watchers]) watcher.event(node);
}

/** A truncation concerns the whole file. */
function overlaps(a: FileOperation, b: FileOperation): boolean {
  if (a.kind === 'truncate' || b.kind === 'truncate') return true;
  return a.position < b.position + b.bytes.length && b.position < a.position + a.bytes.length;
}
