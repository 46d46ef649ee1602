/** What names become on disk, and which are refused. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { decodeEntry, encodeName, fileName } from '../../../confidant/sealing/file-names.ts';
import { bytes } from '../../support/platform.ts';
import { some } from '../../support/share.ts';
import { suite } from '../../support/suite.ts';
import { codeOf, newStore } from './stores.ts';

const test = suite('names of sealed files');

const encode = (name: string): string => encodeName(bytes, name).join('/');

test('a name and what it is on disk', () => {
  for (const [name, encoded] of [
    ['a', 'a'],
    ['a/b', 'a/b'],
    ['Az_09-.x', 'Az_09-.x'],
    ['...', '...'],
    ['.hidden/..x', '.hidden/..x'],
    ['a b', 'a%20b'],
    ['100%', '100%25'],
    ['a~sealed', 'a%7Esealed'],
    ['C:\\x', 'C%3A%5Cx'],
    ['größe', 'gr%C3%B6%C3%9Fe'],
    ['gro\u0308ße', 'gro%CC%88%C3%9Fe'],
    ['😀', '%F0%9F%98%80'],
    ['\u2028', '%E2%80%A8'],
    ['．．', '%EF%BC%8E%EF%BC%8E'],
    ['constructor', 'constructor'],
    ['x'.repeat(200), 'x'.repeat(200)],
  ] as const) {
    assert.is(encode(name), encoded);
    const last = encoded.split('/').at(-1) ?? '';
    assert.is(decodeEntry(bytes, fileName(last)), name.split('/').at(-1));
    assert.is(decodeEntry(bytes, last), `${name.split('/').at(-1)}/`);
  }
});

const REFUSED = [
  '',
  '/',
  'a/',
  '/a',
  'a//b',
  '.',
  '..',
  '../a',
  'a/..',
  'a/../../b',
  './a',
  'a/.',
  '\0',
  'a\0b',
  'a\nb',
  'a\u007f',
  'a\u0085',
  '\u009f',
  '\ud800',
  'a\udc00b',
  'x'.repeat(201),
  'ü'.repeat(34),
  `${'a/'.repeat(256)}b`,
  'ü/'.repeat(170) + 'abc',
];

test('names that are refused, wherever they are used', async () => {
  const { files, disk } = await newStore();
  await files.writeJson('a', 1);
  const before = JSON.stringify(treeOf(disk.host().files, '/'));
  for (const name of REFUSED) {
    const shown = JSON.stringify(name);
    assert.is(
      codeOf(() => encodeName(bytes, name)),
      'bad-path',
      shown,
    );
    for (const scope of [files, files.scope('s')]) {
      assert.is(
        codeOf(() => scope.read(name)),
        'bad-path',
        shown,
      );
      assert.is(
        codeOf(() => scope.exists(name)),
        'bad-path',
        shown,
      );
      if (name !== '')
        assert.is(
          codeOf(() => scope.list(name)),
          'bad-path',
          shown,
        );
      assert.is(
        codeOf(() => scope.scope(name)),
        'bad-path',
        shown,
      );
      for (const change of [scope.writeJson(name, 1), scope.remove(name), scope.update(name, () => null)]) {
        const error = await change.then(
          () => null,
          (thrown: unknown) => thrown,
        );
        assert.is((error as { code?: unknown } | null)?.code, 'bad-path', shown);
      }
    }
  }
  assert.is(JSON.stringify(treeOf(disk.host().files, '/')), before);
});

function treeOf(
  files: { list(directory: string): string[]; stat(path: string): { kind: string } | null },
  path: string,
): unknown {
  if (files.stat(path)?.kind !== 'directory') return null;
  return files
    .list(path)
    .sort()
    .map((name) => [name, treeOf(files, `${path}/${name}`)]);
}

/** Pieces that path traversal is made of, and others. */
const piece = fc.oneof(
  fc.constantFrom(
    '.',
    '..',
    '/',
    '//',
    '\\',
    '%2e',
    '%2F',
    '%00',
    '\0',
    '~',
    '~sealed',
    'a',
    'A',
    'é',
    'e\u0301',
    '\ufeff',
    'constructor',
    '__proto__',
    '\ud800',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
/** Half of them are names that nothing is wrong with: few of the others are. */
const goodPiece = fc.constantFrom('a', 'A', '_', '-', '~', '~sealed', '%2e', '%2F', '\\', 'é', 'e\u0301', '😀');
const anyName = fc
  .oneof(fc.array(piece, { maxLength: 12 }), fc.array(goodPiece, { minLength: 1, maxLength: 12 }))
  .map((pieces) => pieces.join(''));

test('no name leaves its directory, and no two are one', () => {
  const known = new Map<string, string>();
  const property = fc.property(anyName, (name) => {
    let segments: string[];
    try {
      segments = encodeName(bytes, name);
    } catch {
      return codeOf(() => encodeName(bytes, name)) === 'bad-path';
    }
    for (const segment of segments) {
      assert.match(segment, /^(?:[\w.-]|%[0-9A-F]{2}){1,200}$/);
      assert.ok(segment !== '.' && segment !== '..');
    }
    const path = segments.join('/');
    assert.is(known.get(path) ?? name, name);
    known.set(path, name);
    assert.is(segments.map((segment) => decodeEntry(bytes, segment)).join(''), `${name}/`);
    return true;
  });
  // However small the share is, it is enough to see that names are taken at all.
  const runs = Math.max(50, some(600));
  fc.assert(property, { numRuns: runs });
  assert.ok(known.size > runs / 10, `${known.size} names of ${runs} were taken`);
});

test("what stands there and is nobody's name", () => {
  for (const entry of [
    '~',
    '~sealed',
    'a~',
    'a~new',
    '%',
    '%4',
    '%zz',
    '%41',
    '%c3%b6',
    '%C3',
    '.',
    '..',
    '%2F',
    '%00',
    'ü',
    'a b',
  ]) {
    assert.is(decodeEntry(bytes, entry), null, entry);
    assert.is(decodeEntry(bytes, fileName(entry)), null, entry);
  }
});
