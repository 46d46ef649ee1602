/**
 * The envelope: what every sealed thing is, in files and in the journal. Format version 1, little-endian.
 *
 *   0        4         6       8
 *   +--------+---------+-------+-----------------+-----------------------+
 *   | "SBSE" | version | count | count x 36: table | the parts, one by one |
 *   +--------+---------+-------+-----------------+-----------------------+
 *
 *   0       4        8        12      36
 *   +-------+--------+--------+-------+
 *   | label | key id | length | nonce |          an entry of the table
 *   +-------+--------+--------+-------+
 *
 * There is at least one part; labels (u32) ascend and the first is 0. A part is the ciphertext with its tag of 16 bytes
 * (XChaCha20-Poly1305, a random nonce), `length` (u32) is that of both; behind the last part the envelope ends. No byte
 * sequence of zeros is an envelope. `key id` (u32) says which data key it was; the cipher's key is derived of that and
 * of what it is used for. Another version is refused before anything else is looked at.
 *
 * What is authenticated with a part:
 *
 *   0        4         6      8       12       16            20
 *   +--------+---------+------+-------+--------+-------------+------+------------------------------+
 *   | "SBSE" | version | zero | label | key id | name length | name | part 0 only: all other parts |
 *   +--------+---------+------+-------+--------+-------------+------+------------------------------+
 *
 * `name` is where the envelope belongs, in UTF-8. With part 0 come the table's entries of the others, and then their
 * tags. So a part can be moved to no other label, name or use, and part 0 vouches for which others there are: it is
 * opened before any of them. They do not know of each other, so they can stay as they are while part 0 changes. A whole
 * envelope of the same name from an earlier time is authentic: who can write the storage can roll it back.
 */
import type { Bytes, Random, Sodium } from '../../targets/host.ts';
import { SecretStoreError } from '../secret-store.ts';

const MAGIC = 0x45534253;
const VERSION = 1;
const HEADER_BYTES = 8;
const ENTRY_BYTES = 36;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const ASSOCIATED_BYTES = 20;
const MAX_PARTS = 65_535;

/** What sealing asks of the host. */
export interface Tools {
  readonly sodium: Sodium;
  readonly random: Random;
  readonly bytes: Bytes;
}

/** The keys for one use. */
export interface EnvelopeKeys {
  readonly currentId: number;
  /** Null: no such key. */
  find(id: number): Uint8Array | null;
}

export interface Part {
  readonly label: number;
  readonly content: Uint8Array;
}

export interface SealedPart {
  readonly label: number;
  readonly keyId: number;
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Where an envelope belongs, and for whom it is sealed. */
export interface Address {
  readonly keys: EnvelopeKeys;
  readonly name: string;
}

/** Parts come with ascending labels, the first is 0 and has just been written; others may be kept from before. */
export function sealEnvelope(tools: Tools, to: Address, first: Uint8Array, others: readonly (Part | SealedPart)[]) {
  if (others.length >= MAX_PARTS) throw new SecretStoreError('too-large', `${to.name}: has ${others.length} parts`);
  const sealed = others.map((part) => ('sealed' in part ? part : sealPart(tools, to, part, [])));
  return encode([sealPart(tools, to, { label: 0, content: first }, sealed), ...sealed]);
}

/** The parts of an envelope, as views of its bytes; nothing of them is authenticated. Errors: as `openEnvelope`. */
function decode(envelope: Uint8Array, name: string): SealedPart[] {
  const view = viewOf(envelope);
  if (envelope.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) throw damaged(name, 'is no envelope');
  const version = view.getUint16(4, true);
  if (version !== VERSION) throw new SecretStoreError('unknown-version', `${name}: has format version ${version}`);
  const count = view.getUint16(6, true);
  let position = HEADER_BYTES + count * ENTRY_BYTES;
  if (count === 0 || envelope.length < position) throw damaged(name, `has ${envelope.length} bytes`);
  const parts: SealedPart[] = [];
  for (let at = HEADER_BYTES; parts.length < count; at += ENTRY_BYTES) {
    const label = view.getUint32(at, true);
    const length = view.getUint32(at + 8, true);
    const isNext = parts.length === 0 ? label === 0 : label > (parts.at(-1)?.label ?? 0);
    if (!isNext || length < TAG_BYTES || length > envelope.length - position) throw damaged(name, `part ${label}`);
    const nonce = envelope.subarray(at + 12, at + ENTRY_BYTES);
    const sealed = envelope.subarray(position, position + length);
    parts.push({ label, keyId: view.getUint32(at + 4, true), nonce, sealed });
    position += length;
  }
  if (position !== envelope.length) throw damaged(name, `has ${envelope.length} bytes, want ${position}`);
  return parts;
}

/** An envelope whose part 0 is authentic, and with it the list of its parts. */
export class Envelope {
  readonly first: Uint8Array;
  readonly parts: readonly SealedPart[];
  readonly #tools: Tools;
  readonly #from: Address;

