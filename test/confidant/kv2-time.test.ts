/** What is deleted or has expired stays so, whatever the wall clock of a router without a battery says. */
import * as assert from 'uvu/assert';
import { deletion, endOf, isDeleted, undeletion } from '../../confidant/engines/kv/versions.ts';
import { suite } from '../support/suite.ts';
import { TestServer } from './support/server.ts';

const test = suite('secrets with versions: time');

const TEN_YEARS_MS = 315_360_000_000;

/** A restart at which the wall clock has gone back; killed: without a word to the journal. */
async function again(server: TestServer, how: 'closed' | 'killed', wallMs?: number): Promise<TestServer> {
  const { disk, journal, rootToken } = server;
  if (how === 'closed') await server.store?.close();
  else disk.kill();
  disk.clock.setNow(wallMs ?? disk.clock.now() - TEN_YEARS_MS);
  const next = await TestServer.start({}, disk, journal);
  next.rootToken = rootToken;
  return next;
}

const isGone = async (server: TestServer, path: string, data = {}): Promise<boolean> =>
  (await server.read(`secret/data/${path}`, data)).outcome === 'not-found';

async function writeShort(server: TestServer, path: string, after: string): Promise<void> {
  await server.write(`secret/metadata/${path}`, { delete_version_after: after });
  await server.write(`secret/data/${path}`, { data: { x: 1 } });
}

for (const how of ['closed', 'killed'] as const) {
  test(`what was deleted or had expired does not come back when the clock does: ${how}`, async () => {
    const server = await TestServer.start();
    await server.disk.clock.advance(600_000);
    await server.write('secret/data/a', { data: { x: 1 } });
    await server.ask('delete', 'secret/data/a');
    await server.write('secret/data/c', { data: { x: 1 } });
    await server.write('secret/delete/c', { versions: [1] });
    await writeShort(server, 'b', '2s');
    await writeShort(server, 'late', '2s');
    await server.disk.clock.advance(2000);
    await writeShort(server, 'live', '1h');
    for (const path of ['a', 'b', 'c']) assert.ok(await isGone(server, path), path);
    const next = await again(server, how);
    for (const path of ['a', 'b', 'c']) assert.ok(await isGone(next, path), path);
    assert.is(await isGone(next, 'live'), false);
    // What nobody had seen to be gone may live on after a kill, for as long as the clock has lost.
    await next.disk.clock.advance(how === 'closed' ? 0 : 602_000);
    assert.ok(await isGone(next, 'late'));
    await next.disk.clock.advance(3_600_000);
    assert.ok(await isGone(next, 'live'));
  });
}

test('in one process the wall clock may jump either way: lifetimes do not notice', async () => {
  const server = await TestServer.start();
  await writeShort(server, 'a', '1h');
  const { clock } = server.disk;
  clock.setNow(clock.now() + TEN_YEARS_MS);
  assert.is(await isGone(server, 'a'), false);
  clock.setNow(clock.now() - 2 * TEN_YEARS_MS);
  await clock.advance(3_599_999);
  assert.is(await isGone(server, 'a'), false);
  await clock.advance(1);
  assert.ok(await isGone(server, 'a'));
});

test('what has expired is said to be gone in the journal once, also when a patch or subkeys found it', async () => {
  for (const find of [
    (server: TestServer) => server.read('secret/data/a'),
    (server: TestServer) => server.read('secret/subkeys/a'),
    (server: TestServer) => server.ask('patch', 'secret/data/a', { data: { y: 1 } }),
  ]) {
    const server = await TestServer.start();
    await writeShort(server, 'a', '2s');
    await server.disk.clock.advance(2000);
    const before = server.journal.entries.length;
    assert.is((await find(server)).outcome, 'not-found');
    assert.is((await find(server)).outcome, 'not-found');
    assert.is(server.journal.entries.length, before + 1);
    assert.ok(await isGone(await again(server, 'killed'), 'a'));
  }
});

test('reading what was deleted or destroyed writes nothing, and what expired is read without a journal, too', async () => {
  const server = await TestServer.start();
  await server.write('secret/data/a', { data: { x: 1 } });
  await server.ask('delete', 'secret/data/a');
  await writeShort(server, 'b', '1h');
  await server.write('secret/destroy/b', { versions: [1] });
  await writeShort(server, 'c', '2s');
  const before = server.journal.entries.length;
  assert.ok(await isGone(server, 'a'));
  assert.ok(await isGone(server, 'b'));
  assert.is(server.journal.entries.length, before);
  await server.disk.clock.advance(2000);
  server.journal.append = () => Promise.reject(new Error('full'));
  assert.ok(await isGone(server, 'c'));
});

test('the deletion of what had expired holds, and its time stays the one that is shown', async () => {
  const server = await TestServer.start();
  await writeShort(server, 'a', '2s');
  const timeOf = async (of: TestServer): Promise<unknown> => {
    const { data } = await of.read('secret/metadata/a');
    return (data as { versions: { 1: { deletion_time: string } } }).versions[1].deletion_time;
  };
  const planned = await timeOf(server);
  await server.disk.clock.advance(5000);
  await server.ask('delete', 'secret/data/a');
  const next = await again(server, 'killed');
  assert.ok(await isGone(next, 'a'));
  assert.is(await timeOf(next), planned);
});

test('undeleting starts anew on the clock that never goes back', async () => {
  const server = await TestServer.start();
  await server.disk.clock.advance(600_000);
  await server.write('secret/data/a', { data: { x: 1 } });
  await server.ask('delete', 'secret/data/a');
  await writeShort(server, 'b', '1m');
  await server.ask('delete', 'secret/data/b');
  const next = await again(server, 'closed');
  for (const path of ['a', 'b']) {
    await next.write(`secret/undelete/${path}`, { versions: [1] });
    assert.is(await isGone(next, path), false, path);
  }
  const last = await again(next, 'closed');
  assert.is(await isGone(last, 'b'), false);
  await last.disk.clock.advance(60_000);
  assert.ok(await isGone(last, 'b'));
  assert.is(await isGone(last, 'a'), false);
});

test('times are shown as the wall clock had them when they were written', async () => {
  const server = await TestServer.start();
  const { clock } = server.disk;
  clock.setNow(Date.parse('2031-01-01T00:00:00Z'));
  await writeShort(server, 'a', '1h');
  const shown = async (of: TestServer) => (await of.read('secret/data/a')).data?.['metadata'];
  const first = (await shown(server)) as Record<string, string>;
  assert.match(first['created_time'] ?? '', /^2031-01-01T00:00:00/);
  assert.match(first['deletion_time'] ?? '', /^2031-01-01T01:00:00/);
  assert.equal(await shown(await again(server, 'killed')), first);
});

test('entries of files that do not say when they end go by their deletion time', () => {
  const old = { version: 1, createdAt: 1, deletionAt: 10, destroyed: false };
  const at = (store: number) => ({ wall: 99, store });
  assert.equal([isDeleted(old, at(9)), isDeleted(old, at(10))], [false, true]);
  assert.is(endOf({ ...old, deletionAt: null }), Infinity);
  const deleted = deletion(at(9))(old);
  assert.equal([deleted.deletionAt, isDeleted(deleted, at(0))], [99, true]);
  assert.equal(undeletion(at(9), 0)(old), { ...old, deletionAt: null, endsAt: null });
});
