/** The entries of a key-value store of the memory host. Keys are strings of one character per byte: same order. */
export class KvEntries {
  /** A power cut can leave a store that cannot be opened again. */
  readonly isDamaged: boolean;
  isOpen = false;
  #values: Map<string, Uint8Array>;
  /** What a power cut may leave: the values when the store was last opened. */
  #stale: Map<string, Uint8Array>;
  #sortedKeys: string[] | null = null;
  #sizeBytes = 0;

  constructor(values = new Map<string, Uint8Array>(), isDamaged = false) {
    this.#values = values;
    this.#stale = new Map(values);
    this.isDamaged = isDamaged;
    for (const [key, value] of values) this.#sizeBytes += key.length + value.length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  markOpened(): void {
    this.isOpen = true;
    this.#stale = new Map(this.#values);
  }

  get(key: string): Uint8Array | null {
    return this.#values.get(key)?.slice() ?? null;
  }

  /** Null removes. Returns the value that was there before. */
  set(key: string, value: Uint8Array | null): Uint8Array | null {
    const before = this.#values.get(key) ?? null;
    if ((before === null) !== (value === null)) {
      this.#sortedKeys = null;
      this.#sizeBytes += value === null ? -key.length : key.length;
    }
    this.#sizeBytes += (value?.length ?? 0) - (before?.length ?? 0);
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
    return before;
  }

  sortedKeys(): readonly string[] {
    this.#sortedKeys ??= [...this.#values.keys()].sort((a, b) => (a < b ? -1 : 1));
    return this.#sortedKeys;
  }

  /** The store as it may come back. */
  afterPowerCut(outcome: 'kept' | 'stale' | 'damaged'): KvEntries {
    return new KvEntries(new Map(outcome === 'stale' ? this.#stale : this.#values), outcome === 'damaged');
  }
}

export function keyText(key: Uint8Array): string {
  let text = '';
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
}

export function keyBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
