/**
 * `npm run test:quickjs [-- --cpu NAME]... [--title TEXT]`: builds the suites of `suites.ts` as a program for the CPU
 * (default: this machine's and both MIPS, the latter under qemu's user emulation) and runs them there.
 *
 * The last line is `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { cachePath } from '../../scripts/targets/cache.ts';
import { CPUS, type Cpu } from '../../scripts/targets/cpus.ts';
import { compileProgram, linkProgram } from '../../scripts/targets/program.ts';
import { findSources } from '../../scripts/targets/sources.ts';
import { installMissing } from '../../scripts/targets/system.ts';
import { findToolchain } from '../../scripts/targets/toolchain.ts';

/** The watchdog is no time limit of a test: it ends a run that has printed nothing for so long. */
const watchdogMs = 300_000;

const { values } = parseArgs({
  options: {
    cpu: { type: 'string', multiple: true, default: CPUS.map(({ name }) => name) },
    title: { type: 'string', default: '' },
    sources: { type: 'string' },
  },
});

const build = { sources: findSources(values.sources), toolchain: findToolchain() };
const directory = cachePath(`tests-${process.pid}`);
const total = { passed: 0, failed: 0, skipped: 0 };
try {
  const program = { entry: 'test/quickjs/suites.ts', keepLines: true };
  const modules = await compileProgram(build, program, directory);
  for (const cpu of CPUS.filter(({ name }) => values.cpu.includes(name))) {
    linkProgram(build, cpu, modules, `${directory}/${cpu.name}`);
    console.log(`== ${cpu.name}`);
    const counts = await runTests(cpu, `${directory}/${cpu.name}`);
    for (const name of ['passed', 'failed', 'skipped'] as const) total[name] += counts[name];
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

async function runTests(cpu: Cpu, path: string): Promise<typeof total> {
  if (cpu.emulator !== null) installMissing({ [cpu.emulator]: 'qemu-user' });
  const scratch = mkdtempSync(`${tmpdir()}/streambed-${cpu.name}-`);
  const [command, ...args] = [...(cpu.emulator === null ? [] : [cpu.emulator]), path, values.title];
  const child = spawn(command, args, {
    env: { ...process.env, TMPDIR: scratch },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const watchdog = setTimeout(() => child.kill('SIGKILL'), watchdogMs);
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    watchdog.refresh();
    process.stdout.write(chunk);
    output += chunk;
  }
  const code = await new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode ?? child.signalCode);
    else child.once('exit', (status, signal) => resolve(status ?? signal));
  });
  clearTimeout(watchdog);
  rmSync(scratch, { recursive: true, force: true });
  const found = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(output);
  const [passed = 0, failed = 0, skipped = 0] = (found?.slice(1) ?? []).map(Number);
  if (found !== null && (code === 0 || failed > 0)) return { passed, failed, skipped };
  console.log(`FAILED: ${cpu.name} ended with ${code}`);
  return { passed, failed: failed + 1, skipped };
}
