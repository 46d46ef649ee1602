/** What Vault's clients see of small things: warnings, lists, leases, what is mounted, cubbyholes. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { TestServer } from './support/server.ts';

const test = suite('manners of the secret server');

const ignored = (names: string) => `Endpoint ignored these unrecognized parameters: [${names}]`;
const replaced = (names: string) =>
  `Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [${names}]`;

test('fields that nobody knows are named in a warning, sorted', async () => {
  const server = await TestServer.start();
  const data = { data: { a: 1 }, zeal: true, 'a b': [1], nothing: null, empty: '' };
  assert.equal((await server.write('secret/data/x', data)).warnings, [ignored('a b zeal')]);
  assert.equal((await server.read('secret/data/x', { version: '1', token: 't' })).warnings, [ignored('token')]);
  assert.is((await server.read('secret/data/x', { version: '1' })).warnings, undefined);
});

test('the old names of fields are known beside the new ones', async () => {
  const server = await TestServer.start();
  const created = await server.write('auth/token/create', { ttl: '1h', lease: '2h', entity_alias: '' });
  assert.equal(created.warnings, []);
  assert.is(created.auth?.leaseDuration, 3600);
  const { data, warnings } = await server.write('sys/capabilities-self', { paths: ['a', 'b'], path: 'c' });
  assert.equal([Object.keys(data ?? {}), warnings], [['a', 'b'], undefined]);
});

test('what has nothing to say warns of nothing', async () => {
  const server = await TestServer.start();
  await server.write('sys/auth/userpass', { type: 'userpass', config: {}, surely: 1 });
  const made = await server.write('auth/userpass/users/joe', { username: 'moe', password: 'p', surely: 1 });
  assert.equal(made, { data: null });
  const health = await server.read('sys/health', { standbyok: 'true' });
  assert.is(health.warnings, undefined);
});

test('a login tells of what its path has replaced', async () => {
  const server = await TestServer.start();
  await server.write('sys/auth/userpass', { type: 'userpass' });
  await server.write('auth/userpass/users/joe', { password: 'p' });
  const login = await server.write(
    'auth/userpass/login/joe',
    { username: 'joe', password: 'p', x: 1 },
    { token: null },
  );
  assert.equal(login.warnings, [ignored('x'), replaced('username')]);
});

test('fields of a secret without versions are its own', async () => {
  const server = await TestServer.start();
  await server.write('sys/mounts/kv1', { type: 'kv' });
  await server.write('kv1/x', { path: 'p', token: 't', empty: '' });
  assert.equal((await server.read('kv1/x')).data, { empty: '', path: 'p', token: 't' });
});

test('a secret without versions has the lease of its mount', async () => {
  const server = await TestServer.start();
  await server.write('sys/mounts/kv1', { type: 'kv', config: { default_lease_ttl: '2h' } });
  await server.write('kv1/plain', { a: 1 });
  await server.write('kv1/own', { a: 1, ttl: '5m' });
  assert.is((await server.read('kv1/plain')).leaseDuration, 7200);
  assert.is((await server.read('kv1/own')).leaseDuration, 300);
  await server.write('sys/mounts/kv1/tune', { default_lease_ttl: '3h' });
  assert.is((await server.read('kv1/plain')).leaseDuration, 10_800);
  await server.write('sys/mounts/kv1/tune', { default_lease_ttl: 0 });
  assert.is((await server.read('kv1/plain')).leaseDuration, 2_764_800);
});

test('policies are listed under both paths, root at the end', async () => {
  const server = await TestServer.start();
  await server.write('sys/policies/acl/zoo', { policy: 'path "a" { capabilities = ["read"] }' });
  const names = ['default', 'zoo', 'root'];
  assert.equal((await server.ask('list', 'sys/policies/acl')).data, { keys: names });
  assert.equal((await server.read('sys/policy')).data, { keys: names, policies: names });
  assert.equal((await server.ask('list', 'sys/policy')).data, { keys: names, policies: names });
});

test('a wrapping token looks itself up', async () => {
  const server = await TestServer.start();
  const { wrap } = await server.write('sys/wrapping/wrap', { a: 1 }, { wrapTtl: 60 });
  for (const _ of [1, 2]) {
    const { data } = await server.read('sys/wrapping/lookup', {}, { token: wrap?.token ?? '' });
    assert.is(data?.['creation_ttl'], 60);
  }
  assert.is((await server.refusal('update', 'sys/wrapping/lookup', {}, { token: null })).code, 'invalid');
  assert.is((await server.refusal('update', 'sys/wrapping/lookup')).code, 'invalid', 'no wrapping token');
  assert.equal((await server.write('sys/wrapping/unwrap', {}, { token: wrap?.token ?? '' })).data, { a: 1 });
});

test('what is always mounted is listed', async () => {
  const server = await TestServer.start();
  const mounts = (await server.read('sys/mounts')).data as Record<string, { type: string; local: boolean }>;
  const shown = Object.entries(mounts).map(([path, { type, local }]) => `${path} ${type} ${local}`);
  assert.equal(shown, ['secret/ kv false', 'sys/ system false', 'cubbyhole/ cubbyhole true']);
  assert.equal(Object.keys((await server.read('sys/auth')).data ?? {}), ['token/']);
  assert.is((await server.read('sys/mounts/cubbyhole')).data?.['type'], 'cubbyhole');
  assert.is((await server.read('sys/internal/ui/mounts/cubbyhole/a')).data?.['path'], 'cubbyhole/');
  assert.is((await server.refusal('update', 'sys/mounts/cubbyhole', { type: 'kv' })).code, 'exists');
});

test('a cubbyhole is its token’s alone', async () => {
  const server = await TestServer.start();
  const [mine, other] = [{ token: await server.tokenWith() }, { token: await server.tokenWith() }];
  await server.write('cubbyhole/a/b', { secret: 1, token: 't' }, mine);
  await server.write('cubbyhole/__proto__', { c: 2 }, mine);
  await server.write('cubbyhole/a', { d: 3 }, mine);
  assert.equal((await server.read('cubbyhole/a/b', {}, mine)).data, { secret: 1, token: 't' });
  assert.equal((await server.ask('list', 'cubbyhole', {}, mine)).data, { keys: ['__proto__', 'a', 'a/'] });
  assert.equal((await server.ask('list', 'cubbyhole/a', {}, mine)).data, { keys: ['b'] });
  for (const asked of [other, {}]) {
    assert.is((await server.refusal('read', 'cubbyhole/a/b', {}, asked)).code, 'absent');
    assert.is((await server.refusal('list', 'cubbyhole', {}, asked)).code, 'absent');
  }
  await server.ask('delete', 'cubbyhole/a/b', {}, mine);
  await server.ask('delete', 'cubbyhole/never', {}, mine);
  assert.is((await server.refusal('read', 'cubbyhole/a/b', {}, mine)).code, 'absent');
  assert.is((await server.refusal('update', 'cubbyhole/x', {}, mine)).code, 'invalid');
  const again = await TestServer.start({}, server.disk.powerCut({ kind: 'lose' }), server.journal);
  assert.equal((await again.read('cubbyhole/a', {}, mine)).data, { d: 3 });
});

test('the last use of a token still reads its cubbyhole', async () => {
  const server = await TestServer.start();
  const token = (await server.write('auth/token/create', { num_uses: 2 })).auth?.clientToken ?? '';
  await server.write('cubbyhole/x', { a: 1 }, { token });
  assert.equal((await server.read('cubbyhole/x', {}, { token })).data, { a: 1 });
  assert.is((await server.refusal('read', 'cubbyhole/x', {}, { token })).code, 'forbidden');
});

test('a cubbyhole is gone with its token', async () => {
  const server = await TestServer.start();
  const kept = (): number => {
    const live = new Map(server.journal.entries.map(({ key, value }) => [key, value]));
    return [...live].filter(([key, value]) => key.startsWith('cubbyhole/') && value !== null).length;
  };
  const make = () => server.write('auth/token/create', { id: 'named', ttl: '1h' });
  await make();
  await server.write('cubbyhole/x', { a: 1 }, { token: 'named' });
  await server.write('auth/token/revoke', { token: 'named' });
  await make();
  assert.is((await server.refusal('read', 'cubbyhole/x', {}, { token: 'named' })).code, 'absent', 'made anew');
  await server.write('cubbyhole/y', { a: 1 }, { token: 'named' });
  assert.is(kept(), 1);
  await server.disk.clock.advance(3_600_000 + 1);
  assert.is((await server.refusal('read', 'cubbyhole/y', {}, { token: 'named' })).code, 'forbidden');
  await server.disk.clock.advance(600_000);
  assert.is(kept(), 0);
});

test('cubbyholes are bounded, each and all together', async () => {
  const server = await TestServer.start();
  assert.is((await server.refusal('update', 'cubbyhole/x', { a: 'x'.repeat(17_000) })).code, 'too-large');
  const fill = async (): Promise<string> => {
    const token = await server.tokenWith();
    await server.write('cubbyhole/x', { a: 'x'.repeat(16_000) }, { token });
    return token;
  };
  const [first = ''] = await Promise.all(Array.from({ length: 16 }, fill));
  const { code, retryAfterMs } = await fill().then(
    () => ({ code: 'none', retryAfterMs: 0 }),
    (error: { code: string; retryAfterMs: number }) => error,
  );
  assert.is(code, 'busy');
  assert.ok(retryAfterMs > 0);
  await server.write('cubbyhole/x', { a: 'y' }, { token: first });
  await fill();
});

test('the time of an idle store is written once in an hour, and where nothing else was', async () => {
  const server = await TestServer.start();
  const minutes = (count: number) => server.disk.clock.advance(count * 60_000);
  const clocks = (): number => server.journal.entries.filter(({ key }) => key === 'clock').length;
  await minutes(55);
  assert.is(clocks(), 0);
  await minutes(10);
  assert.is(clocks(), 1);
  await minutes(50);
  await server.write('auth/token/create');
  await minutes(50);
  assert.is(clocks(), 1, 'a token was written meanwhile');
  await minutes(24 * 60);
  assert.ok(clocks() >= 20 && clocks() <= 25, `${clocks()} in a day`);
});

test('after a power cut the time goes on where it was an hour ago or later, whatever the wall clock says', async () => {
  const server = await TestServer.start();
  const { auth } = await server.write('auth/token/create', { ttl: '10h' });
  await server.disk.clock.advance(9 * 3_600_000);
  const disk = server.disk.powerCut({ kind: 'lose' });
  disk.clock.setNow(0);
  const again = await TestServer.start({}, disk, server.journal);
  const { data } = await again.read('auth/token/lookup-self', {}, { token: auth?.clientToken ?? '' });
  const left = Number(data?.['ttl']);
  assert.ok(left > 3_600 - 60 && left <= 2 * 3_600 + 600, `${left} s are left`);
});
