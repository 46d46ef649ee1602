/**
 * `npm run test:mips [-- --soak N] [--node]`: the static binary in an emulated MIPS 24Kc with 128 MiB: what it takes,
 * how fast it is beside a bare route, what is left after a cut of the power. `--soak` is how many requests the search
 * for growth takes (100,000); `--node` adds the Node build in the same machine.
 *
 * Prints a JSON line per figure; the last line is `N passed, N failed, N skipped`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { makeExt4 } from '../../scripts/machine/disks.ts';
import { makeStartFiles } from '../../scripts/machine/initial-files.ts';
import * as phases from './phases.ts';
import { buildDriver, buildPrograms } from './programs.ts';
import { Report } from './report.ts';
import { PROGRAMS, type Runtime, Scenario } from './scenario.ts';

const { values } = parseArgs({
  options: {
    soak: { type: 'string', default: '100000' },
    node: { type: 'boolean', default: false },
  },
});

const report = new Report();
const directory = mkdtempSync(`${tmpdir()}/streambed-machine-`);
try {
  await measureQuickjs();
} catch (error) {
  report.fail('the run', error);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exitCode = report.finish();

async function measureQuickjs(): Promise<void> {
  const build = await buildPrograms(`${directory}/programs`);
  const { name } = { name: 'quickjs' };
  report.expect(
    { runtime: name, figure: 'size/binary', value: build.binaryBytes, unit: 'bytes' },
    { atMost: phases.BUDGETS.binaryBytes },
  );
  for (const [module, value] of Object.entries(build.bytecodeBytes)) {
    report.print({ runtime: name, figure: `size/bytecode/${module}`, value, unit: 'bytes' });
  }
  makeExt4(`${directory}/programs.img`, 16 * 1024 * 1024, `${directory}/programs`);
  const files = makeStartFiles({ load: buildDriver() });
  const runtime: Runtime = {
    name,
    programs: `${directory}/programs.img`,
    serve: (data, port) => `${PROGRAMS}/streambed serve --data ${data} --kafka 127.0.0.1:${port}`,
    echo: (port) => `${PROGRAMS}/echo ${port}`,
  };
  mkdirSync(`${directory}/quickjs`);
  await Scenario.run({ report, runtime, files, directory: `${directory}/quickjs` }, async (scenario) => {
    await phases.start(scenario);
    await phases.eightConnections(scenario);
    await phases.thirtyTwoConnections(scenario);
    await phases.compaction(scenario);
    await phases.hundredTopics(scenario);
    await phases.soak(scenario, Number(values.soak));
  });
}
