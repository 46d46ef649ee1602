/**
 * `tsx test/support/run.ts [--title TEXT] [--jobs N] [--toolchain] [FILE|DIRECTORY]...`: runs test files, each in a process of its
 * own, so that a crash or something left open is known by its file. Without files: all `*.test.ts` below `test/`,
 * except those of separate commands; `--toolchain`: those that need the cross compiler.
 *
 * The last line is `N passed, N failed, N skipped`; the exit code is 1 when anything failed or nothing ran.
 * A file fails as a whole when it cannot be imported, has no tests, ends early, or outlives its tests by
 * `--grace-ms`. The watchdog is no time limit of a test: it ends a file in which for `--watchdog-ms` no test began.
 */
import { readdirSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Compiled } from './compile.ts';
import { endAll, runChild, SCRIPT } from './run-child.ts';
import type { Counts } from './suite.ts';

const SEPARATE_COMMANDS = ['test/kill/', 'test/bench/'];
/** What builds binaries, or needs some: `npm run test:targets`. */
const NEED_TOOLCHAIN = [
  'test/end-to-end/features.test.ts',
  'test/examples/',
  'test/openwrt/',
  'test/quickjs/out-of-memory.test.ts',
  'test/quickjs/pools.test.ts',
  'test/scripts/package-build.test.ts',
  'test/targets/binary-check.test.ts',
  'test/targets/build-app.test.ts',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    title: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    'watchdog-ms': { type: 'string', default: '300000' },
    'grace-ms': { type: 'string', default: '5000' },
    toolchain: { type: 'boolean', default: false },
  },
});
const files = findTestFiles(values.toolchain ? NEED_TOOLCHAIN : positionals);
const options = {
  title: values.title,
  watchdogMs: Number(values['watchdog-ms']),
  graceMs: Number(values['grace-ms']),
  compiled: await Compiled.of([SCRIPT, ...files]),
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    endAll();
    options.compiled?.remove();
    process.exit(1);
  });
}
const total = await runFiles(files, Number(values.jobs));
options.compiled?.remove();
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

function findTestFiles(paths: readonly string[]): string[] {
  if (paths.length === 0) {
    const separate = [...SEPARATE_COMMANDS, ...NEED_TOOLCHAIN];
    return findTestFiles(['test']).filter((file) => !separate.some((path) => file.startsWith(path)));
  }
  return paths.flatMap((path) => {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
    return names.sort().map((name) => `${path.replace(/\/$/, '')}/${name}`);
  });
}

async function runFiles(files: readonly string[], jobs: number): Promise<Counts> {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const queue = [...files];
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const counts = await runAndPrint(file, files.length === 1);
      total.passed += counts.passed;
      total.failed += counts.failed;
      total.skipped += counts.skipped;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work));
  if (total.passed + total.failed + total.skipped === 0) {
    console.log(options.title === undefined ? 'no test files' : `no test has '${options.title}' in its title`);
    total.failed = 1;
  }
  return total;
}

async function runAndPrint(file: string, showOutput: boolean): Promise<Counts> {
  const startedAt = performance.now();
  const { counts, wrong, output } = await runChild(file, options);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const skips = output.split('\n').filter((line) => line.startsWith('skipped: '));
  const shown = showOutput || counts.failed > 0 ? output.trimEnd() : skips.join('\n');
  if (shown !== '') console.log(shown);
  if (wrong !== null) console.log(`\nFAILED: ${file}: ${wrong}`);
  console.log(`${file}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped (${seconds} s)`);
  return counts;
}
