/**
 * Cryptography by libsodium's WebAssembly, which takes 40 ms and 13 MB to load, and by OpenSSL where Node has the same.
 * Not the plain `libsodium-wrappers`: it has no Argon2. WebAssembly never gives memory back, so each hash has a thread
 * of its own that ends with it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Argon2Cost, HmacHash, Sodium } from '../host.ts';
import { demandLength, demandRange, ownBytes } from './crypto-arguments.ts';
import { hostError } from './host-error.ts';

type Library = typeof import('libsodium-wrappers-sumo').default;

/** Gives null when there is no memory for it: nothing else can fail once the numbers were looked at. */
const argon2Thread = `
const { parentPort, workerData } = require('node:worker_threads');
const { library, password, salt, memoryBytes, passes, lengthBytes } = workerData;
import(library).then(async ({ default: sodium }) => {
  await sodium.ready;
  let hash = null;
  try {
    const { crypto_pwhash_ALG_ARGON2ID13: algorithm } = sodium;
    hash = sodium.crypto_pwhash(lengthBytes, password, salt, passes, memoryBytes, algorithm);
  } catch {}
  password.fill(0);
  parentPort.postMessage(hash);
});`;

const hashNames: Readonly<Record<HmacHash, string>> = { 'sha2-256': 'sha256', 'sha2-512': 'sha512' };

export async function nodeSodium(): Promise<Sodium> {
  const { default: library } = await import('libsodium-wrappers-sumo');
  await library.ready;
  return {
    seal: (key, nonce, plaintext, associated) => {
      demandKeyAndNonce(key, nonce, 24);
      return library.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, associated, null, nonce, key);
    },
    open: (key, nonce, sealed, associated) => {
      demandKeyAndNonce(key, nonce, 24);
      return unlessForged(sealed, () =>
        library.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed, associated, nonce, key),
      );
    },
    chachaSeal: (key, nonce, plaintext, associated) => {
      demandKeyAndNonce(key, nonce, 12);
      return library.crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, associated, null, nonce, key);
    },
    chachaOpen: (key, nonce, sealed, associated) => {
      demandKeyAndNonce(key, nonce, 12);
      return unlessForged(sealed, () =>
        library.crypto_aead_chacha20poly1305_ietf_decrypt(null, sealed, associated, nonce, key),
      );
    },
    blake2b: (message, lengthBytes, key) => hashMessage(library, message, lengthBytes, key),
    hmac: (hash, key, message) => {
      if (!Object.hasOwn(hashNames, hash)) throw hostError('EINVAL', `hmac: no hash ${hash}`);
      return ownBytes(createHmac(hashNames[hash], key).update(message).digest());
    },
    argon2id: hashPassword,
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
    wipe: (bytes) => {
      bytes.fill(0);
    },
  };
}

function demandKeyAndNonce(key: Uint8Array, nonce: Uint8Array, nonceBytes: number): void {
  demandLength('key', key, 32);
  demandLength('nonce', nonce, nonceBytes);
}

function unlessForged(sealed: Uint8Array, open: () => Uint8Array): Uint8Array | null {
  if (sealed.length < 16) return null;
  try {
    return open();
  } catch (error) {
    if (error instanceof Error && error.message.includes('cannot be decrypted')) return null;
    throw error;
  }
}

function hashMessage(library: Library, message: Uint8Array, lengthBytes: number, key?: Uint8Array): Uint8Array {
  demandRange('length', lengthBytes, 16, 64);
  if (key !== undefined) demandRange('length of the key', key.length, 16, 64);
  return library.crypto_generichash(lengthBytes, message, key ?? null);
}

async function hashPassword(password: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Promise<Uint8Array> {
  demandLength('salt', salt, 16);
  demandRange('memory', cost.memoryBytes, 8192, 2 ** 30);
  demandRange('passes', cost.passes, 1, 1000);
  demandRange('length', cost.lengthBytes, 16, 1024);
  const { memoryBytes, passes, lengthBytes } = cost;
  const library = import.meta.resolve('libsodium-wrappers-sumo');
  // A view would take all of its buffer along to the thread.
  const copy = ownBytes(password);
  const workerData = { library, password: copy, salt: ownBytes(salt), memoryBytes, passes, lengthBytes };
  const thread = new Worker(argon2Thread, { eval: true, execArgv: [], workerData });
  copy.fill(0);
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      thread.once('message', (hash: Uint8Array | null) => {
        if (hash === null) reject(hostError('ENOMEM', `argon2id: no memory for ${memoryBytes} bytes`));
        else resolve(hash);
      });
      thread.once('error', (cause) => reject(hostError('EIO', 'argon2id: its thread failed', cause)));
      thread.once('exit', () => reject(hostError('EIO', 'argon2id: its thread ended')));
    });
  } finally {
    await thread.terminate();
  }
}
