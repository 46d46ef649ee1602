/** A process of the memory host: what dies by kill -9 while the disk stays. */
import type { Aes, Bytes, Clock, Host, Kv, Net, Random, Sodium, Timer } from '../../../targets/host.ts';
import type { MemoryDisk } from './disk.ts';
import { MemoryFiles } from './files.ts';
import { MemoryKv } from './kv.ts';
import { MemoryNet } from './net.ts';
import { aes, bytes, sodium } from '../platform.ts';

/** Thrown by every call of a process that was killed: no code of it can change anything any more. */
export class ProcessKilled extends Error {
  readonly code = 'EKILLED';

  constructor() {
    super('the process was killed');
    this.name = 'ProcessKilled';
  }
}

export class MemoryProcess implements Host {
  readonly disk: MemoryDisk;
  readonly files: MemoryFiles;
  readonly kv: Kv;
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly bytes: Bytes = bytes;
  readonly aes: Aes = aes;
  readonly sodium = async (): Promise<Sodium> => sodium;
  readonly #releases = new Set<() => void>();
  #isAlive = true;

  constructor(disk: MemoryDisk) {
    this.disk = disk;
    this.files = new MemoryFiles(this);
    this.kv = new MemoryKv(this);
    this.net = new MemoryNet(this);
    this.random = disk.random;
    this.clock = {
      now: () => disk.clock.now(),
      monotonic: () => disk.clock.monotonic(),
      timer: (delayMs, callback) => this.#timer(delayMs, callback),
      soon: (callback) => this.soon(callback),
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /**
   * kill -9: locks, open files and connections are gone; callbacks never come, promises under way never settle. A sync
   * under way has no effect.
   */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    for (const release of this.#releases) release();
    this.#releases.clear();
  }

  /** Every call begins with this. */
  guard(): void {
    if (!this.#isAlive) throw new ProcessKilled();
  }

  /** Registers what the kernel does for a process that ends; call the result when it was done earlier. */
  own(release: () => void): () => void {
    const once = (): void => {
      if (this.#releases.delete(once)) release();
    };
    this.#releases.add(once);
    return once;
  }

  soon(callback: () => void): void {
    if (!this.#isAlive) return;
    this.disk.clock.soon(() => {
      if (this.#isAlive) callback();
    });
  }

  afterTurns(turns: number, callback: () => void): void {
    if (turns <= 0) callback();
    else this.soon(() => this.afterTurns(turns - 1, callback));
  }

  #timer(delayMs: number, callback: () => void): Timer {
    if (!this.#isAlive) return { cancel: () => {} };
    const timer = this.disk.clock.timer(delayMs, () => {
      release();
      callback();
    });
    const release = this.own(() => timer.cancel());
    return { cancel: release };
  }
}
