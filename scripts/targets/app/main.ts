/**
 * `streambed build APP --target CPU`: a service of one's own as a static binary. It is part of the npm package, which
 * brings the C host as source; engine, LMDB and compiler are fetched as for `npm run build:targets`.
 */
import { existsSync, mkdtempSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cachePath } from '../cache.ts';
import { type Cpu, CPUS } from '../cpus.ts';
import { FEATURES, labelsWithout, needsCryptography } from '../features.ts';
import { licenceTexts } from '../licences.ts';
import { compileModules, linkProgram } from '../program.ts';
import { findSources } from '../sources.ts';
import { BuildError } from '../system.ts';
import { findToolchain } from '../toolchain.ts';
import { bundleApp, readPackage } from './bundle.ts';

const TARGETS = CPUS.map(({ name }) => name);

const HELP = `usage: streambed build APP.ts --target CPU [options]

APP.ts exports main, as streambed/app describes it. CPU is one of ${TARGETS.join(', ')}.

  --output FILE        the binary (APP-CPU in the current directory); the licences of what is in it go to
                       FILE.LICENSES, which has to go wherever the binary goes
  --features A,B       which of these are in it (all): ${FEATURES.join(', ')};
                       what has the label of another (KAFKA_V2: ...) is left out, here and in the app
  --sources DIR        where the archives of QuickJS and its libraries are, instead of fetching them
`;

interface Order {
  readonly app: string;
  readonly cpu: Cpu;
  readonly dropLabels: readonly string[];
  readonly output: string;
  readonly sources: string | undefined;
}

/** Of the built package: this file is in its `dist/build`. */
const ROOT = resolve(import.meta.dirname, '../..');

/** Returns the exit code: 1 when something failed, 2 when it was called wrongly. */
export async function runBuild(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(HELP);
    return 0;
  }
  try {
    await buildApp(parseOrder(args));
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS_');
    if (!isUsage && !(error instanceof BuildError)) throw error;
    process.stderr.write(`streambed build: ${(error as Error).message}\n`);
    return isUsage === true ? 2 : 1;
  }
}

class UsageError extends Error {}

function parseOrder(args: readonly string[]): Order {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { target: text, features: text, output: text, sources: text },
    allowPositionals: true,
  });
  const [app, ...more] = positionals;
  if (app === undefined || more.length > 0) throw new UsageError('want one app; see --help');
  const cpu = CPUS.find(({ name }) => name === values.target);
  if (cpu === undefined) throw new UsageError(`--target ${values.target ?? 'is missing'}: want ${TARGETS.join(', ')}`);
  return {
    app,
    cpu,
    dropLabels: labelsWithout(values.features ?? FEATURES.join(',')),
    output: resolve(values.output ?? `${basename(app).replace(/\.[cm]?[jt]s$/, '')}-${cpu.name}`),
    sources: values.sources,
  };
}

async function buildApp({ app, cpu, dropLabels, output, sources }: Order): Promise<void> {
  if (!existsSync(app)) throw new BuildError(`${app}: no such file`);
  const { modules, inputs } = await bundleApp(readPackage(ROOT), app, dropLabels);
  const hasCryptography = needsCryptography(dropLabels);
  const build = { sources: findSources(sources), toolchain: findToolchain(), hasCryptography };
  mkdirSync(cachePath(), { recursive: true });
  const directory = mkdtempSync(cachePath('app-'));
  try {
    linkProgram(build, cpu, compileModules(build, modules, directory), output);
    writeFileSync(`${output}.LICENSES`, licenceTexts(build, inputs));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  process.stdout.write(`${output}: ${statSync(output).size} bytes\n`);
}
