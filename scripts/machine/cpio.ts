/** An initial file system as the kernel takes it: cpio's `newc` format, which needs no root to hold device nodes. */
import { gzipSync } from 'node:zlib';

export interface CpioEntry {
  readonly path: string;
  /** Kind and permissions, as in `st_mode`. */
  readonly mode: number;
  readonly content?: Uint8Array;
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
}

export const DIRECTORY = 0o040_755;
export const PROGRAM = 0o100_755;
export const CHARACTER_DEVICE = 0o020_600;

export function packInitialFiles(entries: readonly CpioEntry[]): Buffer {
  const all = [...entries, { path: 'TRAILER!!!', mode: 0 }];
  return gzipSync(Buffer.concat(all.flatMap((entry, at) => packEntry(entry, at + 1))), { level: 1 });
}

function packEntry({ path, mode, content = new Uint8Array(), device = [0, 0] }: CpioEntry, inode: number): Buffer[] {
  const numbers = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, path.length + 1, 0];
  const head = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}${path}\0`;
  return [padded(Buffer.from(head)), padded(content)];
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
