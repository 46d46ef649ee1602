/** What the contract suites of cryptography have in common. No API of any runtime in here. */
import * as assert from 'uvu/assert';
import type { Aes, Clock, Sodium } from '../../../targets/host.ts';

export interface SodiumFactory {
  readonly name: string;
  readonly host: { readonly aes: Aes; readonly clock: Clock; sodium(): Promise<Sodium> };
}

export function fromHex(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}

export function toHex(bytes: Uint8Array): string {
  assert.is(bytes.constructor, Uint8Array);
  assert.is(bytes.buffer.byteLength, bytes.length, 'an array of its own');
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Bytes that differ from each other. */
export function counting(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at + from) & 0xff);
}

/** The same bytes at an address that no word begins at. */
export function misaligned(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(bytes.length + 2);
  room.set(bytes, 1);
  return room.subarray(1, bytes.length + 1);
}
