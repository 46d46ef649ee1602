/** Byte work on Node: `Buffer` for text, tables for the checksum. */
import { isUtf8 } from 'node:buffer';
import type { Bytes } from '../host.ts';
import { crc32c } from './crc32c.ts';
import { hostError } from './host-error.ts';

export const nodeBytes: Bytes = {
  crc32c,
  encodeUtf8: (text) => plain(Buffer.from(text, 'utf8')),
  decodeUtf8,
  encodeBase64: (bytes) => view(bytes, 0, bytes.length).toString('base64'),
  decodeBase64,
  compare: (a, b) => Buffer.compare(a, b),
};

function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const range = view(bytes, start, end);
  if (!isUtf8(range)) throw hostError('EILSEQ', `${range.length} bytes are not well-formed UTF-8`);
  return range.toString('utf8');
}

/** Node's decoder skips what it does not know; only strict text comes back the same from the way there and back. */
function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw hostError('EILSEQ', `${text.length} characters are not strict base64`);
  return plain(bytes);
}

function view(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** `Buffer.slice` shares memory where `Uint8Array.slice` copies: portable code must never meet a Buffer. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
