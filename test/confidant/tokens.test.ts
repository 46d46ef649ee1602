/** Tokens: who may make which, how long they live, and what goes with them. Facts: http-contract B5. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { latin1 } from '../support/text.ts';
import { TestServer } from './support/server.ts';

const test = suite('tokens');

const sudo = 'path "auth/token/create" { capabilities = ["update", "sudo"] }';
const create = 'path "auth/token/create*" { capabilities = ["update"] }';

async function made(server: TestServer, data: Record<string, unknown>, token?: string) {
  const { auth } = await server.write('auth/token/create', data, token === undefined ? {} : { token });
  if (auth === undefined) throw new Error('no token');
  return auth;
}

test('a token has what it was made with', async () => {
  const server = await TestServer.start();
  const auth = await made(server, {
    policies: ['a'],
    ttl: '1h',
    meta: { site: 'north' },
    display_name: 'd',
    num_uses: '3',
  });
  assert.match(auth.clientToken, /^hvs\.[\w-]{32}$/);
  assert.equal(auth.policies, ['a', 'default']);
  assert.is(auth.leaseDuration, 3600);
  const { data } = await server.read('auth/token/lookup-self', {}, { token: auth.clientToken });
  assert.is(data?.['id'], auth.clientToken);
  assert.is(data?.['num_uses'], 3);
  assert.is(data?.['display_name'], 'token-d');
  const nameless = (await server.write('auth/token/create', { display_name: '' })).auth?.clientToken ?? '';
  assert.is((await server.write('auth/token/lookup', { token: nameless })).data?.['display_name'], 'token');
  assert.equal(data?.['meta'], { site: 'north' });
  assert.is(data?.['ttl'], 3600);
  const after = await server.write('auth/token/lookup', { token: auth.clientToken });
  assert.is(after.data?.['num_uses'], 2);
});

test('the journal and the files hold no token and no password', async () => {
  const server = await TestServer.start();
  const { clientToken } = await made(server, { policies: ['a'] });
  const written = server.journal.entries.map(({ key, value }) => `${key} ${latin1(value ?? new Uint8Array())}`);
  assert.ok(written.length > 0);
  for (const line of written)
    assert.not.ok(line.includes(clientToken.slice(4)) || line.includes(server.rootToken.slice(4)));
});

test('a token ends at its time, and its children with it', async () => {
  const server = await TestServer.start();
  const parent = await made(server, { ttl: '10s', policies: ['root'] });
  const child = await made(server, { ttl: '1h', policies: ['x'] }, parent.clientToken);
  const orphan = await made(server, { ttl: '1h', policies: ['x'], no_parent: true }, parent.clientToken);
  await server.read('auth/token/lookup-self', {}, { token: child.clientToken });
  await server.disk.clock.advance(10_001);
  for (const { clientToken } of [parent, child]) {
    assert.is((await server.refusal('read', 'auth/token/lookup-self', {}, { token: clientToken })).code, 'forbidden');
  }
  await server.read('auth/token/lookup-self', {}, { token: orphan.clientToken });
});

test('a revoked token takes its children along, revoke-orphan leaves them', async () => {
  const server = await TestServer.start();
  const parent = await made(server, { policies: ['root'] });
  const child = await made(server, { policies: ['x'] }, parent.clientToken);
  await server.write('auth/token/revoke', { token: parent.clientToken });
  assert.is(
    (await server.refusal('read', 'auth/token/lookup-self', {}, { token: child.clientToken })).code,
    'forbidden',
  );
  const second = await made(server, { policies: ['root'] });
  const kept = await made(server, { policies: ['x'] }, second.clientToken);
  await server.write('auth/token/revoke-orphan', { token: second.clientToken });
  const { data } = await server.read('auth/token/lookup-self', {}, { token: kept.clientToken });
  assert.is(data?.['orphan'], true);
});

test('the uses of a token are counted, the last one ends it', async () => {
  const server = await TestServer.start();
  const { clientToken } = await made(server, { num_uses: 2, policies: ['x'] });
  const look = () => server.read('auth/token/lookup-self', {}, { token: clientToken });
  await look();
  await look();
  assert.is((await server.refusal('read', 'auth/token/lookup-self', {}, { token: clientToken })).code, 'forbidden');
});

test('many requests at once use up no more than there is', async () => {
  const server = await TestServer.start();
  const { clientToken } = await made(server, { num_uses: 3, policies: ['x'] });
  const asked = Array.from({ length: 10 }, () => server.read('auth/token/lookup-self', {}, { token: clientToken }));
  const settled = await Promise.allSettled(asked);
  assert.is(settled.filter(({ status }) => status === 'fulfilled').length, 3);
});

test('renewal reaches the most, a periodic token goes on', async () => {
  const server = await TestServer.start();
  const limited = await made(server, { ttl: '10s', explicit_max_ttl: '15s', policies: ['x'] });
  await server.disk.clock.advance(9000);
  const renewed = await server.write('auth/token/renew-self', { increment: 60 }, { token: limited.clientToken });
  assert.is(renewed.auth?.clientToken, limited.clientToken);
  assert.is(renewed.auth?.leaseDuration, 6);
  assert.match(renewed.warnings?.[0] ?? '', /exceeded the effective max_ttl/);
  const periodic = await made(server, { period: '10s', policies: ['x'] });
  for (let i = 0; i < 5; i += 1) {
    await server.disk.clock.advance(9000);
    const { auth } = await server.write('auth/token/renew-self', {}, { token: periodic.clientToken });
    assert.is(auth?.leaseDuration, 10);
  }
  assert.is(
    (await server.refusal('update', 'auth/token/renew', { token: server.rootToken })).message,
    'lease is not renewable',
  );
});

test('a child has no more than its parent, but for sudo', async () => {
  const server = await TestServer.start();
  const plain = await server.tokenWith(create);
  assert.is(
    (await server.refusal('update', 'auth/token/create', { policies: ['other'] }, { token: plain })).message,
    'child policies must be subset of parent',
  );
  assert.is(
    (await server.refusal('update', 'auth/token/create', { policies: ['root'] }, { token: plain })).code,
    'invalid',
  );
  assert.is(
    (await server.refusal('update', 'auth/token/create', { no_parent: true }, { token: plain })).code,
    'invalid',
  );
  assert.is((await server.refusal('update', 'auth/token/create', { id: 'mine' }, { token: plain })).code, 'invalid');
  assert.is((await server.refusal('update', 'auth/token/create', { period: '1h' }, { token: plain })).code, 'invalid');
  const strong = await server.tokenWith(sudo);
  const { auth, warnings } = await server.write(
    'auth/token/create',
    { policies: ['other'], no_parent: true },
    { token: strong },
  );
  assert.equal(auth?.policies, ['default', 'other']);
  assert.equal(warnings, ['Policy "other" does not exist']);
  assert.is(
    (await server.refusal('update', 'auth/token/create', { policies: ['root'] }, { token: strong })).code,
    'invalid',
  );
});

test('tokens live on when the server starts again, the revoked ones do not', async () => {
  const server = await TestServer.start();
  const kept = await made(server, { policies: ['x'], ttl: '1h' });
  const gone = await made(server, { policies: ['x'] });
  await server.write('auth/token/revoke-accessor', { accessor: gone.accessor });
  await server.store?.close();
  const again = await TestServer.start({}, server.disk, server.journal);
  await again.read('auth/token/lookup-self', {}, { token: kept.clientToken });
  assert.is((await again.refusal('read', 'auth/token/lookup-self', {}, { token: gone.clientToken })).code, 'forbidden');
});

test('a clock that goes back gives no token more time', async () => {
  const server = await TestServer.start();
  const { clientToken } = await made(server, { policies: ['x'], ttl: '60s' });
  server.disk.clock.setNow(-3_600_000);
  await server.disk.clock.advance(30_000);
  await server.read('auth/token/lookup-self', {}, { token: clientToken });
  await made(server, { policies: ['y'] });
  await server.store?.close();
  server.disk.clock.setNow(-3_600_000);
  const again = await TestServer.start({}, server.disk, server.journal);
  await again.disk.clock.advance(29_000);
  await again.read('auth/token/lookup-self', {}, { token: clientToken });
  await again.disk.clock.advance(1_001);
  assert.is((await again.refusal('read', 'auth/token/lookup-self', {}, { token: clientToken })).code, 'forbidden');
});

test('accessors are listed, looked up and revoked; none of them is a token', async () => {
  const server = await TestServer.start();
  const auth = await made(server, { policies: ['x'] });
  const { data } = await server.ask('list', 'auth/token/accessors');
  assert.ok(((data ?? {})['keys'] as string[]).includes(auth.accessor));
  const looked = await server.write('auth/token/lookup-accessor', { accessor: auth.accessor });
  assert.is(looked.data?.['id'], '');
  assert.is((await server.refusal('read', 'auth/token/lookup-self', {}, { token: auth.accessor })).code, 'forbidden');
  assert.is(
    (await server.refusal('update', 'auth/token/lookup-accessor', { accessor: 'no' })).message,
    'invalid accessor',
  );
  assert.equal((await server.write('auth/token/revoke-accessor', { accessor: 'no' })).warnings, [
    'No token found with this accessor',
  ]);
});

test('a wrapped reply is told once, to who has the token', async () => {
  const server = await TestServer.start();
  await server.write('secret/data/a', { data: { x: 'y' } });
  const { wrap, data } = await server.read('secret/data/a', {}, { wrapTtl: '1m' });
  assert.is(data, null);
  const token = wrap?.token ?? '';
  const looked = await server.write('sys/wrapping/lookup', { token }, { token: null });
  assert.is(looked.data?.['creation_path'], 'secret/data/a');
  const reply = await server.write('sys/wrapping/unwrap', {}, { token });
  assert.equal((reply.data as { data: unknown }).data, { x: 'y' });
  assert.is(
    (await server.refusal('update', 'sys/wrapping/unwrap', { token })).message,
    'wrapping token is not valid or does not exist',
  );
  assert.is(
    (await server.refusal('update', 'sys/wrapping/unwrap', {}, { token })).message,
    'wrapping token is not valid or does not exist',
    'also as the caller',
  );
  assert.is((await server.refusal('read', 'secret/data/a', {}, { token })).code, 'forbidden');
  assert.is((await server.refusal('read', 'secret/data/a', {}, { wrapTtl: 'soon' })).code, 'invalid');
});

test('a wrapping token that is not used in time is worth nothing', async () => {
  const server = await TestServer.start();
  const { wrap } = await server.write('sys/wrapping/wrap', { a: 'b' }, { wrapTtl: 5 });
  await server.disk.clock.advance(5001);
  assert.is((await server.refusal('update', 'sys/wrapping/unwrap', { token: wrap?.token ?? '' })).code, 'invalid');
  assert.is((await server.refusal('update', 'sys/wrapping/unwrap', {}, { token: wrap?.token ?? '' })).code, 'invalid');
});
