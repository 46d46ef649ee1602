/** Random text of tokens, accessors and ids. */
import type { Host } from '../../targets/host.ts';
import { hexOf } from '../wire/hex.ts';

/** So many letters and digits, each of almost 6 bits: no `-` at the front for a command line to take for a flag. */
export function randomName(host: Pick<Host, 'bytes' | 'random'>, length: number): string {
  const bytes = new Uint8Array(length);
  let name = '';
  while (name.length < length) {
    host.random.fill(bytes);
    name += host.bytes.encodeBase64(bytes).replaceAll(/[+/=]/g, '');
  }
  return name.slice(0, length);
}

/** RFC 9562, version 4. */
export function randomUuid({ random }: Pick<Host, 'random'>): string {
  const bytes = new Uint8Array(16);
  random.fill(bytes);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = hexOf(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
