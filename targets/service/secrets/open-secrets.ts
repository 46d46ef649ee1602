/** The secret store of the service: opened, kept by its journal and its audit, and taken down in order. */
import type { Journal as StoreJournal } from '../../../confidant/journal.ts';
import { allEngines } from '../../../confidant/engines/engines.ts';
import { FileSecretStore } from '../../../confidant/file-secret-store.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import type { SealConfig } from '../../../confidant/sealing/barrier.ts';
import type { Host } from '../../host.ts';
import { Unusable } from '../failure.ts';
import type { Shared } from '../part.ts';
import { openAuditTopic } from './audit-topic.ts';
import { openKeptStore, type Secrets, secretsDirectory, VAULT_VERSION } from './kept-store.ts';
import { drawSeal, readSeal } from './root-key.ts';
import { RootKeyWatch } from './root-key-watch.ts';

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
  const seal = await readSeal(host, options.secrets);
  const root = secretsDirectory(options.dataDirectory);
  const secrets = await asUnusable(root, () =>
    openKeptStore(host, options.dataDirectory, {
      ...storeOptions(shared, seal, audit),
      event: (event) => journal.event(event),
    }),
  );
  const { store } = secrets;
  if (!store.isInitialized) journal.say('secrets: not initialised yet: streambed init, or vault operator init', 'warn');
  else if (store.isSealed) journal.say('secrets: sealed: vault operator unseal', 'warn');
  if (seal.type !== 'static') return secrets;
  const watch = new RootKeyWatch({ host, journal, store, path: options.secrets.rootKeyFile, seal });
  return {
    store,
    close: () => {
      watch.close();
      return secrets.close();
    },
  };
}

/** Nothing of an earlier run is left, and nothing of this one can be read later: the key is in memory only. */
async function openDev(shared: Shared, audit: AuditOption['audit'] | null): Promise<Secrets> {
  const { host, options, journal } = shared;
  const root = `${secretsDirectory(options.dataDirectory)}-dev`;
  removeAll(host, root);
  const seal = await drawSeal(host);
  const store = await asUnusable(root, () =>
    FileSecretStore.open(host, {
      ...storeOptions(shared, seal, audit),
      root,
      journal: new MemoryJournal(),
      engines: allEngines,
      version: VAULT_VERSION,
    }),
  );
  const { rootToken } = await store.initialize(1, 1, options.secrets.devRootTokenId ?? undefined);
  journal.say(
    'secrets: DEVELOPMENT MODE: everything in the secret store is lost when this stops; not for production',
    'warn',
  );
  journal.say(`secrets: the root token is ${rootToken}`, 'warn');
  return { store, close: () => store.close() };
}

function storeOptions({ options, journal }: Shared, seal: SealConfig, audit: AuditOption['audit'] | null) {
  return {
    seal,
    ttlField: options.secrets.ttlField,
    report: (line: string) => journal.tell('error', 'secrets', line),
    ...(audit && { audit }),
  };
}

async function asUnusable<T>(root: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof SecretStoreError) throw new Unusable(`secrets in ${root}: ${error.message}`);
    throw error;
  }
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
