/** From TypeScript to an executable: bundle, byte code, link, and a look at what came out. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type BuildOptions, build as bundle, type Plugin } from 'esbuild';
import { checkBinary } from './binary-check.ts';
import type { Cpu } from './cpus.ts';
import { type Build, buildCompiler, buildObjects } from './objects.ts';
import { leanHono } from './lean-hono.ts';
import { openApiModule } from './openapi-module.ts';
import { shippedVariant, type Variant } from './variants.ts';

const HOST = `${import.meta.dirname}/../../targets/quickjs/native`;

/** The module that `targets/quickjs/build-facts.d.ts` declares. */
const FACTS = 'streambed:build';

const IMPORTER = 'importer.js';

export interface Program {
  /** The main module, in TypeScript. */
  readonly entry: string;
  /** Stack traces name lines, which costs memory; else they name functions. */
  readonly keepLines?: boolean;
  readonly plugins?: readonly Plugin[];
  /** Statements with these labels are left out: see `features.ts`. */
  readonly dropLabels?: readonly string[];
}

export interface Module {
  readonly name: string;
  readonly text: string;
}

export interface ByteCode {
  readonly name: string;
  readonly path: string;
  readonly lengthBytes: number;
}

/** The modules of a program as byte code in `directory`, which is emptied; the main module first. */
export async function compileProgram(build: Build, program: Program, directory: string): Promise<ByteCode[]> {
  return compileModules(build, await bundleProgram(program), directory, program.keepLines);
}

/** The same for modules that are bundled already. */
export function compileModules(
  build: Build,
  modules: readonly Module[],
  directory: string,
  keepLines = false,
): ByteCode[] {
  const compiler = buildCompiler(build);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return withImporter(modules).map(({ name, text }) => {
    const path = `${directory}/${name}`;
    writeFileSync(path, text);
    const code = path.replace(/\.js$/, '.bin');
    execFileSync(compiler, [name, path, code, ...(keepLines || name === IMPORTER ? ['keep-lines'] : [])]);
    return { name, path: code, lengthBytes: statSync(code).size };
  });
}

/**
 * What is imported by `import()` is looked for beside the file that says so, whose name is kept with the line numbers
 * only. So one small module imports for all others, and they need none.
 */
function withImporter([main, ...others]: readonly Module[]): Module[] {
  if (main === undefined) return [];
  const importer = { name: IMPORTER, text: 'globalThis.importModule = (name) => import(name);\n' };
  const modules = [{ ...main, text: `import'./${IMPORTER}';${main.text}` }, ...others];
  return [
    ...modules.map(({ name, text }) => ({ name, text: text.replaceAll('import("./', 'importModule("./') })),
    importer,
  ];
}

/** What is imported by `import()` becomes a module of its own, which is read when it is needed. */
async function bundleProgram(program: Program): Promise<Module[]> {
  const { outputFiles } = await runBundler(program);
  const main = `${basename(program.entry).replace(/\.ts$/, '')}.js`;
  const modules = outputFiles.map(({ path, text }) => ({ name: basename(path), text }));
  return [...modules.filter(({ name }) => name === main), ...modules.filter(({ name }) => name !== main)];
}

/** By module of the program: the files in it, with the bytes that are left of each. */
export async function measureBundle(program: Program): Promise<Map<string, [path: string, lengthBytes: number][]>> {
  const { outputs } = (await runBundler(program)).metafile;
  return new Map(
    Object.entries(outputs).map(([path, { inputs }]) => [
      basename(path),
      Object.entries(inputs).map(([input, { bytesInOutput }]) => [input, bytesInOutput]),
    ]),
  );
}

/** How everything is bundled that QuickJS is to run. */
export const BUNDLING = {
  outdir: '/',
  write: false,
  metafile: true,
  bundle: true,
  splitting: true,
  chunkNames: '[hash]',
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  target: 'es2023',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  charset: 'utf8',
} satisfies BuildOptions;

function runBundler({ entry, plugins = [], dropLabels = [] }: Program) {
  return bundle({
    ...BUNDLING,
    entryPoints: [entry],
    plugins: [...plugins, leanHono(), openApiModule()],
    // 57 of 220 kB of source, for what 120 lines do.
    alias: { 'cbor-x/index-no-eval': `${import.meta.dirname}/../../targets/quickjs/cbor.ts` },
    dropLabels: [...dropLabels],
    external: [FACTS],
  });
}

/** Links the byte code with everything else for the CPU; gives what the linker prints. */
export function linkProgram(
  build: Build,
  cpu: Cpu,
  modules: readonly ByteCode[],
  output: string,
  variant: Variant = shippedVariant(build.toolchain, cpu),
): string {
  const objects = buildObjects(build, cpu, variant);
  const table = `${dirname(modules[0]?.path ?? '')}/modules-${cpu.name}`;
  writeFileSync(`${table}.c`, moduleTable([...modules, compileFacts(build, cpu, `${table}-facts`)]));
  const flags = [...cpu.flags, '-Os', '-std=gnu23', '-w', '-I', HOST];
  build.toolchain.cc([...flags, '-c', `${table}.c`, '-o', `${table}.o`]);
  mkdirSync(dirname(output), { recursive: true });
  const unfinished = `${output}.${process.pid}`;
  const flagsAndFiles = [...variant.flags, ...objects, `${table}.o`, ...variant.linkFlags];
  const printed = variant.compiler.cc([...flagsAndFiles, '-o', unfinished]);
  chmodSync(unfinished, 0o755);
  if (variant.isShipped) checkBinary(unfinished, cpu);
  renameSync(unfinished, output);
  return printed;
}

/** What the program can tell of itself, as a module of its own: all others are the same on every CPU. */
function compileFacts(build: Build, { name, isBigEndian }: Cpu, path: string): ByteCode {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
  const lmdb = readFileSync(`${build.sources.lmdb}/lmdb.h`, 'utf8');
  const numbers = ['MAJOR', 'MINOR', 'PATCH'].map(
    (part) => new RegExp(`MDB_VERSION_${part}\\s+(\\d+)`).exec(lmdb)?.[1],
  );
  const facts = {
    version,
    engine: `QuickJS ${readFileSync(`${build.sources.quickjs}/VERSION`, 'utf8').trim()}`,
    cpu: name,
    byteOrder: isBigEndian ? 'big' : 'little',
    store: `LMDB ${numbers.join('.')}`,
  };
  const lines = Object.entries(facts).map(([key, value]) => `export const ${key} = ${JSON.stringify(value)};\n`);
  writeFileSync(`${path}.js`, lines.join(''));
  execFileSync(buildCompiler(build), [FACTS, `${path}.js`, `${path}.bin`]);
  return { name: FACTS, path: `${path}.bin`, lengthBytes: statSync(`${path}.bin`).size };
}

function moduleTable(modules: readonly ByteCode[]): string {
  const arrays = modules.map(({ path }, at) => `static const uint8_t code_${at}[] = {\n#embed "${path}"\n};`);
  const rows = modules.map(({ name }, at) => `  {"${name}", code_${at}, code_${at} + sizeof(code_${at})},`);
  return `#include <stddef.h>\n#include "modules.h"\n${arrays.join('\n')}
const struct module modules[] = {\n${rows.join('\n')}\n  {NULL, NULL, NULL},\n};\n`;
}
