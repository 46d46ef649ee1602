/** No request without a sufficient token changes or reads anything, on any route: a table that must name them all. */
import * as assert from 'uvu/assert';
import type { Operation } from '../../confidant/secret-store.ts';
import type { Files } from '../../targets/host.ts';
import { ROOT } from './sealing/stores.ts';
import { suite } from '../support/suite.ts';
import { hex } from '../support/text.ts';
import { TestServer } from './support/server.ts';

const test = suite('every route of the secret server');

/** Asks for no token: what Vault leaves open. */
const open = [
  'sys/health read',
  'sys/init read update',
  'sys/leader read',
  'sys/seal-status read',
  'sys/unseal update',
  'sys/wrapping/lookup read update',
  'auth/approle/login update',
  'auth/userpass/login/{username} update',
];

/** Everything else, with what each answers. */
const guarded = [
  'auth/approle/role list',
  'auth/approle/role/{role_name} read update delete',
  'auth/approle/role/{role_name}/bind-secret-id read update delete',
  'auth/approle/role/{role_name}/custom-secret-id update',
  'auth/approle/role/{role_name}/period read update delete',
  'auth/approle/role/{role_name}/policies read update delete',
  'auth/approle/role/{role_name}/role-id read update',
  'auth/approle/role/{role_name}/secret-id update list',
  'auth/approle/role/{role_name}/secret-id-accessor/destroy update delete',
  'auth/approle/role/{role_name}/secret-id-accessor/lookup update',
  'auth/approle/role/{role_name}/secret-id-num-uses read update delete',
  'auth/approle/role/{role_name}/secret-id-ttl read update delete',
  'auth/approle/role/{role_name}/secret-id/destroy update delete',
  'auth/approle/role/{role_name}/secret-id/lookup update',
  'auth/approle/role/{role_name}/token-max-ttl read update delete',
  'auth/approle/role/{role_name}/token-num-uses read update delete',
  'auth/approle/role/{role_name}/token-ttl read update delete',
  'auth/token/accessors list',
  'auth/token/create update',
  'auth/token/create-orphan update',
  'auth/token/lookup read update',
  'auth/token/lookup-accessor update',
  'auth/token/lookup-self read update',
  'auth/token/renew update',
  'auth/token/renew-accessor update',
  'auth/token/renew-self update',
  'auth/token/revoke update',
  'auth/token/revoke-accessor update',
  'auth/token/revoke-orphan update',
  'auth/token/revoke-self update',
  'auth/userpass/users list',
  'auth/userpass/users/{username} read update delete',
  'auth/userpass/users/{username}/password update',
  'auth/userpass/users/{username}/policies update',
  'cubbyhole/{path} read update delete list',
  'kv1/{path} read update delete list',
  'secret/config read update',
  'secret/data/{path} read update patch delete',
  'secret/delete/{path} update',
  'secret/destroy/{path} update',
  'secret/metadata/{path} read update patch delete list',
  'secret/subkeys/{path} read',
  'secret/undelete/{path} update',
  'secret/{path} read update delete list',
  'sys/auth read',
  'sys/auth/{path} read update delete',
  'sys/capabilities update',
  'sys/capabilities-accessor update',
  'sys/capabilities-self update',
  'sys/internal/specs/openapi read',
  'sys/internal/ui/mounts read',
  'sys/internal/ui/mounts/{path} read',
  'sys/key-status read',
  'sys/leases/lookup update',
  'sys/leases/renew update',
  'sys/leases/revoke update',
  'sys/mounts read',
  'sys/mounts/{path} read update delete',
  'sys/policies/acl list',
  'sys/policies/acl/{name} read update delete',
  'sys/policy read list',
  'sys/policy/{name} read update delete',
  'sys/rotate update',
  'sys/rotate/keyring update',
  'sys/seal update',
  'sys/wrapping/rewrap update',
  'sys/wrapping/unwrap update',
  'sys/wrapping/wrap update',
  'transit/datakey/{kind}/{name} update',
  'transit/decrypt/{name} update',
  'transit/encrypt/{name} update',
  'transit/hmac/{name} update',
  'transit/hmac/{name}/{algorithm} update',
  'transit/keys list',
  'transit/keys/{name} read update delete',
  'transit/keys/{name}/config update',
  'transit/keys/{name}/rotate update',
  'transit/keys/{name}/trim update',
  'transit/rewrap/{name} update',
  'transit/verify/{name} update',
  'transit/verify/{name}/{algorithm} update',
];

/** What any live token may do, by the policy `default` or by what it is. */
const forAll = new Set([
  'auth/token/lookup-self',
  'auth/token/renew-self',
  'auth/token/revoke-self',
  'cubbyhole/{path}',
  'sys/capabilities-self',
  'sys/internal/ui/mounts',
  'sys/leases/lookup',
  'sys/leases/renew',
  'sys/wrapping/lookup',
  'sys/wrapping/unwrap',
  'sys/wrapping/wrap',
]);

interface Row {
  readonly path: string;
  readonly operations: readonly Operation[];
}

function rowsOf(lines: readonly string[]): Row[] {
  return lines.map((line) => {
    const [path = '', ...operations] = line.split(' ');
    return { path, operations: operations as Operation[] };
  });
}

/** A path that means what is there: so that nothing is refused for the lack of it. */
function filled(path: string): string {
  if (path.startsWith('sys/internal/ui/mounts/')) return 'sys/internal/ui/mounts/secret';
  if (path.startsWith('sys/mounts/')) return 'sys/mounts/kv1';
  if (path.startsWith('sys/auth/')) return 'sys/auth/userpass';
  if (path === 'secret/{path}') return 'secret/thing';
  const names = {
    role_name: 'robot',
    username: 'joe',
    name: path.startsWith('transit/') ? 'k' : 'guest',
    path: 'thing',
    kind: 'plaintext',
    algorithm: 'sha2-256',
  };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: keyof typeof names) => names[name]);
}

