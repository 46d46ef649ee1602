/** Byte work on Node: `Buffer` for text, tables for the checksum. */
import type { Bytes } from '../host.ts';
import { crc32c } from './crc32c.ts';
import { hostError } from './host-error.ts';

export const nodeBytes: Bytes = {
  crc32c,
  encodeUtf8: (text) => plain(Buffer.from(text, 'utf8')),
  decodeUtf8,
  encodeBase64: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'),
  decodeBase64,
  compare: (a, b) => Buffer.compare(a, b),
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  try {
    return utf8.decode(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  } catch (error) {
    throw hostError('EILSEQ', `${end - start} bytes are not well-formed UTF-8`, error);
  }
}

/** Node's decoder skips what it does not know; only strict text comes back the same from the way there and back. */
function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw hostError('EILSEQ', `${text.length} characters are not strict base64`);
  return plain(bytes);
}

/** `Buffer.slice` shares memory where `Uint8Array.slice` copies: portable code must never meet a Buffer. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
