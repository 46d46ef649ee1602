/** The object files of engine, store and C host for one CPU, and the compiler of byte code for this machine. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { cached, cachePath, sha256 } from './cache.ts';
import type { Cpu } from './cpus.ts';
import { cryptographyFiles, cryptographyIncludes } from './cryptography.ts';
import type { SourceDirectories } from './sources.ts';
import type { Toolchain } from './toolchain.ts';
import type { Variant } from './variants.ts';

const HERE = import.meta.dirname;
const OWN = ['engine', 'native'].map((name) => `${HERE}/../../targets/quickjs/${name}`);

export const ENGINE_FILES = ['quickjs', 'libregexp', 'libunicode', 'cutils', 'dtoa'];
const ENGINE_DEFINES = ['-D_GNU_SOURCE', '-DCONFIG_VERSION="2025-04-26"'];

/** The engine calls with arguments that a function may not need. */
const WARNINGS = [
  '-Wall',
  '-Wextra',
  '-Wpedantic',
  '-Wshadow',
  '-Wconversion',
  '-Wcast-align',
  '-Wformat=2',
  '-Wstrict-prototypes',
  '-Wmissing-prototypes',
  '-Wno-unused-parameter',
  '-Werror',
];

export interface Build {
  readonly sources: SourceDirectories;
  readonly toolchain: Toolchain;
  /** True unless said otherwise. */
  readonly hasCryptography?: boolean;
}

/** Everything of a binary but its program. */
export function buildObjects(build: Build, cpu: Cpu, variant: Variant): string[] {
  const { sources, hasCryptography = true } = build;
  const { quickjs, lmdb } = sources;
  const flags = [...variant.flags, '-std=gnu11'];
  const engine = ENGINE_FILES.map((name) => {
    const own = [...flags, '-w', ...ENGINE_DEFINES, ...variant.defines, ...correction(name, cpu), '-I', quickjs];
    return buildObject(variant.compiler, `${quickjs}/${name}.c`, own);
  });
  // JFFS2 refuses the mapping of a file that was opened for writing; see kv.c.
  const store = ['mdb', 'midl'].map((name) =>
    buildObject(variant.compiler, `${lmdb}/${name}.c`, [...flags, '-w', '-Dmmap=map_for_reading']),
  );
  const files = hasCryptography ? cryptographyFiles(sources, cpu) : [];
  const cryptography = files.map((file) => buildObject(variant.compiler, file.path, [...flags, '-w', ...file.flags]));
  const ownFlags = [...flags, ...variant.hostFlags];
  const libraries = ['-isystem', quickjs, '-isystem', lmdb, ...cryptographyIncludes(sources)];
  const includes = [...libraries, '-D_GNU_SOURCE', ...variant.defines];
  const standsAside = hasCryptography ? 'no-cryptography.c' : 'cryptography.c';
  const own = OWN.flatMap((directory) => filesIn(directory, '.c'))
    .filter((path) => basename(path) !== standsAside)
    .map((path) => buildObject(variant.compiler, path, [...ownFlags, ...WARNINGS, ...includes]));
  return [...engine, ...store, ...cryptography, ...own];
}

/** What is put in front of a file of the engine for what is wrong in it. */
function correction(name: string, cpu: Cpu): string[] {
  if (name === 'quickjs') return ['-include', `${HERE}/zero-limbs.h`];
  return name === 'libregexp' && cpu.isBigEndian ? ['-include', `${HERE}/regexp-order.h`] : [];
}

/** An executable for this machine: `compile NAME SOURCE OUTPUT [keep-lines]`. */
export function buildCompiler(build: Build): string {
  const { quickjs } = build.sources;
  const sources = [`${HERE}/compile.c`, ...ENGINE_FILES.map((name) => `${quickjs}/${name}.c`)];
  const flags = ['-O1', '-w', ...ENGINE_DEFINES, '-I', quickjs, '-static', '-target', `${machine()}-linux-musl`];
  const key = sha256(build.toolchain.version, ...flags, ...sources.map((path) => readFileSync(path)));
  return cached(cachePath('compilers', key), (unfinished) => {
    console.log('building the compiler of byte code');
    build.toolchain.cc([...flags, ...sources, '-o', unfinished]);
  });
}

function machine(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
}

function buildObject(compiler: Toolchain, source: string, flags: readonly string[]): string {
  const headers = [dirname(source), HERE, ...OWN].flatMap((directory) => filesIn(directory, '.h'));
  const texts = [source, ...headers].map((path) => readFileSync(path));
  const key = sha256(compiler.version, ...flags, ...texts);
  return cached(cachePath('objects', `${basename(source, '.c')}-${key.slice(0, 32)}.o`), (unfinished) => {
    // Paths of this machine must not get into the binary.
    compiler.cc([...flags, `-ffile-prefix-map=${dirname(source)}=.`, '-c', source, '-o', unfinished]);
  });
}

function filesIn(directory: string, ending: string): string[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => `${directory}/${name}`);
}
