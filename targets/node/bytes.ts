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

function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (!isStrict(text, bytes.length)) throw hostError('EILSEQ', `${text.length} characters are not strict base64`);
  return plain(bytes);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Node's decoder skips what it does not know, which shows in the length, and takes `-` and `_` as well. */
function isStrict(text: string, decodedBytes: number): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (decodedBytes !== (text.length / 4) * 3 - padding || text.includes('-') || text.includes('_')) return false;
  const padBits = 4 ** padding - 1;
  return (alphabet.indexOf(text.charAt(text.length - padding - 1)) & padBits) === 0;
}

/** `Buffer.slice` shares memory where `Uint8Array.slice` copies: portable code must never meet a Buffer. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