/** Everything that is mounted, with something in it. */
async function furnished(): Promise<TestServer> {
  const server = await TestServer.start();
  for (const type of ['approle', 'userpass']) await server.write(`sys/auth/${type}`, { type });
  await server.write('sys/mounts/transit', { type: 'transit' });
  await server.write('sys/mounts/kv1', { type: 'kv' });
  await server.write('secret/data/thing', { data: { marker: 'planted' } });
  await server.write('kv1/thing', { marker: 'planted' });
  await server.write('transit/keys/k');
  await server.write('auth/approle/role/robot', {});
  await server.write('auth/approle/role/robot/secret-id');
  await server.write('auth/userpass/users/joe', { password: 'planted' });
  await server.write('sys/policies/acl/guest', { policy: 'path "nowhere" { capabilities = ["read"] }' });
  return server;
}

interface Described {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly parameters?: readonly { name: string }[] }>>>
  >;
}

test('the table names every route and every operation, and no more', async () => {
  const server = await furnished();
  const { paths } = (await server.read('sys/internal/specs/openapi')).data as unknown as Described;
  const described = Object.keys(paths)
    .map((path) => path.slice(1))
    .sort();
  const named = rowsOf([...open, ...guarded]).map(({ path }) => path);
  assert.equal([...named].sort(), described);
  const methods = { read: 'get', update: 'post', patch: 'patch', delete: 'delete', list: 'get', create: 'post' };
  for (const { path, operations } of rowsOf([...open, ...guarded])) {
    const known = Object.keys(paths[`/${path}`] ?? {})
      .filter((name) => name !== 'parameters')
      .sort();
    assert.equal([...new Set(operations.map((operation) => methods[operation]))].sort(), known, path);
  }
});

/** All that is kept: files with their bytes, and how much is in the journal. */
function kept(server: TestServer): string {
  const { files } = server.host;
  const found: string[] = [];
  const visit = (path: string): void => {
    const stat = files.stat(path);
    if (stat?.kind === 'directory') for (const name of files.list(path).sort()) visit(`${path}/${name}`);
    else found.push(`${path} ${contentOf(files, path)}`);
  };
  visit(ROOT);
  return [...found, server.journal.entries.length].join('\n');
}

function contentOf(files: Files, path: string): string {
  const file = files.open(path, 'read');
  const content = new Uint8Array(file.lengthBytes());
  file.read(content, 0);
  file.close();
  return hex(content);
}

async function deadTokens(server: TestServer): Promise<Record<string, string | null>> {
  const create = async (data: Record<string, unknown>): Promise<string> =>
    (await server.write('auth/token/create', { policies: ['root'], ...data })).auth?.clientToken ?? '';
  const expired = await create({ ttl: '1s' });
  const revoked = await create({});
  const usedUp = await create({ num_uses: 1 });
  await server.read('auth/token/lookup-self', {}, { token: usedUp });
  await server.write('auth/token/revoke', { token: revoked });
  await server.disk.clock.advance(1001);
  return { none: null, empty: '', garbage: 'hvs.nobody', expired, revoked, usedUp };
}

test('a token that is missing or dead gets nothing and changes nothing', async () => {
  const server = await furnished();
  const tokens = await deadTokens(server);
  const before = kept(server);
  for (const { path, operations } of rowsOf(guarded)) {
    for (const operation of operations) {
      for (const [what, token] of Object.entries(tokens)) {
        const { code, message } = await server.refusal(operation, filled(path), {}, { token });
        const isUnwrapping = path === 'sys/wrapping/unwrap' && !['none', 'empty'].includes(what);
        const want = isUnwrapping
          ? 'invalid wrapping token is not valid or does not exist'
          : 'forbidden permission denied';
        assert.is(`${code} ${message}`, want, `${operation} ${path} with ${what} token`);
      }
    }
  }
  assert.is(kept(server), before);
});

test('a token with other rights gets nothing and changes nothing', async () => {
  const server = await furnished();
  const { auth } = await server.write('auth/token/create', { policies: ['guest'] });
  const token = auth?.clientToken ?? '';
  const before = kept(server);
  for (const { path, operations } of rowsOf(guarded)) {
    if (forAll.has(path)) continue;
    for (const operation of operations) {
      const { code } = await server.refusal(operation, filled(path), {}, { token });
      assert.is(code, 'forbidden', `${operation} ${path}`);
    }
  }
  assert.is(kept(server), before);
});

test('what is open tells nothing that is kept', async () => {
  const server = await furnished();
  for (const { path, operations } of rowsOf(open)) {
    for (const operation of operations) {
      const reply = await server
        .ask(operation, filled(path), {}, { token: null })
        .catch((error: unknown) => String(error));
      assert.not.match(JSON.stringify(reply), /planted/, path);
    }
  }
});

test('unknown paths ask for a token first', async () => {
  const server = await furnished();
  for (const path of [
    'nowhere',
    'nowhere/at/all',
    'auth/nowhere/login',
    'sys/nowhere',
    'secret',
    'identity/entity',
    '',
  ]) {
    assert.is((await server.refusal('read', path, {}, { token: null })).code, 'forbidden', path);
  }
  const { code, message } = await server.refusal('read', 'nowhere/x');
  assert.is(code, 'no-route');
  assert.is(message, 'no handler for route "nowhere/x". route entry not found.');
});
