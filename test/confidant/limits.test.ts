/** What clients can make the server keep is bounded, and nothing is left of what is no more. */
import * as assert from 'uvu/assert';
import { allEngines } from '../../confidant/engines/engines.ts';
import { FileSecretStore } from '../../confidant/file-secret-store.ts';
import { suite } from '../support/suite.ts';
import { ROOT, staticSeal } from './sealing/stores.ts';
import { TestServer } from './support/server.ts';

const test = suite('limits and leftovers');

const keysOf = (server: TestServer): Set<string> => {
  const keys = new Set<string>();
  for (const { key, value } of server.journal.entries) {
    if (value === null) keys.delete(key);
    else keys.add(key);
  }
  return keys;
};
const kindsOf = (server: TestServer): string[] =>
  [...new Set([...keysOf(server)].map((key) => key.slice(0, key.indexOf('/') + 1)))].sort();

test('types and names that objects have of themselves are no engines and lose no field', async () => {
  const server = await TestServer.start();
  for (const type of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.match((await server.refusal('update', 'sys/mounts/m', { type })).message, /not found in the catalog/);
  }
  await server.write('sys/mounts/v1', { type: 'kv' });
  const fields = JSON.parse('{"__proto__": "kept", "constructor": "too"}') as Record<string, unknown>;
  await server.write('v1/a', fields);
  assert.is(JSON.stringify((await server.read('v1/a')).data), '{"__proto__":"kept","constructor":"too"}');
  const { wrap } = await server.write('sys/wrapping/wrap', fields, { wrapTtl: 60 });
  const unwrapped = await server.write('sys/wrapping/unwrap', { token: wrap?.token });
  assert.is(JSON.stringify(unwrapped.data), '{"__proto__":"kept","constructor":"too"}');
});

test('data that are nested too deeply are refused', async () => {
  const server = await TestServer.start();
  let deep: unknown = 'x';
  for (let i = 0; i < 20_000; i += 1) deep = [deep];
  assert.is((await server.refusal('update', 'secret/data/a', { data: { deep } })).code, 'invalid');
});

test('what a login method has given and kept goes with it', async () => {
  const server = await TestServer.start();
  await server.write('sys/auth/approle', { type: 'approle' });
  await server.write('auth/approle/role/r', { role_id: 'id' });
  await server.write('auth/approle/role/r/custom-secret-id', { secret_id: 's' });
  const { auth } = await server.write('auth/approle/login', { role_id: 'id', secret_id: 's' }, { token: null });
  const token = auth?.clientToken ?? '';
  await server.read('auth/token/lookup-self', {}, { token });
  await server.ask('delete', 'sys/auth/approle');
  assert.is((await server.refusal('read', 'auth/token/lookup-self', {}, { token })).code, 'forbidden');
  assert.equal(kindsOf(server), ['token/']);
  assert.equal(
    server.host.files.list('/data/confidant/files/core').filter((name) => name.startsWith('approle')),
    [],
  );
});

test('a role that takes over the id of one that was removed does not take its secret ids', async () => {
  const server = await TestServer.start();
  await server.write('sys/auth/approle', { type: 'approle' });
  await server.write('auth/approle/role/old', { role_id: 'id' });
  await server.write('auth/approle/role/old/custom-secret-id', { secret_id: 's' });
  // The journal fails between the role and its secret ids.
  const append = server.journal.append.bind(server.journal);
  server.journal.append = () => Promise.reject(new Error('broken'));
  assert.is((await server.refusal('delete', 'auth/approle/role/old')).code, 'host-failed');
  server.journal.append = append;
  await server.store?.close();
  const again = await TestServer.start({}, server.disk, server.journal);
  again.rootToken = server.rootToken;
  await again.ask('delete', 'auth/approle/role/old');
  await again.write('auth/approle/role/new', { role_id: 'id' });
  const refused = await again.refusal('update', 'auth/approle/login', { role_id: 'id', secret_id: 's' });
  assert.is(refused.code, 'unauthorized');
});

test('what has expired is removed without anybody asking', async () => {
  const server = await TestServer.start();
  await server.write('sys/auth/approle', { type: 'approle' });
  await server.write('auth/approle/role/r', {});
  await server.write('auth/approle/role/r/secret-id', { ttl: 60 });
  await server.write('auth/token/create', { policies: ['x'], ttl: 60 });
  await server.write('sys/wrapping/wrap', { a: 1 }, { wrapTtl: 60 });
  assert.is(keysOf(server).size, 5);
  await server.disk.clock.advance(700_000);
  assert.equal(kindsOf(server), ['token/']);
  assert.is(keysOf(server).size, 1);
  await server.store?.close();
});

