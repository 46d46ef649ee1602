/** New keys: of the data, of the root, and new shares. Crashes are in `crash-matrix.test.ts`. */
import * as assert from 'uvu/assert';
import { Barrier } from '../../../confidant/sealing/barrier.ts';
import { suite } from '../../support/suite.ts';
import { utf8 } from '../../support/text.ts';
import { readRaw } from './raw-files.ts';
import {
  codeOf,
  newShamir,
  newStore,
  openStore,
  readLabels,
  rejection,
  ROOT,
  staticSeal,
  unsealAll,
  writeLabels,
} from './stores.ts';

const test = suite('rotation');

test('after a rotation the new key seals, and the old ones open', async () => {
  const { disk, barrier, files } = await newStore();
  const { keyring } = barrier;
  const mac = keyring.mac('p', utf8('x'));
  const sealed = [keyring.seal('p', 'c', utf8('1'))];
  await writeLabels(files, 'a', '1');
  for (const number of [2, 3]) {
    disk.clock.setNow(1_700_000_000_000 + number);
    await barrier.rotate();
    assert.equal([keyring.currentKeyId, keyring.currentKey.createdAt], [number, 1_700_000_000_000 + number]);
    sealed.push(keyring.seal('p', 'c', utf8(`${number}`)));
    await writeLabels(files, 'a', Array.from({ length: number }, (_, i) => i + 1).join());
  }
  const keyIds = [0, 1, 2, 3].map((label) => files.read('a')?.keep(label).keyId);
  assert.equal(keyIds, [3, 1, 2, 3], 'parts that were kept are sealed as they were');
  await barrier.close();
  const again = await openStore(disk.host());
  for (const [i, one] of sealed.entries()) assert.equal(again.keyring.open('p', 'c', one), utf8(`${i + 1}`));
  assert.equal(again.keyring.mac('p', utf8('x')), mac);
  assert.is(readLabels(again.files, 'a'), '1,2,3');
});

test('the root key is replaced while running, and by the previous one when opened', async () => {
  const { disk, barrier, files } = await newStore();
  await writeLabels(files, 'a', '1');
  const before = readRaw(disk.host().files, `${ROOT}/files/a~sealed`);
  await barrier.useRootKeys(staticSeal('n', 'k'));
  assert.is(barrier.status().rootKeyId, 'n');
  await barrier.rotate();
  await barrier.close();
  const old = await Barrier.open(disk.host(), ROOT, staticSeal('k'));
  assert.is((await rejection(old.unseal(null))).code, 'invalid', 'the old one is of no use any more');
  await old.close();
  const next = await openStore(disk.host(), staticSeal('m', 'n'));
  assert.is(next.status().rootKeyId, 'm');
  assert.is(readLabels(next.files, 'a'), '1');
  await next.close();
  assert.is((await openStore(disk.host(), staticSeal('m'))).keyring.currentKeyId, 2);
  assert.equal(readRaw(disk.host().files, `${ROOT}/files/a~sealed`), before, 'no file was written for it');
});

test('a root key that cannot be replaced yet unseals all the same', async () => {
  const { disk, barrier } = await newStore();
  await barrier.close();
  disk.isReadOnly = true;
  const next = await Barrier.open(disk.host(), ROOT, staticSeal('n', 'k'));
  const { sealed, rootKeyId } = await next.unseal(null);
  assert.equal([sealed, rootKeyId], [false, 'k']);
  assert.is((await rejection(next.files.writeJson('a', 1))).code, 'host-failed');
  disk.isReadOnly = false;
  next.seal();
  assert.is((await next.unseal(null)).rootKeyId, 'n');
});

test('keys are replaced while sealed, too, and the one before is then of no use', async () => {
  const { disk, barrier, files } = await newStore();
  await writeLabels(files, 'a', '1');
  barrier.seal();
  await barrier.useRootKeys(staticSeal('n'));
  assert.equal([barrier.status().sealed, barrier.status().rootKeyId], [true, 'n']);
  assert.is(
    codeOf(() => barrier.keyring),
    'sealed',
  );
  await barrier.close();
  assert.is(readLabels((await openStore(disk.host(), staticSeal('n'))).files, 'a'), '1');
  const shamir = (await newShamir()).barrier;
  assert.is((await rejection(shamir.useRootKeys(staticSeal('n')))).code, 'invalid');
});

