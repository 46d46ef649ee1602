/**
 * The suites that run on Node and look at a program from outside, with the binary of a CPU as that program: commands as
 * text, the service end to end, its HTTP server by hand and by clients. And a log, and a secret store,
 * going from CPU to CPU.
 */
import { spawn } from 'node:child_process';
import type { Cpu } from '../../scripts/targets/cpus.ts';
import type { Build } from '../../scripts/targets/objects.ts';
import { compileProgram, linkProgram } from '../../scripts/targets/program.ts';
import type { Counts } from './run-file.ts';

const SUITES = [
  'test/cli/confidant-program.test.ts',
  'test/cli/sessions.test.ts',
  'test/end-to-end/service.test.ts',
  'test/http-api/http-traps.test.ts',
  'test/http-api/kafka-rest-client.test.ts',
  'test/http-api/streambed-client.test.ts',
];
/** They move much data, or start many processes. */
const LONG_SUITES = [
  'test/end-to-end/real-input.test.ts',
  'test/end-to-end/secret-paths.test.ts',
  'test/end-to-end/secrets.test.ts',
  'test/end-to-end/vault-clients.test.ts',
];
const PAIRS = ['test/targets/cpu-pairs.ts', 'test/targets/secret-pairs.ts'];

/** Builds `<directory>/<cpu>/streambed` for each CPU. */
export async function buildPrograms(build: Build, cpus: readonly Cpu[], directory: string): Promise<void> {
  const modules = await compileProgram(build, { entry: 'targets/quickjs/main.ts' }, `${directory}/program`);
  for (const cpu of cpus) linkProgram(build, cpu, modules, `${directory}/${cpu.name}/streambed`);
}

/** Under emulation without the long ones, unless all is wanted. The pairs begin first, for they take longest. */
export function suitesOf(cpu: Cpu, isWhole: boolean, withPairs: boolean): string[] {
  return [...(withPairs ? PAIRS : []), ...SUITES, ...(cpu.emulator === null || isWhole ? LONG_SUITES : [])];
}

/** What it prints is passed on, but for the counts in its last line. */
export async function testProgram(cpu: Cpu, directory: string, files: readonly string[]): Promise<Counts> {
  const child = spawn(process.execPath, [...process.execArgv, 'test/support/run.ts', ...files], {
    env: { ...process.env, STREAMBED_BINARIES: directory, STREAMBED_PROGRAM: cpu.name },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let pending = '';
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (pending + chunk).split('\n');
    // The last two are held back: an unfinished line, and what may be the counts.
    pending = lines.splice(Math.max(0, lines.length - 2)).join('\n');
    for (const line of lines) console.log(line);
  }
  const found = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(pending.trim());
  if (found === null) {
    console.log(`${pending}\nFAILED: ${files.join(', ')} ended without counts`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const [passed = 0, failed = 0, skipped = 0] = found.slice(1).map(Number);
  return { passed, failed, skipped };
}
