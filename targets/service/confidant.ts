/** What the command `confidant` is built of, on every target. */
import type { ConfidantBuild, RootKeySource } from '../../confidant/cli/command.ts';
import type { StaticSeal } from '../../confidant/sealing/seal-config.ts';
import { verifyLog } from '../../logged/inspection/verify.ts';
import { FileLog } from '../../logged/file-log.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Terminal } from '../command-line/terminal.ts';
import type { Host } from '../host.ts';
import { Taken, takeDirectory } from './data-directory.ts';
import { Unusable } from './failure.ts';
import { memoryFileSystem } from './linux/memory-file-system.ts';
import type { Platform } from './platform.ts';
import { isInside } from './secrets/inside.ts';
import { journalDirectory, openKeptStore, secretsDirectory } from './secrets/kept-store.ts';
import { LogJournal } from './secrets/log-journal.ts';
import { makeKeyFile, readStaticSeal } from './secrets/root-key.ts';
import { readRootSecret } from './secrets/root-secret.ts';
import { variableOf } from './serve-options.ts';

type Environment = (name: string) => string | undefined;

export function confidantBuild(
  host: Host,
  version: string,
  { env, warn }: Pick<Terminal, 'env' | 'warn'>,
  look: Platform['look'],
): ConfidantBuild {
  const report = (line: string): void => warn(`confidant: ${line}\n`);
  return {
    version,
    // As of `logged`, and where `npm start` keeps it. Nothing below /var: that is memory on OpenWrt.
    defaultRoot: './data',
    memoryOf: (root) => memoryFileSystem(host, root),
    secretsIn: secretsDirectory,
    take: (root) => take(host, root, report),
    readRootKeys: (from) => plainly(() => readRootKeys(host, env, from, report)),
    isInside: (path, root) => isInside(look, path, root),
    makeKeyFile: (path) => plainly(() => makeKeyFile(host, path)),
    openStore: (root, seal, through) =>
      openKeptStore(host, root, { seal: seal ?? { type: 'shamir' }, through, report, event: () => undefined }),
    readJournal: (root, visit) => readJournal(host, root, visit),
  };
}

function take(host: Host, root: string, report: (line: string) => void): { release(): void } | null {
  try {
    return takeDirectory(host.files, root, report) ?? { release: () => undefined };
  } catch (error) {
    if (error instanceof Taken) return null;
    throw error instanceof Unusable ? new CommandError(error.message) : error;
  }
}

/** The command line goes before the environment, and what is said of root keys before credentials. */
async function readRootKeys(
  host: Host,
  env: Environment,
  { rootKeyFile, previousRootKeyFile, credentialsDirectory }: RootKeySource,
  report: (line: string) => void,
): Promise<StaticSeal | null> {
  const given = (name: string): string | null => env(variableOf(name)) || null;
  if (rootKeyFile === null && credentialsDirectory !== null) return fromCredentials(credentialsDirectory);
  const file = rootKeyFile ?? given('root-key-file');
  const seal = await readStaticSeal(host, {
    rootKeyFile: file,
    rootKey: file === null ? given('root-key') : null,
    previousRootKeyFile: previousRootKeyFile ?? given('previous-root-key-file'),
  });
  if (seal !== null) return seal;
  const directory = env('CREDENTIALS_DIRECTORY') ?? '';
  return directory === '' ? null : fromCredentials(directory);

  async function fromCredentials(path: string): Promise<StaticSeal> {
    const found = await readRootSecret(host, path, report);
    if (found === null) throw new Unusable(`${path}/root-secret: is missing`);
    return found;
  }
}

async function readJournal(host: Host, root: string, visit: (key: string, value: Uint8Array | null) => void) {
  const directory = journalDirectory(root);
  if (host.files.stat(directory) === null) return ['is missing'];
  const { findings } = verifyLog(host, directory);
  const faults = findings.filter(({ kind }) => kind !== 'torn-tail').map(({ kind, message }) => `${kind}: ${message}`);
  if (faults.length > 0) return faults; // what is behind the damage cannot be read
  const log = await FileLog.open(host, { root: directory, lockOn: 'write', report: () => undefined });
  try {
    await LogJournal.read(log, host.bytes, visit);
    return [];
  } finally {
    await log.close();
  }
}

/** The words of the service's errors are the command's, too. */
async function plainly<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof Unusable ? new CommandError(error.message) : error;
  }
}
