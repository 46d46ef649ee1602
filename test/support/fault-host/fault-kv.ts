/** The key-value store of a fault host. */
import type { Kv, KvOptions, KvStore, KvWriter } from '../../../targets/host.ts';
import type { FaultHost } from './fault-host.ts';

export class FaultKv implements Kv {
  readonly #host: FaultHost;
  readonly #kv: Kv;

  constructor(host: FaultHost, kv: Kv) {
    this.#host = host;
    this.#kv = kv;
  }

  open(directory: string, options: KvOptions): KvStore {
    const store = this.#host.call('kv.open', directory, () => this.#kv.open(directory, options));
    return new FaultKvStore(this.#host, store, directory);
  }

  remove(directory: string): void {
    this.#host.call('kv.remove', directory, () => this.#kv.remove(directory));
  }
}

class FaultKvStore implements KvStore {
  readonly #host: FaultHost;
  readonly #store: KvStore;
  readonly #directory: string;

  constructor(host: FaultHost, store: KvStore, directory: string) {
    this.#host = host;
    this.#store = store;
    this.#directory = directory;
  }

  get(key: Uint8Array): Uint8Array | null {
    return this.#host.call('kv.get', this.#directory, () => this.#store.get(key));
  }

  write(change: (writer: KvWriter) => void): void {
    this.#host.call('kv.write', this.#directory, () => this.#store.write(change));
  }

  scan(from: Uint8Array, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    this.#host.call('kv.scan', this.#directory, () => this.#store.scan(from, visit));
  }

  close(): void {
    this.#host.begin('kv.close', this.#directory);
    this.#store.close();
  }
}
