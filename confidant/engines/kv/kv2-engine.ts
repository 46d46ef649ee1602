/** Versioned secrets: KV version 2, the whole of it. Facts: http-contract B7. */
import type { EngineContext } from '../../core/engine-context.ts';
import type { Input } from '../../core/input.ts';
import type { Call, Engine, Route } from '../../core/route.ts';
import { Turns } from '../../core/turns.ts';
import { type SecretData, SecretStoreError, type StoreReply } from '../../secret-store.ts';
import { parseSeconds } from '../../wire/durations.ts';
import { describeConfig, describeMetadata, describeVersion, metadataChanges } from './kv2-wire.ts';
import { SecretFiles, type Update } from './secret-files.ts';
import {
  addVersion,
  changeVersions,
  deletion,
  destruction,
  endOf,
  findVersion,
  isDeleted,
  lifetimeOf,
  type KvConfig,
  mergePatch,
  type Metadata,
  type Moment,
  newMetadata,
  plainConfig,
  undeletion,
  type VersionEntry,
} from './versions.ts';

const nothing: StoreReply = { data: null };
const CONFIG = 'config';

export class Kv2Engine implements Engine {
  readonly #secrets: SecretFiles;
  readonly #settings: EngineContext['files'];
  readonly #context: EngineContext;
  readonly #turns = new Turns();
  #config: KvConfig | null = null;

  constructor(context: EngineContext) {
    this.#secrets = new SecretFiles({ ...context, files: context.files.scope('secrets') });
    this.#settings = context.files.scope('settings');
    this.#context = context;
  }

  readonly routes: readonly Route[] = [
    {
      path: CONFIG,
      operations: { read: () => ({ data: describeConfig(this.#configOf()) }), update: (call) => this.#configure(call) },
    },
    {
      path: 'data/{path...}',
      operations: {
        read: (call) => this.#read(call),
        update: (call) => this.#write(call),
        patch: (call) => this.#patch(call),
        delete: (call) => this.#deleteNewest(call),
      },
      exists: (call) => this.#exists(call),
    },
    {
      path: 'metadata/{path...}',
      operations: {
        read: (call) => ({ data: describeMetadata(this.#known(pathOf(call))) }),
        update: (call) => this.#writeMetadata(call, false),
        patch: (call) => this.#writeMetadata(call, true),
        delete: (call) => this.#secrets.remove(pathOf(call)).then(() => nothing),
        list: (call) => this.#list(call),
      },
      exists: (call) => this.#exists(call),
    },
    { path: 'delete/{path...}', operations: { update: (call) => this.#change(call, deletion(this.#now)) } },
    { path: 'undelete/{path...}', operations: { update: (call) => this.#undelete(call) } },
    { path: 'destroy/{path...}', operations: { update: (call) => this.#change(call, destruction) } },
    { path: 'subkeys/{path...}', operations: { read: (call) => this.#subkeys(call) } },
    { path: '{path...}', operations: { read: wrongPath, update: wrongPath, delete: wrongPath, list: wrongPath } },
  ];

  get #now(): Moment {
    const { host, clock } = this.#context;
    return { wall: host.clock.now(), store: clock.now() };
  }

  /** What is there but damaged is there. */
  #exists(call: Call): boolean {
    return this.#secrets.exists(pathOf(call));
  }

  #configOf(): KvConfig {
    this.#config ??= (this.#settings.readJson(CONFIG) as KvConfig | null) ?? plainConfig;
    return this.#config;
  }

  async #configure({ input }: Call): Promise<StoreReply> {
    return this.#turns.take(CONFIG, async () => {
      const before = this.#configOf();
      const config: KvConfig = {
        maxVersions: input.integer('max_versions') ?? before.maxVersions,
        casRequired: input.boolean('cas_required') ?? before.casRequired,
        deleteVersionAfter: input.duration('delete_version_after') ?? before.deleteVersionAfter,
      };
      if (config.maxVersions < 0) throw new SecretStoreError('invalid', 'max_versions cannot be negative');
      try {
        await this.#settings.writeJson(CONFIG, config);
      } finally {
        this.#config = null;
      }
      return nothing;
    });
  }

  /** Errors: `absent`. */
  #known(path: string): Metadata {
    const metadata = this.#secrets.metadata(path);
    if (metadata === null) throw new SecretStoreError('absent', 'no such secret');
    return metadata;
  }

  /** A version to read, or what is said of one that is deleted. */
  #version(
    path: string,
    number: number,
  ): { entry: VersionEntry; metadata: Metadata; gone: Promise<StoreReply> | null } {
    const metadata = this.#known(path);
    const entry = findVersion(metadata, number);
    if (entry === null) throw new SecretStoreError('absent', 'no such version');
    return { entry, metadata, gone: isDeleted(entry, this.#now) ? this.#gone(entry, metadata) : null };
  }

  /** A power cut may set the store's clock back, but not to before what was said to have ended. */
  async #gone(entry: VersionEntry, metadata: Metadata): Promise<StoreReply> {
    const { ledger } = this.#context;
    if (!entry.destroyed && ledger.floor < endOf(entry)) await ledger.change([['clock', true]]).catch(() => undefined);
    return { data: { data: null, metadata: describeVersion(entry, metadata) }, outcome: 'not-found' };
  }

  async #read(call: Call): Promise<StoreReply> {
    const path = pathOf(call);
    const { entry, metadata, gone } = this.#version(path, versionOf(call.input));
    if (gone !== null) return gone;
    const data = this.#secrets.data(path, entry.version);
    return { data: { data, metadata: describeVersion(entry, metadata) }, leaseDuration: this.#leaseOf(data) };
  }

  #leaseOf(data: SecretData): number {
    const { ttlField } = this.#context;
    const value = ttlField === null ? undefined : data[ttlField];
    if (typeof value !== 'string' && typeof value !== 'number') return 0;
    // Streambed's services write durations with spaces: `1h 30m`.
    const seconds = parseSeconds(typeof value === 'string' ? value.replaceAll(' ', '') : value);
    return Math.max(0, Math.floor(seconds ?? 0));
  }

  async #write(call: Call): Promise<StoreReply> {
    const data = call.input.map('data');
    if (data === undefined) throw new SecretStoreError('invalid', 'no data provided');
    const now = this.#now;
    const cas = casOf(call.input);
    return this.#added(call, (before) => ({
      metadata: addVersion(before ?? newMetadata(now), this.#configOf(), cas, now),
      data,
    }));
  }

  async #patch(call: Call): Promise<StoreReply> {
    const path = pathOf(call);
    const patch = call.input.map('data');
    if (patch === undefined) throw new SecretStoreError('invalid', 'no data provided');
    const cas = casOf(call.input);
    let reply: Promise<StoreReply> | null = null;
    const added = await this.#added(call, () => {
      const { entry, metadata, gone } = this.#version(path, 0);
      reply = gone;
      if (gone !== null) return null;
      const data = mergePatch(this.#secrets.data(path, entry.version), patch) as SecretData;
      return { metadata: addVersion(metadata, this.#configOf(), cas, this.#now), data };
    });
    return reply ?? added;
  }

  async #added(call: Call, update: (before: Metadata | null) => Update | null): Promise<StoreReply> {
    const metadata = await this.#secrets.change(pathOf(call), update);
    const entry = metadata === null ? null : findVersion(metadata, 0);
    return entry === null || metadata === null ? nothing : { data: describeVersion(entry, metadata) };
  }

  async #deleteNewest(call: Call): Promise<StoreReply> {
    const now = this.#now;
    await this.#secrets.change(pathOf(call), (before) => {
      if (before === null) return null;
      return { metadata: changeVersions(before, [before.currentVersion], deletion(now), now) };
    });
    return nothing;
  }

