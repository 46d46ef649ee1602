/**
 * The file `keyring`: the keys of the store, wrapped by its root key, format version 1. Little-endian.
 *
 *   0        4         6        8
 *   +--------+---------+--------+----------------+----------+
 *   | "SBKR" | version | length | header, length | envelope |
 *   +--------+---------+--------+----------------+----------+
 *
 * The header is JSON in UTF-8, in the clear, for it says what has to be known to unseal: {"type", "rootKeyId", "shares",
 * "threshold"}. The envelope (see `envelope.ts`) has one part, sealed with key 0, which is derived of the root key for
 * the purpose `keyring`; its name is the header's text, so a changed header opens nothing. Its content:
 *
 *   0         32                 4           12    44
 *   +---------+     then for  +----+------------+-----+
 *   | mac key |     each key  | id | created at | key |
 *   +---------+               +----+------------+-----+
 *
 * `id` is a u32, `created at` a float64 of milliseconds since 1970. No text, because text cannot be wiped.
 */
import { SecretStoreError } from '../secret-store.ts';
import { Envelope, sealEnvelope, type Tools } from './envelope.ts';
import { deriveKey, KEY_BYTES, type KeyringContent } from './keyring.ts';

const MAGIC = 0x524b4253;
const VERSION = 1;
const PREFIX_BYTES = 8;
const DATA_KEY_BYTES = 12 + KEY_BYTES;
const NAME = 'keyring';

export interface KeyringHeader {
  readonly type: 'static' | 'shamir';
  /** Of a static seal, else empty. */
  readonly rootKeyId: string;
  /** Of a Shamir seal, else 0. */
  readonly shares: number;
  readonly threshold: number;
}

export function encodeKeyringFile(
  tools: Tools,
  header: KeyringHeader,
  rootKey: Uint8Array,
  content: KeyringContent,
): Uint8Array {
  const { type, rootKeyId, shares, threshold } = header;
  const text = JSON.stringify({ type, rootKeyId, shares, threshold });
  const encoded = tools.bytes.encodeUtf8(text);
  const plain = encodeContent(content);
  const envelope = withRootKey(tools, rootKey, (keys) => sealEnvelope(tools, { keys, name: text }, plain, []));
  tools.sodium.wipe(plain);
  const out = new Uint8Array(PREFIX_BYTES + encoded.length + envelope.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint16(6, encoded.length, true);
  out.set(encoded, PREFIX_BYTES);
  out.set(envelope, PREFIX_BYTES + encoded.length);
  return out;
}

/** A keyring's file that was read, and not opened yet. */
export class KeyringFile {
  /** Authentic once the file was opened. */
  readonly header: KeyringHeader;
  readonly #tools: Tools;
  readonly #text: string;
  readonly #envelope: Uint8Array;

  /** Errors: `damaged`, `unknown-version`. */
  constructor(tools: Tools, file: Uint8Array) {
    const view = new DataView(file.buffer, file.byteOffset, file.length);
    if (file.length < PREFIX_BYTES || view.getUint32(0, true) !== MAGIC) throw damaged('is none');
    const version = view.getUint16(4, true);
    if (version !== VERSION) throw new SecretStoreError('unknown-version', `${NAME}: has format version ${version}`);
    const headerEnd = PREFIX_BYTES + view.getUint16(6, true);
    if (file.length < headerEnd) throw damaged(`has ${file.length} bytes`);
    this.#tools = tools;
    this.#envelope = file.subarray(headerEnd);
    try {
      this.#text = tools.bytes.decodeUtf8(file, PREFIX_BYTES, headerEnd);
      this.header = readHeader(JSON.parse(this.#text));
    } catch (error) {
      throw damaged('has a header that cannot be read', error);
    }
  }

  /** Errors: `damaged`, also for a wrong root key: there is no telling the two apart. `unknown-version`. */
  open(rootKey: Uint8Array): KeyringContent {
    const name = this.#text;
    try {
      const plain = withRootKey(
        this.#tools,
        rootKey,
        (keys) => new Envelope(this.#tools, { keys, name }, this.#envelope).first,
      );
      const content = decodeContent(plain);
      this.#tools.sodium.wipe(plain);
      return content;
    } catch (error) {
      const code = error instanceof SecretStoreError ? error.code : 'damaged';
      throw new SecretStoreError(code, `${NAME}: is damaged, or the root key is another`, { cause: error });
    }
  }
}

function withRootKey<T>(
  tools: Tools,
  rootKey: Uint8Array,
  use: (keys: { currentId: number; find: (id: number) => Uint8Array | null }) => T,
): T {
  const key = deriveKey(tools, rootKey, NAME);
  try {
    return use({ currentId: 0, find: (id) => (id === 0 ? key : null) });
  } finally {
    tools.sodium.wipe(key);
  }
}

function readHeader(value: unknown): KeyringHeader {
  const { type, rootKeyId, shares, threshold } = value as Record<string, unknown>;
  if ((type !== 'static' && type !== 'shamir') || typeof rootKeyId !== 'string') throw damaged('header');
  if (typeof shares !== 'number' || typeof threshold !== 'number') throw damaged('header');
  return { type, rootKeyId, shares, threshold };
}

function encodeContent({ keys, macKey }: KeyringContent): Uint8Array {
  const out = new Uint8Array(KEY_BYTES + keys.length * DATA_KEY_BYTES);
  const view = new DataView(out.buffer);
  out.set(macKey);
  for (const [index, { id, createdAt, key }] of keys.entries()) {
    const at = KEY_BYTES + index * DATA_KEY_BYTES;
    view.setUint32(at, id, true);
    view.setFloat64(at + 4, createdAt, true);
    out.set(key, at + 12);
  }
  return out;
}

function decodeContent(plain: Uint8Array): KeyringContent {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  const count = (plain.length - KEY_BYTES) / DATA_KEY_BYTES;
  if (!Number.isInteger(count) || count < 1) throw damaged(`has ${plain.length} bytes of keys`);
  const keys = Array.from({ length: count }, (_, index) => {
    const at = KEY_BYTES + index * DATA_KEY_BYTES;
    const key = plain.slice(at + 12, at + DATA_KEY_BYTES);
    return { id: view.getUint32(at, true), createdAt: view.getFloat64(at + 4, true), key };
  });
  return { keys, macKey: plain.slice(0, KEY_BYTES) };
}

function damaged(what: string, cause?: unknown): SecretStoreError {
  return new SecretStoreError('damaged', `${NAME}: ${what}`, { cause });
}
