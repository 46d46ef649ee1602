/** Versioned secrets as Vault has them. Facts: http-contract B7. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { TestServer } from './support/server.ts';

const test = suite('secrets with versions');

test('a secret is written, read and written again', async () => {
  const server = await TestServer.start();
  const first = await server.write('secret/data/a/b', { data: { x: '1' } });
  assert.is(first.data?.['version'], 1);
  await server.write('secret/data/a/b', { data: { x: '2', n: { deep: [1, null] } } });
  const newest = await server.read('secret/data/a/b');
  assert.equal(newest.data?.['data'], { x: '2', n: { deep: [1, null] } });
  const old = await server.read('secret/data/a/b', { version: '1' });
  assert.equal(old.data?.['data'], { x: '1' });
  assert.is((await server.refusal('read', 'secret/data/a/b', { version: 3 })).code, 'absent');
  assert.is((await server.refusal('read', 'secret/data/a')).code, 'absent');
});

test('check-and-set writes only over the version it names', async () => {
  const server = await TestServer.start();
  const cas = (n: unknown) => ({ data: { x: '1' }, options: { cas: n } });
  assert.is((await server.refusal('update', 'secret/data/a', cas(1))).code, 'conflict');
  await server.write('secret/data/a', cas('0'));
  assert.is((await server.refusal('update', 'secret/data/a', cas(0))).code, 'conflict');
  await server.ask('delete', 'secret/data/a');
  await server.write('secret/data/a', cas(1));
  assert.is((await server.refusal('update', 'secret/data/a', cas('x'))).code, 'invalid');
  await server.write('secret/metadata/a', { cas_required: true });
  const refused = await server.refusal('update', 'secret/data/a', { data: { x: '1' } });
  assert.is(refused.message, 'check-and-set parameter required for this call');
});

test('two writers of one version: one of them wins', async () => {
  const server = await TestServer.start();
  const write = (x: number) =>
    server.write('secret/data/a', { data: { x }, options: { cas: 0 } }).then(
      () => 1,
      () => 0,
    );
  const won = await Promise.all([write(1), write(2), write(3)]);
  assert.is(
    won.reduce((sum: number, one) => sum + one, 0),
    1,
  );
});

test('a deleted version can be undeleted, a destroyed one cannot', async () => {
  const server = await TestServer.start();
  for (const x of ['1', '2']) await server.write('secret/data/a', { data: { x } });
  await server.ask('delete', 'secret/data/a');
  const gone = await server.read('secret/data/a');
  assert.is(gone.outcome, 'not-found');
  assert.is(gone.data?.['data'], null);
  assert.match(String(((gone.data ?? {})['metadata'] as Record<string, unknown>)['deletion_time']), /^\d{4}-.*Z$/);
  assert.equal((await server.read('secret/data/a', { version: 1 })).data?.['data'], { x: '1' });
  await server.write('secret/undelete/a', { versions: ['2'] });
  assert.equal((await server.read('secret/data/a')).data?.['data'], { x: '2' });
  await server.write('secret/destroy/a', { versions: '1,2' });
  await server.write('secret/undelete/a', { versions: [1, 2] });
  const destroyed = await server.read('secret/data/a');
  assert.is(((destroyed.data ?? {})['metadata'] as Record<string, unknown>)['destroyed'], true);
  assert.is((await server.refusal('update', 'secret/destroy/a', {})).message, 'no version number provided');
  assert.is((await server.refusal('update', 'secret/delete/a', {})).message, 'No version number provided');
});

test('the oldest versions make room for new ones', async () => {
  const server = await TestServer.start();
  await server.write('secret/metadata/a', { max_versions: 2 });
  for (const x of [1, 2, 3]) await server.write('secret/data/a', { data: { x } });
  assert.is((await server.refusal('read', 'secret/data/a', { version: 1 })).code, 'absent');
  const { data } = await server.read('secret/metadata/a');
  assert.is(data?.['current_version'], 3);
  assert.is(data?.['oldest_version'], 2);
});

test('metadata, lists and removal', async () => {
  const server = await TestServer.start();
  await server.write('secret/data/b/c', { data: { x: 1 } });
  await server.write('secret/data/b', { data: { x: 1 } });
  await server.write('secret/metadata/only', { custom_metadata: { owner: 'me' } });
  assert.equal((await server.ask('list', 'secret/metadata')).data, { keys: ['b', 'b/', 'only'] });
  assert.equal((await server.ask('list', 'secret/metadata/b')).data, { keys: ['c'] });
  assert.is((await server.refusal('list', 'secret/metadata/x')).code, 'absent');
  await server.ask('patch', 'secret/metadata/only', { custom_metadata: { owner: null, site: 'north' } });
  assert.equal((await server.read('secret/metadata/only')).data?.['custom_metadata'], { site: 'north' });
  assert.match(
    (await server.refusal('update', 'secret/metadata/only', { custom_metadata: { a: '' } })).message,
    /^custom_metadata validation failed/,
  );
  // 512 bytes of UTF-8, and 513.
  for (const [value, isRefused] of [
    ['é€😀'.repeat(56) + 'é€é.', false],
    ['é€😀'.repeat(56) + 'é€é..', true],
  ] as const) {
    const written = server.write('secret/metadata/only', { custom_metadata: { v: value } });
    assert.is(
      await written.then(
        () => false,
        () => true,
      ),
      isRefused,
    );
  }
  await server.ask('delete', 'secret/metadata/b');
  assert.equal((await server.ask('list', 'secret/metadata')).data, { keys: ['b/', 'only'] });
  await server.write('secret/data/b', { data: { x: 'new' } });
  assert.equal((await server.read('secret/data/b', { version: 1 })).data?.['data'], { x: 'new' });
});

test('a patch merges, and is refused where there is nothing', async () => {
  const server = await TestServer.start();
  assert.is((await server.refusal('patch', 'secret/data/a', { data: { x: 1 } })).code, 'absent');
  await server.write('secret/data/a', { data: { x: 1, y: { z: 1 } } });
  await server.ask('patch', 'secret/data/a', { data: { x: null, y: { w: 2 } } });
  assert.equal((await server.read('secret/data/a')).data?.['data'], { y: { z: 1, w: 2 } });
});

test('a version ends at its time', async () => {
  const server = await TestServer.start();
  await server.write('secret/metadata/a', { delete_version_after: '1m' });
  await server.write('secret/data/a', { data: { x: 1 } });
  await server.disk.clock.advance(59_000);
  assert.equal((await server.read('secret/data/a')).data?.['data'], { x: 1 });
  await server.disk.clock.advance(2_000);
  assert.is((await server.read('secret/data/a')).outcome, 'not-found');
});

test('the lease of a secret is what its field says', async () => {
  const server = await TestServer.start({ ttlField: 'ttl' });
  await server.write('secret/data/a', { data: { ttl: '1m 30s' } });
  assert.is((await server.read('secret/data/a')).leaseDuration, 90);
  await server.write('secret/data/b', { data: { x: '1m' } });
  assert.is((await server.read('secret/data/b')).leaseDuration, 0);
});
