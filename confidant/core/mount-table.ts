/** What is mounted where: the engines of `sys/mounts` and the login methods of `sys/auth`, in one sealed file. */
import type { Host } from '../../targets/host.ts';
import { randomUuid } from '../identity/random-name.ts';
import type { SealedFiles } from '../sealing/sealed-files.ts';
import { SecretStoreError } from '../secret-store.ts';
import type { Engine } from './route.ts';

const FILE = 'mounts';
const NAME = /^[\w.-]+(\/[\w.-]+)*$/;
const MOST_MOUNTS = 64;
/** What mounts may not cover. */
const BUILT_IN = ['sys/', 'auth/', 'identity/', 'cubbyhole/', 'kafka/'];

export interface Mount {
  /** `secret/`, `auth/approle/`. */
  readonly path: string;
  readonly type: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>> | null;
  readonly accessor: string;
  readonly uuid: string;
  readonly defaultLeaseTtl: number;
  /** Seconds; 0: the system's. Of a login method: of the tokens that it gives. */
  readonly maxLeaseTtl: number;
}

export interface MountRequest {
  readonly type: string;
  readonly description?: string;
  readonly options?: Readonly<Record<string, string>> | null;
  readonly defaultLeaseTtl?: number;
  readonly maxLeaseTtl?: number;
}

/** Makes the engine of a mount; null: there is no such type. `files` holds what belongs to the mount alone. */
type EngineMaker = (mount: Mount, files: SealedFiles) => Engine | null;

export class MountTable {
  readonly #host: Pick<Host, 'bytes' | 'random'>;
  readonly #files: () => SealedFiles;
  readonly #make: EngineMaker;
  /** Engines that are always there, by their path. */
  readonly #builtIn: ReadonlyMap<string, Engine>;
  #mounts: readonly Mount[] = [];
  #engines = new Map<string, Engine>();
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(
    host: Pick<Host, 'bytes' | 'random'>,
    files: () => SealedFiles,
    make: EngineMaker,
    builtIn: ReadonlyMap<string, Engine>,
  ) {
    this.#host = host;
    this.#files = files;
    this.#make = make;
    this.#builtIn = builtIn;
  }

  /** Errors: `damaged`. */
  load(): void {
    this.#take((this.#files().readJson(FILE) as readonly Mount[] | null) ?? []);
  }

  /** The store was sealed. */
  forget(): void {
    this.#take([]);
  }

  all(): readonly Mount[] {
    return this.#mounts;
  }

