/**
 * A key's place in the tables of compaction: 127 bits that stand for the key. Two keys with the same hash would be taken
 * for one and a record be lost, so it must not happen: not by chance (2^30 keys: below 2^-67), and not because somebody
 * chose the keys. Hence a keyed function, with a new random key for every compaction: Chaskey (Mouha et al., 2014; ISO/IEC
 * 29192-6), a MAC of 128 bits out of additions, rotations and exclusive ors of 32-bit words, made for small processors.
 */
import type { Random } from '../../../targets/host.ts';

const ROUNDS = 8;
const BLOCK_BYTES = 16;

/** The hash of the key hashed last is in `a` to `d`, as signed words. */
export class KeyHash {
  a = 0;
  b = 0;
  c = 0;
  d = 0;

  readonly #key: Int32Array;
  /** For a last block that is full, and for one that is not. */
  readonly #full: Int32Array;
  readonly #padded: Int32Array;
  readonly #block = new Uint8Array(BLOCK_BYTES);

  constructor(key: Int32Array) {
    this.#key = key;
    this.#full = timesTwo(key);
    this.#padded = timesTwo(this.#full);
  }

  static random(random: Random): KeyHash {
    const bytes = new Uint8Array(BLOCK_BYTES);
    random.fill(bytes);
    return new KeyHash(Int32Array.from([0, 4, 8, 12], (at) => wordAt(bytes, at)));
  }

  /** Hashes the key that is in `from`, `start` included and `end` excluded. */
  hash(from: Uint8Array, start: number, end: number): void {
    this.#start(this.#key);
    let at = start;
    for (; at + BLOCK_BYTES < end; at += BLOCK_BYTES) {
      this.#absorb(from, at);
      this.#permute();
    }
    const isFull = at + BLOCK_BYTES === end;
    if (isFull) this.#absorb(from, at);
    else this.#absorb(this.#pad(from, at, end), 0);
    const last = isFull ? this.#full : this.#padded;
    this.#xor(last);
    this.#permute();
    this.#xor(last);
  }

  #pad(from: Uint8Array, at: number, end: number): Uint8Array {
    const block = this.#block.fill(0);
    for (let i = at; i < end; i++) block[i - at] = from[i] as number;
    block[end - at] = 1;
    return block;
  }

  #start(words: Int32Array): void {
    this.a = words[0] as number;
    this.b = words[1] as number;
    this.c = words[2] as number;
    this.d = words[3] as number;
  }

  #xor(words: Int32Array): void {
    this.a ^= words[0] as number;
    this.b ^= words[1] as number;
    this.c ^= words[2] as number;
    this.d ^= words[3] as number;
  }

  #absorb(from: Uint8Array, at: number): void {
    this.a ^= wordAt(from, at);
    this.b ^= wordAt(from, at + 4);
    this.c ^= wordAt(from, at + 8);
    this.d ^= wordAt(from, at + 12);
  }

  #permute(): void {
    let { a, b, c, d } = this;
    for (let round = 0; round < ROUNDS; round++) {
      a = (a + b) | 0;
      c = (c + d) | 0;
      b = ((b << 5) | (b >>> 27)) ^ a;
      d = ((d << 8) | (d >>> 24)) ^ c;
      a = (((a << 16) | (a >>> 16)) + d) | 0;
      c = (c + b) | 0;
      b = ((b << 7) | (b >>> 25)) ^ c;
      d = ((d << 13) | (d >>> 19)) ^ a;
      c = (c << 16) | (c >>> 16);
    }
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
  }
}

function wordAt(from: Uint8Array, at: number): number {
  return (
    (from[at] as number) |
    ((from[at + 1] as number) << 8) |
    ((from[at + 2] as number) << 16) |
    ((from[at + 3] as number) << 24)
  );
}

/** Multiplies by x in the field of 2^128 elements with the polynomial x^128 + x^7 + x^2 + x + 1. */
function timesTwo(words: Int32Array): Int32Array {
  const [a = 0, b = 0, c = 0, d = 0] = words;
  return Int32Array.of(
    (a << 1) ^ (d < 0 ? 0x87 : 0),
    (b << 1) | (a >>> 31),
    (c << 1) | (b >>> 31),
    (d << 1) | (c >>> 31),
  );
}
