/** A root file system for `device/check.sh`: busybox, stubs of what is OpenWrt's, and the package. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';

/** What runs the checks in it, for busybox's `sh -c` in a changed root; `/proc` and `/dev` have to be there by then. */
export const CHECK_PACKAGE =
  '/bin/busybox --install -s /bin && export THROW_AWAY_ROOT=yes PATH=/bin:/sbin && exec sh /check/check.sh /check/p.ipk';

export function furnishDevice(root: string, busybox: string, ipk: Uint8Array): void {
  for (const name of ['bin', 'dev', 'proc', 'tmp']) mkdirSync(`${root}/${name}`, { recursive: true });
  cpSync(busybox, `${root}/bin/busybox`, { dereference: true });
  cpSync('test/openwrt/device', `${root}/check`, { recursive: true });
  for (const name of ['null', 'urandom']) writeFileSync(`${root}/dev/${name}`, '');
  writeFileSync(`${root}/check/p.ipk`, ipk);
}
