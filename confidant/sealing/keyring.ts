/**
 * The keys that everything is sealed with, in memory while the store is unsealed. Two are random: the data keys, of which
 * the newest seals and all of them open, and the key of the keyed hashes, which never changes. What is used are keys
 * derived of them, one for each purpose: the BLAKE2b of the purpose's name under the random key.
 */
import { SecretStoreError } from '../secret-store.ts';
import { Envelope, type EnvelopeKeys, sealEnvelope, type Tools } from './envelope.ts';

export const KEY_BYTES = 32;

export interface DataKey {
  /** 1 and up. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly key: Uint8Array;
}

/** What the keyring's file holds. */
export interface KeyringContent {
  /** Ascending ids; at least one. */
  readonly keys: readonly DataKey[];
  readonly macKey: Uint8Array;
}

/** One for the life of a store: it refuses with `sealed` while there are no keys in it. */
export class Keyring {
  readonly #tools: Tools;
  readonly #derived = new Map<string, Uint8Array>();
  #content: KeyringContent | null = null;

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  get currentKeyId(): number {
    return this.currentKey.id;
  }

  get currentKey(): Pick<DataKey, 'id' | 'createdAt'> {
    const newest = this.#loaded.keys.at(-1);
    if (newest === undefined) throw new Error('a keyring without keys');
    return newest;
  }

  /**
   * Seals for a purpose, so that it can only be opened for the same and where it belongs, `context`. Errors: `sealed`.
   */
  seal(purpose: string, context: string, plaintext: Uint8Array): Uint8Array {
    return sealEnvelope(this.#tools, { keys: this.keysFor(purpose), name: context }, plaintext, []);
  }

  /** Errors: `damaged`, `unknown-version`, `sealed`. */
  open(purpose: string, context: string, sealed: Uint8Array): Uint8Array {
    return new Envelope(this.#tools, { keys: this.keysFor(purpose), name: context }, sealed).first;
  }

  /** A keyed hash of 32 bytes, the same for ever. Errors: `sealed`. */
  mac(purpose: string, message: Uint8Array): Uint8Array {
    const key = this.#derive(`mac ${purpose}`, this.#loaded.macKey, purpose);
    return this.#tools.sodium.blake2b(message, KEY_BYTES, key);
  }

  /** For envelopes of more than one part. */
  keysFor(purpose: string): EnvelopeKeys {
    return {
      currentId: this.currentKeyId,
      find: (id) => {
        const dataKey = this.#loaded.keys.find((one) => one.id === id);
        return dataKey === undefined ? null : this.#derive(`${id} ${purpose}`, dataKey.key, purpose);
      },
    };
  }

  /** Takes the place of what was there; what both have in common stays. */
  load(content: KeyringContent): void {
    this.#content = content;
  }

  /** Forgets all keys, after they were overwritten. */
  wipe(): void {
    const { sodium } = this.#tools;
    if (this.#content !== null) wipeContent(sodium, this.#content);
    this.#content = null;
    for (const key of this.#derived.values()) sodium.wipe(key);
    this.#derived.clear();
  }

  get content(): KeyringContent | null {
    return this.#content;
  }

  get #loaded(): KeyringContent {
    if (this.#content === null) throw new SecretStoreError('sealed', 'Vault is sealed');
    return this.#content;
  }

  #derive(name: string, from: Uint8Array, purpose: string): Uint8Array {
    const known = this.#derived.get(name);
    if (known !== undefined) return known;
    const derived = deriveKey(this.#tools, from, purpose);
    this.#derived.set(name, derived);
    return derived;
  }
}

export function deriveKey({ sodium, bytes }: Tools, from: Uint8Array, purpose: string): Uint8Array {
  return sodium.blake2b(bytes.encodeUtf8(purpose), KEY_BYTES, from);
}

export function newKey({ random }: Pick<Tools, 'random'>): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  random.fill(key);
  return key;
}

export function wipeContent({ wipe }: Pick<Tools['sodium'], 'wipe'>, { keys, macKey }: KeyringContent): void {
  for (const { key } of keys) wipe(key);
  wipe(macKey);
}
