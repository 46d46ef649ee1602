/**
 * The bytes of a file, shared with its copies until one of them writes: a crash matrix copies the disk at every call,
 * and most files are only ever appended to. Appending beyond what any copy can see needs no new buffer.
 */
export class Content {
  #buffer: Uint8Array;
  #lengthBytes: number;
  /** Below this position the buffer is shared; only the one that allocated it may write, and only above. */
  #sharedBytes: number;

  constructor() {
    this.#buffer = new Uint8Array(0);
    this.#lengthBytes = 0;
    this.#sharedBytes = 0;
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  copy(): Content {
    const copy = new Content();
    copy.#buffer = this.#buffer;
    copy.#lengthBytes = this.#lengthBytes;
    copy.#sharedBytes = Number.POSITIVE_INFINITY;
    this.#sharedBytes = Math.max(this.#sharedBytes, this.#lengthBytes);
    return copy;
  }

  read(into: Uint8Array, position: number): number {
    const end = Math.min(this.#lengthBytes, position + into.length);
    if (end <= position) return 0;
    into.set(this.#buffer.subarray(position, end));
    return end - position;
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return;
    this.#makeOwn(Math.min(position, this.#lengthBytes), position + bytes.length);
    if (position > this.#lengthBytes) this.#buffer.fill(0, this.#lengthBytes, position);
    this.#buffer.set(bytes, position);
    this.#lengthBytes = Math.max(this.#lengthBytes, position + bytes.length);
  }

  truncate(lengthBytes: number): void {
    if (lengthBytes > this.#lengthBytes) {
      this.#makeOwn(this.#lengthBytes, lengthBytes);
      this.#buffer.fill(0, this.#lengthBytes, lengthBytes);
    }
    this.#lengthBytes = lengthBytes;
  }

  /** A copy of the bytes, for tests to compare. */
  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#lengthBytes);
  }

  #makeOwn(from: number, end: number): void {
    if (from >= this.#sharedBytes && end <= this.#buffer.length) return;
    const grown = end <= this.#buffer.length ? this.#buffer.length : Math.max(64, end, 2 * this.#buffer.length);
    const buffer = new Uint8Array(grown);
    buffer.set(this.#buffer.subarray(0, this.#lengthBytes));
    this.#buffer = buffer;
    this.#sharedBytes = 0;
  }
}
