import { suite } from '../suite.ts';

const test = suite('unhandled rejection');

test('passes, but drops a promise that rejects', () => {
  void Promise.reject(new Error('nobody waits for me'));
});
