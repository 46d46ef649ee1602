/**
 * What happens at once: changes of one thing while another is on its way to the journal, a journal that fails, and a
 * store that is sealed and opened while requests are under way.
 */
import * as assert from 'uvu/assert';
import { allEngines } from '../../confidant/engines/engines.ts';
import { FileSecretStore } from '../../confidant/file-secret-store.ts';
import { Ledger } from '../../confidant/core/ledger.ts';
import type { JournalEntry } from '../../confidant/journal.ts';
import type { SecretStoreError } from '../../confidant/secret-store.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { clock } from '../support/platform.ts';
import { suite } from '../support/suite.ts';
import { newStore, rejection, ROOT, rootKey, staticSeal } from './sealing/stores.ts';
import { ArrayJournal, TestServer } from './support/server.ts';

const test = suite('at the same time');

/** A journal whose appends wait until they are let go, or fail. */
class HeldJournal extends ArrayJournal {
  readonly waiting: { readonly go: () => void; readonly fail: () => void }[] = [];
  isHeld = false;

  override append(entries: readonly JournalEntry[]): Promise<void> {
    if (!this.isHeld) return super.append(entries);
    return new Promise((resolve, reject) => {
      this.waiting.push({
        go: () => resolve(super.append(entries)),
        fail: () => reject(new Error('the medium is broken')),
      });
    });
  }

  /** Lets the oldest go; it may be yet to come. */
  async next(how: 'go' | 'fail'): Promise<void> {
    while (this.waiting.length === 0) await turn();
    this.waiting.shift()?.[how]();
  }
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    clock.soon(resolve);
  });

async function held(): Promise<{ server: TestServer; journal: HeldJournal }> {
  const journal = new HeldJournal();
  return { server: await TestServer.start({}, undefined, journal), journal };
}

async function ledgerOf(journal: HeldJournal): Promise<Ledger> {
  const { host, barrier } = await newStore();
  const { keyring } = barrier;
  return new Ledger({ journal, bytes: host.bytes, keyring, now: () => host.clock.now(), report: () => undefined });
}

async function token(server: TestServer, data: Record<string, unknown>): Promise<string> {
  return (await server.write('auth/token/create', { policies: ['root'], ...data })).auth?.clientToken ?? '';
}

test('a revocation that failed is journalled when it is asked for again', async () => {
  const { server, journal } = await held();
  const revoked = await token(server, {});
  journal.isHeld = true;
  const first = server.write('auth/token/revoke', { token: revoked });
  const second = server.write('auth/token/revoke', { token: revoked });
  await journal.next('fail');
  assert.is((await rejection(first)).code, 'host-failed');
  await journal.next('fail');
  assert.is((await rejection(second)).code, 'host-failed');
  journal.isHeld = false;
  await server.write('auth/token/revoke', { token: revoked });
  const again = await restarted(server);
  assert.is((await again.refusal('update', 'auth/token/lookup', { token: revoked })).message, 'bad token');
});

test('a change that sets and removes is undone as a whole', async () => {
  const journal = new HeldJournal();
  const ledger = await ledgerOf(journal);
  await ledger.change([['a/1', 'old']]);
  journal.isHeld = true;
  const failing = ledger.change([
    ['a/2', 'new'],
    ['a/1', null],
  ]);
  await journal.next('fail');
  await rejection(failing);
  assert.equal([...ledger.entries('a/')], [['a/1', 'old']]);
});

test('a change that fails is undone, a removal that fails stays', async () => {
  const journal = new HeldJournal();
  const ledger = await ledgerOf(journal);
  await ledger.change([['a/1', 'old']]);
  await ledger.change([['a/2', 'old']]);
  journal.isHeld = true;
  const failing = [
    ledger.change([
      ['a/1', 'new'],
      ['a/3', 'new'],
    ]),
    ledger.change([['a/2', null]]),
  ];
  assert.equal(
    [...ledger.entries('a/')].map(([key]) => key),
    ['a/1', 'a/3'],
  );
  for (const change of failing) {
    await journal.next('fail');
    assert.is((await rejection(change)).code, 'host-failed');
  }
  assert.equal([...ledger.entries('a/')], [['a/1', 'old']]);
});

