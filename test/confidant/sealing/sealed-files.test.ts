/** Sealed files as their users see them. Crashes are in `crash-matrix.test.ts`, tampering in `damage.test.ts`. */
import * as assert from 'uvu/assert';
import type { SealedFiles } from '../../../confidant/sealing/sealed-files.ts';
import { FaultHost } from '../../support/fault-host/fault-host.ts';
import { failEach } from '../../support/fault-host/plan.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { suite } from '../../support/suite.ts';
import { fromUtf8, latin1, utf8 } from '../../support/text.ts';
import { readRaw } from './raw-files.ts';
import { allNames, codeOf, newStore, openStore, readLabels, rejection, ROOT, writeLabels } from './stores.ts';

const test = suite('sealed files');

test('a file of several parts', async () => {
  const { files } = await newStore();
  assert.is(files.read('a'), null);
  assert.is(files.exists('a'), false);
  const parts = [0, 7, 3, 2 ** 32 - 1].map((label) => ({ label, content: utf8(`part ${label}`) }));
  await files.replace('a', parts);
  const file = files.read('a');
  assert.equal(file?.labels(), [0, 3, 7, 2 ** 32 - 1]);
  for (const { label } of parts) assert.is(fromUtf8(file?.open(label) ?? new Uint8Array(0)), `part ${label}`);
  assert.is(
    codeOf(() => file?.open(1)),
    'absent',
  );
  await files.replace('a', [{ label: 0, content: new Uint8Array(0) }]);
  assert.equal(files.read('a')?.labels(), [0]);
  assert.is(files.read('a')?.open(0).length, 0);
  assert.equal(file?.labels().length, 4, 'what was read stays as it was');
});

test('parts that make no file', async () => {
  const { files } = await newStore();
  const content = utf8('x');
  await files.replace('a', [{ label: 0, content }]);
  const kept = files.read('a')?.keep(0);
  if (kept === undefined) return assert.unreachable();
  for (const labels of [[], [1], [0, 1, 1], [0, 0]]) {
    const error = await rejection(
      files.replace(
        'b',
        labels.map((label) => ({ label, content })),
      ),
    );
    assert.is(error.code, 'invalid', labels.join());
  }
  assert.is((await rejection(files.replace('a', [{ label: 0, content: kept }]))).code, 'invalid');
  assert.is(files.exists('b'), false);
  const large = { label: 0, content: new Uint8Array(16 * 1024 * 1024) };
  assert.is((await rejection(files.replace('b', [large]))).code, 'too-large');
});

test('kept parts are the same bytes', async () => {
  const { host, files } = await newStore();
  await writeLabels(files, 'a', '1,2');
  const before = readRaw(host.files, `${ROOT}/files/a~sealed`);
  const sealed = latin1(before.subarray(8 + 3 * 36 + 'x,x'.length + 16));
  await writeLabels(files, 'a', '1,2,3');
  assert.ok(latin1(readRaw(host.files, `${ROOT}/files/a~sealed`)).includes(sealed));
  assert.is(readLabels(files, 'a'), '1,2,3');
});

test('nothing readable is on disk', async () => {
  const { host, files } = await newStore();
  await files.writeJson('name', { password: 'marker-value' });
  const raw = latin1(readRaw(host.files, `${ROOT}/files/name~sealed`));
  assert.not.ok(raw.includes('marker') || raw.includes('password') || raw.includes('name'));
  const again = latin1(readRaw(host.files, `${ROOT}/keyring`));
  assert.match(again, /"type":"static"/);
});

test('JSON', async () => {
  const { files } = await newStore();
  for (const value of [1, 'text ü', null, [1, [2]], { a: { b: null } }, JSON.parse('{"__proto__":1,"toJSON":2}')]) {
    await files.writeJson('a', value);
    assert.equal(files.readJson('a'), value);
  }
  assert.is(files.readJson('b'), null);
});

test('lists, and directories that come and go', async () => {
  const { host, files } = await newStore();
  assert.equal([files.list(''), files.list('x/y')], [[], []]);
  for (const name of ['b', 'a/b/c', 'a', 'a/b', 'a-b', 'ü/ö', 'B', '10', '9', 'constructor/__proto__'])
    await files.writeJson(name, 1);
  assert.equal(files.list(''), ['10', '9', 'B', 'a', 'a-b', 'a/', 'b', 'constructor/', 'ü/']);
  assert.equal(files.list('a'), ['b', 'b/']);
  assert.equal(files.list('a/b'), ['c']);
  assert.equal(files.list('a-b'), []);
  await files.remove('a/b/c');
  assert.equal([files.list('a'), files.list('a/b')], [['b'], []]);
  await files.remove('a/b');
  await files.remove('a/none');
  await files.remove('none/none');
  assert.equal(files.list(''), ['10', '9', 'B', 'a', 'a-b', 'b', 'constructor/', 'ü/']);
  assert.is(host.files.stat(`${ROOT}/files/a`), null);
  host.files.makeDir(`${ROOT}/files/empty`);
  host.files.makeDir(`${ROOT}/files/empty/too`);
  host.files.open(`${ROOT}/files/not ours`, 'create').close();
  assert.equal(files.list(''), ['10', '9', 'B', 'a', 'a-b', 'b', 'constructor/', 'ü/']);
});

