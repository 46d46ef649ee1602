import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';

const test = suite('failing assertion');

test('passes', () => {
  assert.ok(true);
});

test('fails', () => {
  assert.equal({ a: 1 }, { a: 2 });
});

test('throws what is no Error', () => {
  throw null;
});

test('passes after failures', () => {
  assert.ok(true);
});