test('wrapped replies are bounded, all together', async () => {
  const server = await TestServer.start();
  const big = { a: 'x'.repeat(300 * 1024) };
  for (let i = 0; i < 3; i += 1) await server.write('sys/wrapping/wrap', big, { wrapTtl: 60 });
  assert.is((await server.refusal('update', 'sys/wrapping/wrap', big, { wrapTtl: 60 })).code, 'busy');
  const huge = { a: 'x'.repeat(500 * 1024) };
  assert.is((await server.refusal('update', 'sys/wrapping/wrap', huge, { wrapTtl: 60 })).code, 'too-large');
  await server.disk.clock.advance(61_000);
  await server.write('sys/wrapping/wrap', big, { wrapTtl: 60 });
});

test('a token has no more metadata, policies and ancestors than is reasonable', async () => {
  const server = await TestServer.start();
  const create = 'auth/token/create';
  const policies = Array.from({ length: 65 }, (_, i) => `p${i}`);
  assert.is((await server.refusal('update', create, { policies })).code, 'invalid');
  assert.is((await server.refusal('update', create, { meta: { m: 'x'.repeat(5000) } })).code, 'invalid');
  let { rootToken: token } = server;
  let made = 0;
  for (; made < 200; made += 1) {
    const asked = server.write(create, { policies: ['root'] }, { token });
    const reply = await asked.catch(() => null);
    if (reply === null) break;
    token = reply.auth?.clientToken ?? '';
  }
  assert.is(made, 100);
});

test('all versions of a secret together are bounded', async () => {
  const server = await TestServer.start();
  await server.write('secret/metadata/a', { max_versions: 100 });
  const data = { a: 'x'.repeat(250 * 1024) };
  for (let i = 0; i < 16; i += 1) await server.write('secret/data/a', { data });
  assert.is((await server.refusal('update', 'secret/data/a', { data })).code, 'too-large');
  await server.write('secret/metadata/a', { max_versions: 2 });
  await server.write('secret/data/a', { data });
});

test('the policy of wrapping tokens is for nobody else, and is not written', async () => {
  const server = await TestServer.start();
  const name = 'response-wrapping';
  assert.is((await server.refusal('update', 'auth/token/create', { policies: [name] })).code, 'invalid');
  const policy = 'path "*" { capabilities = ["read"] }';
  assert.is((await server.refusal('update', `sys/policies/acl/${name}`, { policy })).code, 'invalid');
  await server.write('sys/auth/userpass', { type: 'userpass' });
  const user = { password: 'p', token_policies: name };
  assert.is((await server.refusal('update', 'auth/userpass/users/u', user)).code, 'invalid');
});

test('a token with a number of uses makes no children; a token that is made anew has none', async () => {
  const server = await TestServer.start();
  const create = 'auth/token/create';
  const { auth } = await server.write(create, { policies: ['root'], num_uses: 5 });
  const refused = await server.refusal('update', create, {}, { token: auth?.clientToken ?? '' });
  assert.is(refused.message, 'restricted use token cannot generate child tokens');
  await server.write(create, { id: 'named', policies: ['root'], ttl: 10 });
  const child = await server.write(create, { policies: ['x'], ttl: 1000 }, { token: 'named' });
  await server.disk.clock.advance(11_000);
  await server.write(create, { id: 'named', policies: ['root'] });
  const token = child.auth?.clientToken ?? '';
  assert.is((await server.refusal('read', 'auth/token/lookup-self', {}, { token })).code, 'forbidden');
});

test('a login method says how long the tokens live that it gives', async () => {
  const server = await TestServer.start();
  const config = { default_lease_ttl: '1h', max_lease_ttl: '2h' };
  await server.write('sys/auth/userpass', { type: 'userpass', config });
  await server.write('auth/userpass/users/u', { password: 'p' });
  const login = async () =>
    (await server.write('auth/userpass/login/u', { password: 'p' }, { token: null })).auth?.leaseDuration;
  assert.is(await login(), 3600);
  await server.write('auth/userpass/users/u', { token_ttl: '9h' });
  assert.is(await login(), 7200);
  await server.write('sys/auth/userpass/tune', { max_lease_ttl: '30m' });
  assert.is(await login(), 1800);
  assert.is((await server.refusal('update', 'sys/auth/userpass/tune', { options: { x: 'y' } })).code, 'invalid');
});

