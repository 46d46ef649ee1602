/**
 * The fast-changing state in memory, with every change in the journal: tokens, secret ids, wrapped replies. Values are
 * JSON, sealed before they leave; each carries the store's time of its writing, from which the clock takes its floor.
 */
import type { Bytes } from '../../targets/host.ts';
import type { Journal, JournalEntry } from '../journal.ts';
import type { Keyring } from '../sealing/keyring.ts';
import { SecretStoreError } from '../secret-store.ts';

/** Of the keys that the journal is sealed with. */
export const JOURNAL_PURPOSE = 'journal';

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

/** About 1 kB of memory each, on the device: what clients can add is bounded by this, whatever they add. */
const MOST_ENTRIES = 20_000;

/** What is set and not yet durable: what the key had before that, and gets again when it fails. */
interface Pending {
  readonly key: string;
  readonly value: unknown;
  before: unknown;
}

export class Ledger {
  readonly #parts: LedgerParts;
  /** By the part of the key up to its first `/`, so that one kind of thing is found without looking at all others. */
  readonly #kinds = new Map<string, Map<string, unknown>>();
  readonly #pending = new Set<Pending>();
  /** What was removed here, and not durably, or not yet. */
  readonly #removed = new Set<string>();
  #size = 0;
  #isClosed = false;
  #underWay: Promise<void> = Promise.resolve();
  /** The latest time that an entry is durable from: what the clock may go on at. */
  floor = 0;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /**
   * Reads the journal. What is not authentic is reported and counts as gone: the rest is served. Errors: `damaged` when
   * the journal has a hole, in which a revocation may be lost, `host-failed`.
   */
  async load(): Promise<void> {
    let damaged = 0;
    const visit = (key: string, value: Uint8Array | null): void => {
      const entry = value === null ? null : this.#open(key, value);
      if (value !== null && entry === null) damaged += 1;
      if (entry !== null) this.floor = Math.max(this.floor, entry.at);
      this.#put(key, entry?.value);
    };
    try {
      await this.#parts.journal.replay(visit);
    } catch (error) {
      if (error instanceof SecretStoreError) throw error;
      const reason = error instanceof Error ? error.message : '';
      const isDamaged = error instanceof Error && 'code' in error && error.code === 'damaged';
      throw new SecretStoreError(isDamaged ? 'damaged' : 'host-failed', `the journal cannot be read: ${reason}`, {
        cause: error,
      });
    }
    if (damaged > 0) this.#parts.report(`journal: ${damaged} entries are not authentic and were passed over`);
  }

  get(key: string): unknown {
    return this.#kinds.get(kindOf(key))?.get(key);
  }

  /** Entries whose key begins so, oldest change first. The prefix has a `/` in it. */
  *entries(prefix: string): Generator<readonly [key: string, value: unknown]> {
    const isKind = prefix.indexOf('/') === prefix.length - 1;
    for (const entry of this.#kinds.get(kindOf(prefix)) ?? []) if (isKind || entry[0].startsWith(prefix)) yield entry;
  }

  /** How many there are whose key begins with these letters and a `/`, such as `token/`. */
  count(kind: string): number {
    return this.#kinds.get(kind)?.size ?? 0;
  }

  /** The first parts of all keys: `token/`. */
  kinds(): string[] {
    return [...this.#kinds.keys()];
  }

  /**
   * Changes all at once, here at once and durably when it resolves. When that fails, all is as it was before; but when
   * something was only removed, it stays away: nobody gets more than was acknowledged. Errors: `host-failed`, `sealed`,
   * `busy` when there is too much of everything.
   */
  async change(changes: readonly Change[]): Promise<void> {
    if (this.#isClosed) throw new SecretStoreError('sealed', 'Vault is sealed');
    const added = changes.filter(([key, value]) => value !== null && this.get(key) === undefined);
    if (added.length > 0 && this.#size + added.length > MOST_ENTRIES) {
      throw new SecretStoreError('busy', 'too many tokens and secret ids', { retryAfterMs: 60_000 });
    }
    const at = this.#parts.now();
    const entries = changes.map(([key, value]) => this.#seal(key, value, at));
    const pending = changes.map(([key, value]) => ({ key, value: value ?? undefined, before: this.get(key) }));
    for (const one of pending) {
      this.#put(one.key, one.value);
      this.#pending.add(one);
      if (one.value === undefined) this.#removed.add(one.key);
    }
    try {
      await this.#append(entries);
      for (const { key } of pending) this.#removed.delete(key);
      if (pending.some(({ value }) => value !== undefined)) this.floor = Math.max(this.floor, at);
    } catch (error) {
      if (!pending.every(({ value }) => value === undefined)) for (const one of pending) this.#revert(one);
      throw new SecretStoreError('host-failed', 'the journal cannot be written', { cause: error });
    } finally {
      for (const one of pending) this.#pending.delete(one);
    }
  }

  /**
   * Whoever finds that something is gone may say so when this resolves: its removal may be under way still, or may have
   * failed. Errors: as `change`.
   */
  async flush(): Promise<void> {
    if (this.#removed.size > 0) await this.change([...this.#removed].map((key) => [key, null] as const));
  }

  /** Takes no more changes; resolves when those under way have ended, so that another ledger can read them. */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#underWay;
  }

  #append(entries: readonly JournalEntry[]): Promise<void> {
    const appended = this.#parts.journal.append(entries);
    // What each of them has come to is forgotten: else it would be kept with what all before it have come to.
    this.#underWay = Promise.allSettled([this.#underWay, appended]).then(() => undefined);
    return appended;
  }

  /** Whoever has changed it since goes back to what was before this one, should it fail as well. */
  #revert({ key, value, before }: Pending): void {
    for (const later of this.#pending) if (later.key === key && later.before === value) later.before = before;
    if (this.get(key) !== value) return;
    this.#put(key, before);
    if (before !== undefined) this.#removed.delete(key);
  }

  #put(key: string, value: unknown): void {
    const kind = kindOf(key);
    const values = this.#kinds.get(kind) ?? new Map<string, unknown>();
    if (values.delete(key)) this.#size -= 1;
    if (value !== undefined) {
      values.set(key, value);
      this.#size += 1;
    }
    if (values.size > 0) this.#kinds.set(kind, values);
    else this.#kinds.delete(kind);
  }

  #seal(key: string, value: unknown, at: number): JournalEntry {
    if (value === null) return { key, value: null };
    const { bytes, keyring } = this.#parts;
    return { key, value: keyring.seal(JOURNAL_PURPOSE, key, bytes.encodeUtf8(JSON.stringify({ at, value }))) };
  }

  #open(key: string, sealed: Uint8Array): { readonly at: number; readonly value: unknown } | null {
    try {
      return JSON.parse(this.#parts.bytes.decodeUtf8(this.#parts.keyring.open(JOURNAL_PURPOSE, key, sealed)));
    } catch (error) {
      if (error instanceof SecretStoreError && error.code === 'sealed') throw error;
      return null;
    }
  }
}

function kindOf(key: string): string {
  return key.slice(0, key.indexOf('/') + 1);
}
