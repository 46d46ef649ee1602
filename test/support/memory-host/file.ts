/** An open file of a memory process. */
import type { File } from '../../../targets/host.ts';
import { hostError } from './host-error.ts';
import type { FileNode } from './nodes.ts';
import type { MemoryProcess } from './process.ts';

export class MemoryFile implements File {
  readonly #process: MemoryProcess;
  readonly #node: FileNode;
  readonly #path: string;
  readonly #isWritable: boolean;
  readonly #release: () => void;
  #isClosed = false;

  constructor(process: MemoryProcess, node: FileNode, path: string, isWritable: boolean) {
    this.#process = process;
    this.#node = node;
    this.#path = path;
    this.#isWritable = isWritable;
    node.handles += 1;
    this.#release = process.own(() => {
      node.handles -= 1;
      process.disk.releaseIfUnused(node);
    });
  }

  lengthBytes(): number {
    this.#mustBeOpen('stat');
    return this.#node.content.lengthBytes;
  }

  read(into: Uint8Array, position: number): number {
    this.#mustBeOpen('read');
    return this.#node.content.read(into, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#mustBeWritable('write');
    this.#process.disk.write(this.#node, bytes, position, this.#path);
  }

  truncate(lengthBytes: number): void {
    this.#mustBeWritable('truncate');
    this.#process.disk.truncate(this.#node, lengthBytes, this.#path);
  }

  sync(): Promise<void> {
    return this.#settle((sequence) => this.#process.disk.makeBytesDurable(this.#node, sequence));
  }

  /** For the fault layer: a sync that fails, after which no other one makes durable what was pending. */
  failSync(code: string): Promise<void> {
    return this.#settle((sequence) => {
      this.#process.disk.loseBytes(this.#node, sequence);
      throw hostError(code, 'fdatasync', this.#path);
    });
  }

  close(): void {
    this.#process.guard();
    this.#isClosed = true;
    this.#release();
  }

  #settle(finish: (sequence: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#mustBeOpen('fdatasync');
      const { disk } = this.#process;
      const { sequence } = disk;
      this.#process.afterTurns(disk.syncTurns, () => {
        try {
          resolve(finish(sequence));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #mustBeOpen(call: string): void {
    this.#process.guard();
    if (this.#isClosed) throw hostError('EBADF', call, this.#path);
  }

  #mustBeWritable(call: string): void {
    this.#mustBeOpen(call);
    if (!this.#isWritable) throw hostError('EBADF', call, this.#path);
    if (this.#process.disk.isReadOnly && !this.#node.isVolatile) throw hostError('EROFS', call, this.#path);
  }
}
