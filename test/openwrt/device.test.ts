/**
 * The package on a device: installed into a root file system of busybox alone, in namespaces of its own, by the script
 * that the emulated machine runs too. What is OpenWrt's are stubs in `device/`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { type Built, buildIpk } from '../../scripts/openwrt/package.ts';
import { CPUS } from '../../scripts/targets/cpus.ts';
import { licenceTexts } from '../../scripts/targets/licences.ts';
import { compileProgram, linkProgram, measureBundle } from '../../scripts/targets/program.ts';
import { findSources } from '../../scripts/targets/sources.ts';
import { installMissing, run } from '../../scripts/targets/system.ts';
import { findToolchain } from '../../scripts/targets/toolchain.ts';
import { suite } from '../support/suite.ts';
import { CHECK_PACKAGE, furnishDevice } from './device-root.ts';

const test = suite('OpenWrt device');
const title = 'the package is installed, configured, started, stopped and removed';

if (process.getuid?.() !== 0) test.skip(title, 'a root file system of its own needs root');
else {
  test(title, async () => {
    installMissing({ busybox: 'busybox-static', unshare: 'util-linux' });
    const root = mkdtempSync(`${tmpdir()}/streambed-device-`);
    try {
      const busybox = run('sh', ['-c', 'command -v busybox']).trim();
      furnishDevice(root, busybox, buildIpk('x86_64', '0.1.0', await build(root)));
      const enter = ['-m', '-n', '-p', '-f', 'sh', '-c', ENTER, root];
      const { status, stdout, stderr } = spawnSync('unshare', enter, { encoding: 'utf8' });
      assert.is(status, 0, `${stdout}${stderr}`);
      assert.match(stdout, /\n\d+ passed, 0 failed, 0 skipped\n$/);
      assert.ok(Number(/(\d+) passed/.exec(stdout)?.[1]) > 50, stdout);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
}

/** Nothing of this is left behind: mounts, processes and the network end with the namespaces. */
const ENTER = `
  mount --make-rprivate / && mount -t proc proc "$0/proc" && mount --bind /dev/null "$0/dev/null" &&
  mount --bind /dev/urandom "$0/dev/urandom" &&
  busybox ip link set lo up &&
  exec chroot "$0" /bin/busybox sh -c '${CHECK_PACKAGE}'`;

async function build(root: string): Promise<Built> {
  const cpu = CPUS.find(({ name }) => name === 'x86_64');
  assert.ok(cpu);
  const order = { sources: findSources(undefined), toolchain: findToolchain() };
  const program = { entry: 'targets/quickjs/main.ts' };
  linkProgram(order, cpu, await compileProgram(order, program, `${root}/tmp/program`), `${root}/tmp/streambed`);
  const inputs = [...(await measureBundle(program)).values()].flatMap((files) => files.map(([path]) => path));
  return { program: readFileSync(`${root}/tmp/streambed`), licences: Buffer.from(licenceTexts(order, inputs)) };
}
