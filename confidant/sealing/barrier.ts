/**
 * The barrier: nothing of the store can be read or written but through it, and that only while it is unsealed. A store
 * begins without a keyring; `init` makes one, wrapped by a root key, and `unseal` takes the keys into memory. Where the
 * root key comes from is the seal:
 *
 * - `static`: whoever opens the store hands it in, with an id that the keyring's file names, and, while it is being
 *   replaced, also the one before. Sealing then wipes the data keys; the root key stays until `close`.
 * - `shamir`: it was split, nobody has it, and `unseal` is called with one share after the other.
 *
 * Every change of the keyring replaces its file, and is durable before anything is sealed with what is new in it. Who
 * loses the root key, or the file, loses the store.
 *
 * Errors of all: `sealed`, `uninitialized`, `damaged`, `unknown-version`, `host-failed`.
 */
import type { Host, Lock, Sodium } from '../../targets/host.ts';
import { SecretStoreError } from '../secret-store.ts';
import type { Tools } from './envelope.ts';
import { Keyring, type KeyringContent, newKey, wipeContent } from './keyring.ts';
import { encodeKeyringFile, KeyringFile, type KeyringHeader } from './keyring-file.ts';
import { type Place, PrivateDirectory } from './private-directory.ts';
import { SealedFiles } from './sealed-files.ts';
import {
  findRootKey,
  type RootKey,
  rootKeysOf,
  type SealConfig,
  type StaticSeal,
  staticHeader,
  wipeRootKeys,
} from './seal-config.ts';
import { checkShareCount, combineRootKey, ShareCollector, type ShareCount, splitRootKey } from './share-collector.ts';

export interface BarrierStatus extends ShareCount {
  readonly initialized: boolean;
  readonly sealed: boolean;
  readonly type: SealConfig['type'];
  /** Shares that `unseal` has got, and what tells this round from others. */
  readonly progress: number;
  readonly nonce: string;
  /** The id of the static root key that the keyring is wrapped with, else empty. */
  readonly rootKeyId: string;
}

export type { SealConfig, StaticSeal, RootKey } from './seal-config.ts';

const KEYRING: Place = { directories: [], file: 'keyring' };

export class Barrier {
  readonly #host: Host;
  readonly #tools: Tools;
  readonly #directory: PrivateDirectory;
  readonly #lock: Lock | null;
  readonly #keyring: Keyring;
  readonly #files: SealedFiles;
  readonly #collector: ShareCollector;
  readonly #type: SealConfig['type'];
  /** Of a static seal: the current one first, and then those that the keyring may be wrapped with still. */
  #rootKeys: readonly RootKey[];
  /** Null: there is no keyring yet. */
  #header: KeyringHeader | null;
  /** While unsealed. */
  #rootKey: Uint8Array | null = null;
  #lastChange: Promise<unknown> = Promise.resolve();
  /** Of files. */
  readonly #changes = new Map<string, Promise<void>>();

