/** Tokens that are good for some addresses only, as the role, the user or the secret id says that gave them. */
import * as assert from 'uvu/assert';
import { inBoth, isInRanges } from '../../confidant/identity/address-range.ts';
import { face } from '../http-api/harness.ts';
import { suite } from '../support/suite.ts';
import { TestServer } from './support/server.ts';

const test = suite('tokens bound to addresses');

const here = '127.0.0.1';
const there = '127.0.0.2';

async function approle(
  role: Record<string, unknown>,
  secretId: Record<string, unknown> = {},
): Promise<{ server: TestServer; token: string }> {
  const server = await TestServer.start();
  await server.write('sys/auth/approle', { type: 'approle' });
  await server.write('auth/approle/role/r', { role_id: 'id', ...role });
  const { data } = await server.write('auth/approle/role/r/secret-id', secretId);
  const login = { role_id: 'id', secret_id: data?.['secret_id'] };
  const { auth } = await server.write('auth/approle/login', login, { token: null, from: here });
  return { server, token: auth?.clientToken ?? '' };
}

async function isGoodFrom(server: TestServer, token: string, from: string): Promise<boolean> {
  const asked = server.read('auth/token/lookup-self', {}, { token, from });
  const code = await asked.then(
    () => 'ok',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );
  if (code !== 'ok') assert.is(code, 'forbidden: permission denied');
  return code === 'ok';
}

test('a token of a role is good where its role says', async () => {
  const { server, token } = await approle({ token_bound_cidrs: `${here}/32,fd00::/8` });
  const addresses = [here, `::ffff:${here}`, 'fd00::1', there, `::ffff:${there}`, 'fe80::1', ''];
  const good = await Promise.all(addresses.map((from) => isGoodFrom(server, token, from)));
  assert.equal(good, [true, true, true, false, false, false, false]);
  const { data } = await server.read('auth/token/lookup-self', {}, { token, from: here });
  assert.equal(data?.['bound_cidrs'], [`${here}/32`, 'fd00::/8']);
});

test('a token of a user is good where the user may log in', async () => {
  const server = await TestServer.start();
  await server.write('sys/auth/userpass', { type: 'userpass' });
  await server.write('auth/userpass/users/u', { password: 'p', token_bound_cidrs: here });
  const { auth } = await server.write('auth/userpass/login/u', { password: 'p' }, { token: null, from: here });
  assert.ok(await isGoodFrom(server, auth?.clientToken ?? '', here));
  assert.not.ok(await isGoodFrom(server, auth?.clientToken ?? '', there));
});

test('a secret id narrows what its role allows, and never widens it', async () => {
  const { server, token } = await approle({}, { token_bound_cidrs: `${here}/32` });
  assert.ok(await isGoodFrom(server, token, here));
  assert.not.ok(await isGoodFrom(server, token, there));
  const both = await approle({ token_bound_cidrs: `${here}/32,10.0.0.0/8` }, { token_bound_cidrs: '127.0.0.0/8' });
  assert.ok(await isGoodFrom(both.server, both.token, here));
  assert.not.ok(await isGoodFrom(both.server, both.token, there));
  assert.not.ok(await isGoodFrom(both.server, both.token, '10.0.0.1'));
});

test('a request from elsewhere is no use of the token; other tokens are bound to nothing', async () => {
  const { server, token } = await approle({ token_bound_cidrs: here, token_num_uses: 1 });
  assert.not.ok(await isGoodFrom(server, token, there));
  assert.ok(await isGoodFrom(server, token, here));
  assert.not.ok(await isGoodFrom(server, token, here));
  const plain = await approle({});
  assert.ok(await isGoodFrom(plain.server, plain.token, there));
  const { data } = await plain.server.read('auth/token/lookup-self', {}, { token: plain.token });
  assert.not.ok('bound_cidrs' in (data ?? {}));
});

test('what a bound token makes is bound as it is, an orphan is not', async () => {
  const { server, token } = await approle({ token_bound_cidrs: here, token_policies: 'maker' });
  const policy = 'path "auth/token/*" { capabilities = ["update", "sudo"] }';
  await server.write('sys/policies/acl/maker', { policy });
  const made = async (path: string): Promise<string> =>
    (await server.write(path, {}, { token, from: here })).auth?.clientToken ?? '';
  assert.not.ok(await isGoodFrom(server, await made('auth/token/create'), there));
  assert.ok(await isGoodFrom(server, await made('auth/token/create-orphan'), there));
});

test('it stays bound over a restart and a renewal', async () => {
  const { server, token } = await approle({ token_bound_cidrs: here });
  await server.write('auth/token/renew-self', {}, { token, from: here });
  await server.store?.close();
  const again = await TestServer.start({}, server.disk, server.journal);
  assert.not.ok(await isGoodFrom(again, token, there));
  assert.ok(await isGoodFrom(again, token, here));
});

test('the Kafka side asks where a token comes from', async () => {
  const { server, token } = await approle({ token_bound_cidrs: here, token_policies: 'lister' });
  await server.write('sys/policies/acl/lister', { policy: 'path "kafka/topics/" { capabilities = ["list"] }' });
  const { app } = face({ guard: server.store });
  const statuses: number[] = [];
  for (const env of [{ remoteAddress: here }, { remoteAddress: there }, {}, undefined]) {
    const request = new Request('http://localhost/topics', { headers: { 'x-vault-token': token } });
    statuses.push((await app.fetch(request, env)).status);
  }
  assert.equal(statuses, [200, 401, 401, 401]);
});

test('ranges in ranges', () => {
  assert.ok(isInRanges('10.1.0.0/16', ['10.0.0.0/8']));
  assert.not.ok(isInRanges('10.0.0.0/8', ['10.1.0.0/16']));
  assert.not.ok(isInRanges('fd00::/8', ['0.0.0.0/0']));
  assert.equal(inBoth(['10.0.0.0/8', '::1'], ['10.1.0.0/16', '192.168.0.0/16', '::/0']), ['::1', '10.1.0.0/16']);
  assert.equal(inBoth(['10.0.0.0/8'], ['10.0.0.0/8']), ['10.0.0.0/8']);
  assert.equal(inBoth([], ['::1']), ['::1']);
  assert.equal(inBoth(['::1'], []), ['::1']);
});
