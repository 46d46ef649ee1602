/**
 * Nothing unauthentic is returned: every byte changed, every length cut, and everything put where it does not belong, in
 * every kind of file. And damage stays where it is.
 */
import * as assert from 'uvu/assert';
import { Barrier } from '../../../confidant/sealing/barrier.ts';
import type { SealedFiles } from '../../../confidant/sealing/sealed-files.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import type { Host } from '../../../targets/host.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { suite } from '../../support/suite.ts';
import { fromUtf8, utf8 } from '../../support/text.ts';
import { damagedForms, readRaw, writeRaw } from './raw-files.ts';
import { codeOf, newStore, readLabels, rejection, ROOT, staticSeal, writeLabels } from './stores.ts';

const test = suite('damage of sealed files');

const FILES = `${ROOT}/files`;
const HEADER = 8;
const ENTRY = 36;
const FOUND = new Set(['damaged', 'unknown-version']);

interface Parts {
  readonly header: Uint8Array;
  readonly entries: readonly Uint8Array[];
  readonly bodies: readonly Uint8Array[];
}

/** A file taken apart, as `envelope.ts` draws it. */
function takeApart(file: Uint8Array): Parts {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const count = view.getUint16(6, true);
  const entries = Array.from({ length: count }, (_, i) => file.slice(HEADER + i * ENTRY, HEADER + (i + 1) * ENTRY));
  let position = HEADER + count * ENTRY;
  const bodies = entries.map((entry) => {
    const length = new DataView(entry.buffer).getUint32(8, true);
    position += length;
    return file.slice(position - length, position);
  });
  return { header: file.slice(0, HEADER), entries, bodies };
}

function putTogether({ header, entries, bodies }: Parts): Uint8Array {
  const counted = header.slice();
  new DataView(counted.buffer).setUint16(6, entries.length, true);
  return Uint8Array.from([counted, ...entries, ...bodies].flatMap((part) => [...part]));
}

/** Opens all there is; the codes of what cannot be. */
function openAll(files: SealedFiles, name: string): string[] {
  let labels: number[];
  try {
    labels = files.read(name)?.labels() ?? [];
  } catch (error) {
    if (error instanceof SecretStoreError) return [error.code];
    throw error;
  }
  return labels.flatMap((label) => {
    try {
      files.read(name)?.open(label);
      return [];
    } catch (error) {
      if (error instanceof SecretStoreError) return [error.code];
      throw error;
    }
  });
}

async function storeWith(...names: readonly string[]): Promise<{ host: Host; files: SealedFiles; barrier: Barrier }> {
  const { host, files, barrier } = await newStore();
  for (const name of names) await writeLabels(files, name, '1,2,3');
  return { host, files, barrier };
}

const pathOf = (name: string): string => `${FILES}/${name}~sealed`;

test('every byte and every length of a file', async () => {
  const { host, files } = await storeWith('a', 'b');
  const whole = readRaw(host.files, pathOf('a'));
  const { entries } = takeApart(whole);
  assert.is(entries.length, 4);
  let tried = 0;
  for (const { what, form } of damagedForms(whole)) {
    writeRaw(host.files, pathOf('a'), form);
    const codes = openAll(files, 'a');
    assert.ok(codes.length > 0 && codes.every((code) => FOUND.has(code)), `${what}: ${codes}`);
    tried += 1;
  }
  assert.ok(tried > 3 * whole.length);
  assert.is(readLabels(files, 'b'), '1,2,3');
  writeRaw(host.files, pathOf('a'), whole);
  assert.is(readLabels(files, 'a'), '1,2,3');
});

