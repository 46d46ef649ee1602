/** The parent's side of one test file: starts `run-file.ts` in a process, watches it, and judges how it ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Compiled } from './compile.ts';
import type { Report } from './run-file.ts';
import type { Counts } from './suite.ts';

export interface ChildOptions {
  /** Null: the process compiles what it runs. */
  readonly compiled: Compiled | null;
  readonly title: string | undefined;
  readonly watchdogMs: number;
  readonly graceMs: number;
}

export interface FileResult {
  readonly counts: Counts;
  /** What went wrong with the file rather than with one of its tests; counted as a failure. */
  readonly wrong: string | null;
  readonly output: string;
}

const running = new Set<ChildProcess>();

/** What runs a file; it is compiled with the files. */
export const SCRIPT = 'test/support/run-file.ts';

/** Resolves when the process has ended, one way or another. */
export function runChild(file: string, options: ChildOptions): Promise<FileResult> {
  const { compiled } = options;
  const title = options.title === undefined ? [] : ['--title', options.title];
  const run = compiled === null ? [...process.execArgv, SCRIPT] : ['--enable-source-maps', compiled.moduleOf(SCRIPT)];
  const files = compiled === null ? [file] : [file, compiled.moduleOf(file)];
  const child = spawn(process.execPath, [...run, '--grace-ms', String(options.graceMs), ...title, ...files], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true, // a process group of its own, so that what the tests have started can be ended with it
  });
  running.add(child);
  const output: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk));

  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  let current: string | null = 'its import';
  let hung = false;
  const watchdog = setTimeout(() => {
    hung = true;
    endGroup(child);
  }, options.watchdogMs);
  child.on('message', (report: Report) => {
    watchdog.refresh();
    counts = report.counts;
    current = report.started;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => {
      clearTimeout(watchdog);
      running.delete(child);
      endGroup(child);
      // Whoever left the group may hold the pipes for ever.
      setTimeout(() => child.stdout?.destroy() && child.stderr?.destroy(), 1000).unref();
    });
    child.on('close', (code, signal) => {
      const end = signal ?? `exit code ${code}`;
      let wrong: string | null = null;
      if (hung) wrong = `hung for ${options.watchdogMs} ms in: ${current ?? 'its end'}`;
      else if (current !== null) wrong = `ended with ${end} before its tests did, in: ${current}`;
      else if (end !== 'exit code 0' && counts.failed === 0) wrong = `ended with ${end} after its last test`;
      if (wrong !== null) counts.failed += 1;
      resolve({ counts, wrong, output: Buffer.concat(output).toString() });
    });
  });
}

/** Ends what still runs, for a driver that is being stopped itself. */
export function endAll(): void {
  for (const child of running) endGroup(child);
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