test('scopes', async () => {
  const { files } = await newStore();
  const inner = files.scope('mounts/kv').scope('1');
  await inner.writeJson('a/b', 'inner');
  await files.writeJson('a/b', 'outer');
  assert.is(inner.readJson('a/b'), 'inner');
  assert.is(files.readJson('mounts/kv/1/a/b'), 'inner');
  assert.equal([inner.list(''), inner.list('a'), files.list('mounts')], [['a/'], ['b'], ['kv/']]);
  await inner.remove('a/b');
  assert.equal([files.list(''), inner.exists('a/b')], [['a/'], false]);
});

test('changes of one name happen one after the other', async () => {
  const { files } = await newStore();
  await files.writeJson('n', 0);
  const add = (): Promise<void> =>
    files.update('n', (file) => {
      const value = Number(fromUtf8(file?.open(0) ?? new Uint8Array(0))) + 1;
      return [{ label: 0, content: utf8(`${value}`) }];
    });
  await Promise.all(Array.from({ length: 20 }, add));
  assert.is(files.readJson('n'), 20);
  await files.update('n', () => null);
  await files.update('none', () => null);
  assert.equal([files.readJson('n'), files.exists('none')], [20, false]);
  const failing = files.update('n', () => {
    throw new RangeError('of the caller');
  });
  const next = add();
  assert.is(await failing.catch((error: unknown) => (error as Error).message), 'of the caller');
  await next;
  assert.is(files.readJson('n'), 21);
});

test('a directory that empties while a file is written there', async () => {
  const { files } = await newStore();
  await files.writeJson('d/e/x', 1);
  await Promise.all([files.remove('d/e/x'), files.writeJson('d/e/y', 2)]);
  assert.equal(allNames(files), ['d/e/y']);
});

/** A store on a host that can fail, with a file `a` in it. */
async function onFaultHost(): Promise<{ host: FaultHost; files: SealedFiles }> {
  const host = new FaultHost(new MemoryDisk());
  const { files } = await openStore(host);
  await writeLabels(files, 'd/a', '1');
  return { host, files };
}

test('a full disk refuses, and takes again when there is room', async () => {
  const { host, files } = await onFaultHost();
  const { disk } = host;
  disk.capacityBytes = 2 ** 40 - disk.freeBytes + 200;
  for (let round = 0; round < 3; round += 1) {
    const error = await rejection(files.writeJson('d/a', 'x'.repeat(1000)));
    assert.equal([error.code, (error.cause as { code?: unknown }).code], ['host-failed', 'ENOSPC']);
    assert.is(readLabels(files, 'd/a'), '1');
    assert.is((await rejection(files.writeJson('e/f/g', 'x'.repeat(1000)))).code, 'host-failed');
  }
  assert.equal(allNames(files), ['d/a']);
  assert.equal(host.files.list(`${ROOT}/staging`), []);
  assert.is(host.files.stat(`${ROOT}/files/e`), null);
  disk.capacityBytes = 2 ** 40;
  await files.writeJson('e/f/g', 'x'.repeat(1000));
});

for (const [call, code] of [
  ['write', 'EIO'],
  ['sync', 'EIO'],
  ['create', 'EMFILE'],
  ['rename', 'EIO'],
  ['makeDir', 'ENOSPC'],
  ['stat', 'EIO'],
] as const) {
  test(`${call} fails: the old is there, and the cause is told`, async () => {
    const { host, files } = await onFaultHost();
    await files.writeJson('d/b', 0);
    host.plan = failEach(call, code);
    for (const name of call === 'makeDir' ? ['n/a'] : ['d/a', 'n/a', 'd/n/a']) {
      const error = await rejection(files.writeJson(name, 1));
      assert.equal([error.code, (error.cause as { code?: unknown }).code], ['host-failed', code]);
    }
    host.plan = () => null;
    for (const path of ['n', 'd/n']) assert.is(host.files.stat(`${ROOT}/files/${path}`), null);
    assert.equal([readLabels(files, 'd/a'), files.exists('n/a'), files.list('')], ['1', false, ['d/']]);
    await writeLabels(files, 'd/a', '1,2');
    assert.is(readLabels(files, 'd/a'), '1,2');
  });
}

test('a sync that failed is never believed', async () => {
  const { host, files } = await onFaultHost();
  host.plan = failEach('sync', 'EIO');
  await rejection(writeLabels(files, 'd/a', '1,2'));
  host.plan = () => null;
  await writeLabels(files, 'd/a', '1,3');
  const { files: again } = await openStore(host.disk.powerCut({ kind: 'lose' }).host());
  assert.is(readLabels(again, 'd/a'), '1,3');
});

test('the failed removal of a file is not believed either', async () => {
  const { host, files } = await onFaultHost();
  host.plan = failEach('syncDir', 'EIO');
  await rejection(files.remove('d/a'));
  host.plan = () => null;
  await files.remove('d/a');
  const { files: again } = await openStore(host.disk.powerCut({ kind: 'lose' }).host());
  assert.equal(allNames(again), []);
});

test('many directories', async () => {
  const { disk, files } = await newStore();
  const names = Array.from({ length: 300 }, (_, i) => `d${i}/x`);
  await Promise.all(names.map((name) => files.writeJson(name, 1)));
  await Promise.all(names.map((name) => files.writeJson(name, 2)));
  const { files: again } = await openStore(disk.powerCut({ kind: 'lose' }).host());
  assert.equal(allNames(again), names.sort());
});
