/** streambed's own client (`streambed-vault/src/main.rs`) against the built service. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { ROOT_TOKEN, startVault, type VaultService } from '../support/vault-service.ts';
import { peerSuite } from './peers.ts';

const { path, test, before, after } = peerSuite('streambed-vault', 'streambed-vault');
const data = mkdtempSync(`${tmpdir()}/streambed-vault-`);
let service: VaultService;

before(async () => {
  service = await startVault(data);
});
after(async () => {
  await service.end('SIGTERM');
  rmSync(data, { recursive: true, force: true });
});

async function call(method: string, route: string, body?: unknown): Promise<Readonly<Record<string, string>>> {
  const headers = { 'x-vault-token': ROOT_TOKEN };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${service.vault}/v1/${route}`, { method, headers, ...sent });
  assert.ok(response.ok, `${route}: ${response.status}`);
  return response.status === 204 ? {} : ((await response.json()) as { data: Record<string, string> }).data;
}

const policy = `
  path "secret/data/default/*" { capabilities = ["read"] }
  path "secret/data/secrets.*" { capabilities = ["read"] }`;

test('logs in as a device and as a person, and reads what it may', async () => {
  const put = (name: string, secret: object) => call('POST', `secret/data/${name}`, { data: secret });
  await put('default/secrets.some-secret', { value: '1234', ttl: '1m' });
  await put('secrets.end-device-events.key.0000000000018879', { value: '00'.repeat(16) });
  await put('default/nested', { value: { inner: '1' } });
  await put('default/deleted', { value: '1' });
  await call('DELETE', 'secret/data/default/deleted');
  await put('other/secret', { value: '1' });
  await call('PUT', 'sys/policies/acl/device', { policy });
  const person = 'path "auth/userpass/users/*" { capabilities = ["create", "update"] }';
  await call('PUT', 'sys/policies/acl/person', { policy: person });
  for (const type of ['approle', 'userpass']) await call('POST', `sys/auth/${type}`, { type });
  await call('POST', 'auth/approle/role/r', { token_policies: 'device', token_ttl: '20m', secret_id_num_uses: 0 });
  const { role_id: roleId = '' } = await call('GET', 'auth/approle/role/r/role-id');
  const { secret_id: secretId = '' } = await call('POST', 'auth/approle/role/r/secret-id');
  await call('POST', 'auth/userpass/users/joe', { password: 'pw', token_policies: 'person' });
  const args = [service.vault, roleId, secretId, 'joe', 'pw'];
  const { status, stderr } = spawnSync(path, args, { encoding: 'utf8' });
  assert.is(status, 0, stderr);
});
