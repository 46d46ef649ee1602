/** What curl says to the built service by hand, as in the manuals of Vault, and the whole of what it gets back. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { ROOT_TOKEN, startVault, type VaultService } from '../support/vault-service.ts';

const suiteOfCurl = suite('curl and the Vault face');
const { stdout: found } = spawnSync('curl', ['--version'], { encoding: 'utf8' });
const [, major = '0', minor = '0'] = /^curl (\d+)\.(\d+)/.exec(found ?? '') ?? [];
/** `--json` came with 7.82. */
const isThere = Number(major) * 1000 + Number(minor) >= 7082;
const test = isThere
  ? suiteOfCurl
  : (title: string): void => suiteOfCurl.skip(title, `no curl with --json here, but ${found ?? 'none'}`);

const data = mkdtempSync(`${tmpdir()}/streambed-vault-`);
let service: VaultService;

suiteOfCurl.before(async () => {
  service = await startVault(data);
});
suiteOfCurl.after(async () => {
  await service.end('SIGTERM');
  rmSync(data, { recursive: true, force: true });
});

const run = promisify(execFile);
const root = ['-H', `X-Vault-Token: ${ROOT_TOKEN}`];
const ENVELOPE = ['request_id', 'lease_id', 'renewable', 'lease_duration', 'data', 'wrap_info', 'warnings', 'auth'];
const AUTH = [
  ...['client_token', 'accessor', 'policies', 'token_policies', 'metadata', 'lease_duration', 'renewable', 'entity_id'],
  ...['token_type', 'orphan', 'mfa_requirement', 'num_uses'],
];

type Json = Readonly<Record<string, unknown>>;

interface Reply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

async function curl(path: string, ...args: readonly string[]): Promise<Reply> {
  const { stdout } = await run('curl', ['-s', '-i', '-q', '--noproxy', '*', ...args, `${service.vault}/v1/${path}`]);
  const end = stdout.indexOf('\r\n\r\n');
  const [start = '', ...lines] = stdout.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.split(':')[0]?.toLowerCase() ?? '', line.replace(/^[^:]*: */, '')]),
  );
  return { status: Number(start.split(' ')[1]), headers, text: stdout.slice(end + 4) };
}

/** The reply's JSON, when it has this status. */
async function json(status: number, path: string, ...args: readonly string[]): Promise<Json> {
  const reply = await curl(path, ...args);
  assert.is(reply.status, status, `${path}: ${reply.text}`);
  assert.is(reply.headers.get('content-type'), 'application/json', path);
  assert.is(reply.headers.get('cache-control'), 'no-store', path);
  return JSON.parse(reply.text) as Json;
}

