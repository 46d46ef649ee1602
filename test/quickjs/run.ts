/**
 * `npm run test:quickjs [-- --cpu NAME]... [--files TEXT]... [--title TEXT] [--jobs N]`: builds all test files that are
 * not for Node alone as a program for the CPU (default: this machine's and both MIPS, the latter under qemu's user
 * emulation) and runs them there, each in a process of its own. Then the suites of `programs.ts` look at the binaries
 * themselves, and with all CPUs a log goes from each to each. `--files` takes only test files of the former kind, with
 * the text in their path.
 *
 * Under emulation everything takes twenty times as long, so what tries many cases tries a part of them there, chosen by
 * the seed, and the longest suites are left out, as are those of the test doubles; `--whole` leaves out nothing.
 * `--quick` tries less of it everywhere.
 *
 * `--sanitize` runs them on this machine with AddressSanitizer, UndefinedBehaviorSanitizer and the engine's check for
 * leaks at the end, without `--files` all but a few that take long. `--gc-stress` collects garbage at every allocation,
 * for which few have the time: without `--files` those of the host and of the HTTP server.
 *
 * The last line is `N passed, N failed, N skipped`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { cachePath } from '../../scripts/targets/cache.ts';
import { CPUS, type Cpu } from '../../scripts/targets/cpus.ts';
import { compileProgram, linkProgram } from '../../scripts/targets/program.ts';
import { findSources } from '../../scripts/targets/sources.ts';
import { installMissing } from '../../scripts/targets/system.ts';
import { findToolchain } from '../../scripts/targets/toolchain.ts';
import { gcStressVariant, sanitizedVariant } from '../../scripts/targets/variants.ts';
import { buildPrograms, suitesOf, testProgram } from './programs.ts';
import { type Counts, runFile } from './run-file.ts';
import { findTestFiles, testFilesPlugin } from './test-files.ts';

const { values } = parseArgs({
  options: {
    cpu: { type: 'string', multiple: true, default: CPUS.map(({ name }) => name) },
    files: { type: 'string', multiple: true },
    title: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    whole: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    sources: { type: 'string' },
    sanitize: { type: 'boolean', default: false },
    'gc-stress': { type: 'boolean', default: false },
  },
});

/** How much of what tries many cases is tried where everything takes so much longer. */
const slowShare = values.quick ? '0.02' : '0.05';
const share = values.quick ? '0.3' : '1';
/** Suites of what stands in for a host or a log in other suites. */
const DOUBLES = /^test\/(support\/|targets\/(memory|fault)-host|logged\/reference-log)/;
/** Where undefined behaviour was found is told, and what was freed is garbage to whoever still uses it. */
const sanitizerEnv = {
  UBSAN_OPTIONS: 'print_stacktrace=1',
  ASAN_OPTIONS: 'max_free_fill_size=65536:free_fill_byte=165',
};
/** Minutes of work in memory alone, which none of the C host but its bytes takes part in. */
const unsanitizedFiles = /logged\/compaction-(crash|keys|space)|json-splitter|policy-properties|logged\/concurrency/;
/** All that calls the C host, and little else. */
const stressedFiles = ['test/quickjs/', 'real-host', 'targets/sodium'];

const isSanitized = values.sanitize || values['gc-stress'];
const variant = values['gc-stress'] ? gcStressVariant() : values.sanitize ? sanitizedVariant() : undefined;
const cpus = CPUS.filter(({ name, emulator }) => (isSanitized ? emulator === null : values.cpu.includes(name)));
const build = { sources: findSources(values.sources), toolchain: findToolchain() };
const directory = cachePath(`tests-${process.pid}`);
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
try {
  const { files } = await findTestFiles();
  const texts = values.files ?? (values['gc-stress'] ? stressedFiles : ['']);
  const isLeftOut = (file: string) => isSanitized && values.files === undefined && unsanitizedFiles.test(file);
  const wanted = files.filter((file) => texts.some((text) => file.includes(text)) && !isLeftOut(file));
  const program = { entry: 'test/quickjs/suites.ts', keepLines: true, plugins: [testFilesPlugin(files)] };
  const modules = await compileProgram(build, program, directory);
  for (const cpu of cpus) {
    linkProgram(build, cpu, modules, `${directory}/${cpu.name}`, variant);
    await runOn(cpu, `${directory}/${cpu.name}`, wanted);
  }
  if (!isSanitized && values.files === undefined && values.title === '') await runPrograms();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.log(shown(total));
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

async function runOn(cpu: Cpu, path: string, files: readonly string[]): Promise<void> {
  if (cpu.emulator !== null) installMissing({ [cpu.emulator]: 'qemu-user' });
  const command = [...(cpu.emulator === null ? [] : [cpu.emulator]), path];
  const scratch = mkdtempSync(`${tmpdir()}/streambed-${cpu.name}-`);
  const isFast = (cpu.emulator === null && !isSanitized) || values.whole;
  const sample = { STREAMBED_SHARE: isFast ? share : slowShare };
  const env = { ...sample, ...sanitizerEnv, ...process.env, TMPDIR: scratch };
  const own: Counts = { passed: 0, failed: 0, skipped: 0 };
  const startedAt = performance.now();
  const queue = files.filter((file) => cpu.emulator === null || values.whole || !DOUBLES.test(file));
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const begun = performance.now();
      const { counts, output } = await runFile(command, [file, values.title], env);
      if (output !== '') console.log(output);
      if (shown(counts) !== shown()) console.log(`${cpu.name} ${file}: ${shown(counts)} (${secondsSince(begun)} s)`);
      for (const name of ['passed', 'failed', 'skipped'] as const) own[name] += counts[name];
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, work));
  rmSync(scratch, { recursive: true, force: true });
  add(cpu.name, own, startedAt);
}

async function runPrograms(): Promise<void> {
  await buildPrograms(build, cpus, `${directory}/programs`);
  for (const cpu of cpus) {
    const startedAt = performance.now();
    const withPairs = cpu === cpus[0] && cpus.length === CPUS.length;
    const files = suitesOf(cpu, values.whole, withPairs);
    add(`the program on ${cpu.name}`, await testProgram(cpu, `${directory}/programs`, files), startedAt);
  }
}

function add(what: string, counts: Counts, startedAt: number): void {
  console.log(`== ${what}: ${shown(counts)} in ${secondsSince(startedAt)} s`);
  for (const name of ['passed', 'failed', 'skipped'] as const) total[name] += counts[name];
}

function shown({ passed, failed, skipped }: Counts = { passed: 0, failed: 0, skipped: 0 }): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function secondsSince(startedAt: number): string {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}
