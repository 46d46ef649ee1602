/**
 * Where the table of keys goes when memory is full: the host's key-value store, in a directory that is nobody else's and
 * is thrown away afterwards. Nothing depends on it: where it cannot be had or fails, compaction makes several passes.
 */
import type { Host, KvStore } from '../../../targets/host.ts';
import { hostCode } from '../../storage/host-failure.ts';
import { getU64, setU64 } from '../../storage/format/u64.ts';
import type { KeyHash } from './key-hash.ts';
import type { KeyTable } from './key-table.ts';
import type { Pace } from '../pace.ts';

const MOST_BYTES = 256 * 1024 * 1024;
/** Not worth beginning with less. */
const LEAST_BYTES = 1024 * 1024;
const PUTS_PER_SLICE = 512;
/** Roughly what an entry takes. */
const ENTRY_BYTES = 64;

/** The store failed; what it was for has to be done without it. */
export class SpillFailed extends Error {
  constructor(cause: unknown) {
    super(`the store that compaction spills to failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.name = 'SpillFailed';
  }
}

export class Spill {
  readonly #host: Host;
  readonly #directory: string;
  readonly #store: KvStore;
  readonly #key = new Uint8Array(16);
  readonly #keyView = new DataView(this.#key.buffer);
  readonly #value = new Uint8Array(8);
  readonly #valueView = new DataView(this.#value.buffer);

  private constructor(host: Host, directory: string, store: KvStore) {
    this.#host = host;
    this.#directory = directory;
    this.#store = store;
  }

  /** An empty store, on the file system that also holds `neighbour`. Throws `SpillFailed`. */
  static open(host: Host, directory: string, neighbour: string): Spill {
    return failing(() => {
      const maxBytes = Math.min(MOST_BYTES, Math.floor(host.files.space(neighbour).freeBytes / 2));
      if (maxBytes < LEAST_BYTES) throw new SpillFailed(`${maxBytes} bytes may be taken, want ${LEAST_BYTES}`);
      host.kv.remove(directory);
      return new Spill(host, directory, host.kv.open(directory, { maxBytes }));
    });
  }

  /** Takes over all that is in the table, newer values for older ones. Throws `SpillFailed`, `Cancelled`. */
  async take(table: KeyTable, pace: Pace): Promise<void> {
    for (let at = table.nextUsed(0); at >= 0; ) {
      at = this.#takeSome(table, at);
      if (pace.spend(PUTS_PER_SLICE * ENTRY_BYTES)) await pace.rest();
    }
  }

  #takeSome(table: KeyTable, from: number): number {
    let at = from;
    failing(() =>
      this.#store.write((writer) => {
        for (let puts = 0; puts < PUTS_PER_SLICE && at >= 0; puts++) {
          table.writeHash(at, this.#keyView);
          setU64(this.#valueView, 0, table.value(at));
          writer.put(this.#key, this.#value);
          at = table.nextUsed(table.behind(at));
        }
      }),
    );
    return at;
  }

  /** The key's value or -1. Throws `SpillFailed`. */
  find(hash: KeyHash): number {
    this.#keyView.setInt32(0, hash.a, false);
    this.#keyView.setInt32(4, hash.b, false);
    this.#keyView.setInt32(8, hash.c, false);
    this.#keyView.setInt32(12, hash.d | 1, false);
    const value = failing(() => this.#store.get(this.#key));
    if (value === null) return -1;
    this.#value.set(value);
    return getU64(this.#valueView, 0);
  }

  /** Throws the store away. */
  close(): void {
    try {
      this.#store.close();
      this.#host.kv.remove(this.#directory);
    } catch (error) {
      // It is removed before the next one is opened.
      if (hostCode(error) === '') throw error;
    }
  }
}

function failing<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof SpillFailed || hostCode(error) === '') throw error;
    throw new SpillFailed(error);
  }
}
