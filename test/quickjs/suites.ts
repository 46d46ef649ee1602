/**
 * The main module of a program that has all test files which QuickJS runs. Usage: `suites FILE [TITLE]`; tells each test
 * that it begins as a line `> NAME`, and the last line is `N passed, N failed, N skipped`.
 */
import { files } from 'streambed-tests';
import { describeThrown, runSuites } from '../support/suite.ts';
import { exit, host, takeStrays, testArguments, write } from './runtime.ts';
import './web.ts';

async function main([file = '', title]: readonly string[]): Promise<void> {
  const load = files[file];
  if (load === undefined) throw new Error(`no test file '${file}'`);
  await load();
  const counts = await runSuites({ title, write, started: (test) => write(`> ${test}\n`) });
  // Rejections without a handler surface after this turn.
  await new Promise<void>((resolve) => {
    host.clock.soon(resolve);
  });
  for (const thrown of takeStrays()) {
    counts.failed += 1;
    write(`\nFAILED: outside of any test\n${describeThrown(thrown)}\n`);
  }
  write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  exit(counts.failed === 0 ? 0 : 1);
}

main(testArguments).catch((error: unknown) => {
  write(`FAILED: ${describeThrown(error)}\n`);
  exit(1);
});
