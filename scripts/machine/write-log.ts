/**
 * A disk's write cache that really loses what was not flushed. qemu's `blklogwrites` notes every write and flush of a
 * disk in the format of Linux' dm-log-writes; this makes images of it that a cut of the power could have left.
 *
 * The log: sectors of 512 bytes; the first is a head; then entries of one sector (sector, count of sectors, flags, data
 * length: 64 bits each, little-endian), each followed by its data.
 */
import { closeSync, copyFileSync, openSync, readFileSync, writeSync } from 'node:fs';

const SECTOR_BYTES = 512;
const FLUSH = 1n;
const FORCED = 2n;
const DISCARD = 4n;

export interface DiskWrite {
  /** In the image. */
  readonly position: number;
  readonly bytes: Uint8Array;
  /** A later flush, or the write itself, has made it durable. */
  readonly isDurable: boolean;
}

/** In the order of the writes. What was being noted when the emulator was killed is left out. */
export function readWriteLog(path: string): DiskWrite[] {
  const log = readFileSync(path);
  const writes: { position: number; bytes: Uint8Array; isForced: boolean; epoch: number }[] = [];
  let epoch = 0;
  for (let at = SECTOR_BYTES; at + SECTOR_BYTES <= log.length; ) {
    const [sector, count, flags] = [0, 8, 16].map((field) => log.readBigUInt64LE(at + field)) as [
      bigint,
      bigint,
      bigint,
    ];
    const length = (flags & DISCARD) === 0n ? Number(count) * SECTOR_BYTES : 0;
    const end = at + SECTOR_BYTES + length;
    if ((count === 0n && (flags & FLUSH) === 0n) || end > log.length) break;
    if ((flags & FLUSH) !== 0n) epoch += 1;
    const bytes = log.subarray(at + SECTOR_BYTES, end);
    const position = Number(sector) * SECTOR_BYTES;
    if (length > 0) writes.push({ position, bytes, isForced: (flags & FORCED) !== 0n, epoch });
    at = end;
  }
  return writes.map(({ position, bytes, isForced, epoch: own }) => ({
    position,
    bytes,
    isDurable: isForced || own < epoch,
  }));
}

/** The image as it was before, with the durable writes, and the part of every other one that `keep` chooses. */
export function replayWrites(
  before: string,
  writes: readonly DiskWrite[],
  image: string,
  keep: (bytes: Uint8Array) => Uint8Array,
): void {
  copyFileSync(before, image);
  const file = openSync(image, 'r+');
  for (const { position, bytes, isDurable } of writes) {
    const kept = isDurable ? bytes : keep(bytes);
    writeSync(file, kept, 0, kept.length, position);
  }
  closeSync(file);
}
