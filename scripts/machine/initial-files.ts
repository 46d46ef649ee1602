/**
 * What the emulated machine starts with: busybox, the kernel's modules for disks, flash, overlays and the control
 * channel, and programs of the caller's under `/bin`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { type CpioEntry, CHARACTER_DEVICE, DIRECTORY, packInitialFiles, PROGRAM } from './cpio.ts';
import { unpackPackages } from './debian.ts';

const KERNEL = { 'linux-image-6.1.0-50-4kc-malta': '6.1.176-1' };
const BUSYBOX = { 'busybox-static': '1:1.35.0-4+deb12u1+b1' };

/** Where the flash is in the machine's physical memory; Linux is told to leave it alone. */
export const FLASH = { position: 0x07000000, lengthBytes: 0x01000000, eraseBytes: 0x10000 } as const;

/** In the order in which they depend on each other. */
const MODULES = [
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci',
  'drivers/block/virtio_blk',
  'drivers/char/virtio_console',
  'lib/crc16',
  'fs/mbcache',
  'fs/jbd2/jbd2',
  'crypto/crc32c_generic',
  'fs/ext4/ext4',
  'fs/jffs2/jffs2',
];

/** Which nothing loads by itself: phram needs to be told what the flash is, and not every boot has an overlay. */
const MODULES_AT_HAND = ['drivers/mtd/devices/phram', 'fs/overlayfs/overlay'];

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
ip link set lo up
for module in ${MODULES.map((path) => path.replace(/.*\//, '')).join(' ')}; do
  insmod /lib/$module.ko
done
insmod /lib/phram.ko phram=flash,${FLASH.position},${FLASH.lengthBytes},${FLASH.eraseBytes}
exec sh <>/dev/vport0p1 >&0 2>&1
`;

export interface StartFiles {
  readonly kernel: string;
  readonly initialFiles: Buffer;
}

export function makeStartFiles(programs: Readonly<Record<string, Uint8Array>>): StartFiles {
  const root = unpackPackages('kernel', KERNEL);
  const [release = ''] = readdirSync(`${root}/lib/modules`);
  const modules = `${root}/lib/modules/${release}/kernel`;
  const directories = ['bin', 'data', 'dev', 'flash', 'lib', 'proc', 'prog', 'sys', 'tmp'];
  const entries: CpioEntry[] = [
    ...directories.map((path) => ({ path, mode: DIRECTORY })),
    { path: 'dev/console', mode: CHARACTER_DEVICE, device: [5, 1] },
    { path: 'init', mode: PROGRAM, content: Buffer.from(INIT) },
    { path: 'bin/busybox', mode: PROGRAM, content: readFileSync(findBusybox()) },
    ...[...MODULES, ...MODULES_AT_HAND].map((path) => ({
      path: `lib/${path.replace(/.*\//, '')}.ko`,
      mode: PROGRAM,
      content: readFileSync(`${modules}/${path}.ko`),
    })),
    ...Object.entries(programs).map(([name, content]) => ({ path: `bin/${name}`, mode: PROGRAM, content })),
  ];
  return { kernel: `${root}/boot/vmlinuz-${release}`, initialFiles: packInitialFiles(entries) };
}

/** The static busybox of the machine's CPU. */
export function findBusybox(): string {
  return `${unpackPackages('busybox', BUSYBOX)}/bin/busybox`;
}
