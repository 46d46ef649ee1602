/**
 * The secrets that were read last, so that reading one again costs no file and no cipher; that one is not there is kept
 * as well. Bounded in number and in size, and nothing stays longer than a minute. Who may read is asked before, every
 * time; what changes a secret forgets it here before it is acknowledged.
 */
import type { Clock } from '../../../targets/host.ts';

const MOST_ENTRIES = 64;
/** Of the texts; what is made of them takes a few times as much memory. */
const MOST_LENGTH = 16_384;
const KEPT_MS = 60_000;

interface Entry<T> {
  readonly value: T | null;
  readonly length: number;
  readonly until: number;
}

export class SecretCache<T> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<T>>();
  #length = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: not known; null: known to be absent. */
  get(name: string): T | null | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.forget(name);
    if (entry.until <= this.#clock.monotonic()) return undefined;
    this.#put(name, entry);
    return entry.value;
  }

  /** `length`: of the text that the value was made from. What grows while it is kept is not kept longer for that. */
  set(name: string, value: T | null, length: number): void {
    const until = this.#entries.get(name)?.until ?? this.#clock.monotonic() + KEPT_MS;
    this.forget(name);
    if (length > MOST_LENGTH) return;
    this.#put(name, { value, length, until });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MOST_ENTRIES && this.#length <= MOST_LENGTH) break;
      this.forget(oldest);
    }
  }

  forget(name: string): void {
    this.#length -= this.#entries.get(name)?.length ?? 0;
    this.#entries.delete(name);
  }

  #put(name: string, entry: Entry<T>): void {
    this.#entries.set(name, entry);
    this.#length += entry.length;
  }
}
