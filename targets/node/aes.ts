/** AES by OpenSSL, which uses the instructions of the CPU. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Aes } from '../host.ts';
import { demandLength, ownBytes } from './crypto-arguments.ts';

const tagBytes = 16;
const blockBytes = 16;

export const nodeAes: Aes = {
  gcmSeal: (key, nonce, plaintext, associated) => {
    const cipher = createCipheriv(gcmName(key, nonce), key, nonce).setAAD(associated);
    return ownBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
  },

  gcmOpen: (key, nonce, sealed, associated) => {
    const name = gcmName(key, nonce);
    if (sealed.length < tagBytes) return null;
    const end = sealed.length - tagBytes;
    const cipher = createDecipheriv(name, key, nonce, { authTagLength: tagBytes }).setAAD(associated);
    cipher.setAuthTag(sealed.subarray(end));
    const plaintext = ownBytes(cipher.update(sealed.subarray(0, end)));
    try {
      cipher.final();
    } catch {
      return null; // the only thing that can fail here: the tag differs
    }
    return plaintext;
  },

  ctr: (key, block, bytes) => {
    demandLength('key', key, 16, 32);
    demandLength('block', block, blockBytes);
    const stream = counterBlocks(block, Math.ceil(bytes.length / blockBytes));
    // OpenSSL's own counter mode counts in the last bytes.
    const keyStream = createCipheriv(key.length === 16 ? 'aes-128-ecb' : 'aes-256-ecb', key, null).update(stream);
    return ownBytes(bytes).map((byte, at) => byte ^ (keyStream[at] as number));
  },
};

function gcmName(key: Uint8Array, nonce: Uint8Array): 'aes-128-gcm' | 'aes-256-gcm' {
  demandLength('key', key, 16, 32);
  demandLength('nonce', nonce, 12);
  return key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm';
}

function counterBlocks(first: Uint8Array, count: number): Uint8Array {
  const blocks = new Uint8Array(count * blockBytes);
  const view = new DataView(blocks.buffer);
  const start = new DataView(first.buffer, first.byteOffset).getUint32(0, false);
  for (let at = 0; at < count; at += 1) {
    blocks.set(first, at * blockBytes);
    view.setUint32(at * blockBytes, (start + at) >>> 0, false);
  }
  return blocks;
}
