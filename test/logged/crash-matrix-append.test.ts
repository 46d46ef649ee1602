/** The crash matrix over appends: see `test/support/matrix/matrix.ts`. */
import { testMatrix } from '../support/matrix/matrix.ts';
import { appends } from '../support/matrix/scenarios.ts';
import { suite } from '../support/suite.ts';

const test = suite('crash matrix: append');

for (const durability of ['sync', 'every:50ms', 'os']) {
  testMatrix(test, appends(`append-${durability}`, { 'streambed.durability': durability }), {
    cuts: 20,
    kills: 60,
    faults: 15,
  });
}
