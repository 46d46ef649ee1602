/**
 * The sparse index of a segment: where the frames of certain offsets and times begin. It is derived from the segment
 * and never trusted over it: whoever looks something up checks the frame that is there, and makes the index anew when
 * it is missing, stale or wrong.
 *
 * File, version 1, little-endian:
 *
 *   0        4      6       8            16           24         32            36      40          44
 *   +--------+------+-------+------------+------------+----------+-------------+-------+-----------+
 *   | "SBIX" | vers | flags | data bytes | last offs. | max time | last frame  | count | crc32c    | entries ...
 *   +--------+------+-------+------------+------------+----------+-------------+-------+-----------+
 *
 * `data bytes`: the segment's length when the index was written; any other length makes it stale. `last offset`: of
 * the last record. `max time` (f64): the latest time of any record. `last frame` (u32): the position of the last
 * frame. Flag bit 0: some frame has a producer or is a control frame; bit 1: there are records. The checksum is over
 * all bytes but itself. An entry is 20 bytes: offset (u64), position (u32), and the latest time (f64) of all records
 * from the segment's beginning to the next entry, which makes times ascend and the search for the first record at or
 * after a time exact, whatever order the records' times have.
 */
import type { Bytes } from '../../../targets/host.ts';
import { getU64, setU64 } from './u64.ts';

const MAGIC = 0x58494253;
const VERSION = 1;
const HEADER_BYTES = 44;
const ENTRY_BYTES = 20;
const CRC_AT = 40;
const FLAG_PRODUCERS = 1;
const FLAG_RECORDS = 2;
const LEAST_INTERVAL_BYTES = 4096;
const MOST_ENTRIES = 4096;

/** What an index needs to know of a frame. */
export interface IndexedFrame {
  readonly position: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTime: number;
  readonly nextPosition: number;
  readonly isControl: boolean;
  readonly hasProducer: boolean;
}

export class SegmentIndex {
  dataBytes: number;
  lastOffset = -1;
  maxTime = Number.NEGATIVE_INFINITY;
  lastFramePosition = 0;
  hasProducers = false;

  readonly #intervalBytes: number;
  readonly #offsets: number[] = [];
  readonly #positions: number[] = [];
  readonly #times: number[] = [];

  /** `segmentBytes` is how large the segment may become: it sets how far apart the entries stand. */
  constructor(firstPosition: number, segmentBytes: number) {
    this.dataBytes = firstPosition;
    this.#intervalBytes = Math.max(LEAST_INTERVAL_BYTES, Math.ceil(segmentBytes / MOST_ENTRIES));
  }

  get hasRecords(): boolean {
    return this.lastOffset >= 0;
  }

  addControl(position: number, nextPosition: number): void {
    this.dataBytes = nextPosition;
    this.lastFramePosition = position;
    this.hasProducers = true;
  }

  /** Frames are added in the order of their positions. */
  add(frame: IndexedFrame): void {
    if (frame.isControl) {
      this.addControl(frame.position, frame.nextPosition);
      return;
    }
    this.dataBytes = frame.nextPosition;
    this.lastFramePosition = frame.position;
    if (frame.hasProducer) this.hasProducers = true;
    this.lastOffset = frame.lastOffset;
    this.maxTime = Math.max(this.maxTime, frame.maxTime);
    const last = this.#positions.length - 1;
    if (last < 0 || frame.position - (this.#positions[last] ?? 0) >= this.#intervalBytes) {
      this.#offsets.push(frame.baseOffset);
      this.#positions.push(frame.position);
      this.#times.push(this.maxTime);
    } else {
      this.#times[last] = this.maxTime;
    }
  }

  /** The position of a frame at or before the one with the offset, or null when there is no record that early. */
  positionForOffset(offset: number): number | null {
    const found = lastAtMost(this.#offsets, offset);
    return found < 0 ? null : (this.#positions[found] ?? null);
  }

  /** The position of a frame at or before the one with the first record at or after the time; null: none is. */
  positionForTime(time: number): number | null {
    if (!this.hasRecords || this.maxTime < time) return null;
    return this.#positions[firstAtLeast(this.#times, time)] ?? null;
  }

  encode(bytes: Bytes): Uint8Array {
    const out = new Uint8Array(HEADER_BYTES + this.#offsets.length * ENTRY_BYTES);
    const view = new DataView(out.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint16(4, VERSION, true);
    view.setUint16(6, (this.hasProducers ? FLAG_PRODUCERS : 0) | (this.hasRecords ? FLAG_RECORDS : 0), true);
    setU64(view, 8, this.dataBytes);
    setU64(view, 16, Math.max(0, this.lastOffset));
    view.setFloat64(24, this.maxTime, true);
    view.setUint32(32, this.lastFramePosition, true);
    view.setUint32(36, this.#offsets.length, true);
    let at = HEADER_BYTES;
    for (let i = 0; i < this.#offsets.length; i++) {
      setU64(view, at, this.#offsets[i] ?? 0);
      view.setUint32(at + 8, this.#positions[i] ?? 0, true);
      view.setFloat64(at + 12, this.#times[i] ?? 0, true);
      at += ENTRY_BYTES;
    }
    view.setUint32(CRC_AT, crcOf(bytes, out), true);
    return out;
  }

  /** Null when the bytes are not an intact index. Whether it is stale is for the caller to see from `dataBytes`. */
  static decode(bytes: Bytes, from: Uint8Array): SegmentIndex | null {
    if (from.length < HEADER_BYTES) return null;
    const view = new DataView(from.buffer, from.byteOffset, from.length);
    const count = view.getUint32(36, true);
    if (view.getUint32(0, true) !== MAGIC || view.getUint16(4, true) !== VERSION) return null;
    if (from.length !== HEADER_BYTES + count * ENTRY_BYTES) return null;
    if (view.getUint32(CRC_AT, true) !== crcOf(bytes, from)) return null;
    const dataBytes = getU64(view, 8);
    const index = new SegmentIndex(dataBytes, dataBytes);
    const flags = view.getUint16(6, true);
    index.hasProducers = (flags & FLAG_PRODUCERS) !== 0;
    index.lastOffset = (flags & FLAG_RECORDS) === 0 ? -1 : getU64(view, 16);
    index.maxTime = view.getFloat64(24, true);
    index.lastFramePosition = view.getUint32(32, true);
    for (let at = HEADER_BYTES; at < from.length; at += ENTRY_BYTES) {
      index.#offsets.push(getU64(view, at));
      index.#positions.push(view.getUint32(at + 8, true));
      index.#times.push(view.getFloat64(at + 12, true));
    }
    return index;
  }
}

function crcOf(bytes: Bytes, from: Uint8Array): number {
  return bytes.crc32c(from, CRC_AT + 4, from.length, bytes.crc32c(from, 0, CRC_AT));
}

/** The last place in an ascending list whose value is at most `value`, or -1. */
function lastAtMost(list: readonly number[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The first place in an ascending list whose value is at least `value`, or the list's length. */
function firstAtLeast(list: readonly number[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
