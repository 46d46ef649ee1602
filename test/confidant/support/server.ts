/** A secret server on a disk in memory, spoken to by paths as a client does. */
import { allEngines } from '../../../confidant/engines/engines.ts';
import { FileSecretStore, type FileSecretStoreOptions } from '../../../confidant/file-secret-store.ts';
import type { Journal, JournalEntry } from '../../../confidant/journal.ts';
import type { Operation, SecretData, StoreReply } from '../../../confidant/secret-store.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import type { Host } from '../../../targets/host.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { ROOT, staticSeal } from '../sealing/stores.ts';
import { quickHashes } from './quick-hashes.ts';

/** A journal that is an array: what was appended is durable. */
export class ArrayJournal implements Journal {
  readonly entries: JournalEntry[] = [];

  async replay(visit: (key: string, value: Uint8Array | null) => void): Promise<void> {
    for (const { key, value } of this.entries) visit(key, value);
  }

  async append(entries: readonly JournalEntry[]): Promise<void> {
    this.entries.push(...entries);
  }
}

export interface Asked {
  readonly token?: string | null;
  readonly wrapTtl?: number | string;
  readonly from?: string;
}

export class TestServer {
  readonly disk: MemoryDisk;
  readonly journal: ArrayJournal;
  readonly reports: string[] = [];
  readonly host: Host;
  store: FileSecretStore | null = null;
  rootToken = '';

  constructor(disk = new MemoryDisk(), journal = new ArrayJournal(), hashes: 'quick' | 'real' = 'quick') {
    this.disk = disk;
    this.journal = journal;
    this.host = hashes === 'real' ? disk.host() : quickHashes(disk.host());
  }

  /** Opened, and initialised when it is new. */
  static async start(
    options: Partial<FileSecretStoreOptions> = {},
    disk?: MemoryDisk,
    journal?: ArrayJournal,
    hashes?: 'real',
  ): Promise<TestServer> {
    const server = new TestServer(disk, journal, hashes);
    server.store = await FileSecretStore.open(server.host, {
      root: ROOT,
      seal: staticSeal('k'),
      journal: server.journal,
      engines: allEngines,
      version: '1.15.0',
      report: (line) => server.reports.push(line),
      ...options,
    });
    if (!server.store.isInitialized) server.rootToken = (await server.store.initialize(1, 1)).rootToken;
    return server;
  }

  /** As root unless said otherwise; null: without a token. */
  async ask(operation: Operation, path: string, data: SecretData = {}, asked: Asked = {}): Promise<StoreReply> {
    const token = asked.token === undefined ? this.rootToken : asked.token;
    const remoteAddress = asked.from ?? '10.0.0.1';
    const request = { id: 'request', operation, path, data, token, remoteAddress, wrapTtl: asked.wrapTtl ?? null };
    if (this.store === null) throw new Error('the server is not started');
    return this.store.handle(request);
  }

  read(path: string, data?: SecretData, asked?: Asked): Promise<StoreReply> {
    return this.ask('read', path, data, asked);
  }

  write(path: string, data?: SecretData, asked?: Asked): Promise<StoreReply> {
    return this.ask('update', path, data, asked);
  }

  /** The code and text of what it is refused with. */
  async refusal(operation: Operation, path: string, data?: SecretData, asked?: Asked): Promise<SecretStoreError> {
    try {
      await this.ask(operation, path, data, asked);
    } catch (error) {
      if (error instanceof SecretStoreError) return error;
      throw error;
    }
    throw new Error(`${operation} ${path} was not refused`);
  }

  /** A token with these policies, each given as its text. */
  async tokenWith(...texts: readonly string[]): Promise<string> {
    const names: string[] = [];
    for (const [i, policy] of texts.entries()) {
      const name = `p${i}-${Math.random().toString(36).slice(2)}`;
      await this.write(`sys/policies/acl/${name}`, { policy });
      names.push(name);
    }
    const { auth } = await this.write('auth/token/create', { policies: names });
    return auth?.clientToken ?? '';
  }
}
