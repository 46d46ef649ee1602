/**
 * `npm run package:openwrt [-- --cpu NAME]... [--sources DIR] [--output DIR]`: builds the binaries and writes, into
 * `dist/openwrt` or another directory, which is emptied, `streambed_<version>_<cpu>.ipk` for each CPU and the feed
 * `feed/`. The same sources give the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { CPUS } from '../targets/cpus.ts';
import { buildIpk, feedFiles, feedMakefile, packageVersion } from './package.ts';

const { values } = parseArgs({
  options: {
    cpu: { type: 'string', multiple: true, default: CPUS.map(({ name }) => name) },
    sources: { type: 'string' },
    output: { type: 'string', default: 'dist/openwrt' },
  },
});

const { cpu: cpus, output } = values;
const feed = `${output}/feed/streambed`;
buildBinaries();
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
rmSync(output, { recursive: true, force: true });
mkdirSync(feed, { recursive: true });
for (const cpu of cpus) {
  const built = `dist/targets/${cpu}`;
  const [program, licences] = [readFileSync(`${built}/streambed`), readFileSync(`${built}/LICENSES`)];
  const path = `${output}/streambed_${packageVersion(version)}_${cpu}.ipk`;
  const ipk = buildIpk(cpu, version, { program, licences });
  writeFileSync(path, ipk);
  for (const name of ['streambed', 'LICENSES']) cpSync(`${built}/${name}`, `${feed}/bin/${cpu}/${name}`);
  console.log(`${path}: ${ipk.length} bytes`);
}
writeFileSync(`${feed}/Makefile`, feedMakefile(version, cpus));
for (const [path, content, mode] of feedFiles()) {
  mkdirSync(dirname(`${feed}/${path}`), { recursive: true });
  writeFileSync(`${feed}/${path}`, content);
  chmodSync(`${feed}/${path}`, mode);
}
console.log(`${feed}/Makefile`);

function buildBinaries(): void {
  const sources = values.sources === undefined ? [] : ['--sources', values.sources];
  const args = ['scripts/targets/main.ts', ...cpus.flatMap((cpu) => ['--cpu', cpu]), ...sources];
  try {
    execFileSync(process.execPath, [...process.execArgv, ...args], { stdio: 'inherit' });
  } catch {
    process.exit(1); // It has said why.
  }
}
