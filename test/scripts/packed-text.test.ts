import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { packText } from '../../scripts/targets/packed-text.ts';
import { unpackText } from '../../targets/quickjs/unpack.ts';
import { suite } from '../support/suite.ts';

const test = suite('packed text');

const unpacked = (text: string) => Buffer.from(unpackText(packText(text), text.length)).toString('latin1');

test('what was packed comes back', () => {
  for (const text of [
    '',
    'a',
    'aaaa',
    'abcd'.repeat(100),
    'a'.repeat(131),
    'a'.repeat(137),
    '\0\u007f\0\u007f'.repeat(9),
  ])
    assert.is(unpacked(text), text);
  const far = Array.from({ length: 20_000 }, (_, i) => `${i} `).join('');
  assert.is(unpacked(`a long beginning ${far}a long beginning`), `a long beginning ${far}a long beginning`);
  const texts = fc.array(fc.constantFrom('ab', 'abc', '{"key":', ' ', 'xyz', '0'), { maxLength: 200 });
  fc.assert(fc.property(texts, (words) => unpacked(words.join('')) === words.join('')));
});

test('the OpenAPI document is a sixth of what it was', () => {
  const text = JSON.stringify(JSON.parse(readFileSync('http-api/kafka/openapi.json', 'utf8')) as unknown);
  assert.is(unpacked(text), text);
  assert.ok(packText(text).length < text.length / 6, `${packText(text).length} of ${text.length}`);
});

test('only ASCII is packed', () => {
  assert.throws(() => packText('ü'), /only ASCII/);
});
