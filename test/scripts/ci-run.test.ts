/** `.ci/run` must add up truly and fail when a part failed without saying so: run here with an npm that is a script. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';

const test = suite('.ci/run');

const GOOD = {
  ci: 'true',
  check: 'echo "9 passed, 0 failed, 0 skipped"',
  test: 'echo "20 passed, 0 failed, 3 skipped"',
};

/** The shell commands that stand for some of what it calls; the rest counts nothing: `npm ci`, `npm run check`, `npm test`, `npm run test:kill`,
 * and what of `npm run test:mips` runs beside others. */
function runWith(parts: Partial<Record<'ci' | 'check' | 'test' | 'kill' | 'mips', string>>): {
  lastLine: string;
  code: number | null;
} {
  const root = mkdtempSync(join(tmpdir(), 'streambed-ci-'));
  try {
    mkdirSync(join(root, '.ci'));
    copyFileSync('.ci/run', join(root, '.ci/run'));
    const none = 'echo "0 passed, 0 failed, 0 skipped"';
    const all = { ...GOOD, kill: 'echo "5 passed, 0 failed, 0 skipped"', mips: none, ...parts };
    const npm = `#!/bin/sh
case "$*" in
  ci*) ${all.ci} ;;
  *test:kill*) ${all.kill} ;;
  *test:mips*whole*) ${all.mips} ;;
  *test:*) ${none} ;;
  *check*) ${all.check} ;;
  test*) ${all.test} ;;
esac
`;
    writeFileSync(join(root, 'npm'), npm);
    chmodSync(join(root, 'npm'), 0o755);
    const env = { ...process.env, PATH: `${root}${delimiter}${process.env['PATH']}` };
    const end = spawnSync('bash', [join(root, '.ci/run')], { env, encoding: 'utf8' });
    return { lastLine: end.stdout.trimEnd().split('\n').at(-1) ?? '', code: end.status };
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('sums up what all parts counted', () => {
  assert.equal(runWith({}), { lastLine: '34 passed, 0 failed, 3 skipped', code: 0 });
});

test('a failed part fails the whole, and the others still run', () => {
  const check = 'echo "7 passed, 2 failed, 0 skipped"; exit 1';
  assert.equal(runWith({ check }), { lastLine: '32 passed, 2 failed, 3 skipped', code: 1 });
});

test('a part that dies without a count is a failure', () => {
  assert.equal(runWith({ test: 'echo "20 passed, 0 failed, 0 skipped"; echo died; exit 0' }), {
    lastLine: '14 passed, 1 failed, 0 skipped',
    code: 1,
  });
});

test('a part that counts no failure but exits with one is a failure', () => {
  const kill = 'echo "5 passed, 0 failed, 0 skipped"; exit 3';
  assert.equal(runWith({ kill }), { lastLine: '34 passed, 1 failed, 3 skipped', code: 1 });
});

test('nothing runs when npm ci fails', () => {
  assert.equal(runWith({ ci: 'exit 1' }), { lastLine: '0 passed, 1 failed, 0 skipped', code: 1 });
});

test('a part beside the others counts as they do', () => {
  const mips = 'echo "7 passed, 0 failed, 1 skipped"';
  assert.equal(runWith({ mips }), { lastLine: '41 passed, 0 failed, 4 skipped', code: 0 });
  assert.equal(runWith({ mips: 'echo died; exit 1' }), { lastLine: '34 passed, 1 failed, 3 skipped', code: 1 });
});
