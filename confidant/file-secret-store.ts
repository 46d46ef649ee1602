/**
 * The secret server on a directory of sealed files and a journal: put together here, and taken through its life: empty,
 * initialised, sealed, unsealed. One process at a time may open a directory; its caller sees to that.
 */
import type { Host, Sodium } from '../targets/host.ts';
import { Audit, type AuditSink } from './core/audit.ts';
import type { EngineContext, Engines } from './core/engine-context.ts';
import { Ledger } from './core/ledger.ts';
import { MountTable } from './core/mount-table.ts';
import { PolicySet } from './core/policy-set.ts';
import { RequestCore, type Unsealed } from './core/request-core.ts';
import type { Engine } from './core/route.ts';
import { StoreClock } from './core/store-clock.ts';
import { Wrapping } from './core/wrapping.ts';
import { randomUuid } from './identity/random-name.ts';
import { Passwords } from './identity/passwords.ts';
import { TokenEngine } from './identity/token-routes.ts';
import { Tokens } from './identity/tokens.ts';
import type { Journal } from './journal.ts';
import { Barrier, type SealConfig } from './sealing/barrier.ts';
import {
  type Authority,
  type SecretServer,
  SecretStoreError,
  type StoreReply,
  type StoreRequest,
} from './secret-store.ts';
import { mountRoutes } from './system/mount-routes.ts';
import { policyRoutes } from './system/policy-routes.ts';
import { sealRoutes } from './system/seal-routes.ts';
import { specRoutes } from './system/spec-routes.ts';
import { wrappingRoutes } from './system/wrapping-routes.ts';

export interface FileSecretStoreOptions {
  /** The directory, which is made when absent. */
  readonly root: string;
  readonly seal: SealConfig;
  readonly journal: Journal;
  /** What can be mounted. */
  readonly engines: Engines;
  /** Left out: nothing is audited. */
  readonly audit?: { readonly sink: AuditSink; readonly onFailure: 'closed' | 'open' };
  /** What the server says that it is. */
  readonly version: string;
  readonly ttlField?: string | null;
  readonly report: (line: string) => void;
}

export interface Initialized {
  readonly keys: readonly Uint8Array[];
  readonly rootToken: string;
}

interface Open extends Unsealed {
  readonly ledger: Ledger;
  readonly clusterId: string;
}

/** What a new store has: streambed's services read `secret/`. */
const FIRST_MOUNT = { type: 'kv', description: 'key/value secret storage', options: { version: '2' } };
const SWEEP_EVERY_MS = 600_000;

export class FileSecretStore implements SecretServer {
  readonly #host: Host;
  readonly #options: FileSecretStoreOptions;
  readonly #barrier: Barrier;
  readonly #clock: StoreClock;
  readonly #mounts: MountTable;
  readonly #sodium: Sodium;
  readonly #passwords: Passwords;
  readonly #core: RequestCore;
  #open: Open | null = null;
  #lastStep: Promise<unknown> = Promise.resolve();
  #sweptAt = 0;

  private constructor(host: Host, options: FileSecretStoreOptions, barrier: Barrier, sodium: Sodium) {
    this.#host = host;
    this.#options = options;
    this.#barrier = barrier;
    this.#clock = new StoreClock(host.clock);
    this.#sodium = sodium;
    this.#passwords = new Passwords(host, sodium);
    this.#mounts = new MountTable(
      host,
      () => barrier.files.scope('core'),
      (mount, files) => options.engines[mount.type]?.(this.#contextOf(mount, files)) ?? null,
      this.#builtIn(),
    );
    this.#core = new RequestCore({ mounts: this.#mounts, unsealed: () => this.#unsealed(), audit: this.#audit() });
  }

  /**
   * Opens a directory, and unseals it when it can. Errors: `host-failed` (not private, not readable), `damaged`,
   * `unknown-version`, `invalid` (the root key is another one).
   */
  static async open(host: Host, options: FileSecretStoreOptions): Promise<FileSecretStore> {
    const barrier = await Barrier.open(host, options.root, options.seal);
    const store = new FileSecretStore(host, options, barrier, await host.sodium());
    if (store.isInitialized && options.seal.type === 'static') await store.unseal(null);
    return store;
  }

  get isInitialized(): boolean {
    return this.#barrier.status().initialized;
  }

  get isSealed(): boolean {
    return this.#open === null;
  }

  async handle(request: StoreRequest): Promise<StoreReply> {
    const reply = await this.#core.handle(request);
    this.#sweepAtTimes();
    return reply;
  }

  authorize(token: string): Promise<Authority> {
    return this.#core.authorize(token);
  }

