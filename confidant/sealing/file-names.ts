/**
 * Names of sealed files, and what they are called on disk. A name is segments between `/`; each but the last becomes a
 * directory, the last a file. A segment's bytes in UTF-8 stand for themselves when they are `A-Z a-z 0-9 _ - .`, every
 * other is `%` and two upper-case hex digits. A file has `~sealed` behind that, which no segment can become, so `a` and
 * `a/b` can both be there. Two forms of one text (composed or not, upper or lower case) are two names.
 */
import type { Bytes } from '../../targets/host.ts';
import { SecretStoreError } from '../secret-store.ts';

const MAX_NAME_BYTES = 512;
/** Leaves room for the suffix: no file system takes more than 255 bytes. */
const MAX_SEGMENT_BYTES = 200;
const SUFFIX = '~sealed';

/** The segments as they are on disk. Errors: `bad-path`. */
export function encodeName(bytes: Bytes, name: string): string[] {
  const encoded = bytes.encodeUtf8(name);
  if (encoded.length > MAX_NAME_BYTES) throw badPath(`has ${encoded.length} bytes, at most ${MAX_NAME_BYTES}`);
  // A lone surrogate would become another name's character.
  if (bytes.decodeUtf8(encoded) !== name) throw badPath('is no well-formed text');
  return name.split('/').map((segment) => encodeSegment(bytes, segment));
}

export function fileName(segment: string): string {
  return `${segment}${SUFFIX}`;
}

/** The segment that an entry of a directory stands for, a `/` behind it when it is a directory; null for others. */
export function decodeEntry(bytes: Bytes, entry: string): string | null {
  const isFile = entry.endsWith(SUFFIX);
  const encoded = isFile ? entry.slice(0, -SUFFIX.length) : entry;
  try {
    const segment = decodeSegment(bytes, encoded);
    if (segment.includes('/') || encodeSegment(bytes, segment) !== encoded) return null;
    return isFile ? segment : `${segment}/`;
  } catch {
    return null; // Nothing of ours is called so.
  }
}

function encodeSegment(bytes: Bytes, segment: string): string {
  if (segment === '') throw badPath('has an empty segment');
  if (segment === '.' || segment === '..') throw badPath(`has a segment ${segment}`);
  let encoded = '';
  for (const byte of bytes.encodeUtf8(segment)) encoded += encodeByte(byte);
  if (hasControls(segment)) throw badPath('has a control character');
  if (encoded.length > MAX_SEGMENT_BYTES) {
    throw badPath(`has a segment of ${encoded.length} bytes on disk, at most ${MAX_SEGMENT_BYTES}`);
  }
  return encoded;
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (byte < 128 && /[\w.-]/.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function decodeSegment(bytes: Bytes, encoded: string): string {
  const parts = encoded.match(/%..|[^%]/g) ?? [];
  return bytes.decodeUtf8(
    Uint8Array.from(parts, (part) => {
      return part.length === 1 ? part.charCodeAt(0) : Number.parseInt(part.slice(1), 16);
    }),
  );
}

/** Those of ASCII and of Latin-1. */
function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

function badPath(what: string): SecretStoreError {
  return new SecretStoreError('bad-path', `path: ${what}`);
}