/** An envelope with all its fields and no other. */
async function envelope(status: number, path: string, ...args: readonly string[]): Promise<Json> {
  const whole = await json(status, path, ...args);
  assert.equal(Object.keys(whole).sort(), [...ENVELOPE].sort(), path);
  assert.match(String(whole['request_id']), /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  assert.equal([whole['lease_id'], whole['renewable'], whole['wrap_info']], ['', false, null]);
  return whole;
}

async function dataOf(path: string, ...args: readonly string[]): Promise<Json> {
  return (await envelope(200, path, ...root, ...args))['data'] as Json;
}

/** What is repeated beside `data` is the same there. */
async function dataOfFlat(path: string, ...args: readonly string[]): Promise<Json> {
  const whole = await json(200, path, ...root, ...args);
  const inner = whole['data'] as Json;
  assert.equal(Object.keys(whole).sort(), [...ENVELOPE, ...Object.keys(inner)].sort());
  for (const [name, value] of Object.entries(inner)) assert.equal(whole[name], value);
  return inner;
}

async function nothing(path: string, ...args: readonly string[]): Promise<void> {
  const { status, headers, text } = await curl(path, ...root, ...args);
  assert.equal(
    [status, text, headers.get('content-type'), headers.get('content-length')],
    [204, '', undefined, undefined],
  );
  assert.is(headers.get('cache-control'), 'no-store');
}

async function errors(status: number, path: string, ...args: readonly string[]): Promise<unknown> {
  const whole = await json(status, path, ...args);
  assert.equal(Object.keys(whole), ['errors'], path);
  return whole['errors'];
}

test('streambed-vault: logins and reads', async () => {
  const policy = 'path "secret/data/default/*" { capabilities = ["read"] }';
  await nothing('sys/policies/acl/device', '--json', JSON.stringify({ policy }));
  await nothing('sys/auth/approle', '-d', '{"type":"approle"}');
  await nothing('auth/approle/role/r', '-d', '{"token_policies":"device","token_ttl":"20m"}');
  const { role_id: roleId } = await dataOf('auth/approle/role/r/role-id');
  const { secret_id: secretId } = await dataOf('auth/approle/role/r/secret-id', '-X', 'POST');
  const ids = (secret: unknown): string => JSON.stringify({ role_id: roleId, secret_id: secret });
  const login = await envelope(200, 'auth/approle/login', '--json', ids(secretId));
  const auth = login['auth'] as Json;
  assert.equal(Object.keys(auth).sort(), [...AUTH].sort());
  assert.equal([login['data'], auth['lease_duration'], auth['renewable']], [null, 1200, true]);
  assert.equal(auth['metadata'], { role_name: 'r' });
  const refused = await errors(400, 'auth/approle/login', '--json', ids('wrong'));
  assert.equal(refused, ['invalid role or secret ID']);
  assert.equal(await errors(400, 'auth/approle/login', '--json', '{}'), ['missing role_id']);

  const some = 'secret/data/default/secrets.some-secret';
  await dataOf(some, '--json', '{"data":{"value":"1234","ttl":"1m"}}');
  const device = ['-H', `X-Vault-Token: ${String(auth['client_token'])}`];
  const read = await envelope(200, some, ...device);
  assert.is(read['lease_duration'], 0);
  const { data: values, metadata } = read['data'] as { readonly data: Json; readonly metadata: Json };
  assert.equal(values, { value: '1234', ttl: '1m' });
  const fields = ['created_time', 'custom_metadata', 'deletion_time', 'destroyed', 'version'];
  assert.equal(Object.keys(metadata).sort(), fields);
  assert.equal(await errors(404, 'secret/data/default/none', ...device), []);
  const denied = ['1 error occurred:\n\t* permission denied\n\n'];
  assert.equal(await errors(403, 'secret/data/other', ...device), denied);
  assert.equal(await errors(403, some), ['permission denied']);
  assert.equal(await errors(403, some, '-H', 'X-Vault-Token: hvs.nobody'), ['permission denied']);
});

test('streambed-vault: a user logs in and is given another password', async () => {
  await nothing('sys/auth/userpass', '-d', '{"type":"userpass"}');
  await nothing('auth/userpass/users/joe', '-d', '{"password":"old"}');
  await nothing('auth/userpass/users/joe', '--json', '{"username":"joe","password":"pw"}');
  const { auth } = (await envelope(200, 'auth/userpass//login/joe', '-d', '{"password":"pw"}')) as { auth: Json };
  assert.equal([auth['lease_duration'], auth['metadata']], [2_764_800, { username: 'joe' }]);
  const wrong = ['invalid username or password'];
  assert.equal(await errors(400, 'auth/userpass/login/joe', '-d', '{"password":"old"}'), wrong);
  assert.equal(await errors(400, 'auth/userpass/login/nobody', '-d', '{"password":"old"}'), wrong);
});

test('a secret from its first version to the last', async () => {
  const path = 'app/one';
  const written = await dataOf(`secret/data/${path}`, '-X', 'PUT', '-d', '{"data":{"a":"b"},"options":{"cas":"0"}}');
  assert.equal(Object.keys(written).sort(), [
    'created_time',
    'custom_metadata',
    'deletion_time',
    'destroyed',
    'version',
  ]);
  assert.equal([written['version'], written['deletion_time'], written['destroyed']], [1, '', false]);
  const cas = await errors(400, `secret/data/${path}`, ...root, '-d', '{"data":{},"options":{"cas":0}}');
  assert.equal(cas, ['check-and-set parameter did not match the current version']);
  assert.equal(await errors(400, `secret/data/${path}`, ...root, '-d', '{}'), ['no data provided']);
  const merge = ['-X', 'PATCH', '-H', 'Content-Type: application/merge-patch+json', '-d', '{"data":{"c":1,"a":null}}'];
  assert.is((await dataOf(`secret/data/${path}`, ...merge))['version'], 2);
  assert.equal((await dataOf(`secret/data/${path}?version=2`))['data'], { c: 1 });
  assert.is((await curl(`secret/data/${path}`, ...root, '-X', 'PATCH', '-d', '{"data":{}}')).status, 415);

  await nothing(`secret/data/${path}`, '-X', 'DELETE');
  const deleted = (await envelope(404, `secret/data/${path}`, ...root))['data'] as { data: null; metadata: Json };
  assert.is(deleted.data, null);
  assert.match(String(deleted.metadata['deletion_time']), /^2\d{3}-.*Z$/);
  await nothing(`secret/undelete/${path}`, '-d', '{"versions":["2"]}');
  assert.equal((await dataOf(`secret/data/${path}`))['data'], { c: 1 });
  await nothing(`secret/destroy/${path}`, '-X', 'PUT', '-d', '{"versions":[1]}');
  assert.equal(await errors(400, `secret/destroy/${path}`, ...root, '-d', '{}'), ['no version number provided']);
  await nothing(`secret/metadata/${path}`, '-d', '{"max_versions":3,"custom_metadata":{"o":"p"}}');
  const metadata = await dataOf(`secret/metadata/${path}`);
  assert.equal([metadata['current_version'], metadata['max_versions']], [2, 3]);
  assert.equal(metadata['custom_metadata'], { o: 'p' });
  await nothing(`secret/metadata/${path}`, '-X', 'DELETE');
  assert.equal(await errors(404, `secret/metadata/${path}`, ...root), []);
  const other = await envelope(404, `secret/${path}`, ...root);
  assert.match(String(other['warnings']), /^Invalid path for a versioned K\/V secrets engine/);
});

test('-X LIST and ?list=true are one', async () => {
  for (const name of ['b', 'a', 'c/d']) await dataOf(`secret/data/list/${name}`, '--json', '{"data":{"k":"v"}}');
  const keys = { keys: ['a', 'b', 'c/'] };
  assert.equal(await dataOf('secret/metadata/list', '-X', 'LIST'), keys);
  assert.equal(await dataOf('secret/metadata/list/', '-X', 'LIST'), keys);
  assert.equal(await dataOf('secret/metadata/list?list=true'), keys);
  assert.equal(await errors(404, 'secret/metadata/nothing', ...root, '-X', 'LIST'), []);
  assert.is((await curl('secret/metadata/list', ...root, '-X', 'PURGE')).status, 405);
});

test('-d sends a form, which is JSON all the same when it looks like JSON', async () => {
  await nothing('sys/mounts/form', '-d', 'type=kv', '-d', 'description=of+a%20form');
  const { 'form/': mount } = (await dataOfFlat('sys/mounts')) as { 'form/': Json };
  assert.equal([mount['type'], mount['description'], mount['options']], ['kv', 'of a form', { version: '1' }]);
  await nothing('form/one', '-d', 'user=joe', '--data-urlencode', 'password=p&q = r');
  const read = await envelope(200, 'form/one', ...root);
  assert.equal([read['data'], read['lease_duration']], [{ user: 'joe', password: 'p&q = r' }, 2_764_800]);
  await nothing('form/one', '-d', ' {"user":"ann"}');
  assert.equal(await dataOf('form/one'), { user: 'ann' });
  assert.equal(await errors(400, 'form/one', ...root, '-X', 'POST'), ['missing data fields']);
  assert.is((await curl('form/one', ...root, '--json', '{"user"')).status, 400);
  await nothing('sys/mounts/form', '-X', 'DELETE');
  assert.equal(await errors(404, 'form/one', ...root), ['no handler for route "form/one". route entry not found.']);
});

test('a body that is empty, {} or null says nothing', async () => {
  for (const body of [
    ['-d', ''],
    ['-d', '{}'],
    ['--json', 'null'],
    ['-X', 'POST'],
  ]) {
    const { auth } = (await envelope(200, 'auth/token/create', ...root, ...body)) as { auth: Json };
    assert.equal(auth['policies'], ['root']);
    await nothing('auth/token/revoke', '-d', JSON.stringify({ token: auth['client_token'] }));
  }
});

test('tokens come in a header of Vault or as Bearer, and the former counts', async () => {
  const bearer = (token: string): string[] => ['-H', `Authorization: Bearer ${token}`];
  const own = await envelope(200, 'auth/token/lookup-self', ...bearer(ROOT_TOKEN));
  assert.equal((own['data'] as Json)['policies'], ['root']);
  assert.is((await curl('auth/token/lookup-self', ...bearer('hvs.nobody'))).status, 403);
  assert.is((await curl('auth/token/lookup-self', ...root, ...bearer('hvs.nobody'))).status, 200);
  assert.is((await curl('auth/token/lookup-self', ...bearer(ROOT_TOKEN), '-H', 'X-Vault-Token: no')).status, 403);
  assert.is((await curl('auth/token/lookup-self', '-u', `token:${ROOT_TOKEN}`)).status, 403);
  assert.is((await curl('auth/token/lookup-self', ...root, '-H', 'X-Vault-Namespace: root')).status, 200);
});

test('a wrapped reply is fetched once', async () => {
  await dataOf('secret/data/wrapped', '--json', '{"data":{"a":"b"}}');
  const wrap = async (ttl: string): Promise<Json> => {
    const whole = await json(200, 'secret/data/wrapped', ...root, '-H', `X-Vault-Wrap-TTL: ${ttl}`);
    assert.equal(Object.keys(whole).sort(), [...ENVELOPE].sort());
    assert.equal([whole['request_id'], whole['data'], whole['auth']], ['', null, null]);
    return whole['wrap_info'] as Json;
  };
  const first = await wrap('60');
  assert.equal(Object.keys(first).sort(), ['accessor', 'creation_path', 'creation_time', 'token', 'ttl']);
  assert.equal([first['ttl'], first['creation_path']], [60, 'secret/data/wrapped']);
  const token = ['-X', 'POST', '-H', `X-Vault-Token: ${String(first['token'])}`];
  const unwrapped = await envelope(200, 'sys/wrapping/unwrap', ...token);
  assert.equal((unwrapped['data'] as Json)['data'], { a: 'b' });
  const over = ['wrapping token is not valid or does not exist'];
  assert.equal(await errors(400, 'sys/wrapping/unwrap', ...token), over);
  const second = JSON.stringify({ token: (await wrap('5m'))['token'] });
  const { creation_ttl: ttl } = (await envelope(200, 'sys/wrapping/lookup', '-d', second))['data'] as Json;
  assert.is(ttl, 300);
  assert.equal((await dataOf('sys/wrapping/unwrap', '--json', second))['data'], { a: 'b' });
  assert.equal(await errors(400, 'sys/wrapping/unwrap', ...root, '-d', second), over);
});

test('policies by both of their paths', async () => {
  const policy = 'path "a/*" { capabilities = ["read"] }';
  await nothing('sys/policy/both', '-X', 'PUT', '-d', JSON.stringify({ name: 'both', rules: policy }));
  assert.equal(await dataOf('sys/policies/acl/both'), { name: 'both', policy });
  assert.equal(await dataOfFlat('sys/policy/both'), { name: 'both', rules: policy });
  const names = (await dataOf('sys/policies/acl', '-X', 'LIST'))['keys'] as string[];
  assert.equal(((await dataOfFlat('sys/policy')) as { policies: string[] }).policies, names);
  assert.ok(['both', 'default', 'root'].every((name) => names.includes(name)));
  const asked = await dataOfFlat('sys/capabilities-self', '-d', '{"paths":["a/b"]}');
  assert.equal(asked, { 'a/b': ['root'], capabilities: ['root'] });
  await nothing('sys/policies/acl/both', '-X', 'DELETE');
  assert.equal(await errors(404, 'sys/policies/acl/both', ...root), []);
});

test('transit seals what a form brings', async () => {
  await nothing('sys/mounts/transit', '-d', 'type=transit');
  const plaintext = Buffer.from('22.5').toString('base64');
  const encoded = `plaintext=${plaintext}`;
  const sealed = await dataOf('transit/encrypt/k', '--data-urlencode', encoded);
  assert.equal(Object.keys(sealed).sort(), ['ciphertext', 'key_version']);
  const opened = await dataOf('transit/decrypt/k', '--json', JSON.stringify({ ciphertext: sealed['ciphertext'] }));
  assert.equal(opened, { plaintext });
});

test('what needs no token and no envelope', async () => {
  const health = await json(200, 'sys/health');
  assert.equal([health['initialized'], health['sealed'], health['standby']], [true, false, false]);
  assert.is((await json(299, 'sys/health?activecode=299'))['sealed'], false);
  const head = await curl('sys/health', '-I');
  assert.equal([head.status, head.text], [200, '']);
  assert.is((await json(200, 'sys/seal-status'))['storage_type'], 'file');
  assert.equal(await json(200, 'sys/init'), { initialized: true });
  const leader = { ha_enabled: false, is_self: false, leader_address: '', leader_cluster_address: '' };
  assert.equal(await json(200, 'sys/leader'), leader);
  assert.equal(await errors(400, 'sys/init', '-X', 'PUT', '-d', '{"secret_shares":1,"secret_threshold":1}'), [
    'Vault is already initialized',
  ]);
  assert.equal(await errors(404, 'no/such', ...root), ['no handler for route "no/such". route entry not found.']);
});