  private constructor(host: Host, sodium: Sodium, directory: PrivateDirectory, lock: Lock | null, seal: SealConfig) {
    this.#host = host;
    this.#tools = { sodium, random: host.random, bytes: host.bytes };
    this.#directory = directory;
    this.#lock = lock;
    this.#type = seal.type;
    this.#rootKeys = rootKeysOf(seal);
    this.#keyring = new Keyring(this.#tools);
    this.#files = new SealedFiles({ tools: this.#tools, keyring: this.#keyring, directory, changes: this.#changes });
    this.#collector = new ShareCollector(host, sodium);
    this.#header = this.#read()?.header ?? null;
    if (this.#header !== null) this.#mustHaveSeal(this.#header);
    directory.removeUnfinished();
  }

  /**
   * Opens the store in a directory, which is made when it is missing, for this process alone: `host-failed` when another
   * has it, or when it is not private. Sealed at first. Errors: also `invalid` for a root key of another length, and for a
   * seal that is not the store's.
   */
  static async open(host: Host, root: string, seal: SealConfig): Promise<Barrier> {
    const sodium = await host.sodium();
    const directory = new PrivateDirectory(host.files, root);
    directory.make();
    const lock = directory.lock();
    try {
      return new Barrier(host, sodium, directory, lock, seal);
    } catch (error) {
      lock?.release();
      throw error;
    }
  }

  status(): BarrierStatus {
    const { shares = 0, threshold = 0, rootKeyId = '' } = this.#header ?? {};
    const { progress, nonce } = this.#collector;
    const sealed = this.#rootKey === null;
    const initialized = this.#header !== null;
    return { initialized, sealed, type: this.#type, shares, threshold, progress, nonce, rootKeyId };
  }

  /** The keys. The object stays the same; it refuses while the store is sealed. */
  get keyring(): Keyring {
    this.#mustBeUnsealed();
    return this.#keyring;
  }

  /** The files. The object stays the same; it refuses while the store is sealed. */
  get files(): SealedFiles {
    this.#mustBeUnsealed();
    return this.#files;
  }

  /**
   * Makes the keyring; the store is sealed still. With a static seal `options` say nothing and there are no shares. A
   * stop before it resolves may leave a store whose shares nobody has, and nothing in it: remove it. Errors: `exists`,
   * `invalid`; `damaged` when the keyring of a store is missing.
   */
  init(options: ShareCount): Promise<{ readonly keyShares: Uint8Array[] }> {
    return this.#inTurn(async () => {
      if (this.#header !== null) throw new SecretStoreError('exists', 'Vault is already initialized');
      if (this.#directory.list(['files']).length > 0) {
        throw new SecretStoreError('damaged', 'keyring: is missing, but there are files that it has sealed');
      }
      const { rootKey, header, keyShares } = this.#newRootKey(options);
      const key = { id: 1, createdAt: this.#host.clock.now(), key: newKey(this.#tools) };
      const content = { keys: [key], macKey: newKey(this.#tools) };
      try {
        await this.#directory.settleRoot();
        await this.#write(header, rootKey, content);
        return { keyShares };
      } catch (error) {
        // It may stand there, with shares that nobody was given.
        await this.#directory.remove(KEYRING).catch(() => undefined);
        throw error;
      } finally {
        wipeContent(this.#tools.sodium, content);
        this.#tools.sodium.wipe(rootKey);
      }
    });
  }

  /**
   * Unseals with the static root key, or with a share: as often as the threshold says. Wrong shares are known when the
   * last of them has come; then all are forgotten. Errors: `invalid`.
   */
  unseal(share: Uint8Array | null): Promise<BarrierStatus> {
    return this.#inTurn(async () => {
      if (this.#rootKey !== null) return this.status();
      const file = this.#read();
      this.#header = file?.header ?? null;
      if (file === null) throw uninitialized();
      this.#mustHaveSeal(file.header);
      if (this.#type === 'static') await this.#unsealWith(file, findRootKey(this.#rootKeys, file.header.rootKeyId));
      else await this.#unsealByShares(file, share);
      return this.status();
    });
  }

  /** Forgets the shares handed in so far. */
  reset(): void {
    this.#collector.reset();
  }

  /** Wipes the keys. What was sealed before is still written. */
  seal(): void {
    this.#collector.reset();
    this.#keyring.wipe();
    if (this.#rootKey !== null) this.#tools.sodium.wipe(this.#rootKey);
    this.#rootKey = null;
  }

  /** Seals, and lets others open the store when changes under way have ended. */
  async close(): Promise<void> {
    this.seal();
    await Promise.all([this.#lastChange, ...this.#changes.values()]);
    this.seal();
    wipeRootKeys(this.#tools.sodium, this.#rootKeys);
    this.#lock?.release();
  }

  /** From now on a new data key seals; those before stay for reading. */
  rotate(): Promise<void> {
    return this.#inTurn(async () => {
      const { header, rootKey, content } = this.#opened();
      const id = this.#keyring.currentKeyId + 1;
      const key = { id, createdAt: this.#host.clock.now(), key: newKey(this.#tools) };
      const rotated = { ...content, keys: [...content.keys, key] };
      await this.#write(header, rootKey, rotated);
      // Sealed meanwhile: then the file has it, and memory is not to.
      if (this.#rootKey === rootKey) this.#keyring.load(rotated);
      else this.#tools.sodium.wipe(key.key);
    });
  }

  /**
   * Splits a new root key, for who has enough shares of the present one. Nothing has changed until `commit`, so that the
   * new shares are in safe hands first; both sets are needed until it resolves, and it may be tried again. Errors:
   * `invalid`.
   */
  rekey(options: ShareCount & { readonly keyShares: readonly Uint8Array[] }): Promise<Rekey> {
    return this.#inTurn(async () => {
      const { header, rootKey } = this.#opened();
      if (header.type !== 'shamir') throw new SecretStoreError('invalid', 'a static root key is not made of shares');
      const shown = combineRootKey(options.keyShares);
      if (shown === null || !this.#tools.sodium.equal(shown, rootKey)) {
        throw invalidKey();
      }
      this.#tools.sodium.wipe(shown);
      const next = this.#newRootKey(options);
      let isDone = false;
      const commit = async (): Promise<void> => {
        if (!isDone) await this.#rewrap(next.header, next.rootKey);
        isDone = true;
      };
      return { keyShares: next.keyShares, commit: () => this.#inTurn(commit) };
    });
  }

  /**
   * Replaces the static root keys; when it resolves the keyring is wrapped with the new one, be the store sealed or not.
   * When it rejects those before are known still, and it may be tried again.
   */
  useRootKeys(seal: StaticSeal): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#type !== 'static') throw new SecretStoreError('invalid', 'the seal is not static');
      const given = rootKeysOf(seal);
      const isGiven = ({ id }: RootKey): boolean => given.some((one) => one.id === id);
      const before = this.#rootKeys.filter((one) => !isGiven(one));
      wipeRootKeys(this.#tools.sodium, this.#rootKeys.filter(isGiven));
      this.#rootKeys = [...given, ...before];
      if (this.#rootKey === null) await this.#rewrapSealed();
      else await this.#rewrapStatic();
      this.#rootKeys = given;
      wipeRootKeys(this.#tools.sodium, before);
    });
  }

  #rewrapStatic(): Promise<void> {
    const { id, key } = this.#currentRootKey;
    return this.#rewrap(staticHeader(id), key.slice());
  }

  /** What is opened for it does not stay in memory. */
  async #rewrapSealed(): Promise<void> {
    const file = this.#read();
    if (file === null) return;
    const rootKey = findRootKey(this.#rootKeys, file.header.rootKeyId);
    let content: KeyringContent | null = null;
    try {
      content = file.open(rootKey);
      const { id, key } = this.#currentRootKey;
      await this.#write(staticHeader(id), key, content);
    } finally {
      if (content !== null) wipeContent(this.#tools.sodium, content);
      this.#tools.sodium.wipe(rootKey);
    }
  }

  async #rewrap(header: KeyringHeader, rootKey: Uint8Array): Promise<void> {
    const { rootKey: before, content } = this.#opened();
    await this.#write(header, rootKey, content);
    // Sealed meanwhile: then memory is not to have it.
    const isUnsealed = this.#rootKey === before;
    this.#tools.sodium.wipe(isUnsealed ? before : rootKey);
    if (isUnsealed) this.#rootKey = rootKey;
  }

  async #unsealByShares(file: KeyringFile, share: Uint8Array | null): Promise<void> {
    const shares = this.#collector.add(share, file.header.threshold);
    if (shares === null) return;
    try {
      const rootKey = combineRootKey(shares);
      if (rootKey === null) throw invalidKey();
      await this.#unsealWith(file, rootKey);
    } catch (error) {
      throw error instanceof SecretStoreError && error.code === 'damaged' ? invalidKey(error) : error;
    } finally {
      this.#collector.reset();
    }
  }

  /** Takes the key over, and wipes it when it is not the right one. */
  async #unsealWith(file: KeyringFile, rootKey: Uint8Array): Promise<void> {
    let content: KeyringContent | null = null;
    try {
      content = file.open(rootKey);
      // What was read may be the work of a process that was killed: nothing is sealed with keys that can still be lost.
      await this.#directory.syncRoot();
    } catch (error) {
      if (content !== null) wipeContent(this.#tools.sodium, content);
      this.#tools.sodium.wipe(rootKey);
      throw error;
    }
    this.#keyring.load(content);
    this.#rootKey = rootKey;
    if (this.#type !== 'static' || file.header.rootKeyId === this.#currentRootKey.id) return;
    // When this fails the store is unsealed all the same, and `status` tells which root key is needed.
    await this.#rewrapStatic().catch(() => undefined);
  }

  #newRootKey(count: ShareCount): { rootKey: Uint8Array; header: KeyringHeader; keyShares: Uint8Array[] } {
    if (this.#type === 'static') {
      const { id, key } = this.#currentRootKey;
      return { rootKey: key.slice(), header: staticHeader(id), keyShares: [] };
    }
    checkShareCount(count);
    const rootKey = newKey(this.#tools);
    const { shares, threshold } = count;
    const header = { type: 'shamir', rootKeyId: '', shares, threshold } as const;
    return { rootKey, header, keyShares: splitRootKey(this.#host, rootKey, count) };
  }

  get #currentRootKey(): RootKey {
    const [current] = this.#rootKeys;
    if (current === undefined) throw new Error('a static seal without a root key');
    return current;
  }

  #read(): KeyringFile | null {
    const file = this.#directory.read(KEYRING);
    return file === null ? null : new KeyringFile(this.#tools, file);
  }

  async #write(header: KeyringHeader, rootKey: Uint8Array, content: KeyringContent): Promise<void> {
    await this.#directory.replace(KEYRING, encodeKeyringFile(this.#tools, header, rootKey, content));
    this.#header = header;
  }

  #opened(): { header: KeyringHeader; rootKey: Uint8Array; content: KeyringContent } {
    this.#mustBeUnsealed();
    const { content } = this.#keyring;
    if (this.#header === null || this.#rootKey === null || content === null) throw new Error('unsealed without keys');
    return { header: this.#header, rootKey: this.#rootKey, content };
  }

  #mustHaveSeal({ type, rootKeyId }: KeyringHeader): void {
    if (type === this.#type) return;
    const need = type === 'static' ? `: needs the root key ${rootKeyId}` : '';
    throw new SecretStoreError('invalid', `keyring: has a ${type} seal, not ${this.#type}${need}`);
  }

  #mustBeUnsealed(): void {
    if (this.#header === null) throw uninitialized();
    if (this.#rootKey === null) throw new SecretStoreError('sealed', 'Vault is sealed');
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#lastChange.then(change);
    this.#lastChange = changed.catch(() => undefined);
    return changed;
  }
}

export interface Rekey {
  readonly keyShares: Uint8Array[];
  commit(): Promise<void>;
}

function uninitialized(): SecretStoreError {
  return new SecretStoreError('uninitialized', 'Vault is not initialized');
}

function invalidKey(cause?: unknown): SecretStoreError {
  return new SecretStoreError('invalid', 'Unseal failed, invalid key', { cause });
}
