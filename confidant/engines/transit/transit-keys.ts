/** The keys of transit: each with versions, in one sealed file. Facts: http-contract B9. */
import type { Bytes } from '../../../targets/host.ts';
import type { EngineContext } from '../../core/engine-context.ts';
import { Turns } from '../../core/turns.ts';
import { SecretStoreError } from '../../secret-store.ts';

/** Authenticated ciphers with 96-bit nonces, and the bytes of their keys. */
export const keyTypes = { 'aes256-gcm96': 32, 'aes128-gcm96': 16, 'chacha20-poly1305': 32 } as const;

export type KeyType = keyof typeof keyTypes;

export interface KeyVersion {
  /** Wall clock, ms. */
  readonly createdAt: number;
  readonly key: Uint8Array;
  readonly hmacKey: Uint8Array;
}

export interface TransitKey {
  readonly name: string;
  readonly type: KeyType;
  /** Version 1 first; those below `minAvailable` are empty. */
  readonly versions: readonly (KeyVersion | null)[];
  readonly minDecryption: number;
  /** 0: the newest. */
  readonly minEncryption: number;
  readonly minAvailable: number;
  readonly deletionAllowed: boolean;
}

const MOST_VERSIONS = 1000;
const HMAC_KEY_BYTES = 32;
const NAME = /^[\w.-]{1,128}$/;

export class TransitKeys {
  readonly #context: EngineContext;
  readonly #turns = new Turns();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  names(): readonly string[] {
    return this.#context.files.list('');
  }

  exists(name: string): boolean {
    return this.#context.files.exists(name);
  }

  find(name: string): TransitKey | null {
    const { files, host } = this.#context;
    const stored = files.readJson(name) as StoredKey | null;
    return stored && { ...stored, versions: stored.versions.map((version) => version && decode(host.bytes, version)) };
  }

  /** Does nothing and says false when there is one of that name. Errors: `bad-path`. */
  async create(name: string, type: KeyType): Promise<boolean> {
    if (!NAME.test(name)) throw new SecretStoreError('bad-path', 'a key has a name of letters, digits and ".-_"');
    return this.#turns.take(name, async () => {
      if (this.exists(name)) return false;
      const versions = [this.#newVersion(type)];
      const rest = { minDecryption: 1, minEncryption: 0, minAvailable: 0, deletionAllowed: false };
      await this.#write({ name, type, versions, ...rest });
      return true;
    });
  }

  rotate(name: string): Promise<TransitKey> {
    return this.change(name, (key) => {
      if (key.versions.length >= MOST_VERSIONS) throw new SecretStoreError('invalid', 'too many versions');
      return { ...key, versions: [...key.versions, this.#newVersion(key.type)] };
    });
  }

  /** Errors: `invalid` when there is no such key. */
  change(name: string, update: (key: TransitKey) => TransitKey): Promise<TransitKey> {
    return this.#turns.take(name, async () => {
      const key = this.find(name);
      if (key === null)
        throw new SecretStoreError('invalid', `no existing key named ${name.slice(0, 128)} could be found`);
      const changed = update(key);
      await this.#write(changed);
      return changed;
    });
  }

  remove(name: string): Promise<void> {
    return this.#turns.take(name, async () => {
      const key = this.find(name);
      if (key === null) throw new SecretStoreError('invalid', 'could not delete key; not found');
      if (!key.deletionAllowed) throw new SecretStoreError('invalid', 'deletion is not allowed for this key');
      await this.#context.files.remove(name);
    });
  }

  #newVersion(type: KeyType): KeyVersion {
    const { random, clock } = this.#context.host;
    const key = new Uint8Array(keyTypes[type]);
    const hmacKey = new Uint8Array(HMAC_KEY_BYTES);
    random.fill(key);
    random.fill(hmacKey);
    return { createdAt: clock.now(), key, hmacKey };
  }

  async #write(key: TransitKey): Promise<void> {
    const { files, host } = this.#context;
    const versions = key.versions.map((version) => version && encode(host.bytes, version));
    await files.writeJson(key.name, { ...key, versions });
  }
}

interface StoredVersion {
  readonly createdAt: number;
  /** Base64. */
  readonly key: string;
  readonly hmacKey: string;
}

type StoredKey = Omit<TransitKey, 'versions'> & { readonly versions: readonly (StoredVersion | null)[] };

function encode({ encodeBase64 }: Bytes, { createdAt, key, hmacKey }: KeyVersion): StoredVersion {
  return { createdAt, key: encodeBase64(key), hmacKey: encodeBase64(hmacKey) };
}

function decode({ decodeBase64 }: Bytes, { createdAt, key, hmacKey }: StoredVersion): KeyVersion {
  return { createdAt, key: decodeBase64(key), hmacKey: decodeBase64(hmacKey) };
}
