/**
 * The file `topic` in a topic's directory: what it is, format version 1. Little-endian.
 *
 *   0        4         6      8        12       16
 *   +--------+---------+------+--------+--------+--------------------------------------------+
 *   | "SBTP" | version | zero | length | crc32c | CBOR of {id, createdAt, partitions, config} |
 *   +--------+---------+------+--------+--------+--------------------------------------------+
 *
 * `length` (u32) is that of the CBOR; the checksum is over bytes 0 to 11 and the CBOR. The file is only ever replaced
 * as a whole: written beside, synced, renamed, directory synced.
 */
import type { File, Host } from '../../../targets/host.ts';
import { CommitLogError } from '../../commit-log.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { asLogError } from '../host-failure.ts';

const MAGIC = 0x50544253;
const VERSION = 1;
const HEADER_BYTES = 16;

export interface TopicMeta {
  /** 32 hex digits, drawn at random: tells topics apart that had one name after the other. */
  readonly id: string;
  readonly createdAt: number;
  readonly partitions: number;
  /** What was set; everything else has its default. */
  readonly config: Readonly<Record<string, string>>;
}

const FILE_NAME = 'topic';

export async function writeTopicFile(host: Host, directory: string, meta: TopicMeta): Promise<void> {
  const path = `${directory}/${FILE_NAME}`;
  const unfinished = `${path}.new`;
  if (host.files.stat(unfinished) !== null) host.files.remove(unfinished);
  const file = host.files.open(unfinished, 'create');
  try {
    file.write(encodeMeta(host, meta), 0);
    await file.sync();
  } finally {
    file.close();
  }
  host.files.rename(unfinished, path);
  await host.files.syncDir(directory);
}

/** Errors: `damaged`, `unknown-version`, `io-failed`; null when there is no such topic. */
export function readTopicFile(host: Host, directory: string): TopicMeta | null {
  const path = `${directory}/${FILE_NAME}`;
  let file: File;
  try {
    if (host.files.stat(path) === null) return null;
    file = host.files.open(path, 'read');
  } catch (error) {
    throw asLogError(error, `topic file ${path}`);
  }
  try {
    const content = new Uint8Array(file.lengthBytes());
    return decodeMeta(host, path, content.subarray(0, file.read(content, 0)));
  } catch (error) {
    throw asLogError(error, `topic file ${path}`);
  } finally {
    file.close();
  }
}

function encodeMeta(host: Host, meta: TopicMeta): Uint8Array {
  const body = encodeCbor(meta);
  const out = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, VERSION, true);
  view.setUint32(8, body.length, true);
  out.set(body, HEADER_BYTES);
  view.setUint32(12, crcOf(host, out), true);
  return out;
}

function decodeMeta(host: Host, path: string, content: Uint8Array): TopicMeta {
  const damaged = (what: string): CommitLogError =>
    new CommitLogError('damaged', `topic file ${path}: ${what}`, {
      place: { file: path, position: 0, resumeOffset: null },
    });
  if (content.length < HEADER_BYTES) throw damaged(`has ${content.length} bytes`);
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  if (view.getUint32(0, true) !== MAGIC) throw damaged('has another magic');
  if (view.getUint32(12, true) !== crcOf(host, content)) throw damaged('has a wrong checksum');
  const version = view.getUint16(4, true);
  if (version !== VERSION) {
    throw new CommitLogError('unknown-version', `topic file ${path}: format version ${version}`, {
      place: { file: path, position: 4, resumeOffset: null },
    });
  }
  if (content.length !== HEADER_BYTES + view.getUint32(8, true)) throw damaged('has another length than it says');
  return decodeCbor(content.slice(HEADER_BYTES)) as TopicMeta;
}

function crcOf(host: Host, content: Uint8Array): number {
  return host.bytes.crc32c(content, HEADER_BYTES, content.length, host.bytes.crc32c(content, 0, 12));
}
