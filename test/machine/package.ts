/**
 * The package for OpenWrt in the emulated machine: `test/openwrt/device/check.sh` installs it on a root file system of
 * its own there, on ext4, runs its init script against stubs of procd's functions, and starts what that tells them.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { fastDisk, makeExt4 } from '../../scripts/machine/disks.ts';
import { findBusybox, type StartFiles } from '../../scripts/machine/initial-files.ts';
import { Machine } from '../../scripts/machine/machine.ts';
import { BuildError, run } from '../../scripts/targets/system.ts';
import { CHECK_PACKAGE, furnishDevice } from '../openwrt/device-root.ts';
import type { Report } from './report.ts';

const CPU = 'mipsel_24kc';
const ROOT_BYTES = 64 * 1024 * 1024;
const ROOT = '/prog';

interface PackageOptions {
  readonly report: Report;
  readonly files: StartFiles;
  readonly directory: string;
}

export async function checkPackage({ report, files, directory }: PackageOptions): Promise<void> {
  const image = `${directory}/root.img`;
  const ipk = buildPackage(directory);
  report.print({ runtime: 'openwrt', figure: 'size/ipk', value: ipk.length, unit: 'bytes' });
  furnishDevice(`${directory}/root`, findBusybox(), ipk);
  makeExt4(image, ROOT_BYTES, `${directory}/root`);
  const machine = await Machine.boot({ directory, files, disks: [fastDisk(image)] });
  try {
    await machine.run(`mount -t ext4 /dev/vda ${ROOT}`);
    await machine.run(`for each in proc dev; do mount --bind /$each ${ROOT}/$each || exit 1; done`);
    const output = await machine.run(`chroot ${ROOT} /bin/busybox sh -c '${CHECK_PACKAGE}'; true`);
    countChecks(report, output);
  } finally {
    await machine.powerOff();
  }
}

/** By the command that people use. */
function buildPackage(directory: string): Buffer {
  const output = `${directory}/packages`;
  mkdirSync(directory, { recursive: true });
  run('npm', ['run', '--silent', 'package:openwrt', '--', '--cpu', CPU, '--output', output]);
  const name = readdirSync(output).find((each) => each.endsWith(`_${CPU}.ipk`));
  if (name === undefined) throw new BuildError(`${output}: package:openwrt wrote no package for ${CPU}`);
  return readFileSync(`${output}/${name}`);
}

/** Each line of check.sh is a check of this report; the last one tells whether all of them came through. */
export function countChecks(report: Report, output: string): void {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const parts = output.split(/^(?=ok: |FAILED: |skipped: |\d+ passed, )/m);
  for (const part of parts) {
    const [, kind, title = '', more = ''] = /^(ok|FAILED|skipped): (.*)\n([^]*)$/.exec(part) ?? [];
    if (kind === 'skipped') {
      counts.skipped += 1;
      report.skip('package', title);
    } else if (kind !== undefined) {
      counts[kind === 'ok' ? 'passed' : 'failed'] += 1;
      report.check('openwrt', `package/${title}`, kind === 'ok' ? [] : [more.trimEnd()]);
    }
  }
  const sum = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
  const isWhole = counts.passed + counts.failed > 0 && parts.at(-1) === sum;
  report.check('openwrt', 'package/all checks have been made', isWhole ? [] : [output.slice(-2000)]);
}
