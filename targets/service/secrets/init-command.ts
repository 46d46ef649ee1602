/**
 * `streambed init`: makes the root key and the secret store of an unattended device, and prints the root token once. The
 * service must not run meanwhile: it has the store open.
 */
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import { takeDirectory } from '../data-directory.ts';
import { explain, Unusable, UsageError } from '../failure.ts';
import type { Platform } from '../platform.ts';
import { variableOf } from '../serve-options.ts';
import { isInside, KEY_INSIDE } from './inside.ts';
import { openKeptStore } from './kept-store.ts';
import { makeKeyFile, readStaticSeal } from './root-key.ts';

export const initHelp = `usage: streambed init --data DIR --root-key-file FILE

Makes the root key in FILE (mode 0400), which must not be in DIR, unless it is there; the secret store in DIR; and prints
its root token, once. Each also as an environment variable: STREAMBED_DATA, STREAMBED_ROOT_KEY_FILE.
`;

/** Errors: `UsageError`, `Unusable`. */
export async function runInit(platform: Platform, args: readonly string[]): Promise<void> {
  const { data, keyFile } = parseOptions(platform, args);
  const { host } = platform;
  const lock = takeDirectory(host.files, data, (line) => platform.warn(`streambed: ${line}\n`));
  if (lock === null) throw new Unusable(`${data}: nothing can be written there`);
  try {
    if (isInside(platform.look, keyFile, data)) throw new UsageError(`${keyFile}: ${KEY_INSIDE}`);
    if (host.files.stat(keyFile) === null) await makeKeyFile(host, keyFile);
    const seal = await readStaticSeal(host, { rootKeyFile: keyFile, rootKey: null, previousRootKeyFile: null });
    if (seal === null) throw new Unusable(`${keyFile}: holds no key`);
    const { store, close } = await openKeptStore(host, data, {
      seal,
      event: () => undefined,
      report: (line) => platform.warn(`streambed: ${line}\n`),
    });
    try {
      const { rootToken } = await store.initialize(1, 1);
      const lost = await platform
        .print(`${rootToken}\n`)
        .then((isRead) => (isRead ? null : 'nobody reads it'), explain);
      if (lost !== null) throw new Unusable(tokenLost(lost, data, keyFile));
    } finally {
      await close();
    }
  } catch (error) {
    if (error instanceof SecretStoreError && error.code === 'exists')
      throw new Unusable(`${data}: has a secret store already`);
    if (error instanceof SecretStoreError) throw new Unusable(`secrets in ${data}: ${error.message}`);
    throw error;
  } finally {
    lock.release();
  }
}

function tokenLost(why: string, data: string, keyFile: string): string {
  const another = `confidant --root-path=${data} --root-key-file=${keyFile} token create -policy=root`;
  return `standard output: ${why}: the store is made, but its root token is lost; for another one: ${another}`;
}

function parseOptions(
  platform: Platform,
  args: readonly string[],
): { readonly data: string; readonly keyFile: string } {
  const given = new Map<string, string>();
  for (let at = 0; at < args.length; at += 1) {
    const [, name = '', inline] = /^--(data|root-key-file)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    if (name === '') throw new UsageError(`${args[at]}: unknown; see streambed init --help`);
    const value = inline ?? args[(at += 1)];
    if (value === undefined) throw new UsageError(`--${name}: want a value`);
    given.set(name, value);
  }
  const text = (name: string): string => given.get(name) ?? platform.env(variableOf(name)) ?? '';
  const [data, keyFile] = [text('data'), text('root-key-file')];
  if (data === '') throw new UsageError('say where the data is kept: --data DIR, or STREAMBED_DATA');
  if (keyFile === '') throw new UsageError('say where the root key is kept: --root-key-file FILE, outside the data');
  return { data, keyFile };
}
