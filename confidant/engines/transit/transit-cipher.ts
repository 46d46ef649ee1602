/**
 * What transit makes of bytes. A ciphertext is `vault:v<version of the key>:` and the base64 of nonce (12 bytes),
 * ciphertext and tag (16 bytes), as Vault has it; a keyed hash likewise.
 */
import type { Aes, Bytes, Random, Sodium } from '../../../targets/host.ts';
import { SecretStoreError } from '../../secret-store.ts';
import type { KeyVersion, TransitKey } from './transit-keys.ts';

export interface CipherTools {
  readonly aes: Aes;
  readonly sodium: Sodium;
  readonly random: Random;
  readonly bytes: Bytes;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const hashes = { 'sha2-256': 'sha2-256', 'sha2-512': 'sha2-512' } as const;

/** `version` 0: the newest. Errors: `invalid`. */
export function encrypt(
  tools: CipherTools,
  key: TransitKey,
  plaintext: Uint8Array,
  associated: Uint8Array,
  version: number,
): { readonly ciphertext: string; readonly version: number } {
  const number = version === 0 ? key.versions.length : version;
  if (number < (key.minEncryption || 1)) {
    throw new SecretStoreError(
      'invalid',
      'requested version for encryption is less than the minimum encryption key version',
    );
  }
  const { key: secret } = versionOf(key, number);
  const nonce = new Uint8Array(NONCE_BYTES);
  tools.random.fill(nonce);
  const sealed =
    key.type === 'chacha20-poly1305'
      ? tools.sodium.chachaSeal(secret, nonce, plaintext, associated)
      : tools.aes.gcmSeal(secret, nonce, plaintext, associated);
  const whole = new Uint8Array(NONCE_BYTES + sealed.length);
  whole.set(nonce);
  whole.set(sealed, NONCE_BYTES);
  return { ciphertext: `vault:v${number}:${tools.bytes.encodeBase64(whole)}`, version: number };
}

/** Errors: `invalid`. */
export function decrypt(tools: CipherTools, key: TransitKey, ciphertext: string, associated: Uint8Array): Uint8Array {
  const { version, content } = parse(tools.bytes, ciphertext, 'ciphertext');
  if (version < key.minDecryption)
    throw new SecretStoreError('invalid', 'ciphertext or signature version is disallowed by policy (too old)');
  const { key: secret } = versionOf(key, version);
  if (content.length < NONCE_BYTES + TAG_BYTES) throw new SecretStoreError('invalid', 'invalid ciphertext: too short');
  const nonce = content.slice(0, NONCE_BYTES);
  const sealed = content.slice(NONCE_BYTES);
  const plaintext =
    key.type === 'chacha20-poly1305'
      ? tools.sodium.chachaOpen(secret, nonce, sealed, associated)
      : tools.aes.gcmOpen(secret, nonce, sealed, associated);
  if (plaintext === null) throw new SecretStoreError('invalid', 'cipher: message authentication failed');
  return plaintext;
}

/** Errors: `invalid`. */
export function hmac(
  tools: CipherTools,
  key: TransitKey,
  algorithm: string,
  message: Uint8Array,
  version: number,
): string {
  const number = version === 0 ? key.versions.length : version;
  return `vault:v${number}:${tools.bytes.encodeBase64(hmacBytes(tools, key, algorithm, message, number))}`;
}

export function isHmac(
  tools: CipherTools,
  key: TransitKey,
  algorithm: string,
  message: Uint8Array,
  text: string,
): boolean {
  const { version, content } = parse(tools.bytes, text, 'HMAC');
  return tools.sodium.equal(content, hmacBytes(tools, key, algorithm, message, version));
}

function hmacBytes(tools: CipherTools, key: TransitKey, algorithm: string, message: Uint8Array, version: number) {
  if (!Object.hasOwn(hashes, algorithm)) throw new SecretStoreError('invalid', `unsupported algorithm`);
  const hash = hashes[algorithm as keyof typeof hashes];
  return tools.sodium.hmac(hash, versionOf(key, version).hmacKey, message);
}

function versionOf(key: TransitKey, version: number): KeyVersion {
  const found = key.versions[version - 1] ?? null;
  if (found === null) throw new SecretStoreError('invalid', 'invalid key version');
  return found;
}

function parse({ decodeBase64 }: Bytes, text: string, what: string): { version: number; content: Uint8Array } {
  const match = /^vault:v(\d{1,6}):(.*)$/s.exec(text);
  if (match === null) throw new SecretStoreError('invalid', `invalid ${what}: no prefix`);
  try {
    return { version: Number(match[1]), content: decodeBase64(match[2] ?? '') };
  } catch (error) {
    throw new SecretStoreError('invalid', `invalid ${what}: could not decode base64`, { cause: error });
  }
}
