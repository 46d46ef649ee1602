/**
 * The head of a segment file, format version 1. All integers are little-endian.
 *
 *   0        4       6       8            16           24           32       36       40
 *   +--------+-------+-------+------------+------------+------------+--------+--------+
 *   | "SBLG" | vers. | flags | base offs. | end offset | created    | length | crc32c |  frames ...
 *   +--------+-------+-------+------------+------------+------------+--------+--------+
 *
 * | field | type | meaning |
 * |---|---|---|
 * | magic | 4 bytes | 53 42 4c 47, "SBLG" |
 * | version | u16 | 1. Checked after the checksum and by itself, so that a newer file is told apart from a damaged one: the checksum keeps its place and range in every version |
 * | flags | u16 | bit 0: offsets between the segment before and this one were never readable; without it a gap there means loss |
 * | base offset | u64 | no record in the file has a lower offset; also the file's name |
 * | end offset | u64 | of a file written by compaction: it stands for all offsets from base (included) to end (excluded). 0 in a file that is appended to |
 * | created | u64 | milliseconds since 1970 by the writer's clock |
 * | length | u32 | of a file written by compaction: its bytes, head included. 0 in a file that is appended to |
 * | crc32c | u32 | of bytes 0 to 35 |
 *
 * A file of zeros has no magic, so it is damaged, never an empty segment. A segment file only ever appears under its
 * name with its head complete and durable.
 *
 * Names: 20 digits of the base offset and `.log`; files of compaction have both: `<base>-<end>.log`. The index of
 * either is the same name with `.index`. Where the ranges of two files overlap, the one from compaction that reaches
 * further stands for both: the other was about to be removed.
 */
import type { Bytes } from '../../../targets/host.ts';
import { getU64, setU64 } from './u64.ts';

export const SEGMENT_HEADER_BYTES = 40;
export const FORMAT_VERSION = 1;

const MAGIC = 0x474c4253;
const CRC_AT = 36;
const GAP_BEFORE = 1;

export interface SegmentHeader {
  readonly baseOffset: number;
  /** 0 in a segment that is appended to. */
  readonly endOffset: number;
  readonly createdAt: number;
  /** 0 in a segment that is appended to. */
  readonly fileBytes: number;
  readonly gapBefore: boolean;
}

export type SegmentHeaderProblem = { readonly problem: 'damaged' | 'unknown-version'; readonly message: string };

export function encodeSegmentHeader(bytes: Bytes, header: SegmentHeader): Uint8Array {
  const out = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, FORMAT_VERSION, true);
  view.setUint16(6, header.gapBefore ? GAP_BEFORE : 0, true);
  setU64(view, 8, header.baseOffset);
  setU64(view, 16, header.endOffset);
  setU64(view, 24, header.createdAt);
  view.setUint32(32, header.fileBytes, true);
  view.setUint32(CRC_AT, bytes.crc32c(out, 0, CRC_AT), true);
  return out;
}

export function decodeSegmentHeader(bytes: Bytes, from: Uint8Array): SegmentHeader | SegmentHeaderProblem {
  if (from.length < SEGMENT_HEADER_BYTES) {
    return { problem: 'damaged', message: `head has ${from.length} bytes, want ${SEGMENT_HEADER_BYTES}` };
  }
  const view = new DataView(from.buffer, from.byteOffset, SEGMENT_HEADER_BYTES);
  const magic = view.getUint32(0, true);
  if (magic !== MAGIC) return { problem: 'damaged', message: `head has magic ${magic.toString(16)}` };
  const got = view.getUint32(CRC_AT, true);
  const want = bytes.crc32c(from, 0, CRC_AT);
  if (got !== want) {
    return { problem: 'damaged', message: `head has crc ${got.toString(16)}, want ${want.toString(16)}` };
  }
  const version = view.getUint16(4, true);
  if (version !== FORMAT_VERSION) {
    return { problem: 'unknown-version', message: `format version ${version}, this build knows ${FORMAT_VERSION}` };
  }
  return {
    baseOffset: getU64(view, 8),
    endOffset: getU64(view, 16),
    createdAt: getU64(view, 24),
    fileBytes: view.getUint32(32, true),
    gapBefore: (view.getUint16(6, true) & GAP_BEFORE) !== 0,
  };
}

/** What a file name in a partition's directory says; `endOffset` is 0 for a file that is or was appended to. */
export interface SegmentName {
  readonly name: string;
  readonly baseOffset: number;
  readonly endOffset: number;
}

const digits = (offset: number): string => String(offset).padStart(20, '0');

/** The file name without its ending. */
export function segmentStem(baseOffset: number, endOffset: number): string {
  return endOffset === 0 ? digits(baseOffset) : `${digits(baseOffset)}-${digits(endOffset)}`;
}

export function parseSegmentName(name: string): SegmentName | null {
  const match = /^(\d{20})(?:-(\d{20}))?\.log$/.exec(name);
  if (match === null) return null;
  const baseOffset = Number(match[1]);
  const endOffset = match[2] === undefined ? 0 : Number(match[2]);
  if (!Number.isSafeInteger(baseOffset) || !Number.isSafeInteger(endOffset)) return null;
  if (match[2] !== undefined && endOffset <= baseOffset) return null;
  return { name, baseOffset, endOffset };
}

/**
 * The files that make up the partition, in the order of their offsets, and those that another one stands for.
 */
export function orderSegments(names: readonly SegmentName[]): { live: SegmentName[]; superseded: SegmentName[] } {
  const sorted = [...names].sort((a, b) => a.baseOffset - b.baseOffset || b.endOffset - a.endOffset);
  const live: SegmentName[] = [];
  const superseded: SegmentName[] = [];
  let coveredTo = 0;
  for (const name of sorted) {
    const covered = name.endOffset === 0 ? name.baseOffset < coveredTo : name.endOffset <= coveredTo;
    if (covered) {
      superseded.push(name);
      continue;
    }
    live.push(name);
    coveredTo = Math.max(coveredTo, name.endOffset);
  }
  return { live, superseded };
}