  /**
   * Makes keys, the first mount and the root token, and, but for a Shamir seal, opens the store. `rootToken`: a certain
   * one. Errors: `exists`, `invalid`, `host-failed`.
   */
  initialize(shares: number, threshold: number, rootToken?: string): Promise<Initialized> {
    return this.#step(async () => {
      const isShamir = this.#options.seal.type === 'shamir';
      const { keyShares } = await this.#barrier.init({ shares, threshold });
      for (const share of isShamir ? keyShares.slice(0, threshold) : [null]) await this.#barrier.unseal(share);
      const { tokens } = await this.#begin();
      await this.#mounts.add('secret/', FIRST_MOUNT);
      const root = await this.#makeRootToken(tokens, rootToken);
      if (isShamir) this.seal();
      return { keys: keyShares, rootToken: root };
    });
  }

  /** Adds a share; null: with the root key that it was opened with. Errors: `invalid`, `uninitialized`, `damaged`. */
  unseal(share: Uint8Array | null): Promise<void> {
    return this.#step(async () => {
      if (this.#open !== null) return;
      const { sealed } = await this.#barrier.unseal(share);
      if (!sealed) await this.#begin();
    });
  }

  /** Seals, and lets another process open the directory when what is under way has ended. */
  async close(): Promise<void> {
    this.#close();
    await this.#barrier.close();
  }

  /** Forgets all keys and all that was read with them. */
  seal(): void {
    this.#close();
    this.#barrier.seal();
  }

  /** A new root token, for whoever holds the keys; it is nowhere kept. */
  makeRootToken(): Promise<string> {
    return this.#makeRootToken(this.#unsealed().tokens);
  }

  async #makeRootToken(tokens: Tokens, token?: string): Promise<string> {
    const { login } = await tokens.create({
      policies: ['root'],
      path: 'auth/token/root',
      displayName: 'root',
      ...(token !== undefined && { token }),
    });
    return login.clientToken;
  }

  async #begin(): Promise<Open> {
    const { bytes } = this.#host;
    const keyring = this.#barrier.keyring;
    const { journal, report } = this.#options;
    const ledger = new Ledger({ journal, bytes, keyring, now: () => this.#clock.now(), report });
    await ledger.load();
    this.#clock.raise(ledger.floor);
    const tokens = new Tokens({ host: this.#host, ledger, clock: this.#clock, keyring: () => this.#barrier.keyring });
    const wrapping = new Wrapping({ ledger, tokens, clock: this.#clock });
    const files = this.#barrier.files;
    const policies = new PolicySet(() => files.scope('policies'));
    const open: Open = { ledger, tokens, wrapping, policies, clusterId: await this.#clusterId() };
    this.#open = open;
    try {
      this.#mounts.load();
    } catch (error) {
      this.seal();
      throw error;
    }
    return open;
  }

  async #clusterId(): Promise<string> {
    const files = this.#barrier.files.scope('core');
    const known = files.readJson('cluster') as { readonly id: string } | null;
    if (known !== null) return known.id;
    const id = randomUuid(this.#host);
    await files.writeJson('cluster', { id });
    return id;
  }

  #close(): void {
    this.#open = null;
    this.#mounts.forget();
  }

  /** Opening and closing happen one after the other. */
  #step<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#lastStep.then(run);
    this.#lastStep = done.catch(() => undefined);
    return done;
  }

  #unsealed(): Open {
    if (this.#open !== null) return this.#open;
    if (!this.isInitialized) throw new SecretStoreError('uninitialized', 'Vault is not initialized');
    throw new SecretStoreError('sealed', 'Vault is sealed');
  }

  /** What has expired is removed once in a while; that also keeps the floor of the clock near. */
  #sweepAtTimes(): void {
    const open = this.#open;
    const now = this.#host.clock.monotonic();
    if (open === null || now - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = now;
    const sweep = async (): Promise<void> => {
      await open.tokens.sweep();
      await open.wrapping.sweep();
      await open.ledger.change([['clock', true]]);
    };
    sweep().catch((error: unknown) => this.#options.report(`journal: ${error instanceof Error ? error.message : ''}`));
  }

  #contextOf(mount: EngineContext['mount'], files: EngineContext['files']): EngineContext {
    const { ledger, tokens } = this.#unsealed();
    const { ttlField = null, report } = this.#options;
    return {
      host: this.#host,
      mount,
      files,
      ledger,
      tokens,
      clock: this.#clock,
      keyring: this.#barrier.keyring,
      ttlField,
      report,
      passwords: this.#passwords,
      sodium: this.#sodium,
    };
  }

  #audit(): Audit | null {
    const { audit, report } = this.#options;
    if (audit === undefined) return null;
    const { bytes, clock } = this.#host;
    const keyring = () => (this.isSealed ? null : this.#barrier.keyring);
    return new Audit({ ...audit, bytes, keyring, now: () => clock.now(), report });
  }

  #builtIn(): ReadonlyMap<string, Engine> {
    const { bytes, clock } = this.#host;
    const tokens = (): Tokens => this.#unsealed().tokens;
    const policies = (): PolicySet => this.#unsealed().policies;
    const token = new TokenEngine({ tokens, clock: this.#clock, isPolicy: (name) => policies().text(name) !== null });
    const system: Engine = {
      routes: [
        ...sealRoutes({
          barrier: this.#barrier,
          bytes,
          clock,
          version: this.#options.version,
          clusterId: () => this.#open?.clusterId ?? '',
          initialize: (shares, threshold) => this.initialize(shares, threshold),
          unseal: (share) => this.unseal(share),
          seal: () => this.seal(),
        }),
        ...mountRoutes(() => this.#mounts),
        ...policyRoutes({ policies, tokens, bytes }),
        ...wrappingRoutes(() => this.#unsealed().wrapping),
        ...specRoutes(() => this.#mounts.engines()),
      ],
    };
    return new Map([
      ['sys/', system],
      ['auth/token/', token],
    ]);
  }
}
