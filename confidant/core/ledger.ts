/**
 * The fast-changing state in memory, with every change in the journal: tokens, secret ids, wrapped replies. Values are
 * JSON, sealed before they leave; each carries the store's time of its writing, from which the clock takes its floor.
 */
import type { Bytes } from '../../targets/host.ts';
import type { Journal, JournalEntry } from '../journal.ts';
import type { Keyring } from '../sealing/keyring.ts';
import { SecretStoreError } from '../secret-store.ts';

const PURPOSE = 'journal';

export interface LedgerParts {
  readonly journal: Journal;
  readonly bytes: Bytes;
  readonly keyring: Keyring;
  /** The store's time in ms; 0 until what is journalled has told its floor. */
  readonly now: () => number;
  readonly report: (line: string) => void;
}

/** What is changed in one step; null: removed. */
export type Change = readonly [key: string, value: unknown];

export class Ledger {
  readonly #parts: LedgerParts;
  readonly #values = new Map<string, unknown>();
  /** The latest time that any entry was written at. */
  floor = 0;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** Reads the journal. What is damaged is reported and counts as gone: the rest is served. */
  async load(): Promise<void> {
    let damaged = 0;
    await this.#parts.journal.replay((key, value) => {
      this.#values.delete(key);
      if (value === null) return;
      const entry = this.#open(key, value);
      if (entry === null) damaged += 1;
      else {
        this.floor = Math.max(this.floor, entry.at);
        this.#values.set(key, entry.value);
      }
    });
    if (damaged > 0) this.#parts.report(`journal: ${damaged} entries are not authentic and were passed over`);
  }

  get(key: string): unknown {
    return this.#values.get(key);
  }

  /** Entries whose key begins so, oldest change first. */
  *entries(prefix: string): Generator<readonly [key: string, value: unknown]> {
    for (const entry of this.#values) if (entry[0].startsWith(prefix)) yield entry;
  }

  /**
   * Changes all at once, here at once and durably when it resolves. When that fails, what was set is as it was before,
   * and what was removed stays away: nobody gets more than was acknowledged. Errors: `host-failed`.
   */
  async change(changes: readonly Change[]): Promise<void> {
    const before = changes.map(([key]) => [key, this.#values.get(key)] as const);
    for (const [key, value] of changes) this.#put(key, value);
    try {
      await this.#parts.journal.append(changes.map(([key, value]) => this.#seal(key, value)));
    } catch (error) {
      changes.forEach(([key, value], i) => {
        if (value !== null && this.#values.get(key) === value) this.#put(key, before[i]?.[1] ?? null);
      });
      throw new SecretStoreError('host-failed', 'the journal cannot be written', { cause: error });
    }
  }

  #put(key: string, value: unknown): void {
    this.#values.delete(key);
    if (value !== null) this.#values.set(key, value);
  }

  #seal(key: string, value: unknown): JournalEntry {
    if (value === null) return { key, value: null };
    const { bytes, keyring, now } = this.#parts;
    return { key, value: keyring.seal(PURPOSE, key, bytes.encodeUtf8(JSON.stringify({ at: now(), value }))) };
  }

  #open(key: string, sealed: Uint8Array): { readonly at: number; readonly value: unknown } | null {
    try {
      return JSON.parse(this.#parts.bytes.decodeUtf8(this.#parts.keyring.open(PURPOSE, key, sealed)));
    } catch {
      return null;
    }
  }
}