test('nothing that was to be wrapped is told in the clear', async () => {
  const server = await TestServer.start();
  const { message } = await server.refusal('update', 'sys/wrapping/wrap', { a: 1 });
  assert.is(message, 'endpoint requires response wrapping to be used');
  await server.write('sys/mounts/transit', { type: 'transit' });
  const { data } = await server.write('transit/encrypt/k', { plaintext: 'aGVsbG8=' });
  const batch_input = [{ ciphertext: data?.['ciphertext'] }, { ciphertext: 'vault:v1:AAAA' }];
  const refused = await server.refusal('update', 'transit/decrypt/k', { batch_input }, { wrapTtl: 60 });
  assert.is(refused.code, 'invalid');
  for (const wrapTtl of ['500ms', '0.9s', '1ns']) {
    const reply = await server.read('sys/mounts', {}, { wrapTtl });
    assert.equal([reply.data, reply.wrap?.ttl], [null, 1], wrapTtl);
  }
});

test('rewrapping that fails leaves the old token good', async () => {
  const server = await TestServer.start();
  const { wrap } = await server.write('sys/wrapping/wrap', { a: 'b' }, { wrapTtl: 60 });
  const append = server.journal.append.bind(server.journal);
  server.journal.append = () => Promise.reject(new Error('broken'));
  assert.is((await server.refusal('update', 'sys/wrapping/rewrap', { token: wrap?.token })).code, 'host-failed');
  server.journal.append = append;
  const again = await server.write('sys/wrapping/rewrap', { token: wrap?.token });
  assert.is((await server.refusal('update', 'sys/wrapping/unwrap', { token: wrap?.token })).code, 'invalid');
  assert.equal((await server.write('sys/wrapping/unwrap', { token: again.wrap?.token })).data, { a: 'b' });
});

test('role ids have no / and a reasonable length', async () => {
  const server = await TestServer.start();
  await server.write('sys/auth/approle', { type: 'approle' });
  for (const role_id of ['a/b', 'x'.repeat(129), '']) {
    assert.is((await server.refusal('update', 'auth/approle/role/r', { role_id })).code, 'invalid');
  }
});

test('a password that is changed while it is hashed is the old one', async () => {
  const server = await TestServer.start();
  await server.write('sys/auth/userpass', { type: 'userpass' });
  await server.write('auth/userpass/users/u', { password: 'old' });
  await server.store?.close();
  // The hash of the login waits until the user has been removed and made anew.
  const { files, kv, net, clock, random, bytes, aes } = server.host;
  let [begun, go] = [() => {}, () => {}];
  const hashing = new Promise<void>((resolve) => (begun = resolve));
  const gone = new Promise<void>((resolve) => (go = resolve));
  let hashes = 0;
  const sodium = async () => {
    const known = await server.host.sodium();
    const argon2id: typeof known.argon2id = async (...given) => {
      hashes += 1;
      begun();
      if (hashes === 1) await gone;
      return known.argon2id(...given);
    };
    return Object.assign(Object.create(known) as typeof known, { argon2id });
  };
  const options = { root: ROOT, seal: staticSeal('k'), journal: server.journal, engines: allEngines, version: '1' };
  const host = { files, kv, net, clock, random, bytes, aes, sodium };
  server.store = await FileSecretStore.open(host, { ...options, report: () => undefined });
  const login = server.refusal('update', 'auth/userpass/login/u', { password: 'old' }, { token: null });
  await hashing;
  await server.ask('delete', 'auth/userpass/users/u');
  go();
  assert.is((await login).code, 'unauthorized');
});

test('a secret lives no longer than its mount says', async () => {
  const server = await TestServer.start();
  await server.write('secret/config', { delete_version_after: '1m' });
  await server.write('secret/metadata/a', { delete_version_after: '1h' });
  await server.write('secret/metadata/b', { delete_version_after: '10s' });
  for (const path of ['a', 'b']) await server.write(`secret/data/${path}`, { data: { x: 1 } });
  await server.disk.clock.advance(11_000);
  assert.is((await server.read('secret/data/b')).outcome, 'not-found');
  assert.is((await server.read('secret/data/a')).outcome, undefined);
  await server.disk.clock.advance(50_000);
  assert.is((await server.read('secret/data/a')).outcome, 'not-found');
});
