/** Encryption for others. Facts: http-contract B9. */
import { createDecipheriv } from 'node:crypto';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { TestServer } from './support/server.ts';

const test = suite('transit');

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function mounted(): Promise<TestServer> {
  const server = await TestServer.start();
  await server.write('sys/mounts/transit', { type: 'transit' });
  return server;
}

for (const type of ['aes256-gcm96', 'aes128-gcm96', 'chacha20-poly1305']) {
  test(`${type}: opens what it sealed, in every version, and nothing else`, async () => {
    const server = await mounted();
    await server.write('transit/keys/k', { type });
    const seal = async (text: string) =>
      String((await server.write('transit/encrypt/k', { plaintext: base64(text) })).data?.['ciphertext']);
    const first = await seal('one');
    assert.match(first, /^vault:v1:/);
    await server.write('transit/keys/k/rotate');
    const second = await seal('two');
    assert.match(second, /^vault:v2:/);
    for (const [ciphertext, text] of [
      [first, 'one'],
      [second, 'two'],
    ] as const) {
      assert.is((await server.write('transit/decrypt/k', { ciphertext })).data?.['plaintext'], base64(text));
    }
    const rewrapped = String((await server.write('transit/rewrap/k', { ciphertext: first })).data?.['ciphertext']);
    assert.match(rewrapped, /^vault:v2:/);
    const flipped = `${first.slice(0, -6)}${first.at(-6) === 'A' ? 'B' : 'A'}${first.slice(-5)}`;
    assert.is(
      (await server.refusal('update', 'transit/decrypt/k', { ciphertext: flipped })).message,
      'cipher: message authentication failed',
    );
    await server.write('transit/keys/k/config', { min_decryption_version: 2 });
    assert.match((await server.refusal('update', 'transit/decrypt/k', { ciphertext: first })).message, /too old/);
    await server.write('transit/keys/k/trim', { min_available_version: 2 });
    assert.is((await server.write('transit/decrypt/k', { ciphertext: second })).data?.['plaintext'], base64('two'));
  });
}

test('a ciphertext is nonce, ciphertext and tag of AES-GCM, as Vault writes it', async () => {
  const server = await mounted();
  const made = (await server.write('transit/datakey/plaintext/k', {}).catch(() => null)) ?? null;
  assert.is(made, null);
  await server.write('transit/keys/k');
  const { data } = await server.write('transit/datakey/plaintext/k', { bits: 128 });
  assert.is(Buffer.from(String(data?.['plaintext']), 'base64').length, 16);
  const opened = await server.write('transit/decrypt/k', { ciphertext: data?.['ciphertext'] });
  assert.is(opened.data?.['plaintext'], data?.['plaintext']);
  const content = Buffer.from(String(data?.['ciphertext']).slice('vault:v1:'.length), 'base64');
  assert.is(content.length, 12 + 16 + 16);
  assert.throws(() =>
    createDecipheriv('aes-256-gcm', Buffer.alloc(32), content.subarray(0, 12))
      .setAuthTag(content.subarray(-16))
      .final(),
  );
});

test('batches say of each item what came of it', async () => {
  const server = await mounted();
  const sealed = await server.write('transit/encrypt/k', {
    batch_input: [{ plaintext: base64('a'), reference: 'r' }, { plaintext: '!' }],
  });
  assert.is(sealed.outcome, 'invalid');
  const [good, bad] = (sealed.data ?? {})['batch_results'] as Record<string, unknown>[];
  assert.is(good?.['reference'], 'r');
  assert.match(String(good?.['ciphertext']), /^vault:v1:/);
  assert.is(bad?.['error'], 'failed to base64-decode plaintext');
});

test('keyed hashes are verified', async () => {
  const server = await mounted();
  await server.write('transit/keys/k');
  for (const path of ['transit/hmac/k', 'transit/hmac/k/sha2-512']) {
    const { data } = await server.write(path, { input: base64('x') });
    const verify = path.replace('hmac', 'verify');
    assert.is((await server.write(verify, { input: base64('x'), hmac: data?.['hmac'] })).data?.['valid'], true);
    assert.is((await server.write(verify, { input: base64('y'), hmac: data?.['hmac'] })).data?.['valid'], false);
  }
});

test('a key is made by encrypting only for who may create it', async () => {
  const server = await mounted();
  const update = await server.tokenWith('path "transit/encrypt/*" { capabilities = ["update"] }');
  assert.is(
    (await server.refusal('update', 'transit/encrypt/new', { plaintext: base64('x') }, { token: update })).code,
    'forbidden',
  );
  const create = await server.tokenWith('path "transit/encrypt/*" { capabilities = ["create", "update"] }');
  await server.write('transit/encrypt/new', { plaintext: base64('x') }, { token: create });
  assert.equal((await server.ask('list', 'transit/keys')).data, { keys: ['new'] });
});

test('a key is deleted only when that is allowed', async () => {
  const server = await mounted();
  await server.write('transit/keys/k');
  assert.equal((await server.write('transit/keys/k')).warnings, ['key k already existed']);
  assert.is((await server.refusal('delete', 'transit/keys/k')).message, 'deletion is not allowed for this key');
  await server.write('transit/keys/k/config', { deletion_allowed: true });
  await server.ask('delete', 'transit/keys/k');
  assert.is((await server.refusal('read', 'transit/keys/k')).code, 'absent');
});

test('what would not be kept is refused', async () => {
  const server = await mounted();
  for (const data of [
    { derived: true },
    { exportable: 'true' },
    { convergent_encryption: true },
    { type: 'rsa-2048' },
    { auto_rotate_period: '1h' },
  ]) {
    assert.is((await server.refusal('update', 'transit/keys/k', data)).code, 'invalid', JSON.stringify(data));
  }
});

test('a context is for keys that are derived, and none of these is; an empty one is none', async () => {
  const server = await mounted();
  const plaintext = base64('x');
  assert.ok((await server.write('transit/encrypt/k', { plaintext, context: '' })).data?.['ciphertext']);
  const { code, message } = await server.refusal('update', 'transit/encrypt/k', { plaintext, context: plaintext });
  assert.equal([code, message], ['invalid', 'context given, but the key is not derived']);
  const again = await server.write('transit/encrypt/k', { plaintext, type: 'rsa-2048', exportable: true });
  assert.equal(again.warnings, ['Endpoint ignored these unrecognized parameters: [exportable]']);
});
