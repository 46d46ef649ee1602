/** The secret store of the service: opened, kept by its journal and its audit, and taken down in order. */
import type { Journal as StoreJournal } from '../../../confidant/journal.ts';
import { allEngines } from '../../../confidant/engines/engines.ts';
import { FileSecretStore } from '../../../confidant/file-secret-store.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import type { SealConfig } from '../../../confidant/sealing/barrier.ts';
import { FileLog } from '../../../logged/file-log.ts';
import type { Host } from '../../host.ts';
import { Unusable } from '../failure.ts';
import type { Shared } from '../part.ts';
import { openAuditTopic } from './audit-topic.ts';
import { LogJournal } from './log-journal.ts';
import { drawSeal, readSeal } from './root-key.ts';

/** Clients look for features by this: the version of Vault whose interface is spoken. */
export const VAULT_VERSION = '1.15.0';

export interface Secrets {
  readonly store: FileSecretStore;
  close(): Promise<void>;
}

/** Errors: `Unusable`. */
export async function openSecrets(shared: Shared): Promise<Secrets> {
  const { options, log } = shared;
  const { audit } = options.secrets;
  const sink = audit === 'off' ? null : { sink: await openAuditTopic(log), onFailure: audit };
  return options.secrets.isDev ? openDev(shared, sink) : openKept(shared, sink);
}

type AuditOption = { readonly audit?: NonNullable<Parameters<typeof FileSecretStore.open>[1]['audit']> };

async function openKept(shared: Shared, audit: AuditOption['audit'] | null): Promise<Secrets> {
  const { host, options, journal } = shared;
  const root = secretsDirectory(options.dataDirectory);
  const seal = await readSeal(host, options.secrets);
  const journalLog = await FileLog.open(host, { root: `${root}-journal`, report: (event) => journal.event(event) });
  try {
    const store = await openStore(shared, root, seal, await LogJournal.open(journalLog, host.bytes), audit);
    if (!store.isInitialized)
      journal.say('secrets: not initialised yet: streambed init, or vault operator init', 'warn');
    else if (store.isSealed) journal.say('secrets: sealed: vault operator unseal', 'warn');
    return {
      store,
      close: async () => {
        await store.close();
        await journalLog.close();
      },
    };
  } catch (error) {
    await journalLog.close();
    throw error;
  }
}

/** Nothing of an earlier run is left, and nothing of this one can be read later: the key is in memory only. */
async function openDev(shared: Shared, audit: AuditOption['audit'] | null): Promise<Secrets> {
  const { host, options, journal } = shared;
  const root = `${secretsDirectory(options.dataDirectory)}-dev`;
  removeAll(host, root);
  const store = await openStore(shared, root, await drawSeal(host), new MemoryJournal(), audit);
  const { rootToken } = await store.initialize(1, 1, options.secrets.devRootTokenId ?? undefined);
  journal.say(
    'secrets: DEVELOPMENT MODE: everything in the secret store is lost when this stops; not for production',
    'warn',
  );
  journal.say(`secrets: the root token is ${rootToken}`, 'warn');
  return { store, close: () => store.close() };
}

async function openStore(
  { host, options, journal }: Shared,
  root: string,
  seal: SealConfig,
  storeJournal: StoreJournal,
  audit: AuditOption['audit'] | null,
): Promise<FileSecretStore> {
  try {
    return await FileSecretStore.open(host, {
      root,
      seal,
      journal: storeJournal,
      engines: allEngines,
      version: VAULT_VERSION,
      ttlField: options.secrets.ttlField,
      report: (line) => journal.tell('error', 'secrets', line),
      ...(audit && { audit }),
    });
  } catch (error) {
    if (error instanceof SecretStoreError) throw new Unusable(`secrets in ${root}: ${error.message}`);
    throw error;
  }
}

/** Beside the topics of the log. */
export function secretsDirectory(dataDirectory: string): string {
  return `${dataDirectory}/secrets`;
}

class MemoryJournal implements StoreJournal {
  async replay(): Promise<void> {
    // There is nothing from before.
  }

  async append(): Promise<void> {
    // What is in memory is all that there is.
  }
}

function removeAll({ files }: Host, path: string): void {
  const stat = files.stat(path);
  if (stat === null) return;
  if (stat.kind !== 'directory') return files.remove(path);
  for (const name of files.list(path)) removeAll({ files } as Host, `${path}/${name}`);
  files.removeDir(path);
}
