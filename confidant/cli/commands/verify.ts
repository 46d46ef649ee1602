/** `confidant verify`: opens all that is sealed, changes nothing, and says what is damaged. */
import { CommandError } from '../../../targets/command-line/command-error.ts';
import { JOURNAL_PURPOSE } from '../../core/ledger.ts';
import { Keyring } from '../../sealing/keyring.ts';
import type { KeyringFile } from '../../sealing/keyring-file.ts';
import { findRootKey, rootKeysOf } from '../../sealing/seal-config.ts';
import { SealedFiles } from '../../sealing/sealed-files.ts';
import { combineRootKey } from '../../sealing/share-collector.ts';
import { SecretStoreError } from '../../secret-store.ts';
import { type Command, type Context, EXIT_DAMAGED, EXIT_DONE, print } from '../command.ts';
import { type Look, lookAtKeyring } from '../keyring-look.ts';
import { checkRootKeys, noStore, readShares } from '../store-session.ts';

interface Finding {
  /** What it was found in. */
  readonly place: string;
  readonly code: string;
  readonly message: string;
}

interface Report {
  readonly root: string;
  intact: boolean;
  files: number;
  parts: number;
  journalEntries: number;
  readonly findings: Finding[];
}

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'open all that is sealed, files and journal; changes nothing',
  flags: [{ name: 'json', help: 'print JSON, for programs' }],
  notes: `It may run beside the service. Exits with 3 when anything is damaged. A file that is missing, and one that was
put back as it was before, with all that it holds, cannot be told from one that is as it should be.
`,
  run: verify,
};

async function verify(context: Context): Promise<number> {
  const { build, root, flags } = context;
  const report: Report = { root, intact: true, files: 0, parts: 0, journalEntries: 0, findings: [] };
  const keys = await openKeyring(context, report);
  if (keys !== null) {
    const { look, keyring } = keys;
    const { tools, directory } = look;
    try {
      walk(new SealedFiles({ tools, keyring, directory, changes: new Map() }), '', report);
      const faults = await build.readJournal(root, (key, value) => {
        report.journalEntries += 1;
        if (value !== null) attempt(report, `journal/${key}`, () => keyring.open(JOURNAL_PURPOSE, key, value));
      });
      for (const message of faults) report.findings.push({ place: 'journal', code: 'damaged', message });
    } finally {
      keyring.wipe();
    }
  }
  report.intact = report.findings.length === 0;
  await print(context, flags.has('json') ? `${JSON.stringify(report)}\n` : textOf(report));
  return report.intact ? EXIT_DONE : EXIT_DAMAGED;
}

/** Null: it is damaged, and nothing else can be looked at. Errors: `CommandError`, `host-failed`. */
async function openKeyring(
  context: Context,
  report: Report,
): Promise<{ readonly look: Look; readonly keyring: Keyring } | null> {
  const { host, build, root } = context;
  const sodium = await host.sodium();
  const look = attempt(report, 'keyring', () => lookAtKeyring(host, sodium, build.secretsIn(root)));
  if (look === undefined) return null;
  if (look === null) throw noStore(root);
  const rootKey = await rootKeyOf(context, look.keyring);
  try {
    const content = attempt(report, 'keyring', () => look.keyring.open(rootKey));
    if (content === undefined) return null;
    const keyring = new Keyring(look.tools);
    keyring.load(content);
    return { look, keyring };
  } finally {
    sodium.wipe(rootKey);
  }
}

async function rootKeyOf(context: Context, { header }: KeyringFile): Promise<Uint8Array> {
  const seal = await context.rootKeys();
  checkRootKeys(context.root, header, seal);
  if (seal !== null) return findRootKey(rootKeysOf(seal), header.rootKeyId);
  const key = combineRootKey((await readShares(context, header.threshold)).slice(0, header.threshold));
  if (key === null) throw new CommandError('the shares do not go together');
  return key;
}

/** Names of directories are from the root of the store on; limits of length are those of each step. */
function walk(files: SealedFiles, prefix: string, report: Report): void {
  const names = attempt(report, `files/${prefix}`, () => files.list('')) ?? [];
  for (const name of names) {
    if (name.endsWith('/')) {
      walk(files.scope(name.slice(0, -1)), prefix + name, report);
      continue;
    }
    const place = `files/${prefix}${name}`;
    attempt(report, place, () => {
      const file = files.read(name);
      if (file === null) return; // removed meanwhile
      report.files += 1;
      for (const label of file.labels()) {
        attempt(report, place, () => file.open(label));
        report.parts += 1;
      }
    });
  }
}

/** Undefined: what was found is in the report. */
function attempt<T>(report: Report, place: string, look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof SecretStoreError) || isOutside(error, place)) throw error;
    report.findings.push({ place, code: error.code, message: error.message });
    return undefined;
  }
}

/** The directory as a whole cannot be looked at. */
function isOutside({ code }: SecretStoreError, place: string): boolean {
  return code === 'host-failed' && place === 'keyring';
}

function textOf({ files, parts, journalEntries, findings, intact }: Report): string {
  const found = findings.map(({ place, code, message }) => `${code}: ${place}: ${message}\n`).join('');
  const counts = `${files} files of ${parts} parts, ${journalEntries} entries of the journal`;
  return `${counts}\n${found}${intact ? 'intact' : 'not intact'}\n`;
}
