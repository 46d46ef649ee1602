/**
 * The root key as the operator keeps it: 32 bytes in hex or base64, in a file or in the environment. Its id is made
 * of the key, so that nobody has to name one, and the store can tell which key it wants.
 */
import type { SealConfig } from '../../../confidant/sealing/barrier.ts';
import type { RootKey, StaticSeal } from '../../../confidant/sealing/seal-config.ts';
import type { File, Host, Sodium } from '../../host.ts';
import { isHostError, Unusable } from '../failure.ts';
import type { SecretOptions } from './secret-options.ts';
import { hexOf } from '../../../confidant/wire/hex.ts';
import { parentOf } from '../linux/memory-file-system.ts';

const KEY_BYTES = 32;
const MOST_BYTES = 256;

export type RootKeyOptions = Pick<SecretOptions, 'rootKeyFile' | 'rootKey' | 'previousRootKeyFile'>;

/** Null: no root key is given, the store is opened by shares. Errors: `Unusable`. */
export async function readStaticSeal(host: Host, options: RootKeyOptions): Promise<StaticSeal | null> {
  const { rootKeyFile, rootKey, previousRootKeyFile } = options;
  const text = rootKeyFile === null ? rootKey : readKeyFile(host, rootKeyFile);
  if (text === null) return null;
  const sodium = await host.sodium();
  const previous = previousRootKeyFile === null ? null : readKeyFile(host, previousRootKeyFile);
  return {
    type: 'static',
    current: parseKey(host, sodium, text),
    ...(previous !== null && { previous: parseKey(host, sodium, previous) }),
  };
}

export async function readSeal(host: Host, options: SecretOptions): Promise<SealConfig> {
  return (await readStaticSeal(host, options)) ?? { type: 'shamir' };
}

/** A key for a store that forgets it. */
export async function drawSeal(host: Host): Promise<StaticSeal> {
  const key = new Uint8Array(KEY_BYTES);
  host.random.fill(key);
  return { type: 'static', current: rootKeyOf(await host.sodium(), key) };
}

/** Makes a file with a new key, which nobody but its owner may read and nobody may write. Errors: `Unusable`. */
export async function makeKeyFile(host: Host, path: string): Promise<void> {
  const key = new Uint8Array(KEY_BYTES);
  host.random.fill(key);
  let file: File | null = null;
  try {
    file = host.files.open(path, 'create-read-only');
    file.write(host.bytes.encodeUtf8(`${hexOf(key)}\n`), 0);
    await file.sync();
    await host.files.syncDir(parentOf(path));
  } catch (error) {
    throw unusable(path, error);
  } finally {
    file?.close();
    (await host.sodium()).wipe(key);
  }
}

function readKeyFile(host: Host, path: string): string {
  const stat = host.files.stat(path);
  if (stat?.kind === 'other')
    throw new Unusable(`${path}: is a link, or no file: name the file of the root key itself`);
  if (stat !== null && !stat.isPrivate) {
    throw new Unusable(`${path}: others than its owner may come to the root key: chmod 0400`);
  }
  return readKeyText(host, path);
}

/** Without white space around it. Errors: `Unusable`. */
export function readKeyText({ files, bytes }: Host, path: string): string {
  try {
    const file = files.open(path, 'read');
    try {
      const content = new Uint8Array(MOST_BYTES);
      return bytes.decodeUtf8(content, 0, file.read(content, 0)).trim();
    } finally {
      file.close();
    }
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Nothing of the text stands in the error. */
function parseKey({ bytes }: Host, sodium: Sodium, text: string): RootKey {
  const key = /^[\da-f]{64}$/i.test(text) ? bytesOfHex(text) : decode(text);
  if (key.length !== KEY_BYTES) throw new Unusable(`the root key is not ${KEY_BYTES} bytes in hex or base64`);
  return rootKeyOf(sodium, key);

  function decode(base64: string): Uint8Array {
    try {
      return bytes.decodeBase64(base64);
    } catch {
      return new Uint8Array(0);
    }
  }
}

export function rootKeyOf(sodium: Sodium, key: Uint8Array): RootKey {
  return { id: hexOf(sodium.blake2b(key, 16).subarray(0, 8)), key };
}

export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function unusable(path: string, error: unknown): unknown {
  if (error instanceof Unusable || !isHostError(error)) return error;
  return new Unusable(`${path}: ${error.message}`);
}
