/** Which records go: one bit per record. */
export class Drops {
  #bits: Uint8Array;

  constructor(bytes: number) {
    this.#bits = new Uint8Array(bytes);
  }

  get capacity(): number {
    return this.#bits.length * 8;
  }

  grow(): void {
    const larger = new Uint8Array(this.#bits.length * 2);
    larger.set(this.#bits);
    this.#bits = larger;
  }

  clear(): void {
    this.#bits.fill(0);
  }

  has(bit: number): boolean {
    return ((this.#bits[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
  }

  add(bit: number): void {
    const at = bit >>> 3;
    this.#bits[at] = (this.#bits[at] as number) | (1 << (bit & 7));
  }
}
