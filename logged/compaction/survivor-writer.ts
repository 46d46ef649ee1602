/** Writes what survives of frames into a new file, and makes its index along with it. */
import type { Bytes, File } from '../../targets/host.ts';
import { beginFrame, CLEANED_BYTES, FRAME_HEADER_BYTES, HAS_CLEANED, sealFrame } from '../storage/format/frame.ts';
import type { FrameScanner } from '../storage/reading/frame-scanner.ts';
import { recordBytesAt, recordDelta, recordHasValue, recordTime } from '../storage/format/record.ts';
import { SEGMENT_HEADER_BYTES } from '../storage/format/segment-header.ts';
import { SegmentIndex } from '../storage/format/segment-index.ts';
import { setU64 } from '../storage/format/u64.ts';
import type { Drops } from './drops.ts';
import type { Tombstones } from './tombstones.ts';

const BUFFER_BYTES = 32768;

export class SurvivorWriter {
  readonly index: SegmentIndex;

  readonly #bytes: Bytes;
  readonly #file: File;
  readonly #drops: Drops;
  readonly #tombstones: Tombstones;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #usedBytes = 0;
  /** Where in the file the buffer goes. */
  #position = SEGMENT_HEADER_BYTES;

  constructor(bytes: Bytes, file: File, outputBytes: number, drops: Drops, tombstones: Tombstones) {
    this.#bytes = bytes;
    this.#file = file;
    this.#drops = drops;
    this.#tombstones = tombstones;
    this.index = new SegmentIndex(SEGMENT_HEADER_BYTES, outputBytes);
  }

  get fileBytes(): number {
    return this.#position + this.#usedBytes;
  }

  /** Takes the records of the scanner's frame that survive; `firstBit` is that of its first record. */
  add(scanner: FrameScanner, firstBit: number, allBeforeAreIn: boolean): void {
    const { view, recordCount, baseOffset, appendedAt, cleanedAt } = scanner;
    const kept = { count: 0, bytes: 0, lastOffset: 0, maxTime: Number.NEGATIVE_INFINITY, someWithoutValue: false };
    let at = scanner.recordsAt;
    for (let i = 0; i < recordCount; i++) {
      const recordBytes = recordBytesAt(view, at);
      if (!this.#drops.has(firstBit + i)) {
        kept.count++;
        kept.bytes += recordBytes;
        kept.lastOffset = baseOffset + recordDelta(view, at);
        kept.maxTime = Math.max(kept.maxTime, recordTime(view, at, appendedAt));
        if (!recordHasValue(view, at)) kept.someWithoutValue = true;
      }
      at += recordBytes;
    }
    if (kept.count === 0) return;
    const time = kept.someWithoutValue ? this.#tombstones.timeFor(cleanedAt, allBeforeAreIn) : null;
    const bodyBytes = kept.bytes + (time === null ? 0 : CLEANED_BYTES);
    const frameBytes = FRAME_HEADER_BYTES + bodyBytes;
    this.#makeRoom(frameBytes);
    const start = this.#usedBytes;
    const position = this.fileBytes;
    beginFrame(this.#view, start, time === null ? 0 : HAS_CLEANED, kept.count, bodyBytes);
    if (time !== null) setU64(this.#view, start + FRAME_HEADER_BYTES, time);
    this.#copyKept(scanner, firstBit, start + frameBytes - kept.bytes);
    const place = { position, syncedPosition: position, baseOffset, appendedAt };
    sealFrame(this.#bytes, this.#buffer, this.#view, start, place);
    this.#usedBytes += frameBytes;
    const { lastOffset, maxTime } = kept;
    const nextPosition = this.fileBytes;
    this.index.add({ position, baseOffset, lastOffset, maxTime, nextPosition, isControl: false, hasProducer: false });
  }

  /** Writes what is gathered. Throws the host's error. */
  flush(): void {
    if (this.#usedBytes === 0) return;
    this.#file.write(this.#buffer.subarray(0, this.#usedBytes), this.#position);
    this.#position += this.#usedBytes;
    this.#usedBytes = 0;
  }

  #copyKept(scanner: FrameScanner, firstBit: number, to: number): void {
    const { buffer, view, recordCount } = scanner;
    let at = scanner.recordsAt;
    let next = to;
    for (let i = 0; i < recordCount; i++) {
      const recordBytes = recordBytesAt(view, at);
      if (!this.#drops.has(firstBit + i)) {
        this.#buffer.set(buffer.subarray(at, at + recordBytes), next);
        next += recordBytes;
      }
      at += recordBytes;
    }
  }

  #makeRoom(frameBytes: number): void {
    if (this.#usedBytes + frameBytes > this.#buffer.length) this.flush();
    const wantBytes = Math.max(BUFFER_BYTES, frameBytes);
    if (this.#usedBytes > 0 || this.#buffer.length === wantBytes) return;
    this.#buffer = new Uint8Array(wantBytes);
    this.#view = new DataView(this.#buffer.buffer);
  }
}
