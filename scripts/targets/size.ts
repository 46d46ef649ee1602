/**
 * `npm run size [-- --features NAME,...]`: what the program of the binaries consists of: bytes of byte code per module
 * that is read on its own, and bytes of minified source per package or folder in each. Live heap grows about 4.5 times
 * as fast as byte code.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { cachePath } from './cache.ts';
import { FEATURES, labelsWithout } from './features.ts';
import { compileProgram, measureBundle } from './program.ts';
import { findSources } from './sources.ts';
import { findToolchain } from './toolchain.ts';

const { values } = parseArgs({ options: { features: { type: 'string', default: FEATURES.join(',') } } });
const program = { entry: 'targets/quickjs/main.ts', dropLabels: labelsWithout(values.features) };
const build = { sources: findSources(undefined), toolchain: findToolchain() };
const modules = await compileProgram(build, program, cachePath('size'));
const inputs = await measureBundle(program);
for (const { name, lengthBytes } of modules) {
  console.log(`${name}: ${lengthBytes} bytes of byte code`);
  const groups = new Map<string, number>();
  for (const [path, sourceBytes] of inputs.get(basename(name)) ?? []) {
    const group = groupOf(path);
    groups.set(group, (groups.get(group) ?? 0) + sourceBytes);
  }
  for (const [group, sourceBytes] of [...groups].sort((a, b) => b[1] - a[1])) {
    console.log(`  ${String(sourceBytes).padStart(7)}  ${group}`);
  }
}

function groupOf(path: string): string {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  return name ?? path.split('/').slice(0, -1).join('/');
}
