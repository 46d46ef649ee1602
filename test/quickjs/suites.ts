/** The suites that QuickJS runs, as the main module of a program. Usage: `suites [TITLE]`. */
import { describeThrown, runSuites } from '../support/suite.ts';
import { exit, host, takeStrays, testArguments, write } from './runtime.ts';
import './file-log.ts';
import './host.ts';
import './http1.ts';

async function main(): Promise<void> {
  const counts = await runSuites({ title: testArguments[0], write });
  // Rejections without a handler surface after this turn.
  await new Promise<void>((resolve) => {
    host.clock.soon(resolve);
  });
  for (const thrown of takeStrays()) {
    counts.failed += 1;
    write(`\nFAILED: outside of any test\n${describeThrown(thrown)}\n`);
  }
  write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
}

main().catch((error: unknown) => {
  write(`FAILED: ${describeThrown(error)}\n`);
  exit(1);
});
