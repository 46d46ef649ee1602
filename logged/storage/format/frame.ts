/**
 * Frames: what a segment holds behind its head, format version 1. A frame carries the records of one call of produce
 * for one partition: they are there together or not at all. All integers are little-endian.
 *
 *   0      1      2       4        8        12        16            24           32
 *   +------+------+-------+--------+--------+---------+-------------+------------+-----------------+----------+
 *   | mark | attr | count | body   | crc32c | synced  | base offset | appended   | optional fields | records  |
 *   +------+------+-------+--------+--------+---------+-------------+------------+-----------------+----------+
 *                                                                                '------- body ---------------'
 *
 * | field | type | meaning |
 * |---|---|---|
 * | mark | u8 | a5; zero bytes are never a frame |
 * | attr | u8 | bit 0: has a producer; bit 1: control frame, without records; bit 2: has the time of cleaning; bit 3: has sequence steps. Others 0 |
 * | count | u16 | number of records, 0 only in a control frame |
 * | body | u32 | bytes behind the 32 of the head, at least 1 |
 * | crc32c | u32 | of bytes 0 to 7 and 12 to the end of the body, going on from the frame's own position in the file as if that were the checksum of what stands before |
 * | synced | u32 | the position in this file up to which everything was durable when the frame was written |
 * | base offset | u64 | record i has this offset plus its own delta |
 * | appended | u64 | milliseconds since 1970 by the writer's clock |
 * | producer | 2 u64 | id and sequence of the first record, for idempotent produce |
 * | cleaned | u64 | of a frame with tombstones, written by compaction: since when nothing is left of what they delete, milliseconds since 1970 |
 * | steps | u32 per record | of a frame with a producer, whose call went to several partitions: each record's sequence minus that of the first; without them the sequences follow one another |
 * | records | | see `record.ts`; of a control frame: CBOR of the producers remembered, see `producer-window.ts` |
 *
 * Since its position counts, a frame is one only where it was written: not in a copy of a segment that is the value of a
 * record, where a search behind damage would come upon it.
 *
 * `synced` tells a torn tail from damage: bytes that cannot be read were durable if any intact frame behind them says
 * so. If none does, they belong to writes that no sync had covered when the power went.
 */
import type { Bytes } from '../../../targets/host.ts';
import { getU64, setU64 } from './u64.ts';

export const FRAME_HEADER_BYTES = 32;
export const PRODUCER_BYTES = 16;
export const CLEANED_BYTES = 8;
export const MAX_FRAME_RECORDS = 0xffff;

const MARK = 0xa5;
export const HAS_PRODUCER = 1;
export const IS_CONTROL = 2;
export const HAS_CLEANED = 4;
export const HAS_STEPS = 8;
const KNOWN_ATTRIBUTES = HAS_PRODUCER | IS_CONTROL | HAS_CLEANED | HAS_STEPS;
export const STEP_BYTES = 4;

/** Writes mark, attributes, count and body length; `sealFrame` adds the rest when the frame's place is known. */
export function beginFrame(view: DataView, at: number, attributes: number, count: number, bodyBytes: number): void {
  view.setUint8(at, MARK);
  view.setUint8(at + 1, attributes);
  view.setUint16(at + 2, count, true);
  view.setUint32(at + 4, bodyBytes, true);
}

export interface FramePlace {
  /** Where in the file the frame begins. */
  readonly position: number;
  readonly syncedPosition: number;
  readonly baseOffset: number;
  readonly appendedAt: number;
}

/** Completes a frame that `beginFrame` began and whose body is in place. */
export function sealFrame(bytes: Bytes, out: Uint8Array, view: DataView, at: number, place: FramePlace): void {
  view.setUint32(at + 12, place.syncedPosition, true);
  setU64(view, at + 16, place.baseOffset);
  setU64(view, at + 24, place.appendedAt);
  view.setUint32(at + 8, frameCrc(bytes, out, view, at, place.position), true);
}

function frameCrc(bytes: Bytes, from: Uint8Array, view: DataView, at: number, position: number): number {
  return bytes.crc32c(from, at + 12, at + frameBytesAt(view, at), bytes.crc32c(from, at, at + 8, position));
}

/** The whole length of a frame whose head is at `at`; only to be believed after `frameProblem`. */
export function frameBytesAt(view: DataView, at: number): number {
  return FRAME_HEADER_BYTES + view.getUint32(at + 4, true);
}

/**
 * What is wrong with the 32 bytes of a head, looking only at themselves, or null. `roomBytes` is what the file has
 * left from the head on: a length is checked before anything is allocated for it.
 */
export function headProblem(view: DataView, at: number, roomBytes: number): string | null {
  const mark = view.getUint8(at);
  if (mark !== MARK) return `has mark ${mark.toString(16)}, want ${MARK.toString(16)}`;
  const attributes = view.getUint8(at + 1);
  if ((attributes & ~KNOWN_ATTRIBUTES) !== 0) return `has attributes ${attributes.toString(16)}`;
  const count = view.getUint16(at + 2, true);
  if ((count === 0) !== ((attributes & IS_CONTROL) !== 0)) return `has ${count} records`;
  const frameBytes = frameBytesAt(view, at);
  if (frameBytes === FRAME_HEADER_BYTES || frameBytes > roomBytes) {
    return `has ${frameBytes} bytes, the file has ${roomBytes} left`;
  }
  return null;
}

/** What the checksum says of a whole frame that begins at `position` in the file, or null when it fits. */
export function crcProblem(
  bytes: Bytes,
  from: Uint8Array,
  view: DataView,
  at: number,
  position: number,
): string | null {
  const got = view.getUint32(at + 8, true);
  const want = frameCrc(bytes, from, view, at, position);
  return got === want ? null : `has crc ${got.toString(16)}, want ${want.toString(16)}`;
}

export const frameAttributes = (view: DataView, at: number): number => view.getUint8(at + 1);
export const frameRecordCount = (view: DataView, at: number): number => view.getUint16(at + 2, true);
export const frameSyncedPosition = (view: DataView, at: number): number => view.getUint32(at + 12, true);
export const frameBaseOffset = (view: DataView, at: number): number => getU64(view, at + 16);
export const frameAppendedAt = (view: DataView, at: number): number => getU64(view, at + 24);
export const frameProducerId = (view: DataView, at: number): number => getU64(view, at + 32);
export const frameSequence = (view: DataView, at: number): number => getU64(view, at + 40);

/** Each record's sequence minus that of the first, or null where the sequences follow one another. */
export function frameSteps(view: DataView, at: number): number[] | null {
  if ((frameAttributes(view, at) & HAS_STEPS) === 0) return null;
  const steps: number[] = [];
  const stepsAt = at + FRAME_HEADER_BYTES + PRODUCER_BYTES;
  for (let i = 0; i < frameRecordCount(view, at); i++) steps.push(view.getUint32(stepsAt + i * STEP_BYTES, true));
  return steps;
}
