import * as assert from 'uvu/assert';
import { suite } from '../suite.ts';

const test = suite('passing');
const seen: string[] = [];

test.before(() => {
  seen.push('before');
});
test.before.each(() => {
  seen.push('before each');
});
test.after.each(() => {
  seen.push('after each');
});

test('first', async () => {
  await Promise.resolve();
  assert.equal(seen, ['before', 'before each']);
});

test('second', () => {
  assert.equal(seen, ['before', 'before each', 'after each', 'before each']);
});

test.skip('third', 'only to be seen');
