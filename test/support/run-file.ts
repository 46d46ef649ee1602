/**
 * Runs the suites of one test file in a process of its own and reports to `run.ts` over IPC. An error that no test
 * awaited (unhandled rejection, a throw in a timer) is a failure; so is anything left open that keeps the process up.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Counts, describeThrown, runSuites } from './suite.ts';

/** What the child tells: what it has counted so far, and the test that it begins; null after the last one. */
export interface Report {
  readonly counts: Counts;
  readonly started: string | null;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { title: { type: 'string' }, 'grace-ms': { type: 'string', default: '5000' } },
});
/** The test file, and what it was compiled to. */
const [path = '', module = path] = positionals;
await runFile(Number(values['grace-ms']));

/** `graceMs`: how long the process may live on after its last test. */
async function runFile(graceMs: number): Promise<void> {
  const write = (text: string): void => {
    process.stdout.write(text);
  };
  const report = (message: Report): void => {
    process.send?.(message);
  };
  process.on('disconnect', () => process.exit(1)); // the driver was killed
  process.channel?.unref();
  let strays = 0;
  let current = path;
  process.on('uncaughtException', (thrown) => {
    strays += 1;
    process.exitCode = 1;
    write(`\nFAILED: outside of any test, while running: ${current}\n${describeThrown(thrown)}\n`);
  });

  let counts: Counts = { passed: 0, failed: 1, skipped: 0 };
  try {
    await import(pathToFileURL(resolve(module)).href);
    counts = await runSuites({
      title: values.title,
      write,
      started: (test, soFar) => {
        current = test;
        report({ started: test, counts: soFar });
      },
    });
  } catch (thrown) {
    write(`\nFAILED: import of ${path}\n${describeThrown(thrown)}\n`);
  }
  await new Promise((settled) => setImmediate(settled)); // rejections without a handler surface after this turn
  counts.failed += strays;
  report({ started: null, counts });
  if (counts.failed > 0) process.exitCode = 1;
  failWhenLeftOpen(graceMs, write);
}

/** The timer itself keeps nothing alive: it fires only when something else does. */
function failWhenLeftOpen(graceMs: number, write: (text: string) => void): void {
  const timer = setTimeout(() => {
    const open = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'TTYWrap');
    write(`\nFAILED: still running ${graceMs} ms after the last test; left open: ${open.join(', ') || 'a timer'}\n`);
    process.exit(1);
  }, graceMs);
  timer.unref();
}
