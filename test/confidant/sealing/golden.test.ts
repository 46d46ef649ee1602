/**
 * Stores of format version 1 as they are out there (`test/fixtures/confidant-v1`, made once by
 * `scripts/golden-confidant.ts`): they are opened, read and gone on with, and the same calls still make the same bytes.
 */
import * as assert from 'uvu/assert';
import { Barrier } from '../../../confidant/sealing/barrier.ts';
import {
  decodeGolden,
  GOLDEN_DIRECTORY,
  GOLDEN_FILES,
  GOLDEN_ROOT,
  GOLDEN_SEAL,
  type GoldenStore,
  JOURNAL_NAME,
  makeGoldenStores,
} from './golden-stores.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { readText, sodium } from '../../support/platform.ts';
import { suite } from '../../support/suite.ts';
import { fromUtf8, latin1, utf8 } from '../../support/text.ts';
import { writeRaw } from './raw-files.ts';

const test = suite('golden bytes of the secret store');

const fixture = (name: string): GoldenStore => decodeGolden(readText(`${GOLDEN_DIRECTORY}/${name}.txt`));

async function open(type: 'static' | 'shamir', golden: GoldenStore): Promise<Barrier> {
  const host = new MemoryDisk(9).host();
  for (const [name, bytes] of golden) {
    if (/^(files\/|keyring$)/.test(name)) writeRaw(host.files, `${GOLDEN_ROOT}/${name}`, bytes);
  }
  const barrier = await Barrier.open(host, GOLDEN_ROOT, type === 'static' ? GOLDEN_SEAL : { type });
  for (const name of type === 'static' ? [''] : ['share 2', 'share 0']) {
    await barrier.unseal(golden.get(name) ?? null);
  }
  return barrier;
}

for (const type of ['static', 'shamir'] as const) {
  test(`a store is opened and read: ${type}`, async () => {
    const golden = fixture(type);
    const barrier = await open(type, golden);
    const { files, keyring } = barrier;
    assert.equal(keyring.currentKey.id, 2);
    assert.equal(keyring.currentKey.createdAt, 1_700_000_001_000);
    for (const [name, { first, parts }] of Object.entries(GOLDEN_FILES)) {
      assert.equal(files.readJson(name), first, name);
      const file = files.read(name);
      assert.equal(file?.labels(), [0, ...parts.map((_, i) => i + 1)]);
      assert.equal(
        parts.map((_, i) => fromUtf8(file?.open(i + 1) ?? new Uint8Array(0))),
        parts,
      );
    }
    assert.equal(files.list('secrets'), ['app', 'app/', 'größe 100%/']);
    const keyIds = [0, 1, 2, 3].map((label) => files.read('secrets/app/db')?.keep(label).keyId);
    assert.equal(keyIds, [2, 1, 1, 2]);
    const sealed = golden.get(JOURNAL_NAME) ?? new Uint8Array(0);
    assert.equal(keyring.open('journal', 'key', sealed), utf8('value'));
    assert.equal(keyring.mac('token', utf8('message')), golden.get('mac'));
    assert.equal(barrier.status().rootKeyId, type === 'static' ? 'golden-2' : '');
    await files.writeJson('core/mounts', 'new');
    await barrier.rotate();
    assert.equal(files.readJson('core/mounts'), 'new');
  });

  test(`the same calls make the same bytes: ${type}`, async () => {
    const [golden, made] = [fixture(type), (await makeGoldenStores())[type]];
    assert.equal([...made.keys()], [...golden.keys()]);
    for (const [file, bytes] of golden) assert.equal(made.get(file), bytes, file);
  });
}

test('the files are what the format says', () => {
  const golden = fixture('static');
  const bytesOf = (name: string): Uint8Array => golden.get(name) ?? new Uint8Array(0);
  const file = bytesOf('files/secrets/app/db~sealed');
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  assert.is(latin1(file.subarray(0, 4)), 'SBSE');
  assert.equal([view.getUint16(4, true), view.getUint16(6, true)], [1, 4]);
  const entries = [0, 1, 2, 3].map((i) => [0, 4, 8].map((at) => view.getUint32(8 + i * 36 + at, true)));
  const lengths = ['{"versions":3}', 'first', 'second', 'third'].map(({ length }) => length + 16);
  assert.equal(
    entries,
    lengths.map((length, i) => [i, [2, 1, 1, 2][i], length]),
  );
  assert.is(file.length, 8 + 4 * 36 + lengths.reduce((sum, length) => sum + length, 0));
  const keyring = bytesOf('keyring');
  const header = '{"type":"static","rootKeyId":"golden-2","shares":0,"threshold":0}';
  assert.is(latin1(keyring.subarray(0, 8)), `SBKR\u0001\0${String.fromCharCode(header.length)}\0`);
  assert.is(latin1(keyring.subarray(8, 8 + header.length)), header);
  assert.is(keyring.length, 8 + header.length + 8 + 36 + 16 + 32 + 2 * 44);
});

/** The format once more, by hand: the only part of an envelope, given the key and the name. */
function openByHand(key: Uint8Array, name: string, keyId: number, envelope: Uint8Array): Uint8Array {
  const encodedName = utf8(name);
  const associated = new Uint8Array(20 + encodedName.length);
  const view = new DataView(associated.buffer);
  associated.set(utf8('SBSE\u0001'));
  view.setUint32(12, keyId, true);
  view.setUint32(16, encodedName.length, true);
  associated.set(encodedName, 20);
  return sodium.open(key, envelope.slice(20, 44), envelope.slice(44), associated) ?? new Uint8Array(0);
}

test('the keys are derived and used as the format says', () => {
  const golden = fixture('static');
  const keyring = golden.get('keyring') ?? new Uint8Array(0);
  const headerEnd = 8 + (keyring[6] ?? 0);
  const wrapping = sodium.blake2b(utf8('keyring'), 32, GOLDEN_SEAL.current.key);
  const content = openByHand(wrapping, latin1(keyring.subarray(8, headerEnd)), 0, keyring.subarray(headerEnd));
  assert.is(content.length, 32 + 2 * 44);
  const second = content.subarray(32 + 44);
  const view = new DataView(second.buffer, second.byteOffset, second.length);
  assert.equal([view.getUint32(0, true), view.getFloat64(4, true)], [2, 1_700_000_001_000]);
  const key = sodium.blake2b(utf8('files'), 32, second.slice(12));
  const file = golden.get('files/core/mounts~sealed') ?? new Uint8Array(0);
  assert.is(fromUtf8(openByHand(key, 'core/mounts', 2, file)), JSON.stringify(GOLDEN_FILES['core/mounts']?.first));
  const macKey = sodium.blake2b(utf8('token'), 32, content.slice(0, 32));
  assert.equal(sodium.blake2b(utf8('message'), 32, macKey), golden.get('mac'));
});
