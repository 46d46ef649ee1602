import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { parseJson } from '../../logged/codecs/exact-json.ts';
import { runtimeName } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('exact-json');

test('long whole numbers are exact, all others are what JSON.parse makes of them', () => {
  assert.is(parseJson('18446744073709551615'), 18446744073709551615n);
  assert.is(parseJson('-9223372036854775808'), -9223372036854775808n);
  assert.is(parseJson('9007199254740991'), 9007199254740991);
  assert.is(parseJson('9007199254740993'), 9007199254740993n);
  assert.is(parseJson('123'), 123);
  assert.is(parseJson('1.12345678901234567890'), 1.1234567890123457);
  assert.is(parseJson('12345678901234567890e2'), 12345678901234567890e2);
  assert.equal(parseJson('{"a":[12345678901234567890 ,{"b":98765432109876543210}],"c":1.5}'), {
    a: [12345678901234567890n, { b: 98765432109876543210n }],
    c: 1.5,
  });
});

test('digits in strings and names stay text, whatever is escaped in them', () => {
  const long = '12345678901234567890';
  for (const inner of [long, `\\"${long}`, `${long}\\\\`, `\\\\\\"${long}`, `\\uE000${long}`, `\ue000${long}`]) {
    const text = `{"${inner}":"${inner}","n":${long}}`;
    const parsed = parseJson(text) as Record<string, unknown>;
    const name = JSON.parse(`"${inner}"`) as string;
    assert.is(parsed[name], name);
    assert.is(parsed['n'], 12345678901234567890n);
  }
});

test('what is not JSON stays an error', () => {
  const long = '12345678901234567890';
  const wrong = [
    `0${long}`,
    `+${long}`,
    `{${long}:1}`,
    `{${long} :1}`,
    `[${long}"a"]`,
    `[${long} ${long}]`,
    `.${long}`,
    `${long}x`,
    `"${long}`,
    `"${long}\\"`,
    `1-${long}`,
    `- ${long}`,
    `{"a":${long},}`,
  ];
  for (const text of wrong) assert.throws(() => parseJson(text), SyntaxError, text);
});

const POINT = 'a long number that ends in a point is not JSON';
if (runtimeName === 'QuickJS') test.skip(POINT, "the engine's JSON.parse takes 1. for a number, long or not");
else test(POINT, () => assert.throws(() => parseJson('12345678901234567890.'), SyntaxError));

test('any JSON without long numbers is read as JSON.parse reads it, also beside a long number', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      // JSON.stringify prints doubles up to 1e21 as whole numbers: long ones.
      fc.pre(!/(^|[[,:])-?\d{16}/.test(text));
      const expected = JSON.parse(text) as unknown;
      assert.equal(parseJson(text), expected);
      if (!/\d{16}/.test(text))
        assert.equal(parseJson(`[${text},12345678901234567890]`), [expected, 12345678901234567890n]);
    }),
  );
});

test('any 64-bit number keeps its last digit', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n), (number) => {
      assert.is(BigInt((parseJson(`{"key":${number}}`) as { key: bigint }).key), number);
    }),
  );
});
