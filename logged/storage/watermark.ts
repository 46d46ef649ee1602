/**
 * The high watermark as other processes see it: up to where each partition's records may be read.
 *
 * Readers in other processes share the page cache with the writer and so see bytes that a power cut may still take
 * back. The writer therefore says in a small file how far it has come: on a memory file system, where that costs no
 * wear and a reboot removes it, else in the topic's own directory. What stands there may be too low, never too high;
 * the file is removed when the topic is closed in order, since all that is stored may be read then.
 *
 * One slot of 40 bytes per partition, little-endian: crc32c (u32) of the rest, zero (u32), base offset of the segment
 * (u64), position in it (u64), end offset (u64), revision of the partition's list of files (u64). A reader that meets
 * a slot half written finds the checksum wrong and looks again.
 */
import type { File, Host } from '../../targets/host.ts';
import { guard, hostCode } from './host-failure.ts';
import { getU64, setU64 } from './format/u64.ts';

const SLOT_BYTES = 40;

export interface Watermark {
  /** The segment that is appended to, by its base offset, and the position in it before which all may be read. */
  readonly segmentBase: number;
  readonly position: number;
  /** One past the last offset that may be read. */
  readonly endOffset: number;
  /** Grows with every change in the list of segments. */
  readonly revision: number;
}

/** Where a topic's watermark lives. `topicId` keeps apart topics that had the same name one after the other. */
export function watermarkDir(host: Host, root: string, topicDir: string, topicId: string): string {
  const volatile = guard(`log ${root}`, () => host.files.volatileDir(root));
  return volatile === null ? topicDir : `${volatile}/${topicId}`;
}

export const watermarkPath = (directory: string): string => `${directory}/watermark`;

/** The writer's side. Readers can do without it, so its failures are not the producers' errors. */
export class WatermarkWriter {
  readonly #host: Host;
  readonly #directory: string;
  readonly #path: string;
  #file: File | null;
  readonly #slot = new Uint8Array(SLOT_BYTES);
  readonly #view = new DataView(this.#slot.buffer);

  constructor(host: Host, directory: string) {
    this.#host = host;
    this.#directory = directory;
    this.#path = watermarkPath(directory);
    this.#file = this.#open(directory);
  }

  #open(directory: string): File | null {
    const { files } = this.#host;
    return ignoringHost(() => {
      if (files.stat(directory) === null) files.makeDir(directory);
      return files.open(this.#path, files.stat(this.#path) === null ? 'create' : 'update');
    });
  }

  publish(partition: number, mark: Watermark): void {
    const file = this.#file;
    if (file === null) return;
    setU64(this.#view, 8, mark.segmentBase);
    setU64(this.#view, 16, mark.position);
    setU64(this.#view, 24, mark.endOffset);
    setU64(this.#view, 32, mark.revision);
    this.#view.setUint32(0, this.#host.bytes.crc32c(this.#slot, 4, SLOT_BYTES), true);
    ignoringHost(() => file.write(this.#slot, partition * SLOT_BYTES));
  }

  /** `remove`: all that is stored may be read from now on. */
  close(remove: boolean): void {
    this.#file?.close();
    this.#file = null;
    if (!remove) return;
    ignoringHost(() => this.#host.files.remove(this.#path));
    // Where it is the topic's own directory, that is not empty and stays.
    ignoringHost(() => this.#host.files.removeDir(this.#directory));
  }
}

/** What the writer last said, or null when there is no word of it. */
export function readWatermark(host: Host, directory: string, partition: number): Watermark | null {
  const path = watermarkPath(directory);
  return ignoringHost(() => {
    if (host.files.stat(path) === null) return null;
    const file = host.files.open(path, 'read');
    try {
      return readSlot(host, file, partition);
    } finally {
      file.close();
    }
  });
}

const MOST_LOOKS = 8;

function readSlot(host: Host, file: File, partition: number): Watermark | null {
  const slot = new Uint8Array(SLOT_BYTES);
  const view = new DataView(slot.buffer);
  for (let look = 0; look < MOST_LOOKS; look++) {
    if (file.read(slot, partition * SLOT_BYTES) < SLOT_BYTES) return null;
    if (view.getUint32(0, true) !== host.bytes.crc32c(slot, 4, SLOT_BYTES)) continue;
    return {
      segmentBase: getU64(view, 8),
      position: getU64(view, 16),
      endOffset: getU64(view, 24),
      revision: getU64(view, 32),
    };
  }
  return null;
}

function ignoringHost<T>(call: () => T): T | null {
  try {
    return call();
  } catch (error) {
    if (hostCode(error) === '') throw error;
    return null;
  }
}
