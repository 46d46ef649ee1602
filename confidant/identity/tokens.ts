/**
 * Service tokens: made, found, counted, renewed and revoked. A token is `hvs.` and 190 random bits; what is kept is a
 * keyed hash of it, so looking one up tells nothing by its timing and the journal gives none away.
 */
import type { Host } from '../../targets/host.ts';
import type { Change, Ledger } from '../core/ledger.ts';
import type { StoreClock } from '../core/store-clock.ts';
import type { Keyring } from '../sealing/keyring.ts';
import { type Login, SecretStoreError } from '../secret-store.ts';
import { isInRanges } from './address-range.ts';
import { SYSTEM_TTL, type TokenEntry, type TokenSpec } from './token-entry.ts';
import { randomName } from './random-name.ts';
import { hexOf } from '../wire/hex.ts';

const PREFIX = 'token/';
/** An entry takes about 1 kB of memory on the device. */
const MOST_TOKENS = 10_000;
/** Of these, what is left when nobody can log in any more: for root's tokens, and to wrap replies. */
const RESERVE = 1000;
/** That one role or user may have, so that others can log in. */
const MOST_OF_ONE = 5000;
const LONGEST_WAIT_MS = 3_600_000;
/** Of an entry, as JSON: what a client may add to it is bounded. */
const LONGEST_ENTRY = 4096;
/** Tokens that made tokens that made tokens: a service that runs in circles is stopped here. */
const MOST_GENERATIONS = 100;
/** Records that are removed in one change. */
const MOST_AT_ONCE = 500;
const TOKEN_LENGTH = 32;
const ACCESSOR_LENGTH = 24;

export interface TokenParts {
  readonly host: Pick<Host, 'bytes' | 'random'>;
  readonly ledger: Ledger;
  readonly clock: StoreClock;
  readonly keyring: () => Keyring;
  /** What the mount says whose path makes a token: seconds, 0: nothing. */
  readonly limitsOf?: (path: string) => { readonly defaultTtl: number; readonly maxTtl: number };
}

export interface CreatedToken {
  readonly login: Login;
  readonly entry: TokenEntry;
  readonly warnings: readonly string[];
}

export class Tokens {
  readonly #parts: TokenParts;
  /** Of each holder so many at most: those that have ended since they were counted are counted still. */
  #taken: Map<string, number> | null = null;

  constructor(parts: TokenParts) {
    this.#parts = parts;
  }

  /** The id under which a token is known here. */
  idOf(token: string): string {
    const { host, keyring } = this.#parts;
    const hash = keyring().mac('token', host.bytes.encodeUtf8(token));
    return hexOf(hash.subarray(0, 16));
  }

  /** A live token's entry, or null. */
  find(token: string): TokenEntry | null {
    return this.byId(this.idOf(token));
  }

  byId(id: string): TokenEntry | null {
    const entry = this.#parts.ledger.get(PREFIX + id) as TokenEntry | undefined;
    return entry === undefined || this.#isOver(entry) ? null : entry;
  }

  byAccessor(accessor: string): TokenEntry | null {
    for (const [, value] of this.#parts.ledger.entries(PREFIX)) {
      const entry = value as TokenEntry;
      if (entry.accessor === accessor) return this.#isOver(entry) ? null : entry;
    }
    return null;
  }

