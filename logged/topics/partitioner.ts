/**
 * Chooses the partition of a record as Kafka's own clients do, so that a key lands where Kafka would put it and a topic
 * can move to a real Kafka later. For the file log; other implementations of the contract leave the choice to Kafka.
 */
import type { Random } from '../../targets/host.ts';

/** Kafka's `toPositive(murmur2(key)) % partitions`. */
export function partitionForKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

/** MurmurHash2, 32 bits, with Kafka's seed; a signed number, as in Java. */
export function murmur2(bytes: Uint8Array): number {
  const m = 0x5bd1e995;
  const length = bytes.length;
  let hash = 0x9747b28c ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    k = Math.imul(k, m);
    k = Math.imul(k ^ (k >>> 24), m);
    hash = Math.imul(hash, m) ^ k;
  }
  if (at < length) {
    for (let shift = 0; at < length; at += 1, shift += 8) hash ^= bytes[at]! << shift;
    hash = Math.imul(hash, m);
  }
  hash = Math.imul(hash ^ (hash >>> 13), m);
  return hash ^ (hash >>> 15);
}

/** As Kafka's default `batch.size`. */
const DEFAULT_STICKY_BYTES = 16384;

/**
 * Places the records of one topic that have neither key nor partition: all to one partition until it was given
 * `stickyBytes`, then to another one, chosen at random. Batches stay large and the partitions fill evenly.
 */
export class StickyPartitioner {
  readonly #random: Random;
  readonly #stickyBytes: number;
  readonly #drawn = new Uint8Array(4);
  #partition = -1;
  #givenBytes = 0;

  constructor(random: Random, stickyBytes: number = DEFAULT_STICKY_BYTES) {
    this.#random = random;
    this.#stickyBytes = stickyBytes;
  }

  /** The partition for a record of `recordBytes`; the number of partitions may grow from call to call. */
  next(partitions: number, recordBytes: number): number {
    if (partitions === 1) return 0;
    if (this.#partition < 0) this.#partition = this.#draw(partitions);
    else if (this.#givenBytes >= this.#stickyBytes) {
      this.#partition = (this.#partition + 1 + this.#draw(partitions - 1)) % partitions;
      this.#givenBytes = 0;
    }
    this.#givenBytes += recordBytes;
    return this.#partition;
  }

  #draw(below: number): number {
    this.#random.fill(this.#drawn);
    let drawn = 0;
    for (const byte of this.#drawn) drawn = drawn * 256 + byte;
    return drawn % below;
  }
}
