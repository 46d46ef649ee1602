/**
 * `npm run test:mips [-- --only PART,...] [--soak N] [--cuts N]`: the static binary in an emulated MIPS 24Kc with
 * 128 MiB: what it takes, how fast it is beside a bare route, what is left after a cut of the power. The parts:
 *
 *   quickjs  the service without the secret store
 *   whole    the service with the secret store
 *   cuts     cuts of the power
 *   package  the package for OpenWrt, installed there and started by its init script
 *   example  the service of `examples/iot-service`
 *   node     the Node build in the same machine; the last table has its figures beside those of `quickjs`
 *
 * `--soak` is how many requests each search for growth takes (100,000; fewer than 10,000 are not judged), `--cuts` how
 * often the power is cut (1).
 *
 * Prints a JSON line per figure; the last line is `N passed, N failed, N skipped`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { makeExt4 } from '../../scripts/machine/disks.ts';
import { makeStartFiles, type StartFiles } from '../../scripts/machine/initial-files.ts';
import { runExample } from './example.ts';
import { buildNodeRoot, nodeBundleBytes } from './node-programs.ts';
import { checkPackage } from './package.ts';
import * as phases from './phases.ts';
import { cutPower } from './power-cut.ts';
import { buildDriver, buildPrograms } from './programs.ts';
import { Report } from './report.ts';
import { PROGRAMS, type Runtime, Scenario } from './scenario.ts';
import * as whole from './whole.ts';

const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'quickjs,whole,cuts,package,example,node' },
    soak: { type: 'string', default: '100000' },
    cuts: { type: 'string', default: '1' },
  },
});

const parts: Readonly<Record<string, (files: StartFiles) => Promise<void>>> = {
  quickjs: measureQuickjs,
  whole: measureWhole,
  cuts: cutAllPower,
  package: (files) => checkPackage({ report, files, directory: `${directory}/package` }),
  example: (files) => runExample({ report, files, directory: `${directory}/example` }),
  node: measureNode,
};
const wanted = values.only.split(',');
const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  console.error(`--only ${unknown}: want some of ${Object.keys(parts).join(',')}`);
  process.exit(2);
}

const report = new Report();
const directory = mkdtempSync(`${tmpdir()}/streambed-machine-`);
let programs: Promise<string> | null = null;
try {
  const files = makeStartFiles({ load: buildDriver() });
  for (const [name, part] of Object.entries(parts)) if (wanted.includes(name)) await attempt(name, () => part(files));
} catch (error) {
  report.fail('the build', error);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exitCode = report.finish();

/** `debug` tells of compactions. */
function optionsOf(dataDirectory: string, port: number): string {
  return `--data ${dataDirectory} --kafka 127.0.0.1:${port} --log-level debug`;
}

/** One part that breaks keeps no other from being looked at. */
async function attempt(what: string, part: () => Promise<void>): Promise<void> {
  try {
    await part();
  } catch (error) {
    report.fail(what, error);
  }
}

/** The disk with what is built of the service, once for all parts. */
function programDisk(): Promise<string> {
  programs ??= buildProgramDisk();
  return programs;
}

async function buildProgramDisk(): Promise<string> {
  const { log, whole } = await buildPrograms(`${directory}/programs`);
  const size = (name: string, value: number) => ({ runtime: 'quickjs', figure: `size/${name}`, value, unit: 'bytes' });
  report.expect(size('binary', log.binaryBytes), { atMost: phases.BUDGETS.binaryBytes });
  report.print(size('bytecode', log.bytecodeBytes));
  report.expect(size('binary-with-secret-store', whole.binaryBytes), { atMost: phases.BUDGETS.wholeBinaryBytes });
  report.print(size('bytecode-with-secret-store', whole.bytecodeBytes));
  makeExt4(`${directory}/programs.img`, 16 * MIB, `${directory}/programs`);
  return `${directory}/programs.img`;
}

async function quickjsRuntime(): Promise<Runtime> {
  return {
    name: 'quickjs',
    programs: await programDisk(),
    prepare: () => 'true',
    serve: (data, port) => `${PROGRAMS}/streambed serve ${optionsOf(data, port)}`,
    echo: (port) => `${PROGRAMS}/echo ${port}`,
  };
}

async function measureQuickjs(files: StartFiles): Promise<void> {
  const runtime = await quickjsRuntime();
  await Scenario.run({ report, runtime, files, directory: `${directory}/quickjs` }, async (scenario) => {
    await phases.start(scenario);
    await phases.eightConnections(scenario);
    await phases.thirtyTwoConnections(scenario);
    await phases.compaction(scenario);
    await phases.hundredTopics(scenario);
    await phases.soak(scenario, Number(values.soak));
  });
}

async function measureWhole(files: StartFiles): Promise<void> {
  const runtime = whole.wholeRuntime(await programDisk());
  await Scenario.run({ report, runtime, files, directory: `${directory}/whole` }, async (scenario) => {
    const load = await whole.setUp(scenario);
    await whole.idle(scenario);
    await whole.thirtyTwoConnections(scenario, load);
    await whole.login(scenario);
    await phases.searchGrowth(scenario, Number(values.soak), load);
  });
}

async function cutAllPower(files: StartFiles): Promise<void> {
  const runtime = await quickjsRuntime();
  for (let cut = 0; cut < Number(values.cuts); cut += 1) {
    const seed = Math.floor(Math.random() * 2 ** 24);
    const options = { report, runtime, files, directory: `${directory}/cut-${cut}`, seed };
    await attempt(`power cut with seed ${seed}`, () => cutPower(options));
  }
}

async function measureNode(files: StartFiles): Promise<void> {
  const root = `${directory}/node-root`;
  await buildNodeRoot(root);
  const bundle = { runtime: 'node', figure: 'size/bundle', value: nodeBundleBytes(root), unit: 'bytes' };
  report.print(bundle);
  makeExt4(`${directory}/node.img`, 256 * MIB, root);
  // As the README says for 128 MiB.
  const node = '/usr/bin/node --max-old-space-size=48 --max-semi-space-size=1';
  const inRoot = `/bin/env PATH=/usr/bin MALLOC_ARENA_MAX=1 /bin/chroot ${PROGRAMS} ${node}`;
  const runtime: Runtime = {
    name: 'node',
    programs: `${directory}/node.img`,
    prepare: () => `cd ${PROGRAMS} && mount --bind /data data && mount --bind /proc proc && mount --bind /dev dev`,
    serve: (data, port) => `${inRoot} /service/dist/node/streambed.js serve ${optionsOf(data, port)}`,
    echo: () => null, // a second Node beside it would leave neither the memory to be itself
  };
  await Scenario.run({ report, runtime, files, directory: `${directory}/node` }, phases.node);
}
