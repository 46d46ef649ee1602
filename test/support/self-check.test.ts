/** The test runner must fail when it should: runs it on files that are wrong on purpose. */
import { spawn } from 'node:child_process';
import * as assert from 'uvu/assert';
import { suite } from './suite.ts';

interface Expected {
  readonly counts: string;
  /** Parts of the output. */
  readonly says: readonly string[];
}

const cases: Readonly<Record<string, Expected>> = {
  'passing.ts': {
    counts: '2 passed, 0 failed, 1 skipped',
    says: ['skipped: passing > third: only to be seen'],
  },
  'failing-assertion.ts': {
    counts: '2 passed, 2 failed, 0 skipped',
    says: ['FAILED: failing assertion > fails', 'failing-assertion.ts:11', 'thrown, and not an Error: null'],
  },
  'failing-before.ts': {
    counts: '0 passed, 2 failed, 0 skipped',
    says: ['before hook broke', 'failing-before.ts:6'],
  },
  'failing-hooks.ts': {
    counts: '1 passed, 4 failed, 0 skipped',
    says: ['before each broke', 'after each broke', 'FAILED: failing after: after hook'],
  },
  'no-tests.ts': { counts: '0 passed, 1 failed, 0 skipped', says: ['FAILED: empty: no tests'] },
  'no-suite.ts': { counts: '0 passed, 1 failed, 0 skipped', says: ['no suite was registered'] },
  'unhandled-rejection.ts': {
    counts: '1 passed, 1 failed, 0 skipped',
    says: ['outside of any test', 'nobody waits for me'],
  },
  'late-throw.ts': {
    counts: '1 passed, 1 failed, 0 skipped',
    says: ['thrown late', 'ended with exit code 1 after its last test'],
  },
  'syntax-error.mjs': { counts: '0 passed, 1 failed, 0 skipped', says: ['FAILED: import of'] },
  'missing-import.ts': { counts: '0 passed, 1 failed, 0 skipped', says: ['FAILED: import of', 'nowhere.ts'] },
  'absent.ts': { counts: '0 passed, 1 failed, 0 skipped', says: ['FAILED: import of'] },
  'early-exit.ts': {
    counts: '0 passed, 1 failed, 0 skipped',
    says: ['ended with exit code 0 before its tests did, in: early exit > leaves the process with success'],
  },
  'never-settles.ts': {
    counts: '1 passed, 1 failed, 0 skipped',
    says: ['before its tests did, in: never settles > waits for nothing'],
  },
  'left-open.ts': {
    counts: '1 passed, 1 failed, 0 skipped',
    says: ['still running 100 ms after the last test', 'TCPServerWrap'],
  },
  'hanging.ts': { counts: '0 passed, 1 failed, 0 skipped', says: ['hung for 8000 ms in: hanging > blocks'] },
};

const FOLDER = 'test/support/self-check';
const CANNOT_BE_COMPILED = ['syntax-error.mjs', 'absent.ts'];

/** One run with what was compiled before, and one in which each process compiles for itself, since not all can be. */
const runs: Readonly<Record<string, readonly string[]>> = {
  compiled: Object.keys(cases).filter((name) => !CANNOT_BE_COMPILED.includes(name)),
  'not compiled': ['passing.ts', 'failing-assertion.ts', ...CANNOT_BE_COMPILED],
};

for (const [how, names] of Object.entries(runs)) {
  let end: DriverEnd | null = null;
  const run = suite(`test runner, ${how}`);
  run.before(async () => {
    // The watchdog: long enough for a process to begin its test on a busy machine; what one does then never ends.
    const options = ['--grace-ms', '100', '--watchdog-ms', '8000'];
    end = await runDriver([...options, ...names.map((name) => `${FOLDER}/${name}`)]);
  });

  for (const name of names) {
    run(name, () => {
      const output = end?.output ?? '';
      const { counts = '', says = [] } = cases[name] ?? {};
      const told = toldOf(name, output);
      assert.ok(told.includes(`\n${FOLDER}/${name}: ${counts} (`), told);
      for (const text of says) assert.ok(told.includes(text), `'${text}' is missing in:\n${told}`);
    });
  }

  run('all are summed up', () => {
    const sums = [0, 0, 0];
    for (const name of names) {
      const numbers = cases[name]?.counts.match(/\d+/g) ?? [];
      numbers.forEach((number, i) => (sums[i] = (sums[i] ?? 0) + Number(number)));
    }
    assert.is(end?.lastLine, `${sums[0]} passed, ${sums[1]} failed, ${sums[2]} skipped`);
    assert.is(end?.code, 1);
  });
}

/** From the end of what is said of the file before to its own line. */
function toldOf(name: string, output: string): string {
  let told = '\n';
  for (const line of output.split('\n')) {
    told += `${line}\n`;
    if (line.startsWith(`${FOLDER}/${name}: `)) return told;
    if (line.startsWith(FOLDER)) told = '\n';
  }
  return `${name} is missing in:\n${output}`;
}

const test = suite('test runner');

test('success is told by the exit code', async () => {
  const end = await runDriver([`${FOLDER}/passing.ts`]);
  assert.is(end.lastLine, cases['passing.ts']?.counts, end.output);
  assert.is(end.code, 0);
});

test('no tests are a failure', async () => {
  const end = await runDriver([`${FOLDER}/no-tests.ts`]);
  assert.is(end.lastLine, cases['no-tests.ts']?.counts, end.output);
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
