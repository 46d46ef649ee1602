/**
 * A secret store that was made by one program is the same store to every other, whatever its CPU: for all ordered pairs of
 * the Node package and the binaries, one makes it, the other reads all of it, goes on and is killed, and the first reads
 * that in turn. Run by `npm run test:quickjs`, which builds the binaries; that all write the same bytes is for the golden
 * ones, which every runtime makes again.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { type Program, programOf } from '../support/program.ts';
import { suite } from '../support/suite.ts';
import { startVault, type VaultService } from '../support/vault-service.ts';

const test = suite('secret pairs');
const programs = ['node', 'x86_64', 'mipsel_24kc', 'mips_24kc'].map(programOf);

const VALUE = { text: 'größer \u{1F511} \u0001', number: 1.5, deep: { list: [null, true, -0.25e-7, 2 ** 53] } };
const PLAINTEXT = Buffer.from('from a sensor').toString('base64');
const POLICY = 'path "secret/data/*" { capabilities = ["read"] }';

let directory = '';
test.before(() => {
  directory = mkdtempSync(`${tmpdir()}/streambed-secret-pairs-`);
});
test.after(() => rmSync(directory, { recursive: true, force: true }));

interface Reply {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly auth: { readonly client_token: string; readonly policies: readonly string[] };
}

type Ask = (method: string, path: string, body?: unknown, token?: string) => Promise<Reply>;

function asking(service: VaultService, rootToken: string): Ask {
  return async (method, path, body, token = rootToken) => {
    const init = {
      method,
      headers: { 'x-vault-token': token },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    };
    const response = await fetch(`${service.vault}/v1/${path}`, init);
    const text = await response.text();
    return { status: response.status, ...(text === '' ? {} : (JSON.parse(text) as object)) } as Reply;
  };
}

/** What is made once. */
async function furnish(ask: Ask): Promise<void> {
  for (const type of ['approle', 'userpass']) assert.is((await ask('POST', `sys/auth/${type}`, { type })).status, 204);
  for (const type of ['transit', 'kv']) assert.is((await ask('POST', `sys/mounts/${type}`, { type })).status, 204);
  assert.is((await ask('POST', 'auth/approle/role/robot', { role_id: 'id', token_policies: 'reader' })).status, 204);
  assert.is((await ask('PUT', 'sys/policies/acl/reader', { policy: POLICY })).status, 204);
}

/** What a program does in its turn; `tag` makes it its own. Returns what it has sealed. */
async function write(ask: Ask, tag: string): Promise<string> {
  for (const version of [1, 2]) await ask('POST', `secret/data/${tag}/größer`, { data: { ...VALUE, version, tag } });
  await ask('DELETE', `secret/data/${tag}/größer`);
  assert.is((await ask('POST', `secret/data/${tag}/größer`, { data: { ...VALUE, version: 3, tag } })).status, 200);
  assert.is((await ask('POST', `kv/${tag}`, VALUE)).status, 204);
  assert.is((await ask('POST', 'auth/userpass/users/joe', { password: tag, token_policies: 'reader' })).status, 204);
  const secretId = { secret_id: `secret of ${tag}` };
  assert.is((await ask('POST', 'auth/approle/role/robot/custom-secret-id', secretId)).status, 200);
  const token = { id: `token of ${tag}`, policies: ['reader'], num_uses: 9 };
  assert.is((await ask('POST', 'auth/token/create', token)).status, 200);
  await ask('POST', 'sys/rotate');
  await ask('POST', 'transit/keys/k/rotate');
  const { status, data } = await ask('POST', 'transit/encrypt/k', { plaintext: PLAINTEXT });
  assert.is(status, 200);
  return String(data['ciphertext']);
}

/** Reads what was written in turns, the last of them last. */
async function read(ask: Ask, turns: ReadonlyMap<string, string>): Promise<void> {
  for (const [tag, ciphertext] of turns) {
    const newest = await ask('GET', `secret/data/${tag}/größer`);
    assert.equal(newest.data['data'], { ...VALUE, version: 3, tag });
    assert.is((await ask('GET', `secret/data/${tag}/größer?version=2`)).status, 404);
    assert.equal((await ask('GET', `kv/${tag}`)).data, VALUE);
    assert.is((await ask('POST', 'transit/decrypt/k', { ciphertext })).data['plaintext'], PLAINTEXT);
    const login = await ask('POST', 'auth/approle/login', { role_id: 'id', secret_id: `secret of ${tag}` }, '');
    assert.equal(login.auth.policies, ['default', 'reader']);
    assert.is((await ask('GET', `secret/data/${tag}/größer`, undefined, login.auth.client_token)).status, 200);
    assert.is((await ask('POST', 'auth/token/lookup', { token: `token of ${tag}` })).data['num_uses'], 9);
  }
  const last = [...turns.keys()].at(-1) ?? '';
  assert.is((await ask('POST', 'auth/userpass/login/joe', { password: last }, '')).status, 200);
  assert.is((await ask('POST', 'auth/userpass/login/joe', { password: `not ${last}` }, '')).status, 400);
}

interface Store {
  readonly path: string;
  readonly rootToken: string;
  readonly turns: Map<string, string>;
}

async function turn(program: Program, store: Store, tag: string, signal: NodeJS.Signals): Promise<void> {
  const service = await startVault(store.path, ['--root-key-file', `${store.path}.key`], program);
  const ask = asking(service, store.rootToken);
  if (store.turns.size === 0) await furnish(ask);
  else await read(ask, store.turns);
  if (tag !== '') store.turns.set(tag, await write(ask, tag));
  assert.is((await service.end(signal)).signal, signal === 'SIGKILL' ? signal : null);
}

function init(program: Program): Store {
  const path = `${directory}/${program.name}`;
  const [command = '', ...before] = program.streambed;
  const args = [...before, 'init', '--data', path, '--root-key-file', `${path}.key`];
  const { stdout, stderr, status } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], STREAMBED_ALLOW_VOLATILE: '1' },
  });
  assert.equal([status, stderr], [0, ''], program.name);
  return { path, rootToken: stdout.trim(), turns: new Map() };
}

for (const first of programs) {
  let origin: Store | null = null;

  test(`${first.name} makes a store`, async () => {
    origin = init(first);
    await turn(first, origin, 'begun', 'SIGTERM');
  });

  for (const second of programs.filter((program) => program !== first)) {
    test(`${second.name} reads what ${first.name} made and goes on, and so does ${first.name}`, async () => {
      if (origin === null) throw new Error('there is no store');
      const path = `${origin.path}-${second.name}`;
      const store = { ...origin, path, turns: new Map(origin.turns) };
      cpSync(origin.path, path, { recursive: true });
      copyFileSync(`${origin.path}.key`, `${path}.key`);
      await turn(second, store, 'gone on with', 'SIGKILL');
      await turn(first, store, 'and on', 'SIGTERM');
      await turn(second, store, '', 'SIGTERM');
      rmSync(path, { recursive: true });
    });
  }
}