test('while a new root key cannot be written those before open the store', async () => {
  for (const isSealed of [true, false]) {
    const { disk, barrier, files } = await newStore();
    await writeLabels(files, 'a', '1');
    if (isSealed) barrier.seal();
    disk.isReadOnly = true;
    for (const id of ['l', 'l', 'm']) {
      assert.is((await rejection(barrier.useRootKeys(staticSeal(id)))).code, 'host-failed');
      assert.is(barrier.status().rootKeyId, 'k');
    }
    barrier.seal();
    assert.is((await barrier.unseal(null)).rootKeyId, 'k');
    disk.isReadOnly = false;
    if (isSealed) barrier.seal();
    await barrier.useRootKeys(staticSeal('n'));
    await barrier.close();
    assert.is(readLabels((await openStore(disk.host(), staticSeal('n'))).files, 'a'), '1');
  }
});

test('a root key is replaced before there is a keyring', async () => {
  const { disk } = await newShamir();
  const barrier = await Barrier.open(disk.host(), '/data/other', staticSeal('k'));
  await barrier.useRootKeys(staticSeal('n'));
  await barrier.init({ shares: 0, threshold: 0 });
  assert.is((await barrier.unseal(null)).rootKeyId, 'n');
});

test('new shares count from their commit on', async () => {
  const { disk, barrier, keyShares } = await newShamir(3, 2);
  await unsealAll(barrier, keyShares.slice(1));
  await writeLabels(barrier.files, 'a', '1');
  const wrong = await newShamir(3, 2, 2);
  for (const shown of [
    [],
    keyShares.slice(0, 1),
    wrong.keyShares,
    [...keyShares.slice(0, 1), ...wrong.keyShares.slice(1)],
  ]) {
    const error = await rejection(barrier.rekey({ keyShares: shown, shares: 5, threshold: 3 }));
    assert.is(error.code, 'invalid');
  }
  assert.is((await rejection(barrier.rekey({ keyShares, shares: 2, threshold: 3 }))).code, 'invalid');
  const rekey = await barrier.rekey({ keyShares: keyShares.slice(1), shares: 5, threshold: 3 });
  barrier.seal();
  await unsealAll(barrier, keyShares.slice(0, 2));
  assert.is(barrier.status().sealed, false, 'the old ones still count');
  await rekey.commit();
  await rekey.commit();
  assert.equal([barrier.status().shares, barrier.status().threshold], [5, 3]);
  await barrier.rotate();
  await barrier.close();
  const again = await Barrier.open(disk.host(), ROOT, { type: 'shamir' });
  await unsealAll(again, keyShares.slice(0, 2));
  assert.is((await rejection(again.unseal(keyShares[2] ?? null))).code, 'invalid');
  await unsealAll(again, rekey.keyShares.slice(2));
  assert.equal([readLabels(again.files, 'a'), again.keyring.currentKeyId], ['1', 2]);
  assert.is(
    (await rejection((await newStore()).barrier.rekey({ keyShares, shares: 3, threshold: 2 }))).code,
    'invalid',
  );
});

test('sealing while the keyring is changed leaves nothing in memory', async () => {
  for (const change of ['rotate', 'useRootKeys'] as const) {
    const { barrier, files } = await newStore();
    const { keyring } = barrier;
    await writeLabels(files, 'a', '1');
    const changing = change === 'rotate' ? barrier.rotate() : barrier.useRootKeys(staticSeal('n', 'k'));
    for (let step = 0; step < 5; step += 1) await Promise.resolve();
    barrier.seal();
    await changing;
    assert.is(barrier.status().sealed, true);
    assert.is(
      codeOf(() => keyring.currentKeyId),
      'sealed',
    );
    const { rootKeyId } = await barrier.unseal(null);
    assert.equal([keyring.currentKeyId, rootKeyId], change === 'rotate' ? [2, 'k'] : [1, 'n']);
    assert.is(readLabels(files, 'a'), '1');
  }
});
