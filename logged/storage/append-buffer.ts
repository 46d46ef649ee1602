/** The frames that wait for the next write, encoded, and who waits for them. */
import type { Bytes } from '../../targets/host.ts';
import type { Producer } from '../commit-log.ts';
import { beginFrame, FRAME_HEADER_BYTES, HAS_PRODUCER, PRODUCER_BYTES, sealFrame } from './frame.ts';
import { type EncodedHeaders, encodedRecordBytes, type RecordFields, writeRecord } from './record.ts';
import { setU64 } from './u64.ts';

const LEAST_BYTES = 4096;
const KEPT_BYTES = 262144;

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
  readonly producer: Producer | null;
}

export function frameBytesOf(content: FrameContent): number {
  let length = FRAME_HEADER_BYTES + (content.producer === null ? 0 : PRODUCER_BYTES);
  for (let i = 0; i < content.records.length; i++) {
    length += encodedRecordBytes(content.records[i] as RecordFields, content.headers[i] as EncodedHeaders);
  }
  return length;
}

export class AppendBuffer {
  bytes = new Uint8Array(LEAST_BYTES);
  readonly frames: WaitingFrame[] = [];
  usedBytes = 0;

  #view = new DataView(this.bytes.buffer);

  add(content: FrameContent, settle: Pick<WaitingFrame, 'resolve' | 'reject'>): void {
    const frameBytes = frameBytesOf(content);
    this.#grow(this.usedBytes + frameBytes);
    const at = this.usedBytes;
    const { records, headers, producer } = content;
    beginFrame(this.#view, at, producer === null ? 0 : HAS_PRODUCER, records.length, frameBytes - FRAME_HEADER_BYTES);
    let next = at + FRAME_HEADER_BYTES;
    if (producer !== null) {
      setU64(this.#view, next, producer.id);
      setU64(this.#view, next + 8, producer.sequence);
      next += PRODUCER_BYTES;
    }
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
      ...settle,
    });
  }

  /** Gives a frame its place and checksum; called once its offset is certain. */
  seal(bytes: Bytes, frame: WaitingFrame, syncedPosition: number, baseOffset: number, appendedAt: number): void {
    sealFrame(bytes, this.bytes, this.#view, frame.at, { syncedPosition, baseOffset, appendedAt });
  }

  clear(): void {
    this.frames.length = 0;
    this.usedBytes = 0;
    if (this.bytes.length > KEPT_BYTES) {
      this.bytes = new Uint8Array(LEAST_BYTES);
      this.#view = new DataView(this.bytes.buffer);
    }
  }

  #grow(wantBytes: number): void {
    if (wantBytes <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(wantBytes, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.usedBytes));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
