/** Bytes as text, and back, for tests of every runtime. */
import { bytes } from './platform.ts';

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.encodeUtf8(text));
}

export function fromUtf8(encoded: Uint8Array): string {
  return bytes.decodeUtf8(encoded);
}

/** The base64 of a text. */
export function base64(text: string): string {
  return bytes.encodeBase64(utf8(text));
}

export function fromBase64(encoded: string): string {
  return fromUtf8(bytes.decodeBase64(encoded));
}

/** One character per byte. */
export function latin1(encoded: Uint8Array): string {
  return Array.from(encoded, (byte) => String.fromCharCode(byte)).join('');
}

export function hex(encoded: Uint8Array): string {
  return Array.from(encoded, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(encoded: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: encoded.length / 2 }, (_, i) =>
    Number.parseInt(encoded.slice(2 * i, 2 * i + 2), 16),
  );
}
