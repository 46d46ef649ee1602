/**
 * The secret server on a directory of sealed files and a journal: put together here, and taken through its life: empty,
 * initialised, sealed, unsealed. One process at a time may open a directory; its caller sees to that.
 */
import type { Host, Sodium, Timer } from '../targets/host.ts';
import { Audit, type AuditSink } from './core/audit.ts';
import type { EngineContext, Engines } from './core/engine-context.ts';
import { Ledger } from './core/ledger.ts';
import { isLoginMethod, MountTable, scopeOf } from './core/mount-table.ts';
import { PolicySet } from './core/policy-set.ts';
import { RequestCore, type Unsealed } from './core/request-core.ts';
import type { Engine } from './core/route.ts';
import { StoreClock } from './core/store-clock.ts';
import { Wrapping } from './core/wrapping.ts';
import { randomUuid } from './identity/random-name.ts';
import { SYSTEM_TTL } from './identity/token-entry.ts';
import { Passwords } from './identity/passwords.ts';
import { TokenEngine } from './identity/token-routes.ts';
import { Tokens } from './identity/tokens.ts';
import type { Journal } from './journal.ts';
import { CubbyholeEngine } from './identity/cubbyhole-engine.ts';
import { Barrier, type SealConfig, type StaticSeal } from './sealing/barrier.ts';
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
/** Written last when a store is made: without it the making has to be taken to its end. */
const CLUSTER = 'cluster';
const SWEEP_EVERY_MS = 600_000;
/** How far a power cut sets the clock back where there is no other: see `store-clock.ts`. */
const CLOCK_EVERY_MS = 3_600_000;
/** Records that are removed at once. */
const MOST_AT_ONCE = 500;

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
  #sweep: Timer | null = null;
  /** What was sealed last: another may read the journal when its changes have ended. */
  #sealed: Ledger | null = null;
  /** The shares of a store that was begun to be made, in this process or, then there are none, in an earlier one. */
  #unfinished: readonly Uint8Array[] | null = null;

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
      (mount, files) => this.#makeEngine(mount, files),
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
    try {
      const store = new FileSecretStore(host, options, barrier, await host.sodium());
      if (store.isInitialized && options.seal.type === 'static') await store.unseal(null);
      return store;
    } catch (error) {
      await barrier.close();
      throw error;
    }
  }

  /** False as well for a store whose making was cut off before anybody was told of it. */
  get isInitialized(): boolean {
    return this.#barrier.status().initialized && this.#unfinished === null;
  }

  get isSealed(): boolean {
    return this.#open === null;
  }

  /** The id of the static root key that the keyring is wrapped with, else empty. */
  get rootKeyId(): string {
    return this.#barrier.status().rootKeyId;
  }

  handle(request: StoreRequest): Promise<StoreReply> {
    return this.#core.handle(request);
  }

  authorize(token: string, remoteAddress: string): Promise<Authority> {
    return this.#core.authorize(token, remoteAddress);
  }

  /**
   * Makes keys, the first mount and the root token, and, but for a Shamir seal, opens the store. `rootToken`: a certain
   * one. What failed, or was cut off, is taken to its end by another call; of a Shamir seal only in the same process,
   * since nobody has the shares. Errors: `exists`, `invalid`, `host-failed`.
   */
  initialize(shares: number, threshold: number, rootToken?: string): Promise<Initialized> {
    return this.#step(async () => {
      const isShamir = this.#options.seal.type === 'shamir';
      if (this.#unfinished === null) this.#unfinished = (await this.#barrier.init({ shares, threshold })).keyShares;
      const keys = this.#unfinished;
      const status = this.#barrier.status();
      if (isShamir && (status.shares !== shares || status.threshold !== threshold)) {
        throw new SecretStoreError('invalid', `the store was begun with ${status.shares} shares`);
      }
      try {
        for (const share of isShamir ? keys.slice(0, threshold) : [null]) await this.#barrier.unseal(share);
        const root = await this.#makeFirst(await this.#begin(randomUuid(this.#host)), rootToken);
        this.#unfinished = null;
        if (isShamir) this.seal();
        return { keys, rootToken: root };
      } catch (error) {
        this.seal();
        throw error;
      }
    });
  }

  async #makeFirst({ tokens, clusterId }: Open, rootToken?: string): Promise<string> {
    if (this.#mounts.get('secret/') === null) await this.#mounts.add('secret/', FIRST_MOUNT);
    // Root tokens of earlier tries, of which nobody was told.
    await tokens.revokeMadeBy(() => true);
    const root = await this.#makeRootToken(tokens, rootToken);
    await this.#barrier.files.scope('core').writeJson(CLUSTER, { id: clusterId });
    return root;
  }

  /**
   * Adds a share; null: with the root key that it was opened with, which is for its operator alone. Errors: `invalid`,
   * `uninitialized`, `damaged`.
   */
  unseal(share: Uint8Array | null): Promise<void> {
    return this.#step(async () => {
      if (this.#open !== null) return;
      if (share !== null && this.#options.seal.type === 'static') {
        throw new SecretStoreError('invalid', 'the store is opened by its root key, when the service starts');
      }
      const { sealed } = await this.#barrier.unseal(share);
      if (sealed) return;
      const cluster = this.#barrier.files.scope('core').readJson(CLUSTER) as { readonly id: string } | null;
      if (cluster === null) this.#unfinished = [];
      else await this.#begin(cluster.id);
    });
  }

  /** Goes on with another static root key, in which the keys are wrapped anew. Errors: `invalid`, `host-failed`. */
  useRootKeys(seal: StaticSeal): Promise<void> {
    return this.#step(() => this.#barrier.useRootKeys(seal));
  }

  /** Seals, and lets another process open the directory when what is under way has ended. */
  async close(): Promise<void> {
    await this.#open?.ledger.change([['clock', true]]).catch(() => undefined);
    this.#close();
    await this.#sealed?.close();
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

  async #begin(clusterId: string): Promise<Open> {
    // Who was asking when it was sealed may still be changing what is read now.
    await Promise.all([this.#core.settled(), this.#sealed?.close()]);
    const { bytes } = this.#host;
    const keyring = this.#barrier.keyring;
    const { journal, report } = this.#options;
    const ledger = new Ledger({ journal, bytes, keyring, now: () => this.#clock.now(), report });
    await ledger.load();
    this.#clock.raise(ledger.floor);
    const tokens = this.#tokensIn(ledger);
    const wrapping = new Wrapping({ ledger, tokens, clock: this.#clock });
    const files = this.#barrier.files;
    const policies = new PolicySet(() => files.scope('policies'));
    this.#open = { ledger, tokens, wrapping, policies, clusterId };
    const opened = this.#open;
    try {
      this.#mounts.load();
      this.#sweepLater();
      await this.#clean().catch((error: unknown) => this.#tell(error));
      if (this.#open !== opened) throw new SecretStoreError('sealed', 'Vault is sealed');
    } catch (error) {
      this.seal();
      throw error;
    }
    return opened;
  }

  #tokensIn(ledger: Ledger): Tokens {
    const limitsOf = (path: string) => {
      const mount = this.#mounts.mountOf(path);
      const isLogin = mount !== null && /^login(\/|$)/.test(path.slice(mount.path.length));
      return isLogin ? { defaultTtl: mount.defaultLeaseTtl, maxTtl: mount.maxLeaseTtl } : { defaultTtl: 0, maxTtl: 0 };
    };
    return new Tokens({
      host: this.#host,
      ledger,
      clock: this.#clock,
      keyring: () => this.#barrier.keyring,
      limitsOf,
    });
  }

  #close(): void {
    this.#sweep?.cancel();
    this.#sweep = null;
    if (this.#open !== null) this.#sealed = this.#open.ledger;
    void this.#sealed?.close();
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

  /** What has expired is removed once in a while. */
  #sweepLater(): void {
    const open = this.#open;
    this.#sweep = this.#host.clock.timer(SWEEP_EVERY_MS, () => {
      this.#sweepAll()
        .catch((error: unknown) => this.#tell(error))
        .finally(() => {
          if (this.#open === open) this.#sweepLater();
        });
    });
  }

  async #sweepAll(): Promise<void> {
    const { tokens, wrapping, ledger } = this.#unsealed();
    await tokens.sweep();
    await wrapping.sweep();
    for (const [, engine] of this.#mounts.engines()) await engine.sweep?.();
    if (this.#clock.now() - ledger.floor >= CLOCK_EVERY_MS) await ledger.change([['clock', true]]);
  }

  /** Removes what belonged to mounts that are no more, the tokens that they gave among it. */
  async #clean(): Promise<void> {
    const { tokens, ledger } = this.#unsealed();
    const live = new Set(this.#mounts.all().map((mount) => `${scopeOf(mount)}/`));
    await tokens.revokeMadeBy((path) => /^auth\/(?!token\/)/.test(path) && this.#mounts.mountOf(path) === null);
    for (const kind of ledger.kinds().filter((name) => /-[\da-f]{8}\/$/.test(name) && !live.has(name))) {
      const keys = [...ledger.entries(kind)].map(([key]) => [key, null] as const);
      while (keys.length > 0) await ledger.change(keys.splice(0, MOST_AT_ONCE));
    }
    await this.#mounts.clean();
  }

  #tell(error: unknown): void {
    if (this.#open !== null) this.#options.report(`cleaning up: ${error instanceof Error ? error.message : ''}`);
  }

  #makeEngine(mount: EngineContext['mount'], files: EngineContext['files']): Engine | null {
    const makers = this.#options.engines[isLoginMethod(mount) ? 'auth' : 'secret'];
    return Object.hasOwn(makers, mount.type) ? (makers[mount.type]?.(this.#contextOf(mount, files)) ?? null) : null;
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
      leaseTtl: () => this.#mounts.get(mount.path)?.defaultLeaseTtl || SYSTEM_TTL,
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
          isInitialized: () => this.isInitialized,
          bytes,
          clock,
          version: this.#options.version,
          clusterId: () => this.#open?.clusterId ?? '',
          initialize: (shares, threshold) => this.initialize(shares, threshold),
          unseal: (share) => this.unseal(share),
          seal: () => this.seal(),
        }),
        ...mountRoutes(
          () => this.#mounts,
          () => this.#clean(),
        ),
        ...policyRoutes({ policies, tokens, bytes }),
        ...wrappingRoutes(() => this.#unsealed().wrapping),
        ...specRoutes(() => this.#mounts.engines()),
      ],
    };
    return new Map([
      ['sys/', system],
      ['cubbyhole/', new CubbyholeEngine({ ledger: () => this.#unsealed().ledger, tokens })],
      ['auth/token/', token],
    ]);
  }
}
