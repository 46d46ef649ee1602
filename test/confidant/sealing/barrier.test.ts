/** The barrier: init, unseal, seal and close, with either seal. Crashes are in `crash-matrix.test.ts`. */
import * as assert from 'uvu/assert';
import { Barrier } from '../../../confidant/sealing/barrier.ts';
import { FaultHost } from '../../support/fault-host/fault-host.ts';
import { failEach } from '../../support/fault-host/plan.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { suite } from '../../support/suite.ts';
import { hex, utf8 } from '../../support/text.ts';
import {
  codeOf,
  newShamir,
  newStore,
  openStore,
  readLabels,
  rejection,
  ROOT,
  rootKey,
  staticSeal,
  unsealAll,
  writeLabels,
} from './stores.ts';

const test = suite('barrier');

test('a store that does not exist yet', async () => {
  const barrier = await Barrier.open(new MemoryDisk().host(), ROOT, { type: 'shamir' });
  assert.equal(barrier.status(), {
    initialized: false,
    sealed: true,
    type: 'shamir',
    shares: 0,
    threshold: 0,
    progress: 0,
    nonce: '',
    rootKeyId: '',
  });
  assert.is(
    codeOf(() => barrier.files),
    'uninitialized',
  );
  assert.is(
    codeOf(() => barrier.keyring),
    'uninitialized',
  );
  assert.is((await rejection(barrier.unseal(new Uint8Array(33)))).code, 'uninitialized');
  assert.is((await rejection(barrier.rotate())).code, 'uninitialized');
});

test('init is done once, also when asked twice at a time', async () => {
  const barrier = await Barrier.open(new MemoryDisk().host(), ROOT, { type: 'shamir' });
  const counts = { shares: 5, threshold: 3 };
  const [first, second] = await Promise.allSettled([barrier.init(counts), barrier.init(counts)]);
  assert.is(first.status, 'fulfilled');
  assert.is(second.status === 'rejected' && second.reason.code, 'exists');
  const { initialized, sealed, shares, threshold } = barrier.status();
  assert.equal([initialized, sealed, shares, threshold], [true, true, 5, 3]);
});

test('numbers of shares', async () => {
  const barrier = await Barrier.open(new MemoryDisk().host(), ROOT, { type: 'shamir' });
  const rows: readonly (readonly [number, number])[] = [
    [0, 0],
    [1, 0],
    [0, 1],
    [2, 1],
    [2, 3],
    [256, 3],
    [-1, -1],
    [3, 2.5],
    [2.5, 2],
    [Number.NaN, 2],
    [2, Number.NaN],
  ];
  for (const [shares, threshold] of rows) {
    assert.is((await rejection(barrier.init({ shares, threshold }))).code, 'invalid', `${shares}/${threshold}`);
  }
  assert.is(barrier.status().initialized, false);
});

test('a single share is the key', async () => {
  const { barrier, keyShares } = await newShamir(1, 1);
  assert.equal(
    keyShares.map(({ length }) => length),
    [32],
  );
  assert.is((await rejection(barrier.unseal(new Uint8Array(32)))).code, 'invalid');
  await unsealAll(barrier, keyShares);
  assert.is(barrier.status().sealed, false);
});

