/** The frames that wait for the next write, encoded, and who waits for them. */
import type { Bytes } from '../../../targets/host.ts';
import {
  beginFrame,
  FRAME_HEADER_BYTES,
  HAS_PRODUCER,
  HAS_STEPS,
  PRODUCER_BYTES,
  STEP_BYTES,
  type FramePlace,
  sealFrame,
} from '../format/frame.ts';
import { areConsecutive, type SequencedProducer } from './producer-window.ts';
import { type EncodedHeaders, encodedRecordBytes, type RecordFields, writeRecord } from '../format/record.ts';
import { setU64 } from '../format/u64.ts';

const LEAST_BYTES = 256;
/** Two of them stay with every open partition, for the next records. */
const KEPT_BYTES = 65536;

export interface WaitingFrame {
  /** Its place in the buffer. */
  readonly at: number;
  readonly frameBytes: number;
  readonly recordCount: number;
  /** The latest timestamp among the records, -Infinity when none has one, and whether one has none. */
  readonly maxTimestamp: number;
  readonly someWithoutTimestamp: boolean;
  readonly hasProducer: boolean;
  readonly resolve: (baseOffset: number) => void;
  readonly reject: (error: unknown) => void;
}

/** One call's records for one partition, with what was worked out while they were checked. */
export interface FrameContent {
  readonly records: readonly RecordFields[];
  readonly headers: readonly EncodedHeaders[];
  readonly producer: SequencedProducer | null;
}

export function frameBytesOf({ records, headers, producer }: FrameContent): number {
  let length = FRAME_HEADER_BYTES;
  if (producer !== null) {
    length += PRODUCER_BYTES + (areConsecutive(producer.sequences) ? 0 : records.length * STEP_BYTES);
  }
  for (let i = 0; i < records.length; i++) {
    length += encodedRecordBytes(records[i] as RecordFields, headers[i] as EncodedHeaders);
  }
  return length;
}

export class AppendBuffer {
  bytes = new Uint8Array(0);
  readonly frames: WaitingFrame[] = [];
  usedBytes = 0;

  #view = new DataView(this.bytes.buffer);

  /** Encodes a frame. */
  add(content: FrameContent, resolve: WaitingFrame['resolve'], reject: WaitingFrame['reject']): void {
    const frameBytes = frameBytesOf(content);
    this.#grow(this.usedBytes + frameBytes);
    const at = this.usedBytes;
    const { records, headers, producer } = content;
    let next = this.#begin(at, frameBytes, records.length, producer);
    let maxTimestamp = Number.NEGATIVE_INFINITY;
    let someWithoutTimestamp = false;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as RecordFields;
      next = writeRecord(this.bytes, this.#view, next, i, record, headers[i] as EncodedHeaders);
      if (typeof record.timestamp === 'number') maxTimestamp = Math.max(maxTimestamp, record.timestamp);
      else someWithoutTimestamp = true;
    }
    this.usedBytes = next;
    this.frames.push({
      at,
      frameBytes,
      recordCount: records.length,
      maxTimestamp,
      someWithoutTimestamp,
      hasProducer: producer !== null,
      resolve,
      reject,
    });
  }

  /** A frame of one record without a producer, whose encoded length is known: the way most records go. */
  addOne(
    record: RecordFields,
    headers: EncodedHeaders,
    recordBytes: number,
    resolve: WaitingFrame['resolve'],
    reject: WaitingFrame['reject'],
  ): void {
    const at = this.usedBytes;
    const frameBytes = FRAME_HEADER_BYTES + recordBytes;
    this.#grow(at + frameBytes);
    beginFrame(this.#view, at, 0, 1, recordBytes);
    this.usedBytes = writeRecord(this.bytes, this.#view, at + FRAME_HEADER_BYTES, 0, record, headers);
    const hasTimestamp = typeof record.timestamp === 'number';
    this.frames.push({
      at,
      frameBytes,
      recordCount: 1,
      maxTimestamp: hasTimestamp ? (record.timestamp as number) : Number.NEGATIVE_INFINITY,
      someWithoutTimestamp: !hasTimestamp,
      hasProducer: false,
      resolve,
      reject,
    });
  }

  /** Writes what stands before the records and returns where they begin. */
  #begin(at: number, frameBytes: number, count: number, producer: SequencedProducer | null): number {
    const view = this.#view;
    const steps = producer !== null && !areConsecutive(producer.sequences);
    const attributes = (producer === null ? 0 : HAS_PRODUCER) | (steps ? HAS_STEPS : 0);
    beginFrame(view, at, attributes, count, frameBytes - FRAME_HEADER_BYTES);
    let next = at + FRAME_HEADER_BYTES;
    if (producer === null) return next;
    const first = producer.sequences[0] ?? 0;
    setU64(view, next, producer.id);
    setU64(view, next + 8, first);
    next += PRODUCER_BYTES;
    if (!steps) return next;
    for (const sequence of producer.sequences) {
      view.setUint32(next, sequence - first, true);
      next += STEP_BYTES;
    }
    return next;
  }

  /** Gives a frame its place and checksum; called once its offset is certain. */
  seal(bytes: Bytes, frame: WaitingFrame, place: FramePlace): void {
    sealFrame(bytes, this.bytes, this.#view, frame.at, place);
  }

  /** Those frames from the given one on that fit into so many bytes; at least one. */
  framesFor(from: number, roomBytes: number): readonly WaitingFrame[] {
    const startAt = this.frames[from]?.at ?? 0;
    let to = from + 1;
    for (; to < this.frames.length; to++) {
      const { at, frameBytes } = this.frames[to] as WaitingFrame;
      if (at + frameBytes - startAt > roomBytes) break;
    }
    return this.frames.slice(from, to);
  }

  /** Whether all frames may go into so many bytes; one alone always may. */
  fitsInto(roomBytes: number): boolean {
    return this.usedBytes <= roomBytes || this.frames.length === 1;
  }

  clear(): void {
    this.frames.length = 0;
    this.usedBytes = 0;
    if (this.bytes.length > KEPT_BYTES) {
      this.bytes = new Uint8Array(0);
      this.#view = new DataView(this.bytes.buffer);
    }
  }

  #grow(wantBytes: number): void {
    if (wantBytes <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(LEAST_BYTES, wantBytes, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.usedBytes));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
