/** The segment that is appended to: what is written, what is durable, and its index. */
import type { File, Host } from '../../../targets/host.ts';
import type { AppendBuffer, WaitingFrame } from './append-buffer.ts';
import { endOfIntact } from '../reading/frame-scanner.ts';
import { hostCode } from '../host-failure.ts';
import { type AppendableSegment, makeDurable } from '../segment-file.ts';
import { SEGMENT_HEADER_BYTES, type SegmentName } from '../format/segment-header.ts';
import { SegmentIndex } from '../format/segment-index.ts';

export class ActiveSegment {
  readonly name: SegmentName;
  readonly path: string;
  readonly createdAt: number;
  readonly gapBefore: boolean;
  readonly index: SegmentIndex;
  /** The end of what is written, and of what is durable. */
  position: number;
  syncedPosition: number;
  /** The offset of the next record. */
  nextOffset: number;
  /** The end of what was durable, as an offset. */
  syncedOffset: number;

  readonly #host: Host;
  readonly #file: File;

  constructor(host: Host, open: AppendableSegment, index: SegmentIndex, position: number, nextOffset: number) {
    this.#host = host;
    this.#file = open.file;
    this.name = open.name;
    this.path = open.path;
    this.createdAt = open.createdAt;
    this.gapBefore = open.gapBefore;
    this.index = index;
    this.position = position;
    this.syncedPosition = position;
    this.nextOffset = nextOffset;
    this.syncedOffset = nextOffset;
  }

  /** A segment that was just created, with at most a control frame in it. */
  static fresh(host: Host, open: AppendableSegment, controlBytes: number, segmentBytes: number): ActiveSegment {
    const index = new SegmentIndex(SEGMENT_HEADER_BYTES, segmentBytes);
    const position = SEGMENT_HEADER_BYTES + controlBytes;
    if (controlBytes > 0) index.addControl(SEGMENT_HEADER_BYTES, position);
    return new ActiveSegment(host, open, index, position, open.name.baseOffset);
  }

  get isEmpty(): boolean {
    return !this.index.hasRecords;
  }

  /**
   * Appends frames that stand one behind the other in the buffer, with one write. Throws the host's error; then
   * nothing has changed but perhaps bytes behind `position`.
   */
  write(buffer: AppendBuffer, frames: readonly WaitingFrame[], appendedAt: number): void {
    const first = frames[0];
    const last = frames[frames.length - 1];
    if (first === undefined || last === undefined) return;
    const { syncedPosition } = this;
    let baseOffset = this.nextOffset;
    for (const frame of frames) {
      const position = this.position + frame.at - first.at;
      buffer.seal(this.#host.bytes, frame, { position, syncedPosition, baseOffset, appendedAt });
      baseOffset += frame.recordCount;
    }
    this.#file.write(buffer.bytes.subarray(first.at, last.at + last.frameBytes), this.position);
    for (const frame of frames) this.#index(frame, appendedAt);
  }

  #index(frame: WaitingFrame, appendedAt: number): void {
    const nextPosition = this.position + frame.frameBytes;
    const maxTime = frame.someWithoutTimestamp ? Math.max(frame.maxTimestamp, appendedAt) : frame.maxTimestamp;
    const baseOffset = this.nextOffset;
    const lastOffset = baseOffset + frame.recordCount - 1;
    const { position } = this;
    const { hasProducer } = frame;
    this.index.add({ position, baseOffset, lastOffset, maxTime, nextPosition, isControl: false, hasProducer });
    this.position = nextPosition;
    this.nextOffset = lastOffset + 1;
  }

  /** Makes durable what is written now. A rejection is final for this file: see `File.sync`. */
  async sync(): Promise<void> {
    const { position, nextOffset } = this;
    if (position === this.syncedPosition) return;
    await this.#file.sync();
    this.syncedPosition = position;
    this.syncedOffset = nextOffset;
  }

  /** Takes back, for good, what a failed write has left behind `position`. Throws the host's error. */
  async takeBack(): Promise<void> {
    this.#file.truncate(this.position);
    await this.#file.sync();
    this.syncedPosition = this.position;
    this.syncedOffset = this.nextOffset;
  }

  /**
   * After a failed sync: cuts off what is not kept, which the next segment stands for in any case, reads again what is,
   * and makes durable what no sync had covered. Returns up to where the file is intact. Throws the host's error.
   */
  async salvage(keptPosition: number): Promise<number> {
    try {
      this.#file.truncate(keptPosition);
    } catch (error) {
      if (hostCode(error) === '') throw error;
    }
    const intactTo = endOfIntact(this.#host.bytes, this.#file, SEGMENT_HEADER_BYTES, keptPosition);
    await makeDurable(this.#file, this.syncedPosition, intactTo);
    return intactTo;
  }

  close(): void {
    this.#file.close();
  }
}
