/** The secret store on disk with its journal beside it, as everybody opens it who may. */
import { allEngines } from '../../../confidant/engines/engines.ts';
import { FileSecretStore, type FileSecretStoreOptions } from '../../../confidant/file-secret-store.ts';
import { checkPrivate } from '../../../confidant/sealing/private-directory.ts';
import type { Journal } from '../../../confidant/journal.ts';
import { FileLog, type FileLogOptions } from '../../../logged/file-log.ts';
import type { Host } from '../../host.ts';
import { LogJournal } from './log-journal.ts';

/** Clients look for features by this: the version of Vault whose interface is spoken. */
export const VAULT_VERSION = '1.15.0';

export interface Secrets {
  readonly store: FileSecretStore;
  close(): Promise<void>;
}

export interface KeptStoreOptions extends Omit<FileSecretStoreOptions, 'root' | 'journal' | 'engines' | 'version'> {
  /** Is told what happens to the files of the journal. */
  readonly event: NonNullable<FileLogOptions['report']>;
  /** What stands before the journal. */
  readonly through?: (journal: Journal) => Journal;
}

/** Who calls has taken the data directory. Errors: those of `FileSecretStore.open` and of the log. */
export async function openKeptStore(
  host: Host,
  dataDirectory: string,
  { event, through = (journal) => journal, ...options }: KeptStoreOptions,
): Promise<Secrets> {
  checkPrivate(host.files, journalDirectory(dataDirectory));
  const log = await FileLog.open(host, { root: journalDirectory(dataDirectory), report: event });
  try {
    const store = await FileSecretStore.open(host, {
      ...options,
      root: secretsDirectory(dataDirectory),
      journal: through(await LogJournal.open(log, host.bytes)),
      engines: allEngines,
      version: VAULT_VERSION,
    });
    return {
      store,
      close: async () => {
        await store.close();
        await log.close();
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** Beside the topics of the log. */
export function secretsDirectory(dataDirectory: string): string {
  return `${dataDirectory}/secrets`;
}

export function journalDirectory(dataDirectory: string): string {
  return `${secretsDirectory(dataDirectory)}-journal`;
}