test('of changes that have ended nothing is kept but what they have changed', async () => {
  const ledger = await ledgerOf(new HeldJournal());
  await ledger.change([['a/1', 'new']]);
  await ledger.change([['a/1', null]]);
  assert.is(await (ledger.close() as Promise<unknown>), undefined);
});

test('two changes of one thing that both fail end at what was there before both', async () => {
  const journal = new HeldJournal();
  const ledger = await ledgerOf(journal);
  await ledger.change([['a/1', 'old']]);
  journal.isHeld = true;
  const first = ledger.change([['a/1', 'first']]);
  const second = ledger.change([['a/1', 'second']]);
  await journal.next('fail');
  await rejection(first);
  assert.is(ledger.get('a/1'), 'second');
  await journal.next('fail');
  await rejection(second);
  assert.is(ledger.get('a/1'), 'old');
});

test('what all clients together can add is bounded', async () => {
  const ledger = await ledgerOf(new HeldJournal());
  const many = Array.from({ length: 20_000 }, (_, i) => [`a/${i}`, i] as const);
  await ledger.change(many);
  assert.is((await rejection(ledger.change([['b/1', 1]]))).code, 'busy');
  await ledger.change([['a/7', 8]]);
  await ledger.change([['a/7', null]]);
  await ledger.change([['b/1', 1]]);
  assert.is(ledger.count('a/'), 19_999);
});

test('a hole in the journal is no journal: a revocation may be in it', async () => {
  const { server, journal } = await held();
  journal.replay = () => Promise.reject(Object.assign(new Error('a hole'), { code: 'damaged' }));
  await server.store?.close();
  const again = TestServer.start({}, server.disk, journal);
  assert.is((await rejection(again)).code, 'damaged');
  journal.replay = (visit) => ArrayJournal.prototype.replay.call(journal, visit);
  await TestServer.start({}, server.disk, journal);
});

test('renewing gives no use back, and brings no revoked token back', async () => {
  const { server, journal } = await held();
  const counted = await token(server, { num_uses: 2, ttl: 100 });
  await server.write('auth/token/renew-self', {}, { token: counted });
  const last = await server.refusal('update', 'auth/token/renew-self', {}, { token: counted });
  assert.is(last.message, 'token not found');
  assert.is((await server.refusal('read', 'auth/token/lookup-self', {}, { token: counted })).code, 'forbidden');
  const revoked = await token(server, { num_uses: 5, ttl: 100 });
  journal.isHeld = true;
  const renewed = server.write('auth/token/renew-self', {}, { token: revoked });
  const revoking = server.write('auth/token/revoke', { token: revoked });
  await journal.next('go');
  assert.is((await rejection(renewed)).code, 'invalid');
  await journal.next('go');
  await revoking;
  assert.is((await server.refusal('update', 'auth/token/lookup', { token: revoked })).message, 'bad token');
});

test('a use that cannot be journalled is no use', async () => {
  const { server, journal } = await held();
  const counted = await token(server, { num_uses: 2 });
  journal.isHeld = true;
  const used = server.read('auth/token/lookup-self', {}, { token: counted });
  await journal.next('fail');
  assert.is((await rejection(used)).code, 'host-failed');
  assert.is((await server.write('auth/token/lookup', { token: counted })).data?.['num_uses'], 2);
});

test('what the last opening has begun is done before the next one reads', async () => {
  const { server, journal } = await held();
  const counted = await token(server, { num_uses: 2 });
  journal.isHeld = true;
  const used = server.read('auth/token/lookup-self', {}, { token: counted });
  while (journal.waiting.length === 0) await turn();
  server.store?.seal();
  const opened = server.store?.unseal(null);
  await turn();
  await journal.next('go');
  assert.is((await rejection(used)).code, 'sealed');
  journal.isHeld = false;
  await opened;
  assert.is((await server.write('auth/token/lookup', { token: counted })).data?.['num_uses'], 1);
});

