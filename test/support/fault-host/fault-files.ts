/** The files of a fault host. */
import type { File, Files, FileStat, Lock, OpenMode, Space, Watch } from '../../../targets/host.ts';
import type { MemoryFile } from '../memory-host/file.ts';
import type { MemoryFiles } from '../memory-host/files.ts';
import type { FaultHost } from './fault-host.ts';
import { hostError } from './plan.ts';

export class FaultFiles implements Files {
  readonly #host: FaultHost;
  readonly #files: MemoryFiles;

  constructor(host: FaultHost, files: MemoryFiles) {
    this.#host = host;
    this.#files = files;
  }

  open(path: string, mode: OpenMode): File {
    const name = mode.startsWith('create') ? 'create' : 'open';
    return new FaultFile(
      this.#host,
      this.#host.call(name, path, () => this.#files.open(path, mode)),
      path,
    );
  }

  stat(path: string): FileStat | null {
    return this.#host.call('stat', path, () => this.#files.stat(path));
  }

  list(directory: string): string[] {
    return this.#host.call('list', directory, () => this.#files.list(directory));
  }

  makeDir(path: string): void {
    this.#host.call('makeDir', path, () => this.#files.makeDir(path));
  }

  rename(from: string, to: string): void {
    this.#host.call('rename', `${from} -> ${to}`, () => this.#files.rename(from, to));
  }

  remove(path: string): void {
    this.#host.call('remove', path, () => this.#files.remove(path));
  }

  removeDir(path: string): void {
    this.#host.call('removeDir', path, () => this.#files.removeDir(path));
  }

  syncDir(path: string): Promise<void> {
    const fail = async (code: string): Promise<void> => {
      await this.#files.turn();
      throw hostError(code, 'syncDir', path);
    };
    return this.#host.callLater('syncDir', path, () => this.#files.syncDir(path), fail);
  }

  lock(path: string): Lock {
    return this.#host.call('lock', path, () => this.#files.lock(path));
  }

  watch(path: string, changed: () => void): Watch {
    return this.#host.call('watch', path, () => this.#files.watch(path, changed));
  }

  space(path: string): Space {
    return this.#host.call('space', path, () => this.#files.space(path));
  }

  volatileDir(directory: string): string | null {
    return this.#host.call('volatileDir', directory, () => this.#files.volatileDir(directory));
  }
}

class FaultFile implements File {
  readonly #host: FaultHost;
  readonly #file: MemoryFile;
  readonly #path: string;

  constructor(host: FaultHost, file: MemoryFile, path: string) {
    this.#host = host;
    this.#file = file;
    this.#path = path;
  }

  lengthBytes(): number {
    return this.#host.call('lengthBytes', this.#path, () => this.#file.lengthBytes());
  }

  read(into: Uint8Array, position: number): number {
    return this.#host.call('read', this.#path, () => this.#file.read(into, position));
  }

  write(bytes: Uint8Array, position: number): void {
    const outcome = this.#host.begin('write', this.#path);
    if (outcome === null) return this.#file.write(bytes, position);
    if (outcome.kind === 'short-write') this.#file.write(bytes.subarray(0, outcome.writtenBytes), position);
    throw hostError(outcome.code, 'write', this.#path);
  }

  truncate(lengthBytes: number): void {
    this.#host.call('truncate', this.#path, () => this.#file.truncate(lengthBytes));
  }

  sync(): Promise<void> {
    const fail = (code: string): Promise<void> => this.#file.failSync(code);
    return this.#host.callLater('sync', this.#path, () => this.#file.sync(), fail);
  }

  /** close(2) gives nothing to act upon, so it does not fail; but the power may go before it. */
  close(): void {
    this.#host.begin('close', this.#path);
    this.#file.close();
  }
}
