/** Opens the store for a command: with the root key, or by shares, for this process alone, and with all rights. */
import { CommandError } from '../../targets/command-line/command-error.ts';
import type { Host } from '../../targets/host.ts';
import { randomUuid } from '../identity/random-name.ts';
import type { KeyringHeader } from '../sealing/keyring-file.ts';
import type { StaticSeal } from '../sealing/seal-config.ts';
import { type Operation, type SecretData, SecretStoreError, type StoreReply } from '../secret-store.ts';
import type { Command, Context, OpenedStore, OpenStore } from './command.ts';
import { CommandJournal } from './command-journal.ts';
import { lookAtKeyring } from './keyring-look.ts';

export type SessionContext = Omit<Context, 'openStore'>;

const TRIES = 10;
const TRY_EVERY_MS = 200;

/** Errors: `CommandError`, `SecretStoreError`. */
export async function openSession(context: SessionContext, command: Command): Promise<OpenStore> {
  const { host, build, root } = context;
  const look = lookAtKeyring(host, await host.sodium(), build.secretsIn(root));
  const header = look?.keyring.header ?? null;
  const seal = await context.rootKeys();
  if (header === null) checkBeginning(context, command, seal);
  else checkRootKeys(root, header, seal);
  // Before the store is taken: people take their time.
  const shares = header?.type === 'shamir' ? await readShares(context, header.threshold) : [];
  const lock = await takeRoot(context);
  const session = new StoreSession(host, lock);
  try {
    await session.open(context, command, seal, shares);
    session.begin(command.changes === true);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Waits for other commands, which are soon done. Errors: `CommandError`. */
export async function takeRoot({ host, build, root }: SessionContext): Promise<{ release(): void }> {
  for (let tries = 1; ; tries += 1) {
    const lock = build.take(root);
    if (lock !== null) return lock;
    if (tries === TRIES) {
      const advice = 'while the service runs, use its HTTP API or the vault command line';
      throw new CommandError(`${root}: another process has the secret store open; ${advice}`);
    }
    await new Promise<void>((resolve) => {
      host.clock.timer(TRY_EVERY_MS, resolve);
    });
  }
}

export function noStore(root: string): CommandError {
  return new CommandError(`no secret store at ${root}, see --root-path`);
}

/** Errors: `CommandError`. */
export function checkRootKeys(root: string, { type, rootKeyId }: KeyringHeader, seal: StaticSeal | null): void {
  if (type === 'shamir') {
    if (seal === null) return;
    throw new CommandError(`${root}: the secret store is opened by shares, not by a root key`);
  }
  if (seal === null) {
    throw new CommandError(`${root}: want the root key: --root-key-file FILE, or --credentials-directory DIR`);
  }
  if (seal.current.id === rootKeyId || seal.previous?.id === rootKeyId) return;
  throw new CommandError(`${root}: needs the root key ${rootKeyId}, the one given is ${seal.current.id}`);
}

export async function readShares({ input, host }: SessionContext, count: number): Promise<readonly Uint8Array[]> {
  const lines = await input.secretLines('unseal key', count);
  return lines.map((line, index) => {
    if (/^([\da-f]{2})+$/i.test(line)) {
      return Uint8Array.from(line.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    }
    try {
      return host.bytes.decodeBase64(line);
    } catch {
      throw new CommandError(`unseal key ${index + 1}: is neither hex nor base64`);
    }
  });
}

function checkBeginning({ root, flags, terminal, build }: SessionContext, command: Command, seal: StaticSeal | null) {
  if (command.begins !== true) throw noStore(root);
  const isVolatileMeant =
    flags.has('allow-volatile') || ['true', '1'].includes(terminal.env('STREAMBED_ALLOW_VOLATILE') ?? '');
  const memory = isVolatileMeant ? null : build.memoryOf(root);
  if (memory !== null) {
    throw new CommandError(`${root} is in memory (${memory}), lost when the machine stops: --allow-volatile if meant`);
  }
  if (seal !== null) return;
  throw new CommandError(`${root}: a new secret store wants a root key: --root-key-file or --credentials-directory`);
}

class StoreSession implements OpenStore {
  readonly #host: Host;
  readonly #lock: { release(): void };
  #journal: CommandJournal | null = null;
  #opened: OpenedStore | null = null;
  #token = '';

  constructor(host: Host, lock: { release(): void }) {
    this.#host = host;
    this.#lock = lock;
  }

  async open(
    { build, root, terminal }: SessionContext,
    command: Command,
    seal: StaticSeal | null,
    shares: readonly Uint8Array[],
  ): Promise<void> {
    const opened = await build.openStore(root, seal, (journal) => (this.#journal = new CommandJournal(journal)));
    this.#opened = opened;
    const { store } = opened;
    for (const share of shares) if (store.isSealed) await store.unseal(share);
    if (store.isInitialized) this.#token = await store.makeRootToken();
    // Its making may have been cut off.
    else if (command.begins !== true) throw noStore(root);
    else this.#token = (await store.initialize(1, 1)).rootToken;
    if (seal !== null && store.rootKeyId !== seal.current.id) {
      terminal.warn(`confidant: the keyring could not be written: the root key ${store.rootKeyId} is still needed\n`);
    }
  }

  begin(isChanging: boolean): void {
    if (this.#journal !== null) this.#journal.isHeld = !isChanging;
  }

  async ask(operation: Operation, path: string, data: SecretData = {}): Promise<StoreReply> {
    if (this.#opened === null) throw new Error('the store is closed');
    const request = { id: randomUuid(this.#host), operation, path, data, token: this.#token };
    try {
      return await this.#opened.store.handle({ ...request, remoteAddress: '', wrapTtl: null });
    } catch (error) {
      if (!(error instanceof SecretStoreError)) throw error;
      const text = error.message.replace(/^1 error occurred:\s*\* /, '').trim();
      throw new SecretStoreError(error.code, `${path}: ${text}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    try {
      await opened?.close();
    } finally {
      this.#lock.release();
    }
  }
}
