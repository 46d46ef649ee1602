/**
 * Walks the frames of a file in order, checking each before it is shown. The scanner is its own result: after `next()`
 * returned `frame` its fields describe that frame, so a scan allocates a chunk now and then and nothing per frame.
 */
import type { Bytes, File } from '../../../targets/host.ts';
import {
  CLEANED_BYTES,
  crcProblem,
  FRAME_HEADER_BYTES,
  frameAppendedAt,
  frameAttributes,
  frameBaseOffset,
  frameBytesAt,
  frameRecordCount,
  frameSyncedPosition,
  headProblem,
  HAS_CLEANED,
  HAS_PRODUCER,
  HAS_STEPS,
  IS_CONTROL,
  PRODUCER_BYTES,
  STEP_BYTES,
} from '../format/frame.ts';
import { getU64 } from '../format/u64.ts';

export interface ScanRange {
  /** A position at which a frame begins. */
  readonly from: number;
  /** Nothing at or behind this position is looked at. */
  readonly to: number;
  /** How much is read at a time; a frame that is larger gets a chunk of its own size. */
  readonly chunkBytes: number;
  /** True: every chunk is a new buffer, so that views into it stay good. */
  readonly keepChunks?: boolean;
  /** A buffer to read into, as long as it is large enough. */
  readonly buffer?: Uint8Array;
}

/** `bad`: what is at `position` is not an intact frame; `problem` says why. */
export type ScanStep = 'frame' | 'end' | 'bad';

export class FrameScanner {
  /** The chunk with the current frame, and the frame's place in it. */
  buffer: Uint8Array;
  view: DataView;
  at = 0;
  /** The current frame's place in the file and its whole length. */
  position: number;
  frameBytes = 0;
  problem = '';

  readonly #bytes: Bytes;
  readonly #file: File;
  #to: number;
  readonly #chunkBytes: number;
  readonly #keepChunks: boolean;
  #filledBytes = 0;

  constructor(bytes: Bytes, file: File, range: ScanRange) {
    this.#bytes = bytes;
    this.#file = file;
    this.position = range.from;
    this.#to = range.to;
    this.#chunkBytes = range.chunkBytes;
    this.#keepChunks = range.keepChunks === true;
    this.buffer = range.buffer ?? new Uint8Array(0);
    this.view = new DataView(this.buffer.buffer);
  }

  /** The position behind the current frame. */
  get nextPosition(): number {
    return this.position + this.frameBytes;
  }

  /** Lets the scanner go further in a file that has grown; nothing behind the old end was looked at. */
  extend(to: number): void {
    this.#to = to;
  }

