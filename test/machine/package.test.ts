/** What check.sh prints, as the emulated machine's report counts it. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { parseChecks } from './package.ts';

const test = suite('package in the machine');

test('each line is a check, and what is said about a failed one belongs to it', async () => {
  const output =
    'ok: mode\nFAILED: user: own\n got: a\nb\nwant: c\nskipped: memory: no tmpfs\n1 passed, 1 failed, 1 skipped\n';
  assert.equal(parseChecks(output), {
    checks: [
      { kind: 'ok', title: 'mode', fault: '' },
      { kind: 'FAILED', title: 'user: own', fault: ' got: a\nb\nwant: c\n' },
      { kind: 'skipped', title: 'memory: no tmpfs', fault: '' },
    ],
    isWhole: true,
  });
});

test('checks that end early, or count otherwise, are not whole', async () => {
  for (const output of [
    '',
    'ok: a\n',
    'tar: not found\n',
    'ok: a\n2 passed, 0 failed, 0 skipped\n',
    'ok: a\n1 passed, 0 fai',
  ]) {
    assert.is(parseChecks(output).isWhole, false, output);
  }
});
