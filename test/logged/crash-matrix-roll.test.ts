/** The crash matrix over rolling to new segments. */
import { testMatrix } from '../support/matrix/matrix.ts';
import { rolls } from '../support/matrix/scenarios.ts';
import { suite } from '../support/suite.ts';

const test = suite('crash matrix: roll');

for (const durability of ['sync', 'every:50ms', 'os']) {
  testMatrix(test, rolls(`roll-${durability}`, { 'streambed.durability': durability }), {
    cuts: 6,
    kills: 16,
    faults: 6,
  });
}
