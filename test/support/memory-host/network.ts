/** The loopback network of a memory disk's world: who listens where, and the pipes between two ends. */
import type { Connection, NetAddress } from '../../../targets/host.ts';

const firstFreePort = 49152;

export interface MemoryListener {
  readonly address: NetAddress;
  accept(incoming: Pipe, outgoing: Pipe, remote: NetAddress): Connection;
}

export class MemoryNetwork {
  readonly #listeners = new Map<number, MemoryListener>();
  #nextPort = firstFreePort;

  freePort(): number {
    while (this.#listeners.has(this.#nextPort)) this.#nextPort += 1;
    return this.#nextPort++;
  }

  listenerAt(port: number): MemoryListener | null {
    return this.#listeners.get(port) ?? null;
  }

  add(listener: MemoryListener): void {
    this.#listeners.set(listener.address.port, listener);
  }

  remove(listener: MemoryListener): void {
    this.#listeners.delete(listener.address.port);
  }
}

/** One direction of a connection. */
export class Pipe {
  readonly chunks: Uint8Array[] = [];
  bufferedBytes = 0;
  isEnded = false;
  isReset = false;
  #waiting: (() => void)[] = [];

  /** Calls back once, when anything has changed that a reader or a writer may be waiting for. */
  whenChanged(wake: () => void): void {
    this.#waiting.push(wake);
  }

  push(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.bufferedBytes += bytes.length;
    this.#wake();
  }

  shift(): Uint8Array | null {
    const bytes = this.chunks.shift();
    if (bytes === undefined) return null;
    this.bufferedBytes -= bytes.length;
    this.#wake();
    return bytes;
  }

  end(): void {
    this.isEnded = true;
    this.#wake();
  }

  reset(): void {
    this.isReset = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
