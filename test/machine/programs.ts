/** What runs inside of the emulated machine, built for its CPU. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { sha256, cached, cachePath } from '../../scripts/targets/cache.ts';
import { CPUS } from '../../scripts/targets/cpus.ts';
import { FEATURES } from '../../scripts/targets/features.ts';
import { compileProgram, linkProgram } from '../../scripts/targets/program.ts';
import { findSources } from '../../scripts/targets/sources.ts';
import { BuildError, run } from '../../scripts/targets/system.ts';
import { findToolchain } from '../../scripts/targets/toolchain.ts';

const CPU = 'mipsel_24kc';
const SERVICE = `dist/targets/${CPU}/streambed`;

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

/** Leaves `streambed`, the service without the secret store, and `echo` in a directory. */
export async function buildPrograms(directory: string): Promise<ServiceBuilds> {
  mkdirSync(directory, { recursive: true });
  const log = buildService(LOG_FEATURES);
  copyFileSync(SERVICE, `${directory}/streambed`);
  await buildEcho(directory);
  return { log, whole: buildService(FEATURES) };
}

function buildService(features: readonly string[]): ServiceBuild {
  run('npm', ['run', '--silent', 'build:targets', '--', '--cpu', CPU, '--features', features.join(',')]);
  const modules = listFiles('dist/targets/program', '.bin');
  return {
    binaryBytes: statSync(SERVICE).size,
    bytecodeBytes: modules.reduce((sum, path) => sum + statSync(path).size, 0),
  };
}

async function buildEcho(directory: string): Promise<void> {
  const build = { sources: findSources(undefined), toolchain: findToolchain() };
  const modules = await compileProgram(build, { entry: 'test/machine/echo.ts' }, `${directory}.modules`);
  linkProgram(build, cpu(), modules, `${directory}/echo`);
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
