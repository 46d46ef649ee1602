/** Lines of standard input or of a file, as bytes, all lines of a piece at once, for commands that read one after the other. */
import type { Files } from '../host.ts';
import { CommandError } from './command-error.ts';

/** The next bytes, or null at the end. */
export type ByteSource = () => Promise<Uint8Array | null>;

const PIECE_BYTES = 65536;
const LINE_END = 10;

export function fileSource(files: Files, path: string): ByteSource {
  const file = files.open(path, 'read');
  let position = 0;
  return async () => {
    const piece = new Uint8Array(PIECE_BYTES);
    const length = file.read(piece, position);
    position += length;
    if (length > 0) return piece.subarray(0, length);
    file.close();
    return null;
  };
}

/** Yields lines without their ends. A longer line than allowed is an error once those before it were yielded. */
export async function* readLines(read: ByteSource, maxLineBytes: number): AsyncGenerator<readonly Uint8Array[]> {
  let begun = new Uint8Array();
  let count = 0;
  for (let piece = await read(); piece !== null; piece = await read()) {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = piece.indexOf(LINE_END); end >= 0; end = piece.indexOf(LINE_END, start)) {
      begun = joined(begun, piece.subarray(start, end));
      if (begun.length > maxLineBytes) break;
      lines.push(begun);
      begun = new Uint8Array();
      start = end + 1;
    }
    if (begun.length <= maxLineBytes) begun = joined(begun, piece.subarray(start));
    count += lines.length;
    if (lines.length > 0) yield lines;
    if (begun.length > maxLineBytes) {
      throw new CommandError(`line ${count + 1}: longer than ${maxLineBytes} bytes, see --max-line-len`);
    }
  }
  if (begun.length > 0) yield [begun];
}

function joined(a: Uint8Array<ArrayBuffer>, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
