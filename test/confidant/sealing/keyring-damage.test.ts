/** Damage of the keyring's file, and of what the keyring seals elsewhere: as `damage.test.ts` for files. */
import * as assert from 'uvu/assert';
import { Barrier } from '../../../confidant/sealing/barrier.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import type { Files, Host } from '../../../targets/host.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { suite } from '../../support/suite.ts';
import { utf8 } from '../../support/text.ts';
import { damagedForms, readRaw, writeRaw } from './raw-files.ts';
import { codeOf, newStore, readLabels, ROOT, staticSeal, writeLabels } from './stores.ts';

const test = suite('damage of the keyring');

test('every byte and every length of what the keyring seals', async () => {
  const { barrier } = await newStore();
  const { keyring } = barrier;
  const whole = keyring.seal('purpose', 'context', utf8('plaintext'));
  assert.is(whole.length, 8 + 36 + 'plaintext'.length + 16);
  for (const { what, form } of damagedForms(whole)) {
    assert.ok(['damaged', 'unknown-version'].includes(codeOf(() => keyring.open('purpose', 'context', form))), what);
  }
  for (const [purpose, context] of [
    ['purpose', 'other'],
    ['other', 'context'],
    ['purpose', ''],
    ['purpos', 'econtext'],
  ] as const) {
    assert.is(
      codeOf(() => keyring.open(purpose, context, whole)),
      'damaged',
    );
  }
  assert.equal(keyring.open('purpose', 'context', whole), utf8('plaintext'));
});

/** Opens a store whose keyring's file was changed. Null: it was not noticed. */
async function codeOfKeyring(
  files: Files,
  host: Host,
  form: Uint8Array,
  shares: readonly Uint8Array[],
): Promise<string | null> {
  writeRaw(files, `${ROOT}/keyring`, form);
  let barrier: Barrier | null = null;
  try {
    barrier = await Barrier.open(host, ROOT, shares.length > 0 ? { type: 'shamir' } : staticSeal('k'));
    if (shares.length === 0) await barrier.unseal(null);
    for (const share of shares) if (barrier.status().sealed) await barrier.unseal(share);
    return barrier.status().sealed ? 'sealed' : null;
  } catch (error) {
    if (error instanceof SecretStoreError) return error.code;
    throw error;
  } finally {
    await barrier?.close();
  }
}

for (const type of ['static', 'shamir'] as const) {
  test(`every byte and every length of the keyring, ${type}`, async () => {
    const host = new MemoryDisk().host();
    const barrier = await Barrier.open(host, ROOT, type === 'static' ? staticSeal('k') : { type });
    const { keyShares } = await barrier.init({ shares: 3, threshold: 2 });
    await barrier.close();
    const whole = readRaw(host.files, `${ROOT}/keyring`);
    const codes = new Set<string>();
    for (const { what, form } of damagedForms(whole)) {
      const code = await codeOfKeyring(host.files, host, form, keyShares);
      assert.ok(code !== null, what);
      codes.add(code);
    }
    // With a higher threshold it only waits for more shares.
    codes.delete('sealed');
    assert.equal([...codes].sort(), ['damaged', 'invalid', 'unknown-version']);
    assert.is(await codeOfKeyring(host.files, host, whole, keyShares), null);
  });
}

test('a keyring of earlier opens nothing that is newer', async () => {
  const { host, files, barrier } = await newStore();
  await writeLabels(files, 'a', '1,2,3');
  const earlier = readRaw(host.files, `${ROOT}/keyring`);
  await barrier.rotate();
  await writeLabels(files, 'b', '1');
  await barrier.close();
  writeRaw(host.files, `${ROOT}/keyring`, earlier);
  const again = await Barrier.open(host, ROOT, staticSeal('k'));
  await again.unseal(null);
  assert.is(
    codeOf(() => again.files.read('b')),
    'damaged',
  );
  assert.is(readLabels(again.files, 'a'), '1,2,3');
});