  next(): ScanStep {
    this.at += this.frameBytes;
    this.position += this.frameBytes;
    this.frameBytes = 0;
    const roomBytes = this.#to - this.position;
    if (roomBytes <= 0) return 'end';
    if (roomBytes < FRAME_HEADER_BYTES || !this.#ensure(FRAME_HEADER_BYTES)) return this.#bad('is cut short');
    const headWrong = headProblem(this.view, this.at, roomBytes);
    if (headWrong !== null) return this.#bad(headWrong);
    const frameBytes = frameBytesAt(this.view, this.at);
    if (!this.#ensure(frameBytes)) return this.#bad('is cut short');
    const crcWrong = crcProblem(this.#bytes, this.buffer, this.view, this.at, this.position);
    if (crcWrong !== null) return this.#bad(crcWrong);
    this.frameBytes = frameBytes;
    return 'frame';
  }

  /**
   * After `bad`: makes the next intact frame the one that `next` comes to; false when there is none. See
   * `findIntactFrame` for `leastOffset`.
   */
  skipBad(leastOffset: number): boolean {
    const behind = findIntactFrame(this.#bytes, this.#file, { from: this.position + 1, to: this.#to }, leastOffset);
    if (behind === null) return false;
    this.position = behind.position;
    this.at = 0;
    this.#filledBytes = 0;
    return true;
  }

  get recordCount(): number {
    return frameRecordCount(this.view, this.at);
  }

  get baseOffset(): number {
    return frameBaseOffset(this.view, this.at);
  }

  get appendedAt(): number {
    return frameAppendedAt(this.view, this.at);
  }

  get syncedPosition(): number {
    return frameSyncedPosition(this.view, this.at);
  }

  get isControl(): boolean {
    return (frameAttributes(this.view, this.at) & IS_CONTROL) !== 0;
  }

  get hasProducer(): boolean {
    return (frameAttributes(this.view, this.at) & HAS_PRODUCER) !== 0;
  }

  /** Where in `buffer` the records (or the body of a control frame) begin. */
  get recordsAt(): number {
    const stepsBytes = (frameAttributes(this.view, this.at) & HAS_STEPS) === 0 ? 0 : this.recordCount * STEP_BYTES;
    return this.#optionalAt + (this.#hasCleaned ? CLEANED_BYTES : 0) + stepsBytes;
  }

  /** Since when nothing is left of what the frame's tombstones delete, or null when that is not known. */
  get cleanedAt(): number | null {
    return this.#hasCleaned ? getU64(this.view, this.#optionalAt) : null;
  }

  get #hasCleaned(): boolean {
    return (frameAttributes(this.view, this.at) & HAS_CLEANED) !== 0;
  }

  /** Where in `buffer` the optional fields behind the producer begin. */
  get #optionalAt(): number {
    return this.at + FRAME_HEADER_BYTES + (this.hasProducer ? PRODUCER_BYTES : 0);
  }

  /** Where in `buffer` the frame ends. */
  get frameEnd(): number {
    return this.at + this.frameBytes;
  }

  #bad(problem: string): 'bad' {
    this.problem = problem;
    return 'bad';
  }

  /** Has at least `wantBytes` of the file from the current frame on in the buffer; false when the file ends before. */
  #ensure(wantBytes: number): boolean {
    const have = this.#filledBytes - this.at;
    if (have >= wantBytes) return true;
    const sizeBytes = Math.max(wantBytes, Math.min(this.#chunkBytes, this.#to - this.position));
    if (this.#keepChunks || this.buffer.length < sizeBytes) {
      const old = this.buffer;
      this.buffer = new Uint8Array(sizeBytes);
      this.view = new DataView(this.buffer.buffer);
      if (have > 0) this.buffer.set(old.subarray(this.at, this.#filledBytes));
    } else if (have > 0) {
      this.buffer.copyWithin(0, this.at, this.#filledBytes);
    }
    const keptBytes = Math.max(have, 0);
    const into = this.buffer.subarray(keptBytes, sizeBytes);
    this.at = 0;
    this.#filledBytes = keptBytes + this.#file.read(into, this.position + keptBytes);
    return this.#filledBytes >= wantBytes;
  }
}

export interface IntactFrame {
  readonly position: number;
  readonly baseOffset: number;
  readonly syncedPosition: number;
}

const SEARCH_BYTES = 65536;

/** Up to where the file is one intact frame behind the other. */
export function endOfIntact(bytes: Bytes, file: File, from: number, to: number): number {
  const scanner = new FrameScanner(bytes, file, { from, to, chunkBytes: SEARCH_BYTES });
  while (scanner.next() === 'frame');
  return scanner.position;
}

/**
 * The next intact frame at or behind `from`, or null: looks at every byte, so it is for damage only. `leastOffset`
 * keeps out chance likenesses, since offsets only ever grow within a file.
 */
export function findIntactFrame(
  bytes: Bytes,
  file: File,
  range: { readonly from: number; readonly to: number },
  leastOffset: number,
): IntactFrame | null {
  const window = new Uint8Array(Math.min(SEARCH_BYTES, Math.max(FRAME_HEADER_BYTES, range.to - range.from)));
  const view = new DataView(window.buffer);
  let start = range.from;
  while (start + FRAME_HEADER_BYTES < range.to) {
    const readBytes = file.read(window, start);
    const heads = readBytes - FRAME_HEADER_BYTES;
    for (let at = 0; at <= heads; at++) {
      const position = start + at;
      if (headProblem(view, at, range.to - position) !== null) continue;
      const baseOffset = frameBaseOffset(view, at);
      const syncedPosition = frameSyncedPosition(view, at);
      if (baseOffset < leastOffset || !Number.isSafeInteger(baseOffset) || syncedPosition > position) continue;
      const scanner = new FrameScanner(bytes, file, { from: position, to: range.to, chunkBytes: SEARCH_BYTES });
      if (scanner.next() === 'frame') return { position, baseOffset, syncedPosition };
    }
    if (heads < 0) return null;
    start += heads + 1;
  }
  return null;
}
