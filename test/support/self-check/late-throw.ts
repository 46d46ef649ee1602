import { suite } from '../suite.ts';

const test = suite('late throw');

test('passes, but leaves a timer that throws after the last test', () => {
  setTimeout(() => {
    throw new Error('thrown late');
  }, 50);
});
