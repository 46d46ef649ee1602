/**
 * A map from hashed keys to a number each, in one piece of memory of fixed size: open addressing with linear probing,
 * 24 bytes a slot. A key's slot follows from the place of its hash in the range that the table is for, so a walk over
 * the slots meets the keys in nearly the order of their hashes.
 *
 * A slot is six words: the hash, the last of its words odd to tell it from an empty slot, and the value as high and low.
 */
import type { KeyHash } from './key-hash.ts';

const SLOT_WORDS = 6;
const SLOT_BYTES = SLOT_WORDS * 4;
const LEAST_SLOTS = 64;
/** Beyond it the ways to a free slot become long. */
const MOST_FULL = 0.8;
const HIGH = 0x1_0000_0000;

/** Hashes by their first word, `from` included and `to` excluded. */
export interface HashRange {
  readonly from: number;
  readonly to: number;
}

export const ALL_HASHES: HashRange = { from: 0, to: HIGH };

export const inRange = (range: HashRange, hash: KeyHash): boolean => {
  const first = hash.a >>> 0;
  return first >= range.from && first < range.to;
};

/** How much memory to give a table: no more than `memoryBytes`, and no more than so many keys need. */
export function tableBytes(memoryBytes: number, mostKeys: number): number {
  const wanted = Math.min(Math.floor(memoryBytes / SLOT_BYTES), Math.ceil(mostKeys / MOST_FULL));
  return Math.max(LEAST_SLOTS, wanted) * SLOT_BYTES;
}

export class KeyTable {
  size = 0;

  readonly #range: HashRange;
  readonly #words: Uint32Array;
  readonly #slots: number;
  readonly #slotsPerHash: number;

  /** An empty table in memory of `tableBytes`, which may have been used before. */
  constructor(range: HashRange, words: Uint32Array) {
    this.#range = range;
    this.#words = words.fill(0);
    this.#slots = words.length / SLOT_WORDS;
    this.#slotsPerHash = this.#slots / (range.to - range.from);
  }

  /** Where the key's value is, or -1. Good until the next `clear`. */
  find(hash: KeyHash): number {
    const at = this.#seek(hash);
    return this.#words[at + 3] === 0 ? -1 : at;
  }

  /** Where the key's value is to be, 0 at first; -1 when there is no room for another key. */
  findOrAdd(hash: KeyHash): number {
    const at = this.#seek(hash);
    const words = this.#words;
    if (words[at + 3] !== 0) return at;
    if (this.size >= this.#slots * MOST_FULL) return -1;
    words[at] = hash.a;
    words[at + 1] = hash.b;
    words[at + 2] = hash.c;
    words[at + 3] = hash.d | 1;
    this.size++;
    return at;
  }

  high(at: number): number {
    return this.#words[at + 4] as number;
  }

  low(at: number): number {
    return this.#words[at + 5] as number;
  }

  set(at: number, high: number, low: number): void {
    this.#words[at + 4] = high;
    this.#words[at + 5] = low;
  }

  /** The value as one number below 2^53. */
  value(at: number): number {
    return this.high(at) * HIGH + this.low(at);
  }

  setValue(at: number, value: number): void {
    this.set(at, Math.floor(value / HIGH), value % HIGH);
  }

  /** The first slot in use at or behind `from`, or -1: a walk begins at 0 and goes on behind what it was given. */
  nextUsed(from: number): number {
    for (let at = from; at < this.#words.length; at += SLOT_WORDS) if (this.#words[at + 3] !== 0) return at;
    return -1;
  }

  /** Where the slot behind this one is. */
  behind(at: number): number {
    return at + SLOT_WORDS;
  }

  /** Writes the hash as 16 bytes whose order is that of the hashes. */
  writeHash(at: number, into: DataView): void {
    for (let i = 0; i < 4; i++) into.setUint32(i * 4, this.#words[at + i] as number, false);
  }

  clear(): void {
    this.#words.fill(0);
    this.size = 0;
  }

  #seek(hash: KeyHash): number {
    const words = this.#words;
    const { a, b, c, d } = hash;
    let at = Math.floor(((a >>> 0) - this.#range.from) * this.#slotsPerHash) * SLOT_WORDS;
    while (
      words[at + 3] !== 0 &&
      (words[at + 3] !== (d | 1) >>> 0 ||
        words[at] !== a >>> 0 ||
        words[at + 1] !== b >>> 0 ||
        words[at + 2] !== c >>> 0)
    ) {
      at += SLOT_WORDS;
      if (at === words.length) at = 0;
    }
    return at;
  }
}
