import { suite } from '../suite.ts';

const test = suite('hanging');

test('blocks', () => {
  // The watchdog should bite long before; the bound is for the day when it does not.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
});
