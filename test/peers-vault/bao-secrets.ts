/** `bao kv`, `bao secrets` and transit by `bao write`, against the built service. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { ROOT_TOKEN, startVault, type VaultService } from '../support/vault-service.ts';
import { Bao } from './bao.ts';
import { peerSuite } from './peers.ts';

const { path, test, before, after } = peerSuite('bao: secrets', 'bao');
const scratch = mkdtempSync(`${tmpdir()}/streambed-bao-`);
let service: VaultService;
let bao: Bao;

before(async () => {
  service = await startVault(`${scratch}/data`);
  bao = new Bao(path, service.vault, scratch, ROOT_TOKEN);
});
after(async () => {
  await service.end('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
});

test('kv put, get, patch with versions and check-and-set', () => {
  const put = bao.text('kv', 'put', 'secret/app/one', 'a=b', 'n=1');
  assert.match(put, /= Secret Path =+\nsecret\/data\/app\/one\n/);
  assert.match(put, /\nversion +1\n/);
  assert.match(put, /\ncustom_metadata +<nil>\ndeletion_time +n\/a\ndestroyed +false\n/);
  assert.match(bao.text('kv', 'get', 'secret/app/one'), /= Data =+\nKey +Value\n--- +-----\na +b\nn +1\n/);
  assert.is(bao.field('version', 'kv', 'put', '-mount=secret', 'app/one', 'a=c'), '2');
  bao.fails(
    2,
    /check-and-set parameter did not match the current version/,
    'kv',
    'put',
    '-cas=1',
    'secret/app/one',
    'a=d',
  );
  assert.is(bao.field('version', 'kv', 'put', '-cas=2', 'secret/app/one', 'a=d'), '3');
  assert.is(bao.field('a', 'kv', 'get', '-version=1', 'secret/app/one'), 'b');
  assert.is(bao.field('version', 'kv', 'patch', 'secret/app/one', 'x=y'), '4');
  assert.is(bao.field('version', 'kv', 'patch', '-method=rw', 'secret/app/one', 'z=1'), '5');
  const { data } = bao.reply('kv', 'get', 'secret/app/one');
  assert.equal(data['data'], { a: 'd', x: 'y', z: '1' });
  assert.is((data['metadata'] as { version: number }).version, 5);
  assert.is(bao.reply('kv', 'rollback', '-version=1', 'secret/app/one').data['version'], 6);
  assert.equal(bao.reply('kv', 'get', 'secret/app/one').data['data'], { a: 'b', n: '1' });
  bao.fails(2, /No value found at secret\/data\/app\/none/, 'kv', 'get', 'secret/app/none');
  bao.fails(2, /Code: 404/, 'kv', 'patch', 'secret/app/none', 'a=b');
});

test('kv list, also of folders and of nothing', () => {
  for (const name of ['b', 'a', 'c/d']) bao.text('kv', 'put', `secret/list/${name}`, 'k=v');
  assert.is(bao.text('kv', 'list', 'secret/list'), 'Keys\n----\na\nb\nc/\n');
  assert.is(bao.text('kv', 'list', '-mount=secret', 'list/c'), 'Keys\n----\nd\n');
  bao.fails(2, /No value found at secret\/metadata\/nothing/, 'kv', 'list', 'secret/nothing');
});

test('kv delete, undelete and destroy', () => {
  for (const value of ['1', '2', '3']) bao.text('kv', 'put', 'secret/gone', `a=${value}`);
  assert.match(bao.text('kv', 'delete', 'secret/gone'), /^Success! Data deleted/);
  const deleted = bao.text('kv', 'get', 'secret/gone');
  assert.match(deleted, /\ndeletion_time +20\d\d-.*Z\ndestroyed +false\nversion +3\n/);
  assert.not.match(deleted, /= Data =/);
  assert.match(bao.text('kv', 'undelete', '-versions=3', 'secret/gone'), /^Success!/);
  assert.is(bao.field('a', 'kv', 'get', 'secret/gone'), '3');
  bao.text('kv', 'delete', '-versions=1,2', 'secret/gone');
  bao.text('kv', 'destroy', '-versions=1', 'secret/gone');
  bao.fails(2, /deleted/, 'kv', 'rollback', '-version=2', 'secret/gone');
  const { versions } = bao.reply('kv', 'metadata', 'get', 'secret/gone').data as {
    versions: Record<string, { deletion_time: string; destroyed: boolean }>;
  };
  assert.equal(
    ['1', '2', '3'].map((number) => [versions[number]?.deletion_time !== '', versions[number]?.destroyed]),
    [
      [true, true],
      [true, false],
      [false, false],
    ],
  );
});

test('kv metadata', () => {
  const name = 'secret/described';
  bao.text('kv', 'metadata', 'put', '-max-versions=2', '-delete-version-after=1h', '-custom-metadata=o=p', name);
  bao.text('kv', 'metadata', 'patch', '-cas-required=true', '-custom-metadata=q=r', name);
  bao.fails(2, /check-and-set parameter required/, 'kv', 'put', name, 'a=b');
  for (const cas of ['0', '1', '2']) bao.text('kv', 'put', `-cas=${cas}`, name, 'a=b');
  const shown = bao.table('kv', 'metadata', 'get', name);
  assert.is(shown['cas_required'], 'true');
  assert.is(shown['current_version'], '3');
  assert.is(shown['delete_version_after'], '1h0m0s');
  assert.is(shown['custom_metadata'], 'map[o:p q:r]');
  const { data } = bao.reply('kv', 'metadata', 'get', name);
  assert.equal(Object.keys(data['versions'] as object), ['2', '3']);
  bao.text('kv', 'metadata', 'patch', '-remove-custom-metadata=o', name);
  assert.equal(bao.reply('kv', 'metadata', 'get', name).data['custom_metadata'], { q: 'r' });
  bao.text('kv', 'metadata', 'delete', name);
  bao.fails(2, /No value found/, 'kv', 'get', name);
  bao.fails(2, /No value found/, 'kv', 'metadata', 'get', name);
});

test('secrets enable, list, tune and disable; kv of version 1', () => {
  assert.match(bao.text('secrets', 'enable', '-path=two', 'kv-v2'), /Enabled the kv-v2 secrets engine at: two\//);
  assert.match(bao.text('secrets', 'enable', '-path=one', '-description=old', 'kv'), /at: one\//);
  bao.fails(2, /path is already in use at one\//, 'secrets', 'enable', '-path=one', 'kv');
  bao.text('secrets', 'tune', '-default-lease-ttl=1h', 'one');
  const listed = bao.text('secrets', 'list', '-detailed');
  assert.match(listed, /^one\/ +kv +kv_[\da-f]{8} +(1h|3600) +system .*map\[(version:1)?\] +old /m);
  assert.match(listed, /^two\/ +kv .*map\[version:2\]/m);
  assert.match(bao.text('kv', 'put', 'one/x', 'a=b'), /^Success! Data written to: one\/x/);
  assert.match(bao.text('kv', 'get', 'one/x'), /^=+ Data =+\nKey +Value\n--- +-----\na +b\n$/);
  assert.is(bao.reply('kv', 'get', 'one/x').lease_duration, 3600);
  assert.is(bao.field('a', 'read', 'one/x'), 'b');
  assert.is(bao.text('kv', 'list', 'one'), 'Keys\n----\nx\n');
  bao.fails(2, /must be version 2/, 'kv', 'patch', 'one/x', 'c=d');
  bao.text('kv', 'delete', 'one/x');
  bao.fails(2, /No value found at one\/x/, 'kv', 'get', 'one/x');
  bao.text('kv', 'put', 'two/x', 'a=b');
  const { stdout, stderr } = bao.run(['read', 'two/x']);
  assert.match(stdout + stderr, /Invalid path for a versioned K\/V secrets engine/);
  for (const mount of ['one', 'two']) bao.text('secrets', 'disable', mount);
  assert.not.match(bao.text('secrets', 'list'), /^(one|two)\//m);
});

test('transit', () => {
  bao.text('secrets', 'enable', 'transit');
  bao.text('write', '-f', 'transit/keys/k');
  const plaintext = Buffer.from('22.5 degrees').toString('base64');
  const ciphertext = bao.field('ciphertext', 'write', 'transit/encrypt/k', `plaintext=${plaintext}`);
  assert.match(ciphertext, /^vault:v1:/);
  assert.is(bao.field('plaintext', 'write', 'transit/decrypt/k', `ciphertext=${ciphertext}`), plaintext);
  bao.text('write', '-f', 'transit/keys/k/rotate');
  assert.is(bao.table('read', 'transit/keys/k')['latest_version'], '2');
  assert.match(bao.field('ciphertext', 'write', 'transit/rewrap/k', `ciphertext=${ciphertext}`), /^vault:v2:/);
  const hmac = bao.field('hmac', 'write', 'transit/hmac/k', `input=${plaintext}`);
  assert.is(bao.field('valid', 'write', 'transit/verify/k', `input=${plaintext}`, `hmac=${hmac}`), 'true');
  assert.equal(Object.keys(bao.reply('write', '-f', 'transit/datakey/wrapped/k').data).sort(), [
    'ciphertext',
    'key_version',
  ]);
  bao.fails(2, /invalid ciphertext: no prefix/, 'write', 'transit/decrypt/k', 'ciphertext=no');
  assert.is(bao.text('list', 'transit/keys'), 'Keys\n----\nk\n');
  bao.fails(2, /deletion is not allowed for this key/, 'delete', 'transit/keys/k');
  bao.text('write', 'transit/keys/k/config', 'deletion_allowed=true', 'min_decryption_version=2');
  bao.fails(2, /too old/, 'write', 'transit/decrypt/k', `ciphertext=${ciphertext}`);
  assert.match(bao.text('delete', 'transit/keys/k'), /^Success!/);
  bao.fails(2, /encryption key not found/, 'write', 'transit/decrypt/k', `ciphertext=${ciphertext}`);
});
