/** Clients of Vault from npm, unchanged, against the built service. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { Client as TypedClient } from '@litehex/node-vault';
import HashiVault from 'hashi-vault-js';
import nodeVault from 'node-vault';
import { suite } from '../support/suite.ts';
import { ROOT_TOKEN, startVault, type VaultService } from '../support/vault-service.ts';

const test = suite('clients of Vault');
const data = mkdtempSync(`${tmpdir()}/streambed-vault-`);
let service: VaultService;

test.before(async () => {
  service = await startVault(data);
});
test.after(async () => {
  await service.end('SIGTERM');
  rmSync(data, { recursive: true, force: true });
});

const reader = 'path "secret/data/app/*" { capabilities = ["read"] }';

test('node-vault: secrets, lists, policies, logins', async () => {
  const root = nodeVault({ endpoint: service.vault, token: ROOT_TOKEN });
  const health = await root.health();
  assert.is(health.initialized, true);
  await root.write('secret/data/app/one', { data: { user: 'u', password: 'p' } });
  assert.equal((await root.read('secret/data/app/one')).data.data, { user: 'u', password: 'p' });
  assert.equal((await root.list('secret/metadata/app')).data.keys, ['one']);
  await root.update('secret/data/app/one', { data: { password: 'q' } });
  assert.equal((await root.read('secret/data/app/one')).data.data, { user: 'u', password: 'q' });
  await root.delete('secret/data/app/one');
  await failsWith(root.read('secret/data/app/one'), 404);
  await root.addPolicy({ name: 'reader', rules: reader });
  assert.ok((await root.policies()).data.keys.includes('reader'));

  await root.enableAuth({ mount_point: 'approle', type: 'approle' });
  await root.addApproleRole({ role_name: 'robot', policies: 'reader', token_ttl: 1200 });
  const roleId: string = (await root.getApproleRoleId({ role_name: 'robot' })).data.role_id;
  const secretId: string = (await root.getApproleRoleSecret({ role_name: 'robot' })).data.secret_id;
  await root.write('secret/data/app/two', { data: { a: '1' } });
  const robot = nodeVault({ endpoint: service.vault });
  const login = await robot.approleLogin({ role_id: roleId, secret_id: secretId });
  assert.is(login.auth.lease_duration, 1200);
  assert.equal((await robot.read('secret/data/app/two')).data.data, { a: '1' });
  await failsWith(robot.write('secret/data/app/two', { data: {} }), 403);
  await robot.tokenRenewSelf();
  await robot.tokenRevokeSelf();
  await failsWith(robot.read('secret/data/app/two'), 403);

  await root.enableAuth({ mount_point: 'userpass', type: 'userpass' });
  await root.write('auth/userpass/users/joe', { password: 'pw', policies: 'reader' });
  const joe = nodeVault({ endpoint: service.vault });
  await joe.userpassLogin({ username: 'joe', password: 'pw' });
  assert.equal((await joe.read('secret/data/app/two')).data.data, { a: '1' });
  await failsWith(nodeVault({ endpoint: service.vault }).userpassLogin({ username: 'joe', password: 'no' }), 400);
});

test('node-vault: transit and wrapping', async () => {
  const root = nodeVault({ endpoint: service.vault, token: ROOT_TOKEN });
  await root.mount({ mount_point: 'transit', type: 'transit' });
  const { data } = await root.encryptData({ name: 'k', plaintext: Buffer.from('hello').toString('base64') });
  const opened = await root.decryptData({ name: 'k', ciphertext: data.ciphertext });
  assert.is(Buffer.from(opened.data.plaintext, 'base64').toString(), 'hello');
  const wrapped = await root.write('sys/wrapping/wrap', { a: 'b' }, { headers: { 'X-Vault-Wrap-TTL': '1m' } });
  assert.equal((await root.unwrap({ token: wrapped.wrap_info.token })).data, { a: 'b' });
  await failsWith(root.unwrap({ token: wrapped.wrap_info.token }), 400);
});

test('@litehex/node-vault, which checks what replies look like', async () => {
  const client = new TypedClient({ endpoint: service.vault, token: ROOT_TOKEN });
  const status = (await client.sealStatus()) as unknown as { readonly data?: { readonly sealed: boolean } };
  assert.is((status.data ?? (status as unknown as { sealed: boolean })).sealed, false);
  const written = await client.kv2.write({ mountPath: 'secret', path: 'typed', data: { x: 'y' } });
  assert.ok(JSON.stringify(written).includes('"version":1'), JSON.stringify(written));
  const read = await client.kv2.read({ mountPath: 'secret', path: 'typed' });
  assert.ok(JSON.stringify(read).includes('"x":"y"'), JSON.stringify(read));
  const listed = await client.kv2.list({ mountPath: 'secret', path: '' });
  assert.ok(JSON.stringify(listed).includes('typed'), JSON.stringify(listed));
});

test('hashi-vault-js: health and secrets', async () => {
  const vault = new HashiVault({ https: false, baseUrl: `${service.vault}/v1`, rootPath: 'secret', timeout: 5000 });
  const health = (await vault.healthCheck({})) as { readonly sealed?: boolean };
  assert.is(health.sealed, false);
  const secret = (await vault.createKVSecret(ROOT_TOKEN, 'hashi', { k: 'v' })) as { readonly version?: number };
  assert.is(secret.version, 1);
  const read = (await vault.readKVSecret(ROOT_TOKEN, 'hashi')) as { readonly data?: unknown };
  assert.equal(read.data, { k: 'v' });
  const listed = (await vault.listKVSecrets(ROOT_TOKEN, '')) as { readonly keys?: readonly string[] };
  assert.ok(listed.keys?.includes('hashi'));
});

async function failsWith(promise: Promise<unknown>, status: number): Promise<void> {
  const error = await promise.then(
    () => null,
    (thrown: { readonly response?: { readonly statusCode?: number; readonly status?: number } }) => thrown,
  );
  assert.is(error?.response?.statusCode ?? error?.response?.status, status, String(error));
}
