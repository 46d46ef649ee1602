/**
 * The package for OpenWrt in the emulated machine: `test/openwrt/device/check.sh` installs it on a root file system of
 * its own there, which is on an overlay over flash as on a router, runs its init script against stubs of procd's functions, and starts what that tells them.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { makeExt4, readOnlyDisk } from '../../scripts/machine/disks.ts';
import { findBusybox, type StartFiles } from '../../scripts/machine/initial-files.ts';
import { Machine } from '../../scripts/machine/machine.ts';
import { BuildError, run } from '../../scripts/targets/system.ts';
import { CHECK_PACKAGE, furnishDevice } from '../openwrt/device-root.ts';
import type { Report } from './report.ts';

const CPU = 'mipsel_24kc';
const ROOT_BYTES = 64 * 1024 * 1024;
const ROOT = '/device';

/** As OpenWrt does: what is shipped cannot be written, and every change goes to JFFS2, which is seen at `/overlay`. */
const MOUNT_ROOT = `(
  set -e
  insmod /lib/overlay.ko
  mount -t ext4 -o ro /dev/vda /prog
  mkdir /overlay ${ROOT}
  mount -t jffs2 /dev/mtdblock0 /overlay
  mkdir /overlay/upper /overlay/work
  mount -t overlay -o lowerdir=/prog,upperdir=/overlay/upper,workdir=/overlay/work overlayfs:/overlay ${ROOT}
  for each in proc dev overlay; do mount --bind /$each ${ROOT}/$each; done
)`;

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
  mkdirSync(`${directory}/root/overlay`);
  makeExt4(image, ROOT_BYTES, `${directory}/root`);
  const machine = await Machine.boot({ directory, files, disks: [readOnlyDisk(image)] });
  try {
    await machine.run(MOUNT_ROOT);
    const output = await machine.run(`chroot ${ROOT} /bin/busybox sh -c '${CHECK_PACKAGE}'; true`);
    const { checks, isWhole } = parseChecks(output);
    for (const { kind, title, fault } of checks) {
      if (kind === 'skipped') report.skip('package', title);
      else report.check('openwrt', `package/${title}`, kind === 'ok' ? [] : [fault.trimEnd()]);
    }
    report.check('openwrt', 'package/all checks have been made', isWhole ? [] : [output.slice(-2000)]);
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

interface Check {
  readonly kind: 'ok' | 'FAILED' | 'skipped';
  readonly title: string;
  /** What is said about it on the lines that follow. */
  readonly fault: string;
}

/** What check.sh prints; `isWhole` when it came to its end, where it says what it has counted. */
export function parseChecks(output: string): { readonly checks: readonly Check[]; readonly isWhole: boolean } {
  const parts = output.split(/^(?=ok: |FAILED: |skipped: |\d+ passed, )/m);
  const checks = parts.flatMap((part) => {
    const [, kind, title = '', fault = ''] = /^(ok|FAILED|skipped): (.*)\n([^]*)$/.exec(part) ?? [];
    return kind === undefined ? [] : [{ kind: kind as Check['kind'], title, fault }];
  });
  const [passed, failed, skipped] = ['ok', 'FAILED', 'skipped'].map(
    (kind) => checks.filter((each) => each.kind === kind).length,
  );
  return { checks, isWhole: parts.at(-1) === `${passed} passed, ${failed} failed, ${skipped} skipped\n` };
}
