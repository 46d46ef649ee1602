import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { JsonSplitter, SplitError } from '../../http-api/kafka/v3/json-splitter.ts';
import { fromUtf8 } from '../support/text.ts';
import { suite } from '../support/suite.ts';
import { some } from '../support/share.ts';

const test = suite('v3 json splitter');
const encoder = new TextEncoder();
const LIMITS = { maxBytes: 1 << 20, maxDepth: 32 };

/** The objects of a text that arrives in these chunks, as text, and the code of what ended it. */
function split(chunks: Uint8Array[], limits = LIMITS): { objects: string[]; code: string | null } {
  const splitter = new JsonSplitter(limits);
  const objects: string[] = [];
  try {
    for (const chunk of chunks) {
      splitter.push(chunk);
      for (let object = splitter.next(); object !== null; object = splitter.next()) objects.push(fromUtf8(object));
    }
    splitter.end();
    return { objects, code: null };
  } catch (error) {
    if (!(error instanceof SplitError)) throw error;
    return { objects, code: error.code };
  }
}

function cutEvery(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks = [];
  for (let start = 0; start < bytes.length; start += size) chunks.push(bytes.subarray(start, start + size));
  return chunks;
}

const nasty = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', '\n', '\u0000', 'é', '😀', 'a') }),
);
const object = fc.dictionary(nasty, fc.oneof(nasty, fc.jsonValue({ maxDepth: 4 })));
const whiteSpace = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 4 });
const stream = fc.tuple(
  whiteSpace,
  fc.array(fc.tuple(object, fc.constantFrom(undefined, 2, '\t'), whiteSpace), { maxLength: 5 }),
);

test('gives the same objects wherever the bytes are cut', () => {
  fc.assert(
    fc.property(stream, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), ([lead, parts], sizes) => {
      const texts = parts.map(([value, indent]) => JSON.stringify(value, null, indent));
      const bytes = encoder.encode(lead + parts.map(([, , space], i) => (texts[i] ?? '') + space).join(''));
      const expected = { objects: texts, code: null };
      assert.equal(split([bytes]), expected);
      assert.equal(split(cutEvery(bytes, 1)), expected);
      for (let cut = 0; cut <= bytes.length; cut++) {
        assert.equal(split([bytes.subarray(0, cut), bytes.subarray(cut)]), expected);
      }
      const chunks = [];
      for (let start = 0; start < bytes.length; ) {
        const size = sizes.next().value;
        chunks.push(bytes.subarray(start, start + size));
        start += size;
      }
      assert.equal(split(chunks), expected);
    }),
    { numRuns: some(100) },
  );
});

test('gives the objects before the end of a cut stream and then `truncated`', () => {
  const texts = ['{"a":"\\"{é😀\\\\"}', '{"b":[{"c":null},"]"]}', '{}'];
  const bytes = encoder.encode(texts.join('\r\n'));
  const ends = texts.map((_, i) => encoder.encode(texts.slice(0, i + 1).join('\r\n')).length);
  for (let length = 0; length <= bytes.length; length++) {
    const whole = ends.filter((end) => end <= length).length;
    const between = bytes.subarray(ends[whole - 1] ?? 0, length).every((byte) => byte <= 0x20);
    const expected = { objects: texts.slice(0, whole), code: between ? null : 'truncated' };
    for (const size of [1, 3, bytes.length]) assert.equal(split(cutEvery(bytes.subarray(0, length), size)), expected);
  }
});

test('never gives other objects than a parser of the whole text, whatever the bytes', () => {
  const pieces = fc.constantFrom('{', '}', '[', ']', '"', '\\', '\n', ' ', 'a', ':', ',', '{}', '""', '\\"', '{"a":1}');
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 24 }), fc.integer({ min: 1, max: 7 }), (parts, size) => {
      const bytes = encoder.encode(parts.join(''));
      assert.equal(split(cutEvery(bytes, size)), split([bytes]));
      let text = parts.join('').trimStart();
      for (const found of split([bytes]).objects) {
        assert.ok(text.startsWith(found));
        text = text.slice(found.length).trimStart();
      }
    }),
    { numRuns: some(1000) },
  );
});

test('refuses with a code what can never become an object, at once', () => {
  const refused = (text: string, code: string): void => {
    for (const size of [1, text.length])
      assert.equal(split(cutEvery(encoder.encode(text), size)), { objects: ['{}'], code });
  };
  for (const other of ['[', '"', '1', 'x', '}', ',', '\u00a0', '\ufeff']) refused(`{}${other}{}`, 'not-an-object');
  refused('{}\n{"a":"b}\n{"c":"d"}', 'unclosed-string');
});

test('keeps to its limits to the byte and to the level', () => {
  const limits = { maxBytes: 20, maxDepth: 3 };
  const fits = '{"a":"0123456789ab"}';
  const deep = '{"a":[[]],"b":[{}]}';
  for (const size of [1, 4, 7, 100]) {
    const cut = (text: string): Uint8Array[] => cutEvery(encoder.encode(text), size);
    assert.equal(split(cut(`${fits} ${fits}`), limits), { objects: [fits, fits], code: null });
    assert.equal(split(cut(`${fits}${fits.replace('}', ' }')}`), limits), { objects: [fits], code: 'too-large' });
    assert.equal(split(cut(`${fits}${fits.slice(0, -2)}xxxxxxx`), limits), { objects: [fits], code: 'too-large' });
    assert.equal(split(cut(deep + deep.replace('{}', '[[')), limits), { objects: [deep], code: 'too-deep' });
  }
});

test('says where it failed', () => {
  const splitter = new JsonSplitter(LIMITS);
  splitter.push(encoder.encode('{"a":1} '));
  while (splitter.next() !== null);
  splitter.push(encoder.encode('  oops'));
  assert.throws(() => splitter.next(), /an object must begin with \{, at byte 10$/);
});

test('does work in proportion to the bytes, not to the chunks or quotes', () => {
  // Counted, not timed: every search and read of the chunk goes through here.
  let looked = 0;
  class Counted extends Uint8Array {
    override indexOf(byte: number, from = 0): number {
      const found = super.indexOf(byte, from);
      looked += (found < 0 ? this.length : found) - from;
      return found;
    }
  }
  const text = `{"a":"${'\\\\\\"'.repeat(20_000)}","b":[${'"",'.repeat(20_000)}""]}`;
  for (const size of [1, 1000, text.length]) {
    looked = 0;
    const splitter = new JsonSplitter(LIMITS);
    let found = 0;
    for (let start = 0; start < text.length; start += size) {
      splitter.push(Counted.from(encoder.encode(text.slice(start, start + size))));
      while (splitter.next() !== null) found++;
    }
    assert.is(found, 1);
    assert.ok(looked <= 2 * text.length, `looked at ${looked} bytes of ${text.length} in chunks of ${size}`);
  }
});