test('a secret that is changed while the store is sealed and opened is read as it is', async () => {
  const server = await TestServer.start();
  await server.write('secret/data/a', { data: { v: 1 } });
  const writing = server.write('secret/data/a', { data: { v: 2 } });
  while (server.host.files.list(`${ROOT}/staging`).length === 0) await Promise.resolve();
  server.store?.seal();
  await server.store?.unseal(null);
  const before = await server.read('secret/data/a').catch((error: SecretStoreError) => error);
  await writing.catch(() => undefined);
  const { data } = await server.read('secret/data/a');
  const { data: again } = await (await restarted(server)).read('secret/data/a');
  assert.equal(data?.['data'], again?.['data']);
  assert.not.instance(before, Error);
});

async function restarted(server: TestServer): Promise<TestServer> {
  await server.store?.close();
  const again = await TestServer.start({}, server.disk, server.journal);
  again.rootToken = server.rootToken;
  return again;
}

test('a store that is sealed while it opens stays sealed', async () => {
  const { server } = await held();
  server.store?.seal();
  const opening = server.store?.unseal(null);
  server.store?.seal();
  await opening?.catch(() => undefined);
  await server.store?.unseal(null);
  await server.read('auth/token/lookup-self');
  server.store?.seal();
  assert.is((await server.refusal('read', 'auth/token/lookup-self')).code, 'sealed');
});

test('unsealing twice at once is unsealing once', async () => {
  const server = await TestServer.start();
  server.store?.seal();
  await Promise.all([server.store?.unseal(null), server.store?.unseal(null)]);
  await server.read('auth/token/lookup-self');
});

test('nobody opens a store with a static seal over HTTP', async () => {
  const server = await TestServer.start();
  server.store?.seal();
  const { code } = await server.refusal('update', 'sys/unseal', { key: 'aa' }, { token: null });
  assert.is(code, 'invalid');
  assert.ok(server.store?.isSealed);
});

test('keys in a new root key open with it alone', async () => {
  const server = await TestServer.start();
  await server.write('secret/data/a', { data: { v: 1 } });
  await server.store?.useRootKeys({ type: 'static', current: rootKey('n'), previous: rootKey('k') });
  await server.read('secret/data/a');
  await server.store?.close();
  assert.is((await rejection(TestServer.start({}, server.disk, server.journal))).code, 'invalid');
  const again = await TestServer.start({ seal: staticSeal('n') }, server.disk, server.journal);
  assert.not.ok(again.store?.isSealed);
});

test('a making that failed is taken to its end by the next call, with the same shares', async () => {
  const journal = new HeldJournal();
  const disk = new MemoryDisk();
  const options = { root: ROOT, seal: { type: 'shamir' } as const, journal, engines: allEngines, version: '1' };
  const store = await FileSecretStore.open(disk.host(), { ...options, report: () => undefined });
  journal.isHeld = true;
  const failing = store.initialize(3, 2);
  await journal.next('fail');
  assert.is((await rejection(failing)).code, 'host-failed');
  assert.not.ok(store.isInitialized);
  journal.isHeld = false;
  assert.is((await rejection(store.initialize(5, 3))).code, 'invalid');
  const { keys, rootToken } = await store.initialize(3, 2);
  for (const key of keys.slice(1)) await store.unseal(key);
  const request = { id: 'r', operation: 'read' as const, path: 'sys/mounts', data: {}, remoteAddress: '' };
  const { data } = await store.handle({ ...request, token: rootToken, wrapTtl: null });
  assert.ok(data?.['secret/']);
  assert.is((await rejection(store.initialize(3, 2))).code, 'exists');
});

test('the clock goes on where it was when the store was closed', async () => {
  const server = await TestServer.start();
  const short = await token(server, { ttl: 3600 });
  await server.disk.clock.advance(3_000_000);
  await server.store?.close();
  server.disk.clock.setNow(0);
  const again = await TestServer.start({}, server.disk, server.journal);
  again.rootToken = server.rootToken;
  await again.disk.clock.advance(599_000);
  await again.write('auth/token/lookup', { token: short });
  await again.disk.clock.advance(2000);
  assert.is((await again.refusal('update', 'auth/token/lookup', { token: short })).message, 'bad token');
});
