import { suite } from '../suite.ts';

const before = suite('failing before each');
before.before.each(() => {
  throw new Error('before each broke');
});
before('one', () => {});

const afterEach = suite('failing after each');
afterEach.after.each(() => {
  throw new Error('after each broke');
});
afterEach('one', () => {});
afterEach('two', () => {});

const after = suite('failing after');
after.after(() => {
  throw new Error('after broke');
});
after('one', () => {});
