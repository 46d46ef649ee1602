/** What a command of `confidant` is, and what it gets. */
import type { Host } from '../../targets/host.ts';
import type { Flag, Flags } from '../../targets/command-line/flags.ts';
import type { CommandEntry } from '../../targets/command-line/program.ts';
import type { Terminal } from '../../targets/command-line/terminal.ts';
import type { FileSecretStore } from '../file-secret-store.ts';
import type { Journal } from '../journal.ts';
import type { StaticSeal } from '../sealing/seal-config.ts';
import type { Operation, SecretData, StoreReply } from '../secret-store.ts';
import type { StandardInput } from './standard-input.ts';

export interface Command extends CommandEntry {
  /** Whether it may begin a store; all others want one that is there. */
  readonly begins?: boolean;
  /** Whether it changes what is journalled; of other commands nothing is. */
  readonly changes?: boolean;
  /** Returns the exit code. */
  run(context: Context): Promise<number>;
}

export interface Context {
  readonly terminal: Terminal;
  readonly host: Host;
  readonly build: ConfidantBuild;
  readonly flags: Flags;
  readonly words: readonly string[];
  readonly input: StandardInput;
  /** The data directory: the store is in it. */
  readonly root: string;
  /** As the command line says it; null: it says none. */
  rootKeys(): Promise<StaticSeal | null>;
  /**
   * Takes the store and works in it with all rights; nobody else can meanwhile. It is closed when the command has ended,
   * at the latest.
   */
  openStore(): Promise<OpenStore>;
}

export interface OpenStore {
  /** Errors: those of `SecretServer.handle`, with the path in front. */
  ask(operation: Operation, path: string, data?: SecretData): Promise<StoreReply>;
  close(): Promise<void>;
}

/** What the main file of a target decides. */
export interface ConfidantBuild {
  readonly version: string;
  /** Where the data is when nobody says. */
  readonly defaultRoot: string;
  /** What kind of memory holds the directory, be it there or still to be made; null: none. */
  memoryOf(root: string): string | null;
  /** The directory of the store in a data directory. */
  secretsIn(root: string): string;
  /** Makes a data directory and takes it. Null: another process has it. Errors: `CommandError`. */
  take(root: string): { release(): void } | null;
  /** Null: none is given. Errors: `CommandError`. */
  readRootKeys(from: RootKeySource): Promise<StaticSeal | null>;
  /** Whether a file lies in a directory, be it there or still to be made. */
  isInside(path: string, root: string): boolean;
  /** Makes a file with a new root key. Errors: `CommandError`. */
  makeKeyFile(path: string): Promise<void>;
  /** Opens the store of a data directory that was taken. `through` may stand before its journal. */
  openStore(root: string, seal: StaticSeal | null, through: (journal: Journal) => Journal): Promise<OpenedStore>;
  /** Looks at the journal without a change, and returns what is wrong with its files. */
  readJournal(root: string, visit: (key: string, value: Uint8Array | null) => void): Promise<readonly string[]>;
}

export interface OpenedStore {
  readonly store: FileSecretStore;
  close(): Promise<void>;
}

export interface RootKeySource {
  readonly rootKeyFile: string | null;
  readonly previousRootKeyFile: string | null;
  readonly credentialsDirectory: string | null;
}

/** As the Vault command line has it, and one more. */
export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_REFUSED = 2;
export const EXIT_DAMAGED = 3;
/** As shells count an end by SIGINT. */
export const EXIT_INTERRUPTED = 130;

export const MOUNT_FLAG: Flag = {
  name: 'mount',
  value: 'NAME',
  help: 'where the secrets are mounted (default secret)',
};
export const VERSIONS_FLAG: Flag = { name: 'versions', value: 'N,N', help: 'these versions' };

export function mountOf(flags: Flags): string {
  return (flags.text('mount') ?? 'secret').replace(/^\/+|\/+$/g, '');
}

/** Prints to standard output: false once nobody reads it. */
export function print({ terminal, host }: Pick<Context, 'terminal' | 'host'>, text: string): Promise<boolean> {
  return terminal.write(host.bytes.encodeUtf8(text));
}
