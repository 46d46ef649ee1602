/** Archives in the format `ustar` of POSIX, all of whose bytes follow from what is in them: everything is root's. */
import { gzipSync } from 'node:zlib';

export interface TarEntry {
  /** Relative, with `./` in front; of a directory with `/` behind. */
  readonly path: string;
  readonly mode: number;
  /** Null: a directory. */
  readonly content: Uint8Array | null;
}

const BLOCK_BYTES = 512;
/** Where a field of the header begins. */
const [SIZE, TIME, SUM, KIND, MAGIC, USER, GROUP] = [124, 136, 148, 156, 257, 265, 297];

/**
 * The time of every file, a moment in the past: OpenWrt sets a clock without battery to the newest time below /etc, so
 * that a file of the future would move it.
 */
const MODIFIED_AT = Date.UTC(2020, 0, 1) / 1000;

export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.content ?? new Uint8Array(0);
    return [header(entry), content, Buffer.alloc(-content.length & (BLOCK_BYTES - 1))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

export function tarGz(entries: readonly TarEntry[]): Buffer {
  return gzipSync(tar(entries), { level: 9 });
}

function header({ path, mode, content }: TarEntry): Buffer {
  if (Buffer.byteLength(path) > 100) throw new RangeError(`${path}: longer than 100 bytes`);
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, position: number, digits: number): void => {
    block.write(`${value.toString(8).padStart(digits, '0')}\0`, position);
  };
  block.write(path, 0);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(content?.length ?? 0, SIZE, 11);
  octal(MODIFIED_AT, TIME, 11);
  block.write(' '.repeat(8), SUM);
  block.write(content === null ? '5' : '0', KIND);
  block.write('ustar\x0000', MAGIC);
  block.write('root', USER);
  block.write('root', GROUP);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    SUM,
    6,
  );
  block.write(' ', SUM + 7);
  return block;
}
