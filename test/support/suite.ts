/**
 * Test suites for every runtime, and the only importer of uvu. A test file calls `suite` at import; whoever drives
 * the run (`run-file.ts` on Node) calls `runSuites` afterwards. No Node API in here: QuickJS runs it too.
 *
 * uvu 0.5.6 reports success when a hook throws, drops the remaining tests when an error cannot be printed, and runs
 * by itself from a timer. Therefore it sees only handlers and hooks that are wrapped here, and nothing but what
 * these wrappers have counted is believed.
 */
export type TestBody = () => void | Promise<void>;

export interface Hook {
  (hook: TestBody): void;
  each(hook: TestBody): void;
}

export interface Suite {
  (title: string, body: TestBody): void;
  /** Not run, but counted, and printed with its reason. */
  skip(title: string, reason: string): void;
  /** Runs once before the suite; when it throws, every test of the suite fails. */
  readonly before: Hook;
  /** Runs once after the suite, also when tests failed; when it throws, that counts as a failure of its own. */
  readonly after: Hook;
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface RunOptions {
  /** Runs only tests with this text in `<suite> > <title>`. */
  readonly title?: string | undefined;
  /** Takes what is worth reading: failures with their stack, skips with their reason. */
  readonly write: (text: string) => void;
  /** Called before each test with `<suite> > <title>` and what was counted so far. */
  readonly started?: ((test: string, counts: Counts) => void) | undefined;
}

interface CollectedSuite {
  readonly name: string;
  readonly tests: { readonly title: string; readonly body: TestBody }[];
  readonly skips: { readonly title: string; readonly reason: string }[];
  readonly before: TestBody[];
  readonly after: TestBody[];
  readonly beforeEach: TestBody[];
  readonly afterEach: TestBody[];
}

const collected: CollectedSuite[] = [];

/** Stack frames that say nothing about a failure. */
const MACHINERY = /node:internal|node_modules\/uvu\/|support\/(suite|run|run-file)\.ts/;

export function suite(name: string): Suite {
  const own: CollectedSuite = { name, tests: [], skips: [], before: [], after: [], beforeEach: [], afterEach: [] };
  collected.push(own);
  const add = (title: string, body: TestBody): void => {
    own.tests.push({ title, body });
  };
  return Object.assign(add, {
    skip: (title: string, reason: string): void => {
      own.skips.push({ title, reason });
    },
    before: hookInto(own.before, own.beforeEach),
    after: hookInto(own.after, own.afterEach),
  });
}

function hookInto(once: TestBody[], each: TestBody[]): Hook {
  const add = (hook: TestBody): void => {
    once.push(hook);
  };
  return Object.assign(add, {
    each: (hook: TestBody): void => {
      each.push(hook);
    },
  });
}

/** Runs all suites that were collected since the last run, one after the other. */
export async function runSuites(options: RunOptions): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const suites = collected.splice(0);
  if (suites.length === 0) fail(counts, options, 'no suite was registered');
  for (const one of suites) await runSuite(one, counts, options);
  return counts;
}

async function runSuite(own: CollectedSuite, counts: Counts, options: RunOptions): Promise<void> {
  const wanted = ({ title }: { title: string }): boolean => `${own.name} > ${title}`.includes(options.title ?? '');
  if (own.tests.length + own.skips.length === 0) fail(counts, options, `${own.name}: no tests`);
  for (const { title, reason } of own.skips.filter(wanted)) {
    counts.skipped += 1;
    options.write(`skipped: ${own.name} > ${title}: ${reason}\n`);
  }
  const tests = own.tests.filter(wanted);
  if (tests.length === 0) return;

  let broken: Failure | undefined;
  let finished = 0;
  const engine = await loadEngine(own.name);
  engine.suite.before(async () => {
    [broken] = await runAll(own.before);
  });
  for (const { title, body } of tests) {
    engine.suite(title, async () => {
      const name = `${own.name} > ${title}`;
      options.started?.(name, counts);
      const failures = broken === undefined ? await runTest(own, body) : [broken];
      finished += 1;
      if (failures.length === 0) counts.passed += 1;
      else fail(counts, options, name, failures);
      if (failures.length > 0) throw new Error('failed'); // for uvu's own line of marks
    });
  }
  engine.suite.after(async () => {
    const failures = await runAll(own.after);
    if (failures.length > 0) fail(counts, options, `${own.name}: after hook`, failures);
  });
  engine.suite.run();
  await engine.runs[0]?.();
  for (; finished < tests.length; finished++) fail(counts, options, `${own.name}: a test was dropped`);
}

/** uvu reads these globals: the first keeps it from starting a timer, the second is where `run` leaves its work. */
async function loadEngine(name: string) {
  const runs: (() => Promise<unknown>)[] = [];
  Object.assign(globalThis, { UVU_DEFER: true, UVU_QUEUE: [runs] });
  const uvu = await import('uvu');
  return { suite: uvu.suite(name), runs };
}

interface Failure {
  readonly thrown: unknown;
}

async function runTest(own: CollectedSuite, body: TestBody): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const step of [...own.beforeEach, body]) {
    if (failures.length === 0) failures.push(...(await runAll([step])));
  }
  return [...failures, ...(await runAll(own.afterEach))];
}

/** Runs all of them, whatever they throw. */
async function runAll(steps: readonly TestBody[]): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (thrown) {
      failures.push({ thrown });
    }
  }
  return failures;
}

function fail(counts: Counts, options: RunOptions, name: string, failures: readonly Failure[] = []): void {
  counts.failed += 1;
  options.write(`\nFAILED: ${name}\n${failures.map(({ thrown }) => `${describeThrown(thrown)}\n`).join('')}`);
}

/** Name, message, difference of an assertion, stack and causes of whatever was thrown. */
export function describeThrown(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `  thrown, and not an Error: ${String(thrown)}`;
  const { details } = thrown as { details?: unknown };
  const lines = [`  ${thrown.name}: ${thrown.message}`];
  if (typeof details === 'string') lines.push(...details.split('\n').map((line) => `    ${line}`));
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line) && !MACHINERY.test(line));
  lines.push(...frames.map((line) => `    ${line.trim()}`));
  const inner = thrown instanceof AggregateError ? thrown.errors : thrown.cause === undefined ? [] : [thrown.cause];
  for (const cause of inner) lines.push('  caused by', describeThrown(cause));
  return lines.join('\n');
}
