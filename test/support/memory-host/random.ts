/** Random numbers that a seed decides: sfc32 (Chris Doty-Humphrey, PractRand), good enough and the same everywhere. */
import type { Random } from '../../../targets/host.ts';

export class SeededRandom implements Random {
  #a = 0;
  #b: number;
  #c = 0;
  #counter = 1;

  constructor(seed: number) {
    this.#b = seed | 0;
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** 0 to 2^32-1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  fill(into: Uint8Array): void {
    for (let at = 0; at < into.length; at += 1) into[at] = this.next() & 0xff;
  }
}
