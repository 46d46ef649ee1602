/** What runs inside of the emulated machine, built for its CPU. */
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { sha256, cached, cachePath } from '../../scripts/targets/cache.ts';
import { CPUS } from '../../scripts/targets/cpus.ts';
import { FEATURES, labelsWithout, needsCryptography } from '../../scripts/targets/features.ts';
import { compileProgram, linkProgram } from '../../scripts/targets/program.ts';
import { findSources } from '../../scripts/targets/sources.ts';
import { BuildError } from '../../scripts/targets/system.ts';
import { findToolchain } from '../../scripts/targets/toolchain.ts';

const CPU = 'mipsel_24kc';

/** All but the secret store. */
export const LOG_FEATURES = FEATURES.filter((name) => name !== 'vault' && name !== 'confidant');

export interface ServiceBuild {
  readonly binaryBytes: number;
  /** Of all modules of the program. */
  readonly bytecodeBytes: number;
}

export interface ServiceBuilds {
  /** With all features. */
  readonly whole: ServiceBuild;
  /** Without the secret store. */
  readonly log: ServiceBuild;
}

/** Leaves `streambed`, the service without the secret store, `streambed-whole` and `echo` in a directory. */
export async function buildPrograms(directory: string): Promise<ServiceBuilds> {
  mkdirSync(directory, { recursive: true });
  await buildEcho(`${directory}/echo`);
  return {
    log: await buildService(LOG_FEATURES, `${directory}/streambed`),
    whole: await buildService(FEATURES, `${directory}/streambed-whole`),
  };
}

/** As `npm run build:targets` does, but beside what others build meanwhile. */
async function buildService(features: readonly string[], output: string): Promise<ServiceBuild> {
  const dropLabels = labelsWithout(features.join(','));
  const build = { ...tools(), hasCryptography: needsCryptography(dropLabels) };
  const modules = await compileProgram(build, { entry: 'targets/quickjs/main.ts', dropLabels }, modulesOf(output));
  linkProgram(build, cpu(), modules, output);
  return {
    binaryBytes: statSync(output).size,
    bytecodeBytes: modules.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
  };
}

async function buildEcho(output: string): Promise<void> {
  const modules = await compileProgram(tools(), { entry: 'test/machine/echo.ts' }, modulesOf(output));
  linkProgram(tools(), cpu(), modules, output);
}

function tools() {
  return { sources: findSources(undefined), toolchain: findToolchain() };
}

/** Beside the directory that the program is put in. */
function modulesOf(output: string): string {
  return `${dirname(output)}.${basename(output)}-modules`;
}

/** The load driver, static. */
export function buildDriver(): Uint8Array {
  const sources = [...listFiles('test/machine', '.c'), ...listFiles('test/machine', '.h')];
  const toolchain = findToolchain();
  const key = sha256(toolchain.version, ...cpu().flags, ...sources.map((path) => readFileSync(path)));
  const path = cached(cachePath('load-driver', key.slice(0, 16)), (unfinished) => {
    const flags = [...cpu().flags, '-Os', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE', '-static', '-s'];
    toolchain.cc([...flags, ...sources.filter((source) => source.endsWith('.c')), '-o', unfinished]);
  });
  return readFileSync(path);
}

function listFiles(directory: string, ending: string): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => `${directory}/${name}`);
}

function cpu() {
  const found = CPUS.find(({ name }) => name === CPU);
  if (found === undefined) throw new BuildError(`${CPU}: no such CPU`);
  return found;
}
