/** The built service as a child process: that of `program.ts` unless a test names another. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Program, programUnderTest } from './program.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Service {
  readonly url: string;
  readonly port: number;
  /** What it wrote to stderr, line by line. */
  readonly lines: readonly string[];
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  end(signal: NodeJS.Signals): Promise<Ended>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Any free port, unless the arguments name one. */
export async function startService(
  data: string,
  args: readonly string[] = [],
  program: Program = programUnderTest(),
): Promise<Service> {
  const serve = ['serve', '--data', data, '--kafka', '127.0.0.1:0', ...args];
  const { child, lines, ended } = spawnService(serve, {}, program);
  const [, url = ''] = await said({ child, lines, ended }, /serving Kafka REST on (\S+),/);
  const end = (signal: NodeJS.Signals): Promise<Ended> => {
    child.kill(signal);
    return ended;
  };
  return { url, port: Number(new URL(url).port), lines, child, ended, end };
}

/** Waits until it has written such a line, which may be one that it wrote before, or has ended. */
export function said(
  { child, lines, ended }: Pick<Service, 'child' | 'lines' | 'ended'>,
  pattern: RegExp,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const look = (line: string): boolean => {
      const match = pattern.exec(line);
      if (match !== null) resolve(match);
      return match !== null;
    };
    if (lines.some(look)) return;
    lineReaders.get(child)?.on('line', look);
    ended.then(({ code }) => reject(new Error(`ended with ${code}: ${lines.join(' | ')}`)), reject);
  });
}

const lineReaders = new WeakMap<ChildProcess, ReturnType<typeof createInterface>>();

export function spawnService(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program: Program = programUnderTest(),
) {
  const [command = '', ...before] = program.streambed;
  const child = spawn(command, [...before, ...args], {
    // The directories of tests may be in memory, and only some tests need the secret store.
    env: { PATH: process.env['PATH'] ?? '', STREAMBED_ALLOW_VOLATILE: '1', STREAMBED_VAULT: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const lines: string[] = [];
  const output: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const reader = createInterface({ input: child.stderr });
  lineReaders.set(child, reader);
  reader.on('line', (line) => lines.push(line));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  return { child, lines, output, ended };
}
