/**
 * What the store asks of whoever keeps its fast-changing state (tokens, secret ids, uses, lock-outs): a file per change
 * would wear the flash, so changes are appended. In the service the commit log's compacted topic does it, in tests an
 * array. Types only.
 *
 * A key names one thing; only its newest value counts, null: the thing is gone. Keys are no secrets (they are made of
 * keyed hashes), values are sealed by the store before they get here.
 */
export interface Journal {
  /** Visits what is there, oldest first, at the start; a key may come more than once, its last value counts. */
  replay(visit: (key: string, value: Uint8Array | null) => void): Promise<void>;

  /** Resolves when all entries are durable; a power cut before that may leave any first part of them. */
  append(entries: readonly JournalEntry[]): Promise<void>;
}

export interface JournalEntry {
  readonly key: string;
  readonly value: Uint8Array | null;
}
