/**
 * `npm run size [-- --features NAME,...] [--cpu NAME]`: what a binary consists of: bytes of it by origin; of its
 * program, bytes of byte code per module that is read on its own, and bytes of minified source per package or folder in
 * each; and the same per package or folder in all. Live heap grows about 4.5 times as fast as byte code.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { cachePath } from './cache.ts';
import { CPUS } from './cpus.ts';
import { FEATURES, labelsWithout, needsCryptography } from './features.ts';
import { originsOf } from './link-map.ts';
import { type ByteCode, compileProgram, linkProgram, measureBundle } from './program.ts';
import { findSources } from './sources.ts';
import { BuildError } from './system.ts';
import { findToolchain } from './toolchain.ts';
import { shippedVariant } from './variants.ts';

type Groups = ReadonlyMap<string, number>;

const { values } = parseArgs({
  options: {
    features: { type: 'string', default: FEATURES.join(',') },
    cpu: { type: 'string', default: 'mipsel_24kc' },
  },
});
const dropLabels = labelsWithout(values.features);
const hasCryptography = needsCryptography(dropLabels);
const build = { sources: findSources(undefined), toolchain: findToolchain(), hasCryptography };
const program = { entry: 'targets/quickjs/main.ts', dropLabels };
const modules = await compileProgram(build, program, cachePath('size'));
printBinary(modules);
printProgram(modules, await measureBundle(program));

function printBinary(code: readonly ByteCode[]): void {
  const cpu = CPUS.find(({ name }) => name === values.cpu);
  if (cpu === undefined) throw new BuildError(`--cpu ${values.cpu}: want ${CPUS.map(({ name }) => name).join(', ')}`);
  const output = cachePath('size', 'streambed');
  const shipped = shippedVariant(build.toolchain, cpu);
  const variant = { ...shipped, linkFlags: [...shipped.linkFlags, '-Wl,--print-map'] };
  const origins = originsOf(linkProgram(build, cpu, code, output, variant), build.sources, cpu);
  const { size } = statSync(output);
  console.log(`binary for ${cpu.name}: ${size} bytes`);
  const known = origins.reduce((sum, [, bytes]) => sum + bytes, 0);
  printGroups([...origins, ['headers and gaps', size - known]]);
}

function printProgram(code: readonly ByteCode[], inputs: Awaited<ReturnType<typeof measureBundle>>): void {
  const all = new Map<string, number>();
  for (const { name, lengthBytes } of code) {
    console.log(`${name}: ${lengthBytes} bytes of byte code`);
    const groups = groupsOf(inputs.get(basename(name)) ?? []);
    printGroups(largestFirst(groups));
    for (const [group, bytes] of groups) all.set(group, (all.get(group) ?? 0) + bytes);
  }
  const total = code.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  const source = [...all.values()].reduce((sum, bytes) => sum + bytes, 0);
  console.log(`all ${code.length} modules: ${total} bytes of byte code, ${source} of source`);
  printGroups(largestFirst(all));
}

function groupsOf(files: readonly (readonly [path: string, sourceBytes: number])[]): Groups {
  const groups = new Map<string, number>();
  for (const [path, sourceBytes] of files) {
    const group = groupOf(path);
    groups.set(group, (groups.get(group) ?? 0) + sourceBytes);
  }
  return groups;
}

function groupOf(path: string): string {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  const folder = path.split('/').slice(0, -1).join('/');
  return name ?? (folder === '' ? path : folder);
}

function largestFirst(groups: Groups): (readonly [string, number])[] {
  return [...groups].sort((a, b) => b[1] - a[1]);
}

function printGroups(groups: readonly (readonly [string, number])[]): void {
  for (const [group, bytes] of groups) console.log(`  ${String(bytes).padStart(7)}  ${group}`);
}
