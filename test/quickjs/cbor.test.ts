/** The CBOR of the QuickJS target writes the bytes that cbor-x writes, reads what it wrote, and refuses the rest. */
import { deepStrictEqual } from 'node:assert/strict';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { decodeCbor, encodeCbor } from '../../logged/storage/format/cbor.ts';
import { nodeBytes } from '../../targets/node/bytes.ts';
import { suite } from '../support/suite.ts';

Object.assign(globalThis, { native: nodeBytes });
const { Decoder, Encoder } = await import('../../targets/quickjs/cbor.ts');
const encode = (value: unknown): Uint8Array => new Encoder().encode(value);
const decode = (bytes: Uint8Array): unknown => new Decoder().decode(bytes);

const test = suite('cbor of quickjs');

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }),
  fc.maxSafeInteger(),
  // No -0: it is written as 0.
  fc.double({ noNaN: true }).map((number) => number + 0),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
);
// No `__proto__`: cbor-x gives it another name when it reads.
const key = fc.string({ minLength: 1, maxLength: 30 }).filter((name) => name !== '__proto__');
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, scalar, tie('list'), tie('object')),
  list: fc.array(tie('any'), { maxLength: 30 }),
  object: fc.dictionary(key, tie('any'), { noNullPrototype: true }),
})).any;

test('both write the same bytes and read them', () => {
  fc.assert(
    fc.property(value, (one) => {
      const bytes = encode(one);
      assert.equal(bytes, encodeCbor(one));
      // Not uvu's: it takes a key `constructor` for the class of the object.
      deepStrictEqual(decode(bytes), one);
      deepStrictEqual(decodeCbor(bytes), one);
    }),
    { numRuns: 300 },
  );
});

test('what is cut off, has more behind it or is of another kind is refused', () => {
  const bytes = encode({ a: [1, 'two', Uint8Array.of(3), 1e300, -70_000], b: null });
  for (let length = 0; length < bytes.length; length += 1) assert.throws(() => decode(bytes.slice(0, length)));
  assert.throws(() => decode(Uint8Array.from([...bytes, 0])));
  for (const bad of [
    [0xc0, 0],
    [0x9f, 0xff],
    [0xff],
    [0x61, 0xff],
    [0xa1, 1, 1],
    [0x9b, 255, 255, 255, 255, 0, 0, 0, 0],
  ]) {
    assert.throws(() => decode(Uint8Array.from(bad)), String(bad));
  }
  assert.throws(() => decode(new Uint8Array(10_000).fill(0x81)));
});