  /** All engines with their mounts, built-in ones first. */
  engines(): readonly (readonly [mount: string, engine: Engine])[] {
    return [...this.#builtIn, ...this.#engines];
  }

  get(path: string): Mount | null {
    return this.#mounts.find((mount) => mount.path === path) ?? null;
  }

  /** The engine that a path belongs to, with the longest mount before it. */
  find(path: string): { readonly mount: string; readonly engine: Engine } | null {
    let found: { readonly mount: string; readonly engine: Engine } | null = null;
    for (const engines of [this.#builtIn, this.#engines]) {
      for (const [mount, engine] of engines) {
        if (!`${path}/`.startsWith(mount) || mount.length <= (found?.mount.length ?? 0)) continue;
        found = { mount, engine };
      }
    }
    return found;
  }

  /** The mount that a path belongs to, or null for built-in ones and none. */
  mountOf(path: string): Mount | null {
    const found = this.find(path);
    return found === null ? null : this.get(found.mount);
  }

  /** `path` ends in `/`. Errors: `invalid`, `exists`. */
  add(path: string, request: MountRequest): Promise<void> {
    return this.#change(() => {
      if (!NAME.test(path.slice(0, -1)) || path.length > 128)
        throw new SecretStoreError('invalid', `invalid mount path`);
      const taken = [...this.#builtIn.keys(), ...this.#engines.keys()].some(
        (other) => path.startsWith(other) || other.startsWith(path),
      );
      const isReserved = !isLoginMethod({ path }) && BUILT_IN.some((name) => path.startsWith(name));
      if (taken || isReserved) {
        throw new SecretStoreError('exists', `path is already in use at ${path.replace(/^auth\//, '')}`);
      }
      if (this.#mounts.length >= MOST_MOUNTS) throw new SecretStoreError('invalid', 'too many mounts');
      const mount: Mount = {
        path,
        type: request.type,
        description: request.description ?? '',
        options: request.options ?? null,
        accessor: `${isLoginMethod({ path }) ? 'auth_' : ''}${request.type}_${randomUuid(this.#host).slice(0, 8)}`,
        uuid: randomUuid(this.#host),
        defaultLeaseTtl: request.defaultLeaseTtl ?? 0,
        maxLeaseTtl: request.maxLeaseTtl ?? 0,
      };
      if (this.#engineOf(mount) === null) {
        throw new SecretStoreError('invalid', `plugin not found in the catalog: ${request.type.slice(0, 64)}`);
      }
      return [...this.#mounts, mount];
    });
  }

  /** What belongs to it is left for `clean`. */
  async remove(path: string): Promise<void> {
    await this.#change(() => (this.get(path) === null ? null : this.#mounts.filter((mount) => mount.path !== path)));
  }

  /** Removes the files of mounts that are no more: also what a stop has left of them. */
  clean(): Promise<void> {
    return this.#inTurn(async () => {
      const live = new Set(this.#mounts.map((mount) => `${scopeOf(mount)}/`));
      const files = this.#files();
      for (const name of files.list('')) {
        if (name.endsWith('/') && !live.has(name)) await removeAll(files.scope(name.slice(0, -1)), '');
      }
    });
  }

  /** Errors: `invalid` when there is no such mount. */
  tune(
    path: string,
    changes: Partial<Pick<Mount, 'description' | 'options' | 'defaultLeaseTtl' | 'maxLeaseTtl'>>,
  ): Promise<void> {
    return this.#change(() => {
      if (this.get(path) === null) throw new SecretStoreError('invalid', `tune: no mount at ${path}`);
      return this.#mounts.map((mount) => (mount.path === path ? { ...mount, ...changes } : mount));
    });
  }

  /** Null: nothing changes. */
  #change(update: () => readonly Mount[] | null): Promise<void> {
    return this.#inTurn(async () => {
      const mounts = update();
      if (mounts === null) return;
      await this.#files().writeJson(FILE, mounts);
      this.#take(mounts);
    });
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const changed = this.#lastChange.then(run);
    this.#lastChange = changed.catch(() => undefined);
    return changed;
  }

  #take(mounts: readonly Mount[]): void {
    const before = this.#engines;
    const known = new Set(this.#mounts.map(({ uuid }) => uuid));
    this.#mounts = mounts;
    this.#engines = new Map();
    for (const mount of mounts) {
      // An engine has state, such as who waits for whom: it lives as long as its mount.
      const engine = known.has(mount.uuid) ? before.get(mount.path) : this.#engineOf(mount);
      if (engine !== null && engine !== undefined) this.#engines.set(mount.path, engine);
    }
  }

  #engineOf(mount: Mount): Engine | null {
    return this.#make(mount, this.#filesOf(mount));
  }

  #filesOf(mount: Mount): SealedFiles {
    return this.#files().scope(scopeOf(mount));
  }
}

export function isLoginMethod({ path }: Pick<Mount, 'path'>): boolean {
  return path.startsWith('auth/');
}

/** What a mount's files, and its entries in the ledger, begin with: its own for ever. */
export function scopeOf({ type, uuid }: Pick<Mount, 'type' | 'uuid'>): string {
  return `${type}-${uuid.slice(0, 8)}`;
}

async function removeAll(files: SealedFiles, directory: string): Promise<void> {
  for (const name of files.list(directory)) {
    const path = directory === '' ? name : `${directory}/${name}`;
    if (name.endsWith('/')) await removeAll(files, path.slice(0, -1));
    else await files.remove(path);
  }
}
