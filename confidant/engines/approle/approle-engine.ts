/** `auth/approle`: machines log in with the id of a role and a secret id. Facts: http-contract B6. */
import type { EngineContext } from '../../core/engine-context.ts';
import type { Input } from '../../core/input.ts';
import type { Call, Engine, Route } from '../../core/route.ts';
import { Turns } from '../../core/turns.ts';
import { inBoth, isInRanges } from '../../identity/address-range.ts';
import { randomUuid } from '../../identity/random-name.ts';
import { checkRanges } from '../../identity/token-parameters.ts';
import { SecretStoreError, type StoreReply } from '../../secret-store.ts';
import { formatTime } from '../../wire/times.ts';
import { describeRole, newRole, readRole, type Role, withoutField } from './role.ts';
import { type SecretId, SecretIds } from './secret-ids.ts';

const nothing: StoreReply = { data: null };
const LONGEST_ROLE_ID = 128;
/** The same for every reason: who guesses learns nothing. */
const refused = (): SecretStoreError => new SecretStoreError('unauthorized', 'invalid role or secret ID');

export class AppRoleEngine implements Engine {
  readonly #context: EngineContext;
  readonly #secretIds: SecretIds;
  readonly #turns = new Turns();
  /** Names of roles by their ids; null: to be read again. */
  #names: ReadonlyMap<string, string> | null = null;

  constructor(context: EngineContext) {
    this.#context = { ...context, files: context.files.scope('roles') };
    this.#secretIds = new SecretIds(context);
  }

