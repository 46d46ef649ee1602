import { suite } from '../suite.ts';

const test = suite('hanging');

test('spins', () => {
  while (performance.now() < 60_000) {
    // The watchdog should bite long before; the bound is for the day when it does not.
  }
});