test('damage within one part leaves the others', async () => {
  const { host, files } = await storeWith('a');
  const parts = takeApart(readRaw(host.files, pathOf('a')));
  const body = parts.bodies[2]?.slice() ?? assert.unreachable();
  body?.fill(0, 0, 1);
  const bodies = parts.bodies.map((one, i) => (i === 2 && body !== undefined ? body : one));
  writeRaw(host.files, pathOf('a'), putTogether({ ...parts, bodies }));
  const file = files.read('a');
  assert.equal(file?.labels(), [0, 1, 2, 3]);
  assert.is(
    codeOf(() => file?.open(2)),
    'damaged',
  );
  assert.is(fromUtf8(file?.open(3) ?? new Uint8Array(0)), 'a 3');
  // It can be kept as it is, and dropped.
  await writeLabels(files, 'a', '1,2');
  assert.is(
    codeOf(() => files.read('a')?.open(2)),
    'damaged',
  );
  await writeLabels(files, 'a', '1,3');
  assert.is(readLabels(files, 'a'), '1,3');
});

test('parts that are dropped, added, exchanged or in another order', async () => {
  const { host, files } = await storeWith('a', 'b');
  const earlier = takeApart(readRaw(host.files, pathOf('a')));
  await files.replace(
    'a',
    [0, 1, 2, 3].map((label) => ({ label, content: utf8(`later ${label}`) })),
  );
  const { header, entries, bodies } = takeApart(readRaw(host.files, pathOf('a')));
  const other = takeApart(readRaw(host.files, pathOf('b')));
  const pick = (from: Parts, i: number): [Uint8Array, Uint8Array] => [
    from.entries[i] ?? new Uint8Array(0),
    from.bodies[i] ?? new Uint8Array(0),
  ];
  const now = { header, entries, bodies };
  const forms: Record<string, [Uint8Array, Uint8Array][]> = {
    'the last is dropped': [0, 1, 2].map((i) => pick(now, i)),
    'one is dropped': [0, 1, 3].map((i) => pick(now, i)),
    'only the first is left': [pick(now, 0)],
    'the first is dropped': [1, 2, 3].map((i) => pick(now, i)),
    'another order': [0, 2, 1, 3].map((i) => pick(now, i)),
    'one comes twice': [0, 1, 1, 2, 3].map((i) => pick(now, i)),
    'one of earlier': [pick(now, 0), pick(now, 1), pick(earlier, 2), pick(now, 3)],
    'the first of earlier': [pick(earlier, 0), pick(now, 1), pick(now, 2), pick(now, 3)],
    'one of another file': [pick(now, 0), pick(other, 1), pick(now, 2), pick(now, 3)],
    'the first of another file': [pick(other, 0), pick(now, 1), pick(now, 2), pick(now, 3)],
  };
  for (const [what, chosen] of Object.entries(forms)) {
    const form = { header, entries: chosen.map(([entry]) => entry), bodies: chosen.map(([, body]) => body) };
    writeRaw(host.files, pathOf('a'), putTogether(form));
    assert.is(
      codeOf(() => files.read('a')),
      'damaged',
      what,
    );
  }
  writeRaw(host.files, pathOf('a'), putTogether(now));
  assert.equal(openAll(files, 'a'), []);
});

test('part 0 vouches for the tags of the others', async () => {
  const { host, files } = await storeWith('a');
  const whole = readRaw(host.files, pathOf('a'));
  whole[whole.length - 1] = (whole.at(-1) ?? 0) ^ 1;
  writeRaw(host.files, pathOf('a'), whole);
  assert.is(
    codeOf(() => files.read('a')),
    'damaged',
  );
});

test('parts under another label', async () => {
  const { host, files } = await storeWith('a');
  const { header, entries, bodies } = takeApart(readRaw(host.files, pathOf('a')));
  const relabel = (entry: Uint8Array | undefined, label: number): Uint8Array => {
    const changed = (entry ?? new Uint8Array(ENTRY)).slice();
    new DataView(changed.buffer).setUint32(0, label, true);
    return changed;
  };
  const [first, second, third, fourth] = bodies as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const [zero, one, two, three] = entries as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  for (const form of [
    { header, entries: [zero, relabel(two, 1), relabel(one, 2), three], bodies: [first, third, second, fourth] },
    { header, entries: [zero, one, two, relabel(three, 4)], bodies },
    { header, entries: [relabel(one, 0), relabel(zero, 1), two, three], bodies: [second, first, third, fourth] },
  ]) {
    writeRaw(host.files, pathOf('a'), putTogether(form));
    assert.is(
      codeOf(() => files.read('a')),
      'damaged',
    );
  }
});

