/**
 * What the crash matrix of the secret server works with: the server with its journal in a real log on the same disk, what
 * may be seen of it after a stop, and how that is looked at.
 */
import * as assert from 'uvu/assert';
import { allEngines } from '../../../confidant/engines/engines.ts';
import { FileSecretStore } from '../../../confidant/file-secret-store.ts';
import { type Operation, type SecretData, SecretStoreError, type StoreReply } from '../../../confidant/secret-store.ts';
import { FileLog } from '../../../logged/file-log.ts';
import type { Host } from '../../../targets/host.ts';
import { LogJournal } from '../../../targets/service/secrets/log-journal.ts';
import { ROOT, staticSeal } from '../sealing/stores.ts';
import { quickHashes } from './quick-hashes.ts';

export const ROOT_TOKEN = 'root-of-the-matrix';
export const JOURNAL_ROOT = `${ROOT}-journal`;

export interface Asked {
  readonly token?: string | null;
  readonly wrapTtl?: number;
}

/** A server as one process has it. */
export class MatrixStore {
  readonly store: FileSecretStore;
  readonly #log: FileLog;

  private constructor(store: FileSecretStore, log: FileLog) {
    this.store = store;
    this.#log = log;
  }

  static async open(host: Host): Promise<MatrixStore> {
    const quick = quickHashes(host);
    const log = await FileLog.open(quick, { root: JOURNAL_ROOT, report: () => undefined });
    try {
      const store = await FileSecretStore.open(quick, {
        root: ROOT,
        seal: staticSeal('k'),
        journal: await LogJournal.open(log, host.bytes),
        engines: allEngines,
        version: '1.15.0',
        report: () => undefined,
      });
      return new MatrixStore(store, log);
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  ask(operation: Operation, path: string, data: SecretData = {}, asked: Asked = {}): Promise<StoreReply> {
    const { token = ROOT_TOKEN, wrapTtl = null } = asked;
    return this.store.handle({ id: 'r', operation, path, data, token, remoteAddress: '10.0.0.1', wrapTtl });
  }

  async close(): Promise<void> {
    try {
      await this.store.close();
    } finally {
      await this.#log.close();
    }
  }
}

/** What each fact may be: what was acknowledged, and what is under way or has failed without being undone. */
export class Facts {
  /** Names that are found out in the course of things, such as a token that was given out. */
  readonly found = new Map<string, string>();
  readonly #possible = new Map<string, readonly string[]>();

  constructor(from?: Facts) {
    if (from === undefined) return;
    for (const name of from.names) this.#possible.set(name, from.of(name));
    for (const [name, value] of from.found) this.found.set(name, value);
  }

  of(name: string): readonly string[] {
    return this.#possible.get(name) ?? [name.split('+').fill('none').join(', ')];
  }

  get names(): string[] {
    return [...this.#possible.keys()];
  }

  /** Notes a change and what becomes of it. Fails when it fails for another reason than the host. */
  async change(name: string, value: string, run: () => Promise<unknown>): Promise<void> {
    const before = this.of(name);
    this.#possible.set(name, [...before, value]);
    await run();
    this.#possible.set(name, [value]);
  }
}

const lookers: Readonly<Record<string, (store: MatrixStore, name: string, facts: Facts) => Promise<string>>> = {
  kv: lookAtSecret,
  config: async (store) => String((await store.ask('read', 'secret/config')).data?.['max_versions'] || 'none'),
  policy: async (store, name) => String((await store.ask('read', `sys/policies/acl/${name}`)).data?.['policy']),
  token: lookAtTokens,
  role: lookAtRole,
  user: lookAtUser,
  locked: async (store, name) => {
    const { code } = await refusalOf(store.ask('update', `auth/userpass/login/${name}`, { password: 'x' }));
    return code === 'forbidden' ? 'locked' : 'none';
  },
  mount: async (store, name) => String((await store.ask('read', `${name}/thing`)).data?.['x']),
  method: async (store, name, facts) => {
    const { data } = await store.ask('read', 'sys/auth');
    const token = facts.found.get(name);
    const given = token === undefined ? 'none' : await lookAtTokens(store, token);
    return data?.[`${name}/`] === undefined ? given : `there ${given}`;
  },
  term: async (store) => `${(await store.ask('read', 'sys/key-status')).data?.['term']}`.replace(/^1$/, 'none'),
  wrap: async (store, name, facts) => {
    const token = facts.found.get(name) ?? '';
    const { data } = await store.ask('update', 'sys/wrapping/lookup', { token });
    return data === null ? 'none' : 'there';
  },
  transit: lookAtKey,
};

/** Looks at all facts: each is one of those that are possible. */
export async function checkFacts(store: MatrixStore, facts: Facts): Promise<void> {
  for (const fact of facts.names) {
    const [kind = '', name = ''] = fact.split(':');
    const look = lookers[kind];
    if (look === undefined) throw new Error(`nobody looks at ${fact}`);
    const found = await look(store, name, facts).catch(noneOf);
    const possible = facts.of(fact);
    assert.ok(possible.includes(found), `${fact} is ${found}, want one of: ${possible.join(' | ')}`);
  }
}

function noneOf(error: unknown): string {
  const isMissing =
    error instanceof SecretStoreError &&
    (error.code === 'absent' || error.code === 'no-route' || error.code === 'invalid' || error.message === 'bad token');
  if (isMissing) return 'none';
  throw error;
}

export async function refusalOf(promise: Promise<unknown>): Promise<SecretStoreError> {
  const error = await promise.then(
    () => assert.unreachable('it was not refused'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SecretStoreError) return error;
  throw error;
}

/** Each version with its state or value: `1x 2d 3=c`. */
async function lookAtSecret(store: MatrixStore, path: string): Promise<string> {
  const { data } = await store.ask('read', `secret/metadata/${path}`);
  const versions = Object.keys((data?.['versions'] ?? {}) as object);
  const seen: string[] = [];
  for (const version of versions) {
    const read = await store.ask('read', `secret/data/${path}`, { version });
    const { data: value, metadata } = read.data as { data: { v: string } | null; metadata: { destroyed: boolean } };
    seen.push(`${version}${value === null ? (metadata.destroyed ? 'x' : 'd') : `=${value.v}`}`);
  }
  const custom = data?.['custom_metadata'] ?? null;
  return [...seen, ...(custom === null ? [] : [JSON.stringify(custom)])].join(' ');
}

/** Of each of the tokens: uses that are left, seconds that are left, and whether it is an orphan; those that are over. */
async function lookAtTokens(store: MatrixStore, names: string): Promise<string> {
  const seen: string[] = [];
  for (const token of names.split('+')) {
    const reply = await store.ask('update', 'auth/token/lookup', { token }).catch(noneOf);
    if (typeof reply === 'string') seen.push(reply);
    else
      seen.push(
        `${reply.data?.['num_uses']}/${reply.data?.['ttl']}${reply.data?.['orphan'] === true ? ' orphan' : ''}`,
      );
  }
  return seen.join(', ');
}

async function lookAtRole(store: MatrixStore, name: string): Promise<string> {
  const role = await store.ask('read', `auth/approle/role/${name}`);
  const seen: string[] = [`ttl ${role.data?.['token_ttl']}`];
  for (const secret_id of ['one', 'two']) {
    const reply = await store.ask('update', `auth/approle/role/${name}/secret-id/lookup`, { secret_id });
    if (reply.data !== null) seen.push(`${secret_id} ${reply.data['secret_id_num_uses']}`);
  }
  return seen.join(', ');
}

async function lookAtUser(store: MatrixStore, name: string): Promise<string> {
  const { data } = await store.ask('read', `auth/userpass/users/${name}`);
  for (const password of ['p', 'q']) {
    const reply = await store
      .ask('update', `auth/userpass/login/${name}`, { password })
      .catch((error: unknown) => error);
    if (!(reply instanceof Error)) return `${password} ${String(data?.['token_policies'])}`;
  }
  return 'nobody';
}

async function lookAtKey(store: MatrixStore, name: string, facts: Facts): Promise<string> {
  const { data } = await store.ask('read', `transit/keys/${name}`);
  const ciphertext = facts.found.get(name);
  if (ciphertext !== undefined) {
    const opened = await store.ask('update', `transit/decrypt/${name}`, { ciphertext });
    assert.is(opened.data?.['plaintext'], 'aGVsbG8=');
  }
  return `v${data?.['latest_version']}`;
}
