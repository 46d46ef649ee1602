/** The segment that is appended to: what is written, what is durable, and its index. */
import type { File, Host } from '../../targets/host.ts';
import type { AppendBuffer, WaitingFrame } from './append-buffer.ts';
import { buildIndex } from './index-file.ts';
import type { OpenSegment } from './segment-file.ts';
import { SEGMENT_HEADER_BYTES, type SegmentName } from './segment-header.ts';
import { SegmentIndex } from './segment-index.ts';

export class ActiveSegment {
  readonly name: SegmentName;
  readonly path: string;
  readonly createdAt: number;
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

  constructor(host: Host, open: OpenSegment, index: SegmentIndex, position: number, nextOffset: number) {
    this.#host = host;
    this.#file = open.file;
    this.name = open.name;
    this.path = open.path;
    this.createdAt = open.createdAt;
    this.index = index;
    this.position = position;
    this.syncedPosition = position;
    this.nextOffset = nextOffset;
    this.syncedOffset = nextOffset;
  }

  /** A segment that was just created, with at most a control frame in it. */
  static fresh(host: Host, open: OpenSegment, controlBytes: number, segmentBytes: number): ActiveSegment {
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
    let offset = this.nextOffset;
    for (const frame of frames) {
      buffer.seal(this.#host.bytes, frame, this.syncedPosition, offset, appendedAt);
      offset += frame.recordCount;
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

  /** Reads the file again up to where it is to be believed, and says how far it is intact. */
  reread(to: number): SegmentIndex {
    return buildIndex(this.#host, this.#file, to);
  }

  /** Cuts the file; the next segment, which begins at the offset given out next, stands for what is cut in any case. */
  cutTo(position: number): void {
    this.#file.truncate(position);
  }

  close(): void {
    this.#file.close();
  }
}