  readonly routes: readonly Route[] = [
    { path: 'login', operations: { update: (call) => this.#login(call) }, isOpen: true },
    { path: 'role', operations: { list: () => this.#list() } },
    {
      path: 'role/{role_name}',
      operations: {
        read: (call) => this.#read(call),
        update: (call) => this.#write(call),
        delete: (call) => this.#remove(call),
      },
      exists: (call) => this.#context.files.exists(nameOf(call)),
    },
    {
      path: 'role/{role_name}/role-id',
      operations: {
        read: (call) => ({ data: { role_id: this.#role(call).roleId } }),
        update: (call) => this.#setRoleId(call),
      },
    },
    ...[
      'policies',
      'secret-id-num-uses',
      'secret-id-ttl',
      'token-ttl',
      'token-max-ttl',
      'token-num-uses',
      'period',
      'bind-secret-id',
    ].map((field) => this.#fieldRoute(field)),
    {
      path: 'role/{role_name}/secret-id',
      operations: { update: (call) => this.#addSecretId(call, undefined), list: (call) => this.#accessors(call) },
    },
    {
      path: 'role/{role_name}/custom-secret-id',
      operations: { update: (call) => this.#addSecretId(call, needed(call.input, 'secret_id')) },
    },
    { path: 'role/{role_name}/secret-id/lookup', operations: { update: (call) => this.#look(this.#given(call)) } },
    {
      path: 'role/{role_name}/secret-id/destroy',
      operations: {
        update: (call) => this.#destroy(call, this.#given(call)),
        delete: (call) => this.#destroy(call, this.#given(call)),
      },
    },
    {
      path: 'role/{role_name}/secret-id-accessor/lookup',
      operations: { update: (call) => this.#look(this.#accessed(call)) },
    },
    {
      path: 'role/{role_name}/secret-id-accessor/destroy',
      operations: {
        update: (call) => this.#destroy(call, this.#accessed(call)),
        delete: (call) => this.#destroy(call, this.#accessed(call)),
      },
    },
  ];

  #find(name: string): Role | null {
    return this.#context.files.readJson(name) as Role | null;
  }

  /** Errors: `no-route`, which is how Vault answers it. */
  #role(call: Call): Role {
    return existing(this.#find(nameOf(call)), call);
  }

  #read(call: Call): StoreReply {
    const role = this.#find(nameOf(call));
    if (role === null) throw new SecretStoreError('absent', 'no such role');
    return { data: describeRole(role) };
  }

  #list(): StoreReply {
    const keys = this.#context.files.list('');
    if (keys.length === 0) throw new SecretStoreError('absent', 'no roles');
    return { data: { keys } };
  }

  async #write(call: Call): Promise<StoreReply> {
    await this.#change(call, (before) => {
      const known = before ?? { ...newRole, roleId: randomUuid(this.#context.host) };
      return {
        ...readRole(call.input, known),
        roleId: call.input.has('role_id') ? roleIdOf(call.input) : known.roleId,
      };
    });
    return nothing;
  }

  #setRoleId(call: Call): Promise<StoreReply> {
    const roleId = roleIdOf(call.input);
    return this.#change(call, (before) => ({ ...existing(before, call), roleId }));
  }

  async #change(call: Call, update: (before: Role | null) => Role): Promise<StoreReply> {
    await this.#turns.take('roles', async () => {
      const name = nameOf(call);
      const before = this.#find(name);
      const after = update(before);
      const owner = this.#nameOfId(after.roleId);
      if (owner !== null && owner !== name) throw new SecretStoreError('invalid', 'role_id already in use');
      // What a role of that id has left, which was removed and not to its end.
      if (before?.roleId !== after.roleId) await this.#secretIds.removeAll(after.roleId);
      await this.#replace(name, after);
      if (before !== null && before.roleId !== after.roleId) await this.#secretIds.removeAll(before.roleId);
    });
    return nothing;
  }

  async #remove(call: Call): Promise<StoreReply> {
    await this.#turns.take('roles', async () => {
      const name = nameOf(call);
      const role = this.#find(name);
      await this.#replace(name, null);
      if (role === null) await this.#context.ledger.flush();
      else await this.#secretIds.removeAll(role.roleId);
    });
    return nothing;
  }

  async #replace(name: string, role: Role | null): Promise<void> {
    try {
      if (role === null) await this.#context.files.remove(name);
      else await this.#context.files.writeJson(name, role);
    } finally {
      this.#names = null;
    }
  }

  /** Those whose time is over, and those that are left of roles that are no more. */
  sweep(): Promise<void> {
    return this.#turns.take('roles', async () => {
      const names = this.#namesById();
      const areAllKnown = names.size === this.#context.files.list('').length;
      await this.#secretIds.sweep(areAllKnown ? new Set(names.keys()) : null);
    });
  }

  #nameOfId(roleId: string): string | null {
    return this.#namesById().get(roleId) ?? null;
  }

  /** A role that is damaged is nobody's. */
  #namesById(): ReadonlyMap<string, string> {
    if (this.#names !== null) return this.#names;
    const names = new Map<string, string>();
    for (const name of this.#context.files.list('')) {
      try {
        const role = this.#find(name);
        if (role !== null) names.set(role.roleId, name);
      } catch (error) {
        const isDamaged = error instanceof SecretStoreError && ['damaged', 'unknown-version'].includes(error.code);
        if (!isDamaged) throw error;
      }
    }
    this.#names = names;
    return names;
  }

  async #addSecretId(call: Call, secretId: string | undefined): Promise<StoreReply> {
    const { input } = call;
    const role = this.#role(call);
    if (!role.bindSecretId) throw new SecretStoreError('invalid', 'bind_secret_id is not set on the role');
    const numUses = input.integer('num_uses') ?? role.secretIdNumUses;
    const ttl = input.duration('ttl') ?? role.secretIdTtl;
    if (numUses < 0) throw new SecretStoreError('invalid', 'num_uses cannot be negative');
    if (role.secretIdNumUses > 0 && (numUses === 0 || numUses > role.secretIdNumUses)) {
      throw new SecretStoreError('invalid', 'num_uses cannot be higher than the role secret_id_num_uses');
    }
    if (role.secretIdTtl > 0 && (ttl === 0 || ttl > role.secretIdTtl)) {
      throw new SecretStoreError('invalid', 'ttl cannot be longer than the role secret_id_ttl');
    }
    const cidrs = input.list('cidr_list') ?? [];
    const tokenCidrs = input.list('token_bound_cidrs') ?? [];
    checkRanges([...cidrs, ...tokenCidrs]);
    const spec = { numUses, ttl, metadata: metadataOf(input), cidrs, tokenCidrs };
    const added = await this.#secretIds.add(role.roleId, secretId === undefined ? spec : { ...spec, secretId });
    return {
      data: {
        secret_id: added.secretId,
        secret_id_accessor: added.entry.accessor,
        secret_id_num_uses: numUses,
        secret_id_ttl: ttl,
      },
    };
  }

  #accessors(call: Call): StoreReply {
    const keys = this.#secretIds.of(this.#role(call).roleId).map(({ accessor }) => accessor);
    if (keys.length === 0) throw new SecretStoreError('absent', 'no secret ids');
    return { data: { keys: keys.sort() } };
  }

  #given(call: Call): SecretId | null {
    return this.#secretIds.find(this.#role(call).roleId, needed(call.input, 'secret_id'));
  }

  /** Errors: `no-route`, as Vault answers it. */
  #accessed(call: Call): SecretId {
    const accessor = needed(call.input, 'secret_id_accessor');
    const entry = this.#secretIds.byAccessor(this.#role(call).roleId, accessor);
    if (entry !== null) return entry;
    throw new SecretStoreError('no-route', `failed to find accessor entry for secret_id_accessor: "${accessor}"`);
  }

  #look(entry: SecretId | null): StoreReply {
    if (entry === null) return nothing;
    const wall = (time: number): string => formatTime(this.#context.clock.toWall(time));
    return {
      data: {
        cidr_list: entry.cidrs,
        creation_time: wall(entry.createdAt),
        expiration_time: entry.expiresAt === null ? '0001-01-01T00:00:00Z' : wall(entry.expiresAt),
        last_updated_time: wall(entry.updatedAt),
        metadata: entry.metadata,
        secret_id_accessor: entry.accessor,
        secret_id_num_uses: entry.numUses,
        secret_id_ttl: entry.ttl,
        token_bound_cidrs: entry.tokenCidrs,
      },
    };
  }

  async #destroy(call: Call, entry: SecretId | null): Promise<StoreReply> {
    if (entry === null) await this.#context.ledger.flush();
    else await this.#secretIds.remove(this.#role(call).roleId, entry);
    return nothing;
  }

  async #login({ input, path, remoteAddress }: Call): Promise<StoreReply> {
    const roleId = input.text('role_id');
    if (roleId === undefined || roleId === '') throw new SecretStoreError('unauthorized', 'missing role_id');
    const name = this.#nameOfId(roleId);
    const role = name === null ? null : this.#find(name);
    if (name === null || role === null || role.roleId !== roleId) throw refused();
    let metadata: Readonly<Record<string, string>> = {};
    let { boundCidrs } = role.tokens;
    const isFrom = (ranges: readonly string[]): boolean => isInRanges(remoteAddress, ranges);
    if (!isFrom(boundCidrs)) throw refused();
    if (role.bindSecretId) {
      const secretId = input.text('secret_id');
      if (secretId === undefined || secretId === '') throw new SecretStoreError('unauthorized', 'missing secret_id');
      const entry = this.#secretIds.find(role.roleId, secretId);
      if (entry === null || !isFrom(role.secretIdCidrs) || !isFrom(entry.cidrs) || !isFrom(entry.tokenCidrs))
        throw refused();
      await this.#secretIds.use(role.roleId, entry);
      metadata = entry.metadata;
      boundCidrs = inBoth(boundCidrs, entry.tokenCidrs);
    } else if (!isFrom(role.secretIdCidrs)) throw refused();
    const { login, warnings } = await this.#context.tokens.create({
      ...role.tokens,
      boundCidrs,
      path,
      displayName: 'approle',
      holder: this.#context.mount.path + name,
      meta: { ...metadata, role_name: name },
    });
    return { data: null, auth: login, warnings };
  }

  /** `role/r/token-ttl` and the like: one field of a role by itself. */
  #fieldRoute(field: string): Route {
    const name = field.replaceAll('-', '_');
    const shown = name === 'policies' ? 'token_policies' : name === 'period' ? 'token_period' : name;
    return {
      path: `role/{role_name}/${field}`,
      operations: {
        read: (call) => ({ data: { [name]: describeRole(this.#role(call))[shown] } }),
        update: (call) => {
          if (!call.input.has(name) && !call.input.has(shown)) throw new SecretStoreError('invalid', `missing ${name}`);
          return this.#change(call, (before) => readRole(call.input, existing(before, call)));
        },
        delete: (call) => this.#change(call, (before) => withoutField(existing(before, call), shown)),
      },
    };
  }
}

function nameOf({ parameters }: Call): string {
  return (parameters['role_name'] ?? '').toLowerCase();
}

function existing(role: Role | null, call: Call): Role {
  if (role === null) throw new SecretStoreError('no-route', `role "${nameOf(call)}" does not exist`);
  return role;
}

function needed(input: Input, name: string): string {
  const text = input.text(name);
  if (text === undefined || text === '') throw new SecretStoreError('invalid', `missing ${name}`);
  return text;
}

/** Errors: `invalid`. */
function roleIdOf(input: Input): string {
  const roleId = needed(input, 'role_id');
  if (roleId.length <= LONGEST_ROLE_ID && !roleId.includes('/')) return roleId;
  throw new SecretStoreError('invalid', `role_id: want at most ${LONGEST_ROLE_ID} characters, without /`);
}

/** A JSON object as text, as command lines send it, or as it is. */
function metadataOf(input: Input): Readonly<Record<string, string>> {
  let value = input.raw('metadata');
  if (value === undefined || value === '') return {};
  try {
    if (typeof value === 'string') value = JSON.parse(value);
  } catch {
    throw new SecretStoreError('invalid', 'failed to parse metadata: want a JSON object of strings');
  }
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap || Object.values(value as object).some((item) => typeof item !== 'string')) {
    throw new SecretStoreError('invalid', 'failed to parse metadata: want a JSON object of strings');
  }
  return value as Record<string, string>;
}
