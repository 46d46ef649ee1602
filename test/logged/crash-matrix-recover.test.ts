/**
 * The crash matrix over recovery: a log that was left by a power cut in the middle of an append or a roll, or by a kill,
 * or was closed, is opened, appended to, and stopped again at every call.
 */
import { testMatrix } from '../support/matrix/matrix.ts';
import { appends, callsOf, closedBy, leftBy, recovers, rolls } from '../support/matrix/scenarios.ts';
import { suite } from '../support/suite.ts';

const test = suite('crash matrix: recover');

const share = { cuts: 2, kills: 5, faults: 2 };

for (const durability of ['sync', 'every:50ms', 'os']) {
  const config = { 'streambed.durability': durability };
  for (const scenario of [appends(`append-${durability}`, config), rolls(`roll-${durability}`, config)]) {
    // Where something was written or renamed and not yet synced there is something to recover.
    const calls = (await callsOf(scenario)).filter(
      ({ name, path }) => path.includes('/topics/t/') && (name === 'sync' || name === 'syncDir'),
    );
    testMatrix(test, recovers(`${scenario.name} closed`, closedBy(scenario)), share);
    calls.forEach(({ number }, i) => {
      if (i % 5 === 2) {
        const choice = (i * 7) % 16;
        testMatrix(test, recovers(`${scenario.name} cut ${number}-${choice}`, leftBy(scenario, number, choice)), share);
      } else if (i % 5 === 4) {
        testMatrix(test, recovers(`${scenario.name} killed ${number}`, leftBy(scenario, number, null)), share);
      }
    });
  }
}
