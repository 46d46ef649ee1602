/** `bao` logs in, and decides who may do what, against the built service. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { ROOT_TOKEN, startVault, type VaultService } from '../support/vault-service.ts';
import { Bao } from './bao.ts';
import { peerSuite } from './peers.ts';

const { path, test, before, after } = peerSuite('bao: access', 'bao');
const scratch = mkdtempSync(`${tmpdir()}/streambed-bao-`);
let service: VaultService;
let bao: Bao;

const reader = 'path "secret/data/app/*" { capabilities = ["read", "patch"] }\n';

before(async () => {
  service = await startVault(`${scratch}/data`);
  bao = new Bao(path, service.vault, scratch, ROOT_TOKEN);
  writeFileSync(`${scratch}/reader.hcl`, reader);
  bao.text('policy', 'write', 'reader', `${scratch}/reader.hcl`);
  bao.text('kv', 'put', 'secret/app/one', 'a=b');
  for (const method of ['approle', 'userpass']) bao.text('auth', 'enable', method);
});
after(async () => {
  await service.end('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
});

test('policies are written from files and stdin, read, listed and deleted', () => {
  assert.is(bao.text('policy', 'read', 'reader').trim(), reader.trim());
  assert.match(bao.feed(reader, 'policy', 'write', 'Mixed', '-'), /Success! Uploaded policy: mixed/);
  assert.is(bao.text('policy', 'list'), 'default\nmixed\nreader\nroot\n');
  bao.text('policy', 'delete', 'mixed');
  bao.fails(2, /No policy named: mixed/, 'policy', 'read', 'mixed');
  writeFileSync(`${scratch}/bad.hcl`, 'path "a" { capabilities = ["fly"] }');
  bao.fails(2, /path "a": invalid capability "fly"/, 'policy', 'write', 'bad', `${scratch}/bad.hcl`);
});

test('auth enable, list, tune and disable', () => {
  bao.text('auth', 'enable', '-path=people', '-description=of ours', 'userpass');
  assert.match(bao.text('auth', 'list'), /^people\/ +userpass +\S+ +of ours/m);
  assert.match(bao.text('auth', 'list', '-detailed'), /^token\/ +token /m);
  bao.fails(2, /path is already in use at people\//, 'auth', 'enable', '-path=people', 'userpass');
  bao.text('auth', 'tune', '-description=tuned', '-default-lease-ttl=1h', 'people');
  assert.match(bao.text('auth', 'list'), /^people\/ +userpass +\S+ +tuned/m);
  assert.match(bao.text('auth', 'disable', 'people'), /^Success! Disabled/);
  assert.not.match(bao.text('auth', 'list'), /people/);
});

test('a device logs in with role and secret id', () => {
  const role = 'auth/approle/role/robot';
  bao.text('write', role, 'token_policies=reader', 'token_ttl=20m', 'secret_id_num_uses=0');
  const shown = bao.table('read', role);
  assert.is(shown['token_ttl'], '20m');
  assert.is(shown['token_policies'], '[reader]');
  assert.is(bao.text('list', 'auth/approle/role'), 'Keys\n----\nrobot\n');
  const roleId = bao.field('role_id', 'read', `${role}/role-id`);
  const { data } = bao.reply('write', '-f', `${role}/secret-id`);
  assert.is(bao.text('list', `${role}/secret-id`), `Keys\n----\n${String(data['secret_id_accessor'])}\n`);
  const login = ['write', 'auth/approle/login', `role_id=${roleId}`];
  const { auth } = bao.as('').reply(...login, `secret_id=${String(data['secret_id'])}`);
  assert.is(auth.lease_duration, 1200);
  assert.equal(auth.policies, ['default', 'reader']);
  assert.equal(auth.metadata, { role_name: 'robot' });
  const robot = bao.as(auth.client_token);
  assert.is(robot.field('a', 'kv', 'get', 'secret/app/one'), 'b');
  robot.fails(2, /permission denied/, 'kv', 'put', 'secret/app/one', 'a=c');
  robot.fails(2, /permission denied/, 'kv', 'get', 'secret/other');
  bao.as('').fails(2, /invalid role or secret ID/, ...login, 'secret_id=wrong');
});

test('a person logs in with name and password, a token as it is', () => {
  bao.text('write', 'auth/userpass/users/joe', 'password=pw', 'policies=reader');
  assert.is(bao.table('read', 'auth/userpass/users/joe')['token_policies'], '[reader]');
  const joe = bao.as('');
  assert.match(joe.text('login', '-method=userpass', 'username=joe', 'password=pw'), /token_meta_username +joe/);
  assert.is(joe.table('token', 'lookup')['display_name'], 'userpass-joe');
  assert.is(joe.field('a', 'kv', 'get', 'secret/app/one'), 'b');
  joe.fails(2, /invalid username or password/, 'login', '-method=userpass', 'username=joe', 'password=no');
  assert.match(joe.text('login', ROOT_TOKEN), /\ntoken_duration +∞\n/);
  assert.is(joe.table('token', 'lookup')['policies'], '[root]');
  joe.fails(2, /permission denied/, 'login', 'no-token');
});

test('token create, lookup, renew and revoke', () => {
  const { auth } = bao.reply('token', 'create', '-policy=reader', '-ttl=1h', '-metadata=a=b', '-display-name=d');
  const { client_token: token, accessor } = auth;
  assert.equal([auth.lease_duration, auth.renewable, auth.metadata], [3600, true, { a: 'b' }]);
  const shown = bao.table('token', 'lookup', token);
  assert.equal([shown['id'], shown['display_name'], shown['creation_ttl']], [token, 'token-d', '1h']);
  assert.is(bao.table('token', 'lookup', '-accessor', accessor)['id'], 'n/a');
  assert.is(bao.reply('token', 'renew', '-increment=2h', token).auth.lease_duration, 7200);
  assert.is(bao.reply('token', 'renew', '-accessor', accessor).auth.accessor, accessor);
  assert.is(bao.as(token).reply('token', 'renew').auth.client_token, token);
  bao.fails(2, /lease is not renewable/, 'token', 'renew');
  const child = bao.reply('token', 'create', '-policy=unknown');
  assert.equal(child.warnings, ['Policy "unknown" does not exist']);
  assert.is(bao.table('token', 'lookup', child.auth.client_token)['display_name'], 'token');
  bao.text('token', 'revoke', token);
  bao.fails(2, /bad token/, 'token', 'lookup', token);
  assert.match(bao.text('token', 'revoke', token), /^Success! Revoked token \(if it existed\)/);
  bao.text('token', 'revoke', '-accessor', child.auth.accessor);
  bao.as(child.auth.client_token).fails(2, /permission denied/, 'token', 'lookup');
  const own = bao.as(bao.field('token', 'token', 'create', '-policy=reader', '-use-limit=2'));
  own.text('token', 'lookup');
  own.text('token', 'revoke', '-self');
  own.fails(2, /permission denied/, 'token', 'lookup');
});

test('capabilities of a token, of its accessor and of the caller', () => {
  const { auth } = bao.reply('token', 'create', '-policy=reader');
  assert.is(bao.text('token', 'capabilities', auth.client_token, 'secret/data/app/x').trim(), 'patch, read');
  const asked = ['sys/capabilities-accessor', `accessor=${auth.accessor}`, 'paths=sys/mounts,secret/data/app/x'];
  const { data } = bao.reply('write', ...asked);
  assert.equal([data['sys/mounts'], data['secret/data/app/x']], [['deny'], ['patch', 'read']]);
  assert.is(bao.as(auth.client_token).text('token', 'capabilities', 'secret/data/app/x').trim(), 'patch, read');
  assert.is(bao.text('token', 'capabilities', 'secret/data/app/x').trim(), 'root');
});

test('a wrapped secret id is unwrapped once, with its token as argument or as the caller', () => {
  bao.text('write', 'auth/approle/role/wrapped', 'token_policies=reader');
  const secretId = ['write', '-wrap-ttl=5m', '-f', 'auth/approle/role/wrapped/secret-id'];
  const { wrap_info: wrapped } = bao.reply(...secretId);
  assert.is(wrapped.ttl, 300);
  assert.is(wrapped.creation_path, 'auth/approle/role/wrapped/secret-id');
  assert.is(bao.table('write', 'sys/wrapping/lookup', `token=${wrapped.token}`)['creation_ttl'], '5m');
  assert.match(bao.field('secret_id', 'unwrap', wrapped.token), /^[\da-f-]{36}$/);
  bao.fails(2, /wrapping token is not valid or does not exist/, 'unwrap', wrapped.token);
  const again = bao.as(bao.reply('kv', 'get', '-wrap-ttl=60', 'secret/app/one').wrap_info.token);
  assert.equal((again.reply('unwrap').data['data'] as object) ?? null, { a: 'b' });
  again.fails(2, /wrapping token is not valid or does not exist/, 'unwrap');
});
