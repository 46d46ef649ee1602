/** Names of file systems by the magic number of statfs(2). */

// linux/magic.h; ext2 and ext3 share the number of ext4.
const names = new Map([
  [0xef53, 'ext4'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x72b6, 'jffs2'],
  [0x24051905, 'ubifs'],
  [0xf2f52010, 'f2fs'],
  [0x794c7630, 'overlayfs'],
  [0x73717368, 'squashfs'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x4d44, 'vfat'],
  [0x2011bab0, 'exfat'],
  [0x6969, 'nfs'],
  [0x65735546, 'fuse'],
  [0x01021997, '9p'],
  [0x2fc12fc1, 'zfs'],
]);

/** The number comes sign-extended from 32-bit kernels. */
export function fileSystemName(magic: number): string {
  const unsigned = magic >>> 0;
  return names.get(unsigned) ?? `0x${unsigned.toString(16)}`;
}

/** Whether what is on such a file system is gone when the machine stops. */
export function isMemory(name: string): boolean {
  return name === 'tmpfs' || name === 'ramfs';
}