test('unsealing share by share', async () => {
  const { barrier, keyShares } = await newShamir();
  const [a, b, c] = keyShares as [Uint8Array, Uint8Array, Uint8Array];
  const first = await barrier.unseal(a);
  assert.match(first.nonce, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.is(first.progress, 1);
  assert.is((await barrier.unseal(a)).progress, 1, 'the same share counts once');
  const second = await barrier.unseal(b);
  assert.equal([second.progress, second.nonce], [2, first.nonce]);
  barrier.reset();
  assert.equal([barrier.status().progress, barrier.status().nonce], [0, '']);
  await unsealAll(barrier, [c, b]);
  assert.is.not(barrier.status().nonce, first.nonce);
  const last = await barrier.unseal(a);
  assert.equal([last.sealed, last.progress, last.nonce], [false, 0, '']);
  assert.is((await barrier.unseal(a)).sealed, false, 'a share too many does nothing');
});

test('wrong shares are found out at the last, and all are forgotten', async () => {
  const { barrier, keyShares } = await newShamir();
  const [a, b, c] = keyShares as [Uint8Array, Uint8Array, Uint8Array];
  const wrong = c.slice();
  wrong[0] = (wrong[0] ?? 0) ^ 1;
  const samePoint = a.slice();
  samePoint[0] = (samePoint[0] ?? 0) ^ 1;
  for (const bad of [wrong, samePoint, new Uint8Array(33)]) {
    await unsealAll(barrier, [a, b]);
    const error = await rejection(barrier.unseal(bad));
    assert.equal([error.code, error.message], ['invalid', 'Unseal failed, invalid key']);
    assert.is(barrier.status().progress, 0);
  }
  for (const length of [0, 16, 32, 34]) {
    await barrier.unseal(a);
    assert.is((await rejection(barrier.unseal(new Uint8Array(length)))).code, 'invalid');
    assert.is(barrier.status().progress, 1);
    barrier.reset();
  }
  assert.is((await rejection(barrier.unseal(null))).code, 'invalid');
  await unsealAll(barrier, [a, b, c]);
  assert.is(barrier.status().sealed, false);
});

test('a static seal needs no shares', async () => {
  const barrier = await Barrier.open(new MemoryDisk().host(), ROOT, staticSeal('k'));
  assert.equal(await barrier.init({ shares: 5, threshold: 3 }), { keyShares: [] });
  assert.is(barrier.status().sealed, true);
  const { sealed, type, shares, threshold, rootKeyId } = await barrier.unseal(null);
  assert.equal([sealed, type, shares, threshold, rootKeyId], [false, 'static', 0, 0, 'k']);
});

test('another root key, seal, or length of key', async () => {
  const { disk, barrier } = await newStore();
  await barrier.close();
  const open = (seal: Parameters<typeof Barrier.open>[2]): Promise<Barrier> => Barrier.open(disk.host(), ROOT, seal);
  const other = await open(staticSeal('x', 'y'));
  assert.is((await rejection(other.unseal(null))).code, 'invalid');
  await other.close();
  const sameId = await open({ type: 'static', current: { id: 'k', key: rootKey('z').key } });
  assert.is((await rejection(sameId.unseal(null))).code, 'damaged');
  await sameId.close();
  const { code, message } = await rejection(open({ type: 'shamir' }));
  assert.equal([code, message], ['invalid', 'keyring: has a static seal, not shamir: needs the root key k']);
  for (const length of [0, 31, 33]) {
    const key = new Uint8Array(length);
    assert.is((await rejection(open({ type: 'static', current: { id: 'k', key } }))).code, 'invalid');
  }
  assert.is((await openStore(disk.host())).status().sealed, false, 'nothing of that has kept the lock');
});

test('sealing takes everything from everybody who has it', async () => {
  const { barrier, files } = await newStore();
  const { keyring } = barrier;
  await writeLabels(files, 'a', '1');
  const file = files.read('a');
  const sealed = keyring.seal('p', 'c', utf8('x'));
  const mac = keyring.mac('p', utf8('x'));
  const content = keyring.content;
  const changing = [writeLabels(files, 'a', '1,2'), writeLabels(files, 'a', '1,2,3')].map(rejection);
  barrier.seal();
  assert.ok(content !== null && content.keys.every(({ key }) => key.every((byte) => byte === 0)), 'keys are wiped');
  assert.ok(content.macKey.every((byte) => byte === 0));
  assert.equal([barrier.status().initialized, barrier.status().sealed], [true, true]);
  for (const action of [
    () => barrier.files,
    () => barrier.keyring,
    () => files.read('a'),
    () => files.readJson('a'),
    () => file?.open(1),
    () => keyring.seal('p', 'c', utf8('x')),
    () => keyring.open('p', 'c', sealed),
    () => keyring.mac('p', utf8('x')),
    () => keyring.currentKeyId,
  ]) {
    assert.is(codeOf(action), 'sealed');
  }
  for (const error of await Promise.all(changing)) assert.is(error.code, 'sealed');
  for (const change of [files.writeJson('a', 1), barrier.rotate()]) assert.is((await rejection(change)).code, 'sealed');
  await barrier.unseal(null);
  assert.is(readLabels(files, 'a'), '1');
  assert.equal(keyring.open('p', 'c', sealed), utf8('x'));
  assert.equal(keyring.mac('p', utf8('x')), mac);
  assert.is(barrier.files, files);
});

test('keys differ by purpose', async () => {
  const { keyring } = (await newStore()).barrier;
  const macs = ['a', 'b', '', 'files'].map((purpose) => hex(keyring.mac(purpose, utf8('x'))));
  assert.is(new Set(macs).size, 4);
  assert.is(macs[0]?.length, 64);
  assert.is.not(hex(keyring.mac('a', utf8('y'))), macs[0]);
});

test('one process has a store open', async () => {
  const { disk, barrier } = await newStore();
  const error = await rejection(Barrier.open(disk.host(), ROOT, staticSeal('k')));
  assert.is(error.code, 'host-failed');
  assert.match(error.message, /another process has it open/);
  await barrier.close();
  await openStore(disk.host());
});

test('closing waits for what is under way', async () => {
  const { disk, barrier, files } = await newStore();
  const writing = writeLabels(files, 'a', '1');
  const rotating = barrier.rotate();
  await Promise.resolve();
  await Promise.resolve();
  const closing = barrier.close();
  await writing;
  await Promise.all([rotating, closing]);
  const again = await openStore(disk.host());
  assert.equal([readLabels(again.files, 'a'), again.keyring.currentKeyId], ['1', 2]);
});

test('a lost keyring is not replaced by a new one', async () => {
  const { disk, barrier, host } = await newStore();
  await writeLabels(barrier.files, 'a', '1');
  await barrier.close();
  host.files.remove(`${ROOT}/keyring`);
  const again = await Barrier.open(disk.host(), ROOT, staticSeal('k'));
  assert.is(again.status().initialized, false);
  assert.is((await rejection(again.init({ shares: 0, threshold: 0 }))).code, 'damaged');
});

test('a failed init can be tried again, also by the next process', async () => {
  const host = new FaultHost(new MemoryDisk());
  const barrier = await Barrier.open(host, ROOT, { type: 'shamir' });
  host.plan = failEach('syncDir', 'EIO', ROOT);
  const error = await rejection(barrier.init({ shares: 3, threshold: 2 }));
  assert.equal([error.code, (error.cause as { code?: unknown }).code], ['host-failed', 'EIO']);
  host.plan = () => null;
  await barrier.close();
  const again = await Barrier.open(host, ROOT, { type: 'shamir' });
  const { keyShares } = await again.init({ shares: 3, threshold: 2 });
  await unsealAll(again, keyShares.slice(1));
  assert.is(again.status().sealed, false);
});

test('nothing secret is in what errors say', async () => {
  const { disk, barrier, keyShares } = await newShamir();
  const texts: string[] = [];
  const note = async (promise: Promise<unknown>): Promise<void> => {
    let error: unknown = await rejection(promise);
    for (; error instanceof Error; error = error.cause) texts.push(error.message, error.stack ?? '');
  };
  await unsealAll(barrier, keyShares.slice(0, 2));
  await note(barrier.unseal(new Uint8Array(33).fill(0xab)));
  await note(barrier.unseal(new Uint8Array(5).fill(0xab)));
  await unsealAll(barrier, keyShares);
  await barrier.files.writeJson('a', { password: 'marker-value' });
  disk.isReadOnly = true;
  await note(barrier.files.writeJson('a', { password: 'marker-value' }));
  await note(barrier.rotate());
  const shown = texts.join('\n');
  for (const secret of ['marker-value', 'abababab', ...keyShares.map((share) => hex(share).slice(0, 16))]) {
    assert.not.ok(shown.includes(secret), secret);
  }
});