  #undelete(call: Call): Promise<StoreReply> {
    const after = lifetimeOf(this.#secrets.metadata(pathOf(call)), this.#configOf());
    return this.#change(call, undeletion(this.#now, after));
  }

  async #change(call: Call, change: (entry: VersionEntry) => VersionEntry): Promise<StoreReply> {
    const versions = versionsOf(call);
    await this.#secrets.change(pathOf(call), (before) => {
      if (before === null) return null;
      return { metadata: changeVersions(before, versions, change, this.#now) };
    });
    return nothing;
  }

  async #writeMetadata(call: Call, isPatch: boolean): Promise<StoreReply> {
    const changes = metadataChanges(call.input, isPatch);
    await this.#secrets.change(pathOf(call), (before) => {
      if (before === null && isPatch) throw new SecretStoreError('absent', 'no such secret');
      const known = before ?? newMetadata(this.#now);
      return { metadata: { ...known, ...changes(known), updatedAt: this.#now.wall } };
    });
    return nothing;
  }

  #list(call: Call): StoreReply {
    const keys = this.#secrets.list(call.parameters['path'] ?? '');
    if (keys.length === 0) throw new SecretStoreError('absent', 'nothing there');
    return { data: { keys } };
  }

  async #subkeys(call: Call): Promise<StoreReply> {
    const path = pathOf(call);
    const { entry, metadata, gone } = this.#version(path, versionOf(call.input));
    if (gone !== null) return gone;
    const depth = call.input.integer('depth') ?? 0;
    const subkeys = keysOf(this.#secrets.data(path, entry.version), depth === 0 ? 100 : depth);
    return { data: { metadata: describeVersion(entry, metadata), subkeys } };
  }
}

function pathOf({ parameters }: Call): string {
  return parameters['path'] ?? '';
}

function versionOf(input: Input): number {
  const version = input.integer('version') ?? 0;
  if (version < 0) throw new SecretStoreError('invalid', 'version must not be negative');
  return version;
}

function casOf(input: Input): number | undefined {
  const value = input.map('options')?.['cas'];
  if (value === undefined || value === null) return undefined;
  const cas = Number(value);
  if (typeof value === 'object' || value === '' || !Number.isSafeInteger(cas) || cas < 0) {
    throw new SecretStoreError('invalid', 'error parsing check-and-set parameter');
  }
  return cas;
}

function versionsOf({ input, path }: Call): number[] {
  const versions = (input.list('versions') ?? []).map(Number);
  if (versions.length === 0) {
    throw new SecretStoreError('invalid', `${path.includes('/destroy/') ? 'n' : 'N'}o version number provided`);
  }
  if (versions.some((version) => !Number.isSafeInteger(version) || version < 1)) {
    throw new SecretStoreError('invalid', 'error converting input for field "versions": want numbers');
  }
  return versions;
}

function keysOf(value: unknown, depth: number): unknown {
  if (depth === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, keysOf(item, depth - 1)]));
}

function wrongPath(): StoreReply {
  const warning =
    'Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. ' +
    "If using the Vault CLI, use 'vault kv get' for this operation.";
  return { data: null, warnings: [warning], outcome: 'not-found' };
}
