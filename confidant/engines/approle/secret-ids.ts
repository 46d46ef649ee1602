/**
 * Secret ids of roles: what a machine logs in with. Kept as keyed hashes in the journal, under the role's id, so that
 * a role of the same name that is made later does not take them over.
 */
import type { EngineContext } from '../../core/engine-context.ts';
import { randomUuid } from '../../identity/random-name.ts';
import { SecretStoreError } from '../../secret-store.ts';
import { hexOf } from '../../wire/hex.ts';

export interface SecretId {
  /** Keyed hash of the secret id. */
  readonly id: string;
  readonly accessor: string;
  /** Logins that are left; 0: any number. */
  readonly numUses: number;
  /** Seconds as given; 0: it never expires. */
  readonly ttl: number;
  /** Store time, ms. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly cidrs: readonly string[];
  readonly tokenCidrs: readonly string[];
}

export interface SecretIdSpec extends Pick<SecretId, 'numUses' | 'ttl' | 'metadata' | 'cidrs' | 'tokenCidrs'> {
  /** A certain one instead of a random one. */
  readonly secretId?: string;
}

/** A device has few; who makes more has a loop somewhere. */
const MOST_PER_ROLE = 1000;
/** Of an entry, as JSON. */
const LONGEST_ENTRY = 4096;

export class SecretIds {
  readonly #context: EngineContext;
  readonly #prefix: string;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#prefix = `approle-${context.mount.uuid.slice(0, 8)}/`;
  }

  /** Errors: `invalid`, `exists`, `host-failed`. */
  async add(roleId: string, spec: SecretIdSpec): Promise<{ readonly secretId: string; readonly entry: SecretId }> {
    const { host, clock, ledger } = this.#context;
    const { secretId = randomUuid(host), ttl, ...rest } = spec;
    const id = this.#hash(secretId);
    if (this.find(roleId, secretId) !== null) throw new SecretStoreError('invalid', 'SecretID is already registered');
    if (this.of(roleId).length >= MOST_PER_ROLE) throw new SecretStoreError('invalid', 'too many secret ids');
    const now = clock.now();
    const entry: SecretId = {
      ...rest,
      id,
      ttl,
      accessor: randomUuid(host),
      createdAt: now,
      updatedAt: now,
      expiresAt: ttl > 0 ? now + ttl * 1000 : null,
    };
    if (JSON.stringify(entry).length > LONGEST_ENTRY) throw new SecretStoreError('invalid', 'too much metadata');
    await ledger.change([[this.#key(roleId, id), entry]]);
    return { secretId, entry };
  }

  /** A live one, or null. */
  find(roleId: string, secretId: string): SecretId | null {
    const entry = this.#context.ledger.get(this.#key(roleId, this.#hash(secretId))) as SecretId | undefined;
    return entry === undefined || this.#isOver(entry) ? null : entry;
  }

  byAccessor(roleId: string, accessor: string): SecretId | null {
    return this.of(roleId).find((entry) => entry.accessor === accessor) ?? null;
  }

  /** All live ones of a role. */
  of(roleId: string): SecretId[] {
    const found: SecretId[] = [];
    for (const [, value] of this.#context.ledger.entries(`${this.#prefix}${roleId}/`)) {
      const entry = value as SecretId;
      if (!this.#isOver(entry)) found.push(entry);
    }
    return found;
  }

  /** Counts a login; the last one removes it. Resolves when that is durable. */
  async use(roleId: string, entry: SecretId): Promise<void> {
    if (entry.numUses === 0) return;
    const left =
      entry.numUses === 1 ? null : { ...entry, numUses: entry.numUses - 1, updatedAt: this.#context.clock.now() };
    await this.#context.ledger.change([[this.#key(roleId, entry.id), left]]);
  }

  async remove(roleId: string, entry: SecretId): Promise<void> {
    await this.#context.ledger.change([[this.#key(roleId, entry.id), null]]);
  }

  /** All of a role, the expired ones too. */
  async removeAll(roleId: string): Promise<void> {
    await this.#removeKeys([...this.#context.ledger.entries(`${this.#prefix}${roleId}/`)].map(([key]) => key));
  }

  /** Those that have expired, and those of roles that are no more; null: which roles there are is not known. */
  async sweep(roleIds: ReadonlySet<string> | null): Promise<void> {
    const over: string[] = [];
    for (const [key, value] of this.#context.ledger.entries(this.#prefix)) {
      const roleId = key.slice(this.#prefix.length, key.lastIndexOf('/'));
      if (this.#isOver(value as SecretId) || roleIds?.has(roleId) === false) over.push(key);
    }
    await this.#removeKeys(over);
  }

  async #removeKeys(keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await this.#context.ledger.change(keys.map((key) => [key, null] as const));
  }

  #isOver({ expiresAt }: SecretId): boolean {
    return expiresAt !== null && expiresAt <= this.#context.clock.now();
  }

  #key(roleId: string, id: string): string {
    return `${this.#prefix}${roleId}/${id}`;
  }

  #hash(secretId: string): string {
    const { keyring, host } = this.#context;
    const hash = keyring.mac('secret-id', host.bytes.encodeUtf8(secretId));
    return hexOf(hash.subarray(0, 16));
  }
}
