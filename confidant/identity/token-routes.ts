/** `auth/token/`: tokens make, look at, renew and revoke tokens. Facts: http-contract B5. */
import type { Input } from '../core/input.ts';
import { callerOf } from '../core/caller.ts';
import type { Call, Engine, Handler } from '../core/route.ts';
import type { StoreClock } from '../core/store-clock.ts';
import { type SecretData, SecretStoreError, type StoreReply } from '../secret-store.ts';
import { formatTime } from '../wire/times.ts';
import type { TokenEntry } from './token-entry.ts';
import { checkPolicies } from './token-parameters.ts';
import type { Tokens } from './tokens.ts';

export interface TokenEngineParts {
  readonly tokens: () => Tokens;
  readonly clock: StoreClock;
  /** Whether there is such a policy, for a warning. */
  readonly isPolicy: (name: string) => boolean;
}

const nothing: StoreReply = { data: null };

export class TokenEngine implements Engine {
  readonly #parts: TokenEngineParts;

  constructor(parts: TokenEngineParts) {
    this.#parts = parts;
  }

  get #tokens(): Tokens {
    return this.#parts.tokens();
  }

  readonly routes = [
    { path: 'create', operations: { update: (call: Call) => this.#create(call, false) } },
    { path: 'create-orphan', operations: { update: (call: Call) => this.#create(call, true) } },
    { path: 'lookup-self', operations: both((call) => this.#lookSelf(call)) },
    { path: 'lookup', operations: both((call) => this.#look(call)) },
    {
      path: 'lookup-accessor',
      operations: { update: (call: Call) => ({ data: this.#show(this.#accessed(call), '') }) },
    },
    {
      path: 'renew-self',
      operations: { update: (call: Call) => this.#renew(call, callerOf(call).entry.id, call.token) },
    },
    {
      path: 'renew',
      operations: { update: (call: Call) => this.#renew(call, this.#known(call).id, textOf(call, 'token')) },
    },
    { path: 'renew-accessor', operations: { update: (call: Call) => this.#renew(call, this.#accessed(call).id, '') } },
    { path: 'revoke-self', operations: { update: (call: Call) => this.#revoke(callerOf(call).entry) } },
    { path: 'revoke', operations: { update: (call: Call) => this.#revoke(this.#tokens.find(textOf(call, 'token'))) } },
    { path: 'revoke-orphan', operations: { update: (call: Call) => this.#revokeOrphan(call) } },
    { path: 'revoke-accessor', operations: { update: (call: Call) => this.#revokeAccessor(call) } },
    { path: 'accessors', operations: { list: () => this.#accessors() } },
  ];

  async #create(call: Call, isOrphan: boolean): Promise<StoreReply> {
    const { input, path, mount } = call;
    const by = callerOf(call);
    const parent = by.entry;
    if (parent.numUses > 0) {
      throw new SecretStoreError('invalid', 'restricted use token cannot generate child tokens');
    }
    const mayAll = by.may(`${mount}create`, 'update', true);
    const withoutParent = isOrphan || (input.boolean('no_parent') ?? false);
    const token = input.text('id') ?? '';
    if (!mayAll && ((withoutParent && !isOrphan) || token !== '')) {
      throw new SecretStoreError('invalid', 'root or sudo privileges required to create orphan token or to name one');
    }
    const { policies, warnings } = this.#policiesOf(input, parent, mayAll);
    const type = input.text('type') ?? 'service';
    if (type !== 'service') throw new SecretStoreError('invalid', `invalid 'type' value: only service tokens`);
    const period = input.duration('period') ?? 0;
    if (period > 0 && !mayAll) {
      throw new SecretStoreError('invalid', 'root or sudo privileges required to create periodic token');
    }
    const displayName = input.text('display_name') ?? '';
    const created = await this.#tokens.create({
      policies,
      path,
      displayName: displayName === '' ? 'token' : `token-${displayName}`,
      meta: metaOf(input),
      parent: withoutParent ? null : parent.id,
      ttl: input.duration('ttl', 'lease') ?? 0,
      explicitMaxTtl: input.duration('explicit_max_ttl') ?? 0,
      period,
      numUses: count(input, 'num_uses'),
      isRenewable: input.boolean('renewable') ?? true,
      withoutDefaultPolicy: input.boolean('no_default_policy') ?? false,
      // Orphans are made by who may do anything here, or is allowed to make them.
      boundCidrs: withoutParent ? [] : (parent.boundCidrs ?? []),
      holder: parent.holder,
      ...(token !== '' && { token }),
    });
    return { data: null, auth: created.login, warnings: [...warnings, ...created.warnings] };
  }

  #policiesOf(input: Input, parent: TokenEntry, mayAll: boolean) {
    const asked = input.list('policies')?.map((name) => name.toLowerCase());
    const policies = asked ?? parent.policies.filter((name) => name !== 'default');
    const isRoot = parent.policies.includes('root');
    if (policies.includes('root') && (!isRoot || policies.some((name) => name !== 'root' && name !== 'default'))) {
      const reason = isRoot
        ? 'root policy may not be combined with others'
        : 'root tokens may not be created without parent token being root';
      throw new SecretStoreError('invalid', reason);
    }
    checkPolicies(policies);
    const isSubset = policies.every((name) => name === 'default' || parent.policies.includes(name));
    if (!mayAll && !isSubset) throw new SecretStoreError('invalid', 'child policies must be subset of parent');
    const unknown = policies.filter((name) => !this.#parts.isPolicy(name));
    return { policies, warnings: unknown.map((name) => `Policy "${name}" does not exist`) };
  }

  /** Of the token that is given, else of the caller's own. */
  #look(call: Call): StoreReply {
    const token = call.input.text('token') ?? '';
    if (token === '') return this.#lookSelf(call);
    const entry = this.#tokens.find(token);
    if (entry === null) throw new SecretStoreError('forbidden', 'bad token');
    return { data: this.#show(entry, token) };
  }

  #lookSelf(call: Call): StoreReply {
    return { data: this.#show(callerOf(call).entry, call.token) };
  }

  #show(entry: TokenEntry, token: string): SecretData {
    const { clock } = this.#parts;
    const wall = (time: number): string => formatTime(clock.toWall(time));
    return {
      accessor: entry.accessor,
      creation_time: Math.floor(clock.toWall(entry.createdAt) / 1000),
      creation_ttl: entry.ttl,
      display_name: entry.displayName,
      entity_id: '',
      expire_time: entry.expiresAt === null ? null : wall(entry.expiresAt),
      explicit_max_ttl: entry.explicitMaxTtl,
      id: token,
      issue_time: wall(entry.createdAt),
      meta: entry.meta,
      num_uses: entry.numUses,
      orphan: entry.parent === null,
      path: entry.path,
      policies: entry.policies,
      renewable: entry.isRenewable,
      ttl: this.#tokens.secondsLeft(entry),
      type: 'service',
      ...(entry.boundCidrs !== undefined && { bound_cidrs: entry.boundCidrs }),
      ...(entry.period > 0 && { period: entry.period }),
      ...(entry.role !== undefined && { role: entry.role }),
      ...(entry.renewedAt !== null && {
        last_renewal: wall(entry.renewedAt),
        last_renewal_time: Math.floor(clock.toWall(entry.renewedAt) / 1000),
      }),
    };
  }

  /** As it is by now: this very request may have used it up, and others were counted meanwhile. */
  async #renew({ input }: Call, id: string, token: string): Promise<StoreReply> {
    const renewed = await this.#tokens.renew(id, input.duration('increment') ?? 0);
    return {
      data: null,
      auth: { ...this.#tokens.loginOf(renewed.entry), clientToken: token },
      warnings: renewed.warnings,
    };
  }

  async #revoke(entry: TokenEntry | null): Promise<StoreReply> {
    await this.#tokens.revoke(entry?.id ?? null);
    return nothing;
  }

  async #revokeOrphan(call: Call): Promise<StoreReply> {
    await this.#tokens.revokeOrphan(this.#known(call).id);
    return nothing;
  }

  async #revokeAccessor({ input }: Call): Promise<StoreReply> {
    const entry = this.#tokens.byAccessor(input.text('accessor') ?? '');
    await this.#revoke(entry);
    return entry === null ? { data: null, warnings: ['No token found with this accessor'] } : nothing;
  }

  #accessors(): StoreReply {
    return { data: { keys: [...this.#tokens.all()].map(({ accessor }) => accessor).sort() } };
  }

  #known(call: Call): TokenEntry {
    const entry = this.#tokens.find(textOf(call, 'token'));
    if (entry === null) throw new SecretStoreError('invalid', 'token not found');
    return entry;
  }

  #accessed({ input }: Call): TokenEntry {
    const entry = this.#tokens.byAccessor(input.text('accessor') ?? '');
    if (entry === null) throw new SecretStoreError('invalid', 'invalid accessor');
    return entry;
  }
}

function both(handler: Handler) {
  return { read: handler, update: handler };
}

/** Errors: `invalid`. */
function textOf({ input }: Call, name: string): string {
  const text = input.text(name);
  if (text === undefined || text === '') throw new SecretStoreError('invalid', `missing ${name} ID`);
  return text;
}

function count(input: Input, name: string): number {
  const number = input.integer(name) ?? 0;
  if (number < 0) throw new SecretStoreError('invalid', `${name} cannot be negative`);
  return number;
}

/** Values of metadata are text. */
function metaOf(input: Input): Readonly<Record<string, string>> | null {
  const meta = input.map('meta');
  if (meta === undefined) return null;
  return Object.fromEntries(Object.entries(meta).map(([name, value]) => [name, String(value)]));
}
