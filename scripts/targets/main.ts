/**
 * `npm run build:targets [-- --cpu NAME]... [--features NAME,...] [--sources DIR]`: builds
 * `dist/targets/<cpu>/streambed` for each CPU, with all features unless some are named, and beside it `LICENSES`. The
 * same sources give the same bytes.
 */
import { statSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CPUS } from './cpus.ts';
import { FEATURES, labelsWithout, needsCryptography } from './features.ts';
import { licenceTexts } from './licences.ts';
import { compileProgram, linkProgram, measureBundle } from './program.ts';
import { findSources } from './sources.ts';
import { BuildError } from './system.ts';
import { findToolchain } from './toolchain.ts';

const { values } = parseArgs({
  options: {
    cpu: { type: 'string', multiple: true, default: CPUS.map(({ name }) => name) },
    features: { type: 'string', default: FEATURES.join(',') },
    sources: { type: 'string' },
  },
});

try {
  const unknown = values.cpu.find((name) => !CPUS.some((cpu) => cpu.name === name));
  if (unknown !== undefined) throw new BuildError(`--cpu ${unknown}: want ${CPUS.map(({ name }) => name).join(', ')}`);
  const dropLabels = labelsWithout(values.features);
  const hasCryptography = needsCryptography(dropLabels);
  const build = { sources: findSources(values.sources), toolchain: findToolchain(), hasCryptography };
  const program = { entry: 'targets/quickjs/main.ts', dropLabels };
  const modules = await compileProgram(build, program, 'dist/targets/program');
  const inputs = [...(await measureBundle(program)).values()].flat().filter(([, lengthBytes]) => lengthBytes > 0);
  const licences = licenceTexts(
    build,
    inputs.map(([path]) => path),
  );
  for (const cpu of CPUS.filter(({ name }) => values.cpu.includes(name))) {
    const output = `dist/targets/${cpu.name}/streambed`;
    linkProgram(build, cpu, modules, output);
    writeFileSync(`dist/targets/${cpu.name}/LICENSES`, licences);
    console.log(`${output}: ${statSync(output).size} bytes`);
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`build:targets: ${error.message}`);
  process.exitCode = 1;
}