  /** Errors: `damaged`, `unknown-version`. */
  constructor(tools: Tools, from: Address, envelope: Uint8Array) {
    this.#tools = tools;
    this.#from = from;
    this.parts = decode(envelope, from.name);
    this.first = this.#open(this.part(0), this.parts.slice(1));
  }

  /** A part as it is sealed. Errors: `absent`. */
  part(label: number): SealedPart {
    const part = this.parts.find((one) => one.label === label);
    if (part === undefined) throw new SecretStoreError('absent', `${this.#from.name}: has no part ${label}`);
    return part;
  }

  /** Errors: `absent`, `damaged`. */
  open(label: number): Uint8Array {
    return label === 0 ? this.first : this.#open(this.part(label), []);
  }

  #open(part: SealedPart, others: readonly SealedPart[]): Uint8Array {
    const { keys, name } = this.#from;
    const key = keys.find(part.keyId);
    if (key === null) throw damaged(name, `part ${part.label} is sealed with key ${part.keyId}, which is unknown`);
    const associated = associatedData(this.#tools.bytes, name, part, others);
    const content = this.#tools.sodium.open(key, part.nonce, part.sealed, associated);
    if (content === null) throw damaged(name, `part ${part.label} is not authentic`);
    return content;
  }
}

function sealPart(tools: Tools, { keys, name }: Address, part: Part, others: readonly SealedPart[]): SealedPart {
  const { label, content } = part;
  const keyId = keys.currentId;
  const key = keys.find(keyId);
  if (key === null) throw new Error(`no key ${keyId}`);
  const nonce = new Uint8Array(NONCE_BYTES);
  tools.random.fill(nonce);
  const associated = associatedData(tools.bytes, name, { label, keyId }, others);
  return { label, keyId, nonce, sealed: tools.sodium.seal(key, nonce, content, associated) };
}

function encode(parts: readonly SealedPart[]): Uint8Array {
  const tableEnd = HEADER_BYTES + parts.length * ENTRY_BYTES;
  const envelope = new Uint8Array(parts.reduce((sum, { sealed }) => sum + sealed.length, tableEnd));
  const view = viewOf(envelope);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint16(6, parts.length, true);
  let position = tableEnd;
  for (const [index, part] of parts.entries()) {
    putEntry(envelope, HEADER_BYTES + index * ENTRY_BYTES, part);
    envelope.set(part.sealed, position);
    position += part.sealed.length;
  }
  return envelope;
}

function associatedData(
  bytes: Bytes,
  name: string,
  { label, keyId }: Pick<SealedPart, 'label' | 'keyId'>,
  others: readonly SealedPart[],
): Uint8Array {
  const encodedName = bytes.encodeUtf8(name);
  const tableAt = ASSOCIATED_BYTES + encodedName.length;
  const tagsAt = tableAt + others.length * ENTRY_BYTES;
  const out = new Uint8Array(tagsAt + others.length * TAG_BYTES);
  const view = viewOf(out);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint32(8, label, true);
  view.setUint32(12, keyId, true);
  view.setUint32(16, encodedName.length, true);
  out.set(encodedName, ASSOCIATED_BYTES);
  for (const [index, other] of others.entries()) {
    putEntry(out, tableAt + index * ENTRY_BYTES, other);
    out.set(other.sealed.subarray(other.sealed.length - TAG_BYTES), tagsAt + index * TAG_BYTES);
  }
  return out;
}

function putEntry(into: Uint8Array, at: number, { label, keyId, nonce, sealed }: SealedPart): void {
  const view = viewOf(into);
  view.setUint32(at, label, true);
  view.setUint32(at + 4, keyId, true);
  view.setUint32(at + 8, sealed.length, true);
  into.set(nonce, at + 12);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function damaged(name: string, what: string): SecretStoreError {
  return new SecretStoreError('damaged', `${name}: ${what}`);
}
