/** What the linker's map says about where the bytes of a binary come from. */
import { basename } from 'node:path';
import type { Cpu } from './cpus.ts';
import { cryptographyFiles } from './cryptography.ts';
import { ENGINE_FILES } from './objects.ts';
import type { SourceDirectories } from './sources.ts';

/** A line of an input section: two addresses, its length, an alignment, and behind one indentation the file with it. */
const INPUT = /^ *[0-9a-f]+ +[0-9a-f]+ +([0-9a-f]+) +\d+ {9}(\S.*):\(([^()]*)\)$/;
/** Takes memory when the program runs, and nothing of the file. */
const ZEROED = /^\.(bss|tbss|sbss|scommon)|^COMMON$/;

/** Bytes by origin, the largest first. */
export function originsOf(map: string, sources: SourceDirectories, cpu: Cpu): (readonly [string, number])[] {
  const libraries = librariesOf(sources, cpu);
  const sums = new Map<string, number>();
  for (const line of map.split('\n')) {
    const [, length, file = '', section = ''] = INPUT.exec(line) ?? [];
    if (length === undefined || ZEROED.test(section)) continue;
    const origin = originOf(file, libraries);
    sums.set(origin, (sums.get(origin) ?? 0) + Number.parseInt(length, 16));
  }
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/** By the name of the object file. */
function librariesOf(sources: SourceDirectories, cpu: Cpu): ReadonlyMap<string, string> {
  const cryptography = cryptographyFiles(sources, cpu).map(({ path }): [string, string] => [
    basename(path, '.c'),
    path.startsWith(sources.bearssl) ? 'BearSSL' : 'libsodium',
  ]);
  const engine = ENGINE_FILES.map((name): [string, string] => [name, 'QuickJS']);
  return new Map([...engine, ['mdb', 'LMDB'], ['midl', 'LMDB'], ...cryptography]);
}

function originOf(file: string, libraries: ReadonlyMap<string, string>): string {
  if (/libc\.a\(|crt[1in]\.o$/.test(file)) return 'musl';
  if (file.includes('compiler_rt')) return 'run-time of the compiler';
  if (file.startsWith('<')) return 'the linker: text that several have in common';
  if (/modules-[^/]*\.o$/.test(file)) return 'byte code';
  return libraries.get(basename(file).replace(/-[0-9a-f]{32}\.o$/, '')) ?? 'C host';
}
