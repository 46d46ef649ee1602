/**
 * CBOR (RFC 8949) for the values that the log writes: null, booleans, numbers, strings, bytes, arrays and plain objects.
 * The build puts this in place of cbor-x, whose byte code alone would take more memory than the rest of the format. It
 * writes the same bytes, but for the head of an array or a map, which is here as short as can be.
 */
import type { Bytes } from '../host.ts';
import { hostError } from './host-error.ts';

declare const native: Pick<Bytes, 'encodeUtf8' | 'decodeUtf8'>;

const mostNesting = 32;
const [UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP] = [0x00, 0x20, 0x40, 0x60, 0x80, 0xa0];

export class Encoder {
  encode(value: unknown): Uint8Array {
    const parts: Uint8Array[] = [];
    write(parts, value);
    const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

function write(parts: Uint8Array[], value: unknown): void {
  if (value === null) parts.push(Uint8Array.of(0xf6));
  else if (value === undefined) parts.push(Uint8Array.of(0xf7));
  else if (typeof value === 'boolean') parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (typeof value === 'number') parts.push(numberOf(value));
  else if (typeof value === 'string') writeBytes(parts, TEXT, native.encodeUtf8(value));
  else if (value instanceof Uint8Array) writeBytes(parts, BYTES, value);
  else if (Array.isArray(value)) {
    parts.push(headOf(ARRAY, value.length));
    for (const item of value) write(parts, item);
  } else if (typeof value === 'object') {
    const entries = Object.entries(value);
    parts.push(headOf(MAP, entries.length));
    for (const [key, item] of entries) {
      writeBytes(parts, TEXT, native.encodeUtf8(key));
      write(parts, item);
    }
  } else throw new TypeError(`CBOR of a ${typeof value}`);
}

function writeBytes(parts: Uint8Array[], kind: number, bytes: Uint8Array): void {
  parts.push(headOf(kind, bytes.length), bytes);
}

/** Whole numbers of up to 32 bits as such, all others as 64-bit floats. */
function numberOf(value: number): Uint8Array {
  if (value >>> 0 === value) return headOf(UNSIGNED, value);
  if (value < 0 && ~value >>> 0 === -1 - value) return headOf(NEGATIVE, -1 - value);
  const bytes = new Uint8Array(9);
  bytes[0] = 0xfb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

function headOf(kind: number, argument: number): Uint8Array {
  if (argument < 24) return Uint8Array.of(kind | argument);
  if (argument < 0x100) return Uint8Array.of(kind | 24, argument);
  if (argument < 0x10000) return Uint8Array.of(kind | 25, argument >> 8, argument & 0xff);
  const bytes = new Uint8Array(5);
  bytes[0] = kind | 26;
  new DataView(bytes.buffer).setUint32(1, argument);
  return bytes;
}

export class Decoder {
  /** Throws unless the bytes are one well-formed value of the kinds above. */
  decode(bytes: Uint8Array): unknown {
    const reader = new Reader(bytes);
    const value = reader.value(0);
    if (reader.isAtEnd) return value;
    throw broken('bytes behind the value');
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(nesting: number): unknown {
    if (nesting > mostNesting) throw broken('nested too deep');
    const head = this.#view.getUint8(this.#skip(1));
    const kind = head & 0xe0;
    if (kind === 0xe0) return this.#simple(head);
    const argument = this.#argument(head & 0x1f);
    if (kind === UNSIGNED) return argument;
    if (kind === NEGATIVE) return -1 - argument;
    if (kind === BYTES) return this.#slice(argument);
    if (kind === TEXT) return native.decodeUtf8(this.#slice(argument));
    if (kind === ARRAY) return this.#items(argument, nesting);
    if (kind === MAP) return this.#entries(argument, nesting);
    throw broken('a tag');
  }

  #simple(head: number): unknown {
    if (head === 0xf4 || head === 0xf5) return head === 0xf5;
    if (head === 0xf6) return null;
    if (head === 0xf7) return undefined;
    if (head === 0xfa) return this.#view.getFloat32(this.#skip(4));
    if (head === 0xfb) return this.#view.getFloat64(this.#skip(8));
    throw broken('an unknown value');
  }

  #argument(code: number): number {
    if (code < 24) return code;
    if (code === 24) return this.#view.getUint8(this.#skip(1));
    if (code === 25) return this.#view.getUint16(this.#skip(2));
    if (code === 26) return this.#view.getUint32(this.#skip(4));
    if (code !== 27) throw broken('an indefinite length');
    const at = this.#skip(8);
    return this.#view.getUint32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4);
  }

  #items(count: number, nesting: number): unknown[] {
    const items: unknown[] = [];
    for (let i = 0; i < count; i += 1) items.push(this.value(nesting + 1));
    return items;
  }

  #entries(count: number, nesting: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (let i = 0; i < count; i += 1) {
      const key = this.value(nesting + 1);
      if (typeof key !== 'string') throw broken('a key that is no string');
      const value = this.value(nesting + 1);
      Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
    }
    return object;
  }

  #slice(lengthBytes: number): Uint8Array {
    const start = this.#skip(lengthBytes);
    return this.#bytes.slice(start, start + lengthBytes);
  }

  #skip(lengthBytes: number): number {
    const start = this.#at;
    if (start + lengthBytes > this.#bytes.length) throw broken('too short');
    this.#at += lengthBytes;
    return start;
  }
}

function broken(what: string): Error {
  return hostError('EILSEQ', `CBOR: ${what}`);
}
