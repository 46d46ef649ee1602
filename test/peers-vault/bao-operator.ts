/** `bao status` and `bao operator`, against the built service with a store that nobody has made yet. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { startVault, type VaultService } from '../support/vault-service.ts';
import { Bao } from './bao.ts';
import { peerSuite } from './peers.ts';

const { path, test, before, after } = peerSuite('bao: operator', 'bao');
const scratch = mkdtempSync(`${tmpdir()}/streambed-bao-`);
let service: VaultService;
let bao: Bao;

before(async () => {
  await start();
});
after(async () => {
  await service.end('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
});

async function start(): Promise<void> {
  service = await startVault(`${scratch}/data`, []);
  bao = new Bao(path, service.vault, scratch, '');
}

/** Its exit code says it too. */
function statusOf(code: number): Readonly<Record<string, unknown>> {
  const { status, stdout, stderr } = bao.run(['status'], '', 'json');
  assert.is(status, code, stderr);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
}

interface Made {
  readonly unseal_keys_b64: readonly [string, string, string];
  readonly unseal_keys_hex: readonly [string, string, string];
  readonly root_token: string;
}

test('init, unseal with two of three shares, seal, and unseal again after a restart', async () => {
  assert.is(statusOf(2)['initialized'], false);
  bao.fails(2, /Vault is not initialized/, 'operator', 'init', '-status');
  bao.fails(2, /Code: 501/, 'kv', 'get', 'secret/x');
  bao.fails(2, /threshold cannot be larger/, 'operator', 'init', '-key-shares=3', '-key-threshold=4');
  const { stdout } = bao.run(['operator', 'init', '-key-shares=3', '-key-threshold=2'], '', 'json');
  const made = JSON.parse(stdout) as Made;
  assert.is(made.unseal_keys_b64.length, 3);
  assert.match(made.root_token, /^hvs\./);
  bao.fails(2, /already initialized/, 'operator', 'init');
  assert.match(bao.text('operator', 'init', '-status'), /Vault is initialized/);
  const { sealed, t, n } = statusOf(2);
  assert.equal([sealed, t, n], [true, 2, 3]);

  const [first, second] = made.unseal_keys_b64;
  assert.is(bao.table('operator', 'unseal', first)['Unseal Progress'], '1/2');
  assert.is(bao.table('operator', 'unseal', '-reset')['Unseal Progress'], '0/2');
  bao.text('operator', 'unseal', first);
  assert.is(bao.table('operator', 'unseal', first)['Unseal Progress'], '1/2', 'the same share counts once');
  bao.fails(2, /must be a valid hex or base64 string/, 'operator', 'unseal', 'no share');
  assert.is(bao.table('operator', 'unseal', made.unseal_keys_hex[2])['Sealed'], 'false');
  assert.is(statusOf(0)['cluster_name'], 'streambed');

  const root = bao.as(made.root_token);
  root.text('kv', 'put', 'secret/x', 'a=b');
  assert.is(root.table('operator', 'key-status')['Key Term'], '1');
  assert.is(root.table('operator', 'rotate')['Key Term'], '2');
  assert.is(root.field('a', 'kv', 'get', 'secret/x'), 'b');
  bao.as('').fails(2, /permission denied/, 'operator', 'seal');
  assert.match(root.text('operator', 'seal'), /Success! Vault is sealed/);
  assert.is(statusOf(2)['sealed'], true);
  root.fails(2, /Vault is sealed/, 'kv', 'get', 'secret/x');

  await service.end('SIGTERM');
  await start();
  bao.text('operator', 'unseal', second);
  assert.is(bao.table('operator', 'unseal', first)['Sealed'], 'false');
  assert.is(bao.as(made.root_token).field('a', 'kv', 'get', 'secret/x'), 'b');
});
