import { suite } from '../suite.ts';

const test = suite('failing before');

test.before(() => {
  throw new Error('before hook broke');
});

test('one', () => {});

test('two', () => {});
