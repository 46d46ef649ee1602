/** Formats of records, as kcat has them, and the escapes that delimiters share with them. */
import type { Bytes } from '../../../targets/host.ts';
import type { ConsumerRecord } from '../../commit-log.ts';
import { UsageError } from '../../../targets/command-line/flags.ts';

export type RecordPrinter = (record: ConsumerRecord) => readonly Uint8Array[];

export const FORMAT_NOTES = `Placeholders of --format, as in kcat:
  %t topic       %p partition   %o offset      %h headers, as a=1,b=2 (NULL for none)
  %k key         %s value       %T timestamp, else append time, in milliseconds since 1970
  %K %S length of key and value in bytes, -1 for none          %% a percent sign
  \\n \\r \\t \\\\ \\xNN
No line end is added.
`;

type Piece = (record: ConsumerRecord) => string | Uint8Array | null;

const PLACEHOLDERS: Readonly<Record<string, Piece>> = {
  t: (record) => record.topic,
  p: (record) => String(record.partition),
  o: (record) => String(record.offset),
  k: (record) => record.key,
  K: (record) => String(record.key?.length ?? -1),
  s: (record) => record.value,
  S: (record) => String(record.value?.length ?? -1),
  T: (record) => String(Math.floor(record.timestamp ?? record.appendedAt)),
  '%': () => '%',
};

export function compileFormat(format: string, bytes: Bytes): RecordPrinter {
  const pieces: Piece[] = [];
  for (let at = 0; at < format.length; ) {
    const percent = format.indexOf('%', at);
    const end = percent < 0 ? format.length : percent;
    if (end > at) {
      const literal = unescape(format.slice(at, end), bytes);
      pieces.push(() => literal);
    }
    if (percent >= 0) pieces.push(placeholder(format.slice(percent + 1, percent + 2), bytes));
    at = percent < 0 ? end : percent + 2;
  }
  return (record) =>
    pieces.map((piece) => {
      const made = piece(record) ?? '';
      return typeof made === 'string' ? bytes.encodeUtf8(made) : made;
    });
}

function placeholder(letter: string, bytes: Bytes): Piece {
  if (letter === 'h') return (record) => headersOf(record, bytes);
  if (Object.hasOwn(PLACEHOLDERS, letter)) return PLACEHOLDERS[letter]!;
  throw new UsageError(`--format: %${letter} is no placeholder: want one of t p o k K s S T h, or %%`);
}

function headersOf(record: ConsumerRecord, bytes: Bytes): Uint8Array {
  const pieces = record.headers.flatMap(({ name, value }, i) => [
    bytes.encodeUtf8(`${i > 0 ? ',' : ''}${name}=`),
    value ?? bytes.encodeUtf8('NULL'),
  ]);
  return concat(pieces);
}

/** Text with `\n`, `\r`, `\t`, `\\` and `\xNN`, which is one byte. */
export function unescape(text: string, bytes: Bytes): Uint8Array {
  const pieces = text.split(/(\\x[0-9a-fA-F]{2}|\\[nrt\\])/).map((part, i) => {
    if (i % 2 === 0) return bytes.encodeUtf8(part);
    if (part[1] === 'x') return Uint8Array.of(Number.parseInt(part.slice(2), 16));
    return Uint8Array.of({ n: 10, r: 13, t: 9, '\\': 92 }[part[1]!]!);
  });
  return concat(pieces);
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
