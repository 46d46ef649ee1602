/** Runs one test file of a program in a process of its own, and judges how it ended. */
import { spawn } from 'node:child_process';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface FileResult {
  readonly counts: Counts;
  readonly output: string;
}

/** The watchdog is no time limit of a test: it ends a process in which for so long no test began. */
const watchdogMs = 600_000;

export async function runFile(
  command: readonly string[],
  [file, title]: readonly [file: string, title: string],
  env: Readonly<Record<string, string | undefined>>,
): Promise<FileResult> {
  const [program = '', ...args] = command;
  const child = spawn(program, [...args, file, title], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<string | number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code ?? ''));
  });
  const watchdog = setTimeout(() => child.kill('SIGKILL'), watchdogMs);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      watchdog.refresh();
      text += chunk;
    });
  }
  const end = await ended;
  clearTimeout(watchdog);
  const lines = text.trimEnd().split('\n');
  const output = lines.filter((line) => !line.startsWith('> '));
  const found = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(output.at(-1) ?? '');
  const [passed = 0, failed = 0, skipped = 0] = (found?.slice(1) ?? []).map(Number);
  if (found !== null && (end === 0 || failed > 0)) {
    return { counts: { passed, failed, skipped }, output: output.slice(0, -1).join('\n') };
  }
  const last = lines.findLast((line) => line.startsWith('> '))?.slice(2);
  output.push(`FAILED: ${file} ended with ${end} in: ${last ?? 'its beginning'}`);
  return { counts: { passed, failed: failed + 1, skipped }, output: output.join('\n') };
}
