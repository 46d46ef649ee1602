/**
 * How the values of records are sealed, with a key of 16 bytes that is kept in the secret store.
 *
 * `aead`, the default; version 1:
 *
 *   0       3         4       28
 *   +-------+---------+-------+---------------------------+
 *   | "SBP" | version | nonce | ciphertext, tag (16 bytes) |   XChaCha20-Poly1305, a random nonce
 *   +-------+---------+-------+---------------------------+
 *
 * The cipher's key is the BLAKE2b, of 32 bytes, of the text `streambed payload 1` under the stored key. Authenticated
 * with the content are the four bytes before the nonce, and nothing else: neither path nor field nor the rest of the
 * record. Every path has a key of its own, so nothing of one opens at another, and when a key is moved to a new path what
 * it has sealed still opens. Whoever can write a log can put a sealed value into another record of it.
 *
 * `streambed` is that of streambed-rs:
 *
 *   0      12
 *   +------+------------+
 *   | salt | ciphertext |   AES-128 in counter mode; block i, from 1, is i (u32, big-endian) and the salt
 *   +------+------------+
 *
 * It authenticates nothing: with a wrong key, and of what was changed, comes something.
 */
import type { Host, Sodium } from '../../../targets/host.ts';

export const KEY_BYTES = 16;
const PREFIX = Uint8Array.of(0x53, 0x42, 0x50, 1);
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const SALT_BYTES = 12;
const PURPOSE = 'streambed payload 1';

export interface PayloadCipher {
  seal(plain: Uint8Array): Uint8Array;
  /** Null: it was not sealed so, or with another key, or was changed. */
  open(sealed: Uint8Array): Uint8Array | null;
}

type CipherHost = Pick<Host, 'aes' | 'bytes' | 'random'>;

/** The stored key is used, not kept. */
export function authenticatedCipher({ bytes, random }: CipherHost, sodium: Sodium, key: Uint8Array): PayloadCipher {
  const derived = sodium.blake2b(bytes.encodeUtf8(PURPOSE), 32, key);
  return {
    seal: (plain) => {
      const nonce = drawn(random, NONCE_BYTES);
      return joined([PREFIX, nonce, sodium.seal(derived, nonce, plain, PREFIX)]);
    },
    open: (sealed) => {
      const start = PREFIX.length + NONCE_BYTES;
      if (sealed.length < start + TAG_BYTES || PREFIX.some((byte, at) => sealed[at] !== byte)) return null;
      return sodium.open(derived, sealed.slice(PREFIX.length, start), sealed.slice(start), PREFIX);
    },
  };
}

export function streambedCipher({ aes, random }: CipherHost, storedKey: Uint8Array): PayloadCipher {
  const key = storedKey.slice();
  const block = (salt: Uint8Array): Uint8Array => joined([Uint8Array.of(0, 0, 0, 1), salt]);
  return {
    seal: (plain) => {
      const salt = drawn(random, SALT_BYTES);
      return joined([salt, aes.ctr(key, block(salt), plain)]);
    },
    open: (sealed) => {
      if (sealed.length < SALT_BYTES) return null;
      return aes.ctr(key, block(sealed.slice(0, SALT_BYTES)), sealed.slice(SALT_BYTES));
    },
  };
}

function drawn(random: Host['random'], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