  /** All live tokens. */
  *all(): Generator<TokenEntry> {
    for (const [, value] of this.#parts.ledger.entries(PREFIX)) {
      const entry = value as TokenEntry;
      if (!this.#isOver(entry)) yield entry;
    }
  }

  /**
   * Counts a request of a token, by where it comes from, and gives its entry, as it was before, once that is durable.
   * Errors: `forbidden`, `host-failed`.
   */
  async use(token: string | null, remoteAddress: string): Promise<TokenEntry> {
    const entry = token === null || token === '' ? null : this.find(token);
    if (entry === null || !isInRanges(remoteAddress, entry.boundCidrs ?? []))
      throw new SecretStoreError('forbidden', 'permission denied');
    if (entry.numUses === 1) await this.#remove(this.#withChildren(entry.id));
    else if (entry.numUses > 1) {
      await this.#parts.ledger.change([[PREFIX + entry.id, { ...entry, numUses: entry.numUses - 1 }]]);
    }
    return entry;
  }

  /** Errors: `invalid` (the token exists, it is too large), `busy` (there are too many), `host-failed`. */
  async create(spec: TokenSpec): Promise<CreatedToken> {
    const { host, ledger, clock } = this.#parts;
    const token = spec.token ?? `hvs.${randomName(host, TOKEN_LENGTH)}`;
    const id = this.idOf(token);
    let refusal = this.#refusalOf(spec.holder);
    if (refusal !== null) {
      await this.sweep();
      refusal = this.#refusalOf(spec.holder);
      if (refusal !== null) throw refusal;
    }
    if (this.byId(id) !== null) throw new SecretStoreError('invalid', 'cannot create a token with a duplicate ID');
    const { entry, warnings } = this.#limit(spec, id, clock.now());
    if (JSON.stringify(entry).length > LONGEST_ENTRY) {
      throw new SecretStoreError('invalid', 'too many policies or too much metadata for a token');
    }
    if (this.#generation(entry) > MOST_GENERATIONS) {
      throw new SecretStoreError('invalid', 'too many generations of tokens: create an orphan');
    }
    // A token of that name that is over may have left children, which this one is not to take over.
    const left = spec.token === undefined ? [] : this.#withChildren(id).map((other) => [PREFIX + other, null] as const);
    this.#count(spec.holder);
    await ledger.change([...left, [PREFIX + id, entry], ...(spec.with?.(id) ?? [])]);
    return { entry, warnings, login: { ...this.loginOf(entry), clientToken: token } };
  }

  /** What the holder is told of a token; without the token, which is not kept. */
  loginOf(entry: TokenEntry): Login {
    return {
      clientToken: '',
      accessor: entry.accessor,
      policies: entry.policies,
      tokenPolicies: entry.policies,
      metadata: entry.meta,
      leaseDuration: this.secondsLeft(entry),
      renewable: entry.isRenewable,
      orphan: entry.parent === null,
      numUses: entry.numUses,
    };
  }

  /** Whole seconds, rounded up so that a new token shows what it was given; 0: it never ends. */
  secondsLeft({ expiresAt }: TokenEntry): number {
    return expiresAt === null ? 0 : Math.max(0, Math.ceil((expiresAt - this.#parts.clock.now()) / 1000));
  }

  /** Errors: `invalid` when it cannot be renewed, or is not alive any more, `host-failed`. */
  async renew(id: string, increment: number): Promise<{ entry: TokenEntry; warnings: readonly string[] }> {
    const entry = this.byId(id);
    if (entry === null) throw new SecretStoreError('invalid', 'token not found');
    if (!entry.isRenewable || entry.expiresAt === null) throw new SecretStoreError('invalid', 'lease is not renewable');
    const now = this.#parts.clock.now();
    const { ttl, warnings } = limitTtl({ ...entry, ttl: increment || entry.ttl }, (now - entry.createdAt) / 1000);
    const renewed = { ...entry, expiresAt: now + ttl * 1000, renewedAt: now };
    await this.#parts.ledger.change([[PREFIX + entry.id, renewed]]);
    return { entry: renewed, warnings };
  }

  /** With all that it has made; null: none that is known, which may be because it was revoked just now. */
  async revoke(id: string | null): Promise<void> {
    await this.#remove(id === null ? [] : this.#withChildren(id));
  }

  /** Without what it has made: that becomes orphans. */
  async revokeOrphan(id: string): Promise<void> {
    const changes: Change[] = [];
    for (const entry of this.all()) {
      if (entry.parent === id) changes.push([PREFIX + entry.id, { ...entry, parent: null }]);
    }
    // Children first: whatever part of this a power cut leaves, none of them goes with its parent.
    await this.#parts.ledger.change([...changes, [PREFIX + id, null]]);
  }

  /** All that were made by requests to such paths; what these have made is over with them. */
  async revokeMadeBy(isPath: (path: string) => boolean): Promise<void> {
    const made = [...this.all()].filter(({ path }) => isPath(path));
    if (made.length > 0) await this.#remove(made.map(({ id }) => id));
  }

  /** Removes what has expired, with all that it has made. */
  async sweep(): Promise<void> {
    const over: string[] = [];
    for (const [, value] of this.#parts.ledger.entries(PREFIX)) {
      const entry = value as TokenEntry;
      if (this.#isOver(entry)) over.push(entry.id);
    }
    await this.#remove(over);
  }

  #count(holder: string | undefined): void {
    if (holder !== undefined) this.#taken?.set(holder, (this.#taken.get(holder) ?? 0) + 1);
  }

  /** Null: there is room. Else it says when the first of those ends that take it, or to come back in an hour. */
  #refusalOf(holder: string | undefined): SecretStoreError | null {
    const { ledger, clock } = this.#parts;
    const all = ledger.count(PREFIX);
    const isFull = all >= (holder === undefined ? MOST_TOKENS : MOST_TOKENS - RESERVE);
    const isWithin = (taken: Map<string, number>): boolean =>
      !isFull && (holder === undefined || (taken.get(holder) ?? 0) < MOST_OF_ONE);
    if (!isFull && (all < MOST_OF_ONE || (this.#taken !== null && isWithin(this.#taken)))) return null;
    this.#taken = new Map();
    let retryAfterMs = LONGEST_WAIT_MS;
    for (const [, value] of ledger.entries(PREFIX)) {
      const entry = value as TokenEntry;
      this.#count(entry.holder);
      if (entry.expiresAt === null || (!isFull && entry.holder !== holder)) continue;
      retryAfterMs = Math.min(retryAfterMs, entry.expiresAt - clock.now());
    }
    if (isWithin(this.#taken)) return null;
    return new SecretStoreError('busy', `too many tokens${isFull ? '' : ' of this role or user'}`, { retryAfterMs });
  }

  /** A parent that has expired takes its children along, also before it has been swept; so does one that is gone. */
  #isOver(entry: TokenEntry): boolean {
    const now = this.#parts.clock.now();
    for (let one: TokenEntry | undefined = entry; one !== undefined; one = this.#entry(one.parent)) {
      if (one.expiresAt !== null && one.expiresAt <= now) return true;
      if (one.parent === null) return false;
    }
    return true;
  }

  #generation(entry: TokenEntry): number {
    let generation = 0;
    for (let { parent } = entry; parent !== null; parent = this.#entry(parent)?.parent ?? null) generation += 1;
    return generation;
  }

  #entry(id: string | null): TokenEntry | undefined {
    return this.#parts.ledger.get(PREFIX + id) as TokenEntry | undefined;
  }

  #withChildren(id: string): string[] {
    const children = new Map<string, string[]>();
    for (const [, value] of this.#parts.ledger.entries(PREFIX)) {
      const { id: child, parent } = value as TokenEntry;
      if (parent === null) continue;
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [child]);
      else siblings.push(child);
    }
    const ids = [id];
    for (const parent of ids) ids.push(...(children.get(parent) ?? []));
    return ids;
  }

  async #remove(ids: readonly string[]): Promise<void> {
    const { ledger } = this.#parts;
    const known = ids.filter((id) => this.#entry(id) !== undefined);
    // The parent first: with it all that it has made is over, whatever part of this a power cut leaves.
    if (known.length === 0) return ledger.flush();
    for (let at = 0; at < known.length; at += MOST_AT_ONCE) {
      await ledger.change(known.slice(at, at + MOST_AT_ONCE).map((id) => [PREFIX + id, null] as const));
    }
  }

  #limit(spec: TokenSpec, id: string, now: number): { entry: TokenEntry; warnings: readonly string[] } {
    const isRoot = spec.policies.includes('root');
    const { defaultTtl = 0, maxTtl = 0 } = this.#parts.limitsOf?.(spec.path) ?? {};
    const asked = { ttl: 0, maxTtl: 0, explicitMaxTtl: 0, period: 0, ...spec };
    if (asked.ttl === 0) asked.ttl = Math.min(defaultTtl, maxTtl || defaultTtl);
    if (maxTtl > 0) asked.maxTtl = Math.min(maxTtl, asked.maxTtl || maxTtl);
    const { ttl, warnings } = limitTtl(asked, 0);
    const endsNever = isRoot && asked.ttl === 0 && asked.period === 0 && asked.explicitMaxTtl === 0;
    const withDefault = isRoot || spec.withoutDefaultPolicy === true ? [] : ['default'];
    const entry: TokenEntry = {
      id,
      accessor: randomName(this.#parts.host, ACCESSOR_LENGTH),
      parent: spec.parent ?? null,
      policies: [...new Set([...withDefault, ...spec.policies])].sort(),
      path: spec.path,
      meta: spec.meta ?? null,
      displayName: spec.displayName,
      numUses: spec.numUses ?? 0,
      createdAt: now,
      expiresAt: endsNever ? null : now + ttl * 1000,
      ttl: endsNever ? 0 : ttl,
      explicitMaxTtl: asked.explicitMaxTtl,
      maxTtl: asked.maxTtl,
      period: asked.period,
      isRenewable: !endsNever && (spec.isRenewable ?? true),
      renewedAt: null,
      ...(spec.role !== undefined && { role: spec.role }),
      ...(spec.holder !== undefined && { holder: spec.holder }),
      ...(spec.boundCidrs !== undefined && spec.boundCidrs.length > 0 && { boundCidrs: spec.boundCidrs }),
    };
    return { entry, warnings };
  }
}

/** The seconds that a token may go on for, `age` seconds after it was made. */
function limitTtl(
  { ttl, maxTtl, explicitMaxTtl, period }: Pick<TokenEntry, 'ttl' | 'maxTtl' | 'explicitMaxTtl' | 'period'>,
  age: number,
): { ttl: number; warnings: readonly string[] } {
  const most = Math.min(...[maxTtl, explicitMaxTtl].filter((seconds) => seconds > 0), SYSTEM_TTL);
  if (period > 0) {
    const left = explicitMaxTtl > 0 ? Math.max(0, explicitMaxTtl - age) : period;
    return { ttl: Math.min(period, left), warnings: [] };
  }
  const wanted = ttl > 0 ? ttl : SYSTEM_TTL;
  const left = Math.max(0, most - age);
  if (wanted <= left) return { ttl: wanted, warnings: [] };
  const warning = `TTL of "${wanted}s" exceeded the effective max_ttl of "${most}s"; TTL value is capped accordingly`;
  return { ttl: left, warnings: ttl > 0 ? [warning] : [] };
}
