/** The crash matrix over appends: see `test/support/matrix/matrix.ts`. */
import { testMatrix } from '../support/matrix/matrix.ts';
import { appends, followed, withoutVolatileDir } from '../support/matrix/scenarios.ts';
import { suite } from '../support/suite.ts';

const test = suite('crash matrix: append');

for (const durability of ['sync', 'every:50ms', 'os']) {
  testMatrix(test, appends(`append-${durability}`, { 'streambed.durability': durability }), {
    cuts: 8,
    kills: 24,
    faults: 6,
  });
}

// Where there is no memory file system, the watermark is on the medium and may outlive what it speaks of.
for (const durability of ['sync', 'every:50ms', 'os']) {
  const scenario = appends(`append-${durability}-no-tmpfs`, { 'streambed.durability': durability });
  testMatrix(test, withoutVolatileDir(scenario), { cuts: 4, kills: 8, faults: 2 });
}

for (const durability of ['sync', 'every:50ms', 'os']) {
  const scenario = followed(`followed-${durability}`, { 'streambed.durability': durability });
  testMatrix(test, scenario, { cuts: 2, kills: 8, faults: 2 });
}
