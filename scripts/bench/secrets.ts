/**
 * The secret store in process: reads, synced writes against a bare loop that replaces a file as safely, checks of
 * tokens, logins with the time of one hash, and what 10,000 secrets take.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { allEngines } from '../../confidant/engines/engines.ts';
import { FileSecretStore } from '../../confidant/file-secret-store.ts';
import type { Operation, SecretData, StoreReply } from '../../confidant/secret-store.ts';
import { nodeHost } from '../../targets/node/host.ts';
import { LogJournal } from '../../targets/service/secrets/log-journal.ts';
import { drawSeal } from '../../targets/service/secrets/root-key.ts';
import { print, seconds } from './figure.ts';
import { inDirectory, withLog } from './workplace.ts';

const SECRETS = 10_000;
const READS = 50_000;
const WRITES = 1000;
const LOGINS = 5;
/** Beyond what the cache holds. */
const SCATTERED = 2000;

const value = { data: { user: 'device', password: 'x'.repeat(40) } };

await inDirectory((directory) =>
  withLog(`${directory}/journal`, async (log) => {
    const host = nodeHost();
    const store = await FileSecretStore.open(host, {
      root: `${directory}/secrets`,
      seal: await drawSeal(host),
      journal: await LogJournal.open(log, host.bytes),
      engines: allEngines,
      version: '1.15.0',
      report: (line) => process.stderr.write(`${line}\n`),
    });
    const { rootToken } = await store.initialize(1, 1);
    const ask = (operation: Operation, path: string, data: SecretData = {}, token = rootToken): Promise<StoreReply> =>
      store.handle({ id: '', operation, path, data, token, remoteAddress: '127.0.0.1', wrapTtl: null });
    const idle = residentKiB();
    await writes(ask, directory);
    await fill(ask);
    await reads(ask);
    await logins(ask);
    print({ name: 'secrets/memory/10000-secrets', value: (residentKiB() - idle) / 1024, unit: 'MiB above idle' });
    await store.close();
  }),
);

type Ask = (operation: Operation, path: string, data?: SecretData, token?: string) => Promise<StoreReply>;

async function writes(ask: Ask, directory: string): Promise<void> {
  const bare = await seconds(() => {
    for (let i = 0; i < WRITES; i += 1) replaceFile(directory, `${directory}/bare`);
  });
  const took = await seconds(async () => {
    for (let i = 0; i < WRITES; i += 1) await ask('update', 'secret/data/same', value);
  });
  const limit = 'a bare loop of write, fdatasync, rename, fsync of the directory';
  print({ name: 'secrets/write', value: WRITES / took, unit: 'writes/s', ratio: bare / took, limit });
}

function replaceFile(directory: string, path: string): void {
  const file = openSync(`${path}.new`, 'w', 0o600);
  writeSync(file, Buffer.alloc(500, 7));
  fdatasyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
  const parent = openSync(directory, 'r');
  fsyncSync(parent);
  closeSync(parent);
}

async function fill(ask: Ask): Promise<void> {
  for (let i = 0; i < SECRETS; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, k) => ask('update', `secret/data/many/${i + k}`, value)));
  }
}

async function reads(ask: Ask): Promise<void> {
  const { auth } = await ask('update', 'auth/token/create', { policies: ['reader'] });
  await ask('update', 'sys/policies/acl/reader', { policy: 'path "secret/data/many/*" { capabilities = ["read"] }' });
  const token = auth?.clientToken;
  const cached = await seconds(async () => {
    for (let i = 0; i < READS; i += 1) await ask('read', 'secret/data/many/1', {}, token);
  });
  print({ name: 'secrets/read/cached', value: READS / cached, unit: 'reads/s' });
  const uncached = await seconds(async () => {
    for (let i = 0; i < SCATTERED; i += 1) await ask('read', `secret/data/many/${(i * 37) % SECRETS}`, {}, token);
  });
  print({ name: 'secrets/read/uncached', value: SCATTERED / uncached, unit: 'reads/s' });
  const checks = await seconds(async () => {
    for (let i = 0; i < READS; i += 1) await ask('read', 'auth/token/lookup-self', {}, token);
  });
  print({ name: 'secrets/token-check', value: READS / checks, unit: 'lookups/s' });
}

async function logins(ask: Ask): Promise<void> {
  await ask('update', 'sys/auth/userpass', { type: 'userpass' });
  await ask('update', 'auth/userpass/users/joe', { password: 'right' });
  const before = residentKiB();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentKiB());
  }, 2);
  const took = await seconds(async () => {
    for (let i = 0; i < LOGINS; i += 1) await ask('update', 'auth/userpass/login/joe', { password: 'right' });
  });
  clearInterval(watch);
  print({ name: 'secrets/login', value: (took / LOGINS) * 1000, unit: 'ms' });
  print({ name: 'secrets/memory/hash', value: (peak - before) / 1024, unit: 'MiB above before' });
}

function residentKiB(): number {
  globalThis.gc?.();
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}