test('a part without a vouching part 0 says under which name and label it was sealed', async () => {
  const { files } = await storeWith('a', 'b');
  const kept = files.read('a')?.keep(1) ?? assert.unreachable();
  const first = { label: 0, content: utf8('1') };
  // Whoever has the keys can only do this by a mistake; the contents are still not taken for others.
  if (kept === undefined) return;
  for (const [name, label] of [
    ['b', 1],
    ['a', 2],
  ] as const) {
    const part = { label, content: { ...kept, name, label } };
    await files.replace(name, [first, part]);
    assert.is(
      codeOf(() => files.read(name)?.open(label)),
      'damaged',
    );
  }
  assert.is((await rejection(files.replace('b', [first, { label: 1, content: kept }]))).code, 'invalid');
  assert.is((await rejection(files.replace('a', [first, { label: 2, content: kept }]))).code, 'invalid');
});

test('files under another name, and envelopes for another use', async () => {
  const { host, files, barrier } = await storeWith('a', 'b', 'c/a');
  const [a, b] = [readRaw(host.files, pathOf('a')), readRaw(host.files, pathOf('b'))];
  writeRaw(host.files, pathOf('a'), b);
  writeRaw(host.files, pathOf('b'), a);
  writeRaw(host.files, pathOf('c/a'), a);
  writeRaw(host.files, pathOf('A'), a);
  for (const name of ['a', 'b', 'c/a', 'A'])
    assert.is(
      codeOf(() => files.read(name)),
      'damaged',
      name,
    );
  writeRaw(host.files, pathOf('a'), a);
  assert.is(readLabels(files, 'a'), '1,2,3');
  writeRaw(host.files, pathOf('a'), barrier.keyring.seal('journal', 'a', utf8('x')));
  assert.is(
    codeOf(() => files.read('a')),
    'damaged',
  );
});

test('files of another store', async () => {
  const [one, other] = [await storeWith('a'), new MemoryDisk(2)];
  const barrier = await Barrier.open(other.host(), ROOT, staticSeal('k'));
  await barrier.init({ shares: 0, threshold: 0 });
  await barrier.unseal(null);
  writeRaw(other.host().files, pathOf('a'), readRaw(one.host.files, pathOf('a')));
  assert.is(
    codeOf(() => barrier.files.read('a')),
    'damaged',
  );
});

test('what is no file at all', async () => {
  const { host, files } = await storeWith('a');
  host.files.makeDir(`${FILES}/d~sealed`);
  for (const action of [() => files.read('d'), () => files.exists('d')]) assert.is(codeOf(action), 'damaged');
  assert.is((await rejection(files.writeJson('d', 1))).code, 'damaged');
  writeRaw(host.files, `${FILES}/x`, utf8('a file where a directory should be'));
  assert.is(
    codeOf(() => files.read('x/y')),
    'damaged',
  );
  assert.is(
    codeOf(() => files.list('x')),
    'damaged',
  );
  assert.is((await rejection(files.writeJson('x/y', 1))).code, 'damaged');
  assert.is((await rejection(files.remove('x/y'))).code, 'damaged');
  const huge = host.files.open(`${FILES}/huge~sealed`, 'create');
  huge.truncate(2 ** 24 + 1);
  huge.close();
  assert.is(
    codeOf(() => files.read('huge')),
    'damaged',
  );
  await files.remove('huge');
  assert.equal(files.list(''), ['a', 'd', 'x/']);
  assert.is(readLabels(files, 'a'), '1,2,3');
});

test('another version of the format is an error of its own', async () => {
  const { host, files, barrier } = await storeWith('a');
  const later = readRaw(host.files, pathOf('a'));
  later[4] = 2;
  writeRaw(host.files, pathOf('a'), later);
  assert.is(
    codeOf(() => files.read('a')),
    'unknown-version',
  );
  const sealed = barrier.keyring.seal('p', 'c', utf8('x'));
  sealed[5] = 1;
  assert.is(
    codeOf(() => barrier.keyring.open('p', 'c', sealed)),
    'unknown-version',
  );
});
