/** The test runner must fail when it should: runs it on files that are wrong on purpose. */
import { spawn } from 'node:child_process';
import * as assert from 'uvu/assert';
import { suite } from './suite.ts';

const test = suite('test runner');

interface Expected {
  readonly counts: string;
  readonly code: number;
  /** Parts of the output. */
  readonly says: readonly string[];
}

const cases: Readonly<Record<string, Expected>> = {
  'passing.ts': {
    counts: '2 passed, 0 failed, 1 skipped',
    code: 0,
    says: ['skipped: passing > third: only to be seen'],
  },
  'failing-assertion.ts': {
    counts: '2 passed, 2 failed, 0 skipped',
    code: 1,
    says: ['FAILED: failing assertion > fails', 'failing-assertion.ts:11', 'thrown, and not an Error: null'],
  },
  'failing-before.ts': {
    counts: '0 passed, 2 failed, 0 skipped',
    code: 1,
    says: ['before hook broke', 'failing-before.ts:6'],
  },
  'failing-hooks.ts': {
    counts: '1 passed, 4 failed, 0 skipped',
    code: 1,
    says: ['before each broke', 'after each broke', 'FAILED: failing after: after hook'],
  },
  'no-tests.ts': { counts: '0 passed, 1 failed, 0 skipped', code: 1, says: ['FAILED: empty: no tests'] },
  'no-suite.ts': { counts: '0 passed, 1 failed, 0 skipped', code: 1, says: ['no suite was registered'] },
  'unhandled-rejection.ts': {
    counts: '1 passed, 1 failed, 0 skipped',
    code: 1,
    says: ['outside of any test', 'nobody waits for me'],
  },
  'late-throw.ts': {
    counts: '1 passed, 1 failed, 0 skipped',
    code: 1,
    says: ['thrown late', 'ended with exit code 1 after its last test'],
  },
  'syntax-error.mjs': { counts: '0 passed, 1 failed, 0 skipped', code: 1, says: ['FAILED: import of'] },
  'missing-import.ts': { counts: '0 passed, 1 failed, 0 skipped', code: 1, says: ['FAILED: import of', 'nowhere.ts'] },
  'absent.ts': { counts: '0 passed, 1 failed, 0 skipped', code: 1, says: ['FAILED: import of'] },
  'early-exit.ts': {
    counts: '0 passed, 1 failed, 0 skipped',
    code: 1,
    says: ['ended with exit code 0 before its tests did, in: early exit > leaves the process with success'],
  },
  'never-settles.ts': {
    counts: '1 passed, 1 failed, 0 skipped',
    code: 1,
    says: ['before its tests did, in: never settles > waits for nothing'],
  },
  'left-open.ts': {
    counts: '1 passed, 1 failed, 0 skipped',
    code: 1,
    says: ['still running 100 ms after the last test', 'TCPServerWrap'],
  },
};

for (const [name, { counts, code, says }] of Object.entries(cases)) {
  test(name, async () => {
    const end = await runDriver(['--grace-ms', '100', `test/support/self-check/${name}`]);
    assert.is(end.lastLine, counts, end.output);
    assert.is(end.code, code);
    for (const text of says) assert.ok(end.output.includes(text), `'${text}' is missing in:\n${end.output}`);
  });
}

test('the watchdog ends a file that hangs', async () => {
  // Long enough for the process to begin its test on a busy machine; what it does then never ends.
  const end = await runDriver(['--watchdog-ms', '8000', 'test/support/self-check/hanging.ts']);
  assert.is(end.lastLine, '0 passed, 1 failed, 0 skipped', end.output);
  assert.is(end.code, 1);
  assert.ok(end.output.includes('hung for 8000 ms in: hanging > spins'), end.output);
});

test('several files are summed up', async () => {
  const files = ['passing.ts', 'failing-assertion.ts', 'no-tests.ts'].map((name) => `test/support/self-check/${name}`);
  const end = await runDriver(files);
  assert.is(end.lastLine, '4 passed, 3 failed, 1 skipped', end.output);
  assert.is(end.code, 1);
});

test('a title chooses tests, and choosing none is a failure', async () => {
  const one = await runDriver(['--title', 'passing > second', 'test/support/self-check/failing-assertion.ts']);
  assert.is(one.lastLine, '0 passed, 1 failed, 0 skipped', one.output);
  assert.is(one.code, 1);
  const chosen = await runDriver(['--title', '> passes after', 'test/support/self-check/failing-assertion.ts']);
  assert.is(chosen.lastLine, '1 passed, 0 failed, 0 skipped', chosen.output);
  assert.is(chosen.code, 0);
});

interface DriverEnd {
  readonly code: number | null;
  readonly output: string;
  readonly lastLine: string | undefined;
}

function runDriver(args: readonly string[]): Promise<DriverEnd> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/support/run.ts', ...args]);
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const text = Buffer.concat(output).toString();
      resolve({ code, output: text, lastLine: text.trimEnd().split('\n').at(-1) });
    });
  });
}
