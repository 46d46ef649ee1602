/**
 * Reads a partition from an offset on, never beyond what may be read, and goes on where it was when there is more. It
 * keeps at most one file open and one chunk in memory. Files that compaction or retention replaces while it reads them
 * are read to their end; then it goes on by offset.
 */
import type { File } from '../../../targets/host.ts';
import { CommitLogError, type ConsumerRecord, type DamagePlace } from '../../commit-log.ts';
import { findIntactFrame, FrameScanner } from './frame-scanner.ts';
import { asLogError } from '../host-failure.ts';
import type { PartitionView } from './partition-view.ts';
import { readRecord, recordBytesAt, recordDelta } from '../format/record.ts';
import { openForReading, readSegmentHeader } from '../segment-file.ts';
import type { SegmentHeader, SegmentName } from '../format/segment-header.ts';
import { isActive, positionOf, readableBytes } from './segment-lookup.ts';

/** What is read of a file at a time: about what is asked for, within these. */
const LEAST_CHUNK_BYTES = 4096;
const MOST_CHUNK_BYTES = 65536;
const MOST_REOPENINGS = 64;

interface CurrentSegment {
  readonly name: SegmentName;
  readonly path: string;
  readonly file: File;
  /** Null when the head is damaged; the frames say for themselves what they are. */
  readonly header: SegmentHeader | null;
  scanner: FrameScanner;
  /** Behind the last position that may be read, as far as the scanner knows. */
  to: number;
  /** Frames from this offset on are the next segment's matter: see `#endOf`. Found out together with `to`. */
  endOffset: number;
  /** True when the scanner stands on a frame whose records are not all delivered. */
  frameOpen: boolean;
  recordAt: number;
  recordsLeft: number;
}

export class PartitionReader {
  /** The offset of the next record to deliver, or one below it. */
  nextOffset: number;

  readonly #view: PartitionView;
  #segment: CurrentSegment | null = null;
  #chunkBytes = MOST_CHUNK_BYTES;

  constructor(view: PartitionView, nextOffset: number) {
    this.#view = view;
    this.nextOffset = nextOffset;
  }

  /**
   * The next records, up to about `maxBytes` of them and at least one; empty when all that may be read was delivered.
   * Errors: `damaged`, `unknown-version`, `io-failed`. After `damaged` the reader stays where it is.
   */
  read(maxBytes: number): ConsumerRecord[] {
    const records: ConsumerRecord[] = [];
    this.#chunkBytes = Math.min(MOST_CHUNK_BYTES, Math.max(LEAST_CHUNK_BYTES, maxBytes));
    try {
      let left = maxBytes;
      while (left > 0 && this.nextOffset < this.#view.readable().endOffset && this.#toFrame()) {
        left -= this.#take(records, left);
        if (this.#segment?.frameOpen === true) break;
      }
    } catch (error) {
      // What was read before the bad place is delivered first; the error comes with the next call.
      this.close();
      if (records.length === 0) throw asLogError(error, `partition ${this.#view.directory}`);
    }
    return records;
  }

  close(): void {
    this.#segment?.file.close();
    this.#segment = null;
  }

  /** Stands on a frame with records to deliver, or returns false when there is none yet. */
  #toFrame(): boolean {
    for (let reopened = 0; reopened < MOST_REOPENINGS; ) {
      const segment = this.#segment ?? this.#open();
      if (segment === null) return false;
      if (segment.frameOpen) return true;
      const step = segment.scanner.next();
      if (step === 'frame' && segment.scanner.baseOffset < segment.endOffset) {
        this.#enter(segment);
      } else if (step === 'frame' || this.#isReadOut(segment)) {
        if (!this.#leave(segment)) reopened++;
      } else if (step === 'bad') {
        this.#skipOrFail(segment);
      } else if (!this.#extend(segment)) {
        if (isActive(this.#view, segment.name)) return false;
        if (!this.#leave(segment)) reopened++;
      }
    }
    return false;
  }

  #enter(segment: CurrentSegment): void {
    const { scanner } = segment;
    segment.recordAt = scanner.recordsAt;
    segment.recordsLeft = scanner.recordCount;
    segment.frameOpen = segment.recordsLeft > 0;
  }

  /** Delivers records of the current frame; returns their bytes. */
  #take(into: ConsumerRecord[], maxBytes: number): number {
    const segment = this.#segment as CurrentSegment;
    const { scanner } = segment;
    const { host, topic, partition } = this.#view;
    const { baseOffset, appendedAt, buffer, view } = scanner;
    const origin = { topic, partition, baseOffset, appendedAt };
    let taken = 0;
    while (segment.recordsLeft > 0 && taken < maxBytes) {
      const at = segment.recordAt;
      const recordBytes = recordBytesAt(view, at);
      const offset = baseOffset + recordDelta(view, at);
      if (into.length > 0 && taken + recordBytes > maxBytes) break;
      segment.recordAt += recordBytes;
      segment.recordsLeft--;
      if (offset < this.nextOffset) continue;
      into.push(readRecord(host.bytes, buffer, view, at, origin));
      this.nextOffset = offset + 1;
      taken += recordBytes;
    }
    segment.frameOpen = segment.recordsLeft > 0;
    return taken;
  }

  /** Opens the segment that holds `nextOffset`, or the first one behind it. */
  #open(): CurrentSegment | null {
    const segments = this.#view.segments();
    for (let i = segmentAt(segments, this.nextOffset); i < segments.length; i++) {
      const name = segments[i] as SegmentName;
      const path = `${this.#view.directory}/${name.name}`;
      const file = openForReading(this.#view.host, path);
      if (file === null) return null;
      try {
        return this.#begin(name, path, file);
      } catch (error) {
        file.close();
        throw error;
      }
    }
    return null;
  }

  #begin(name: SegmentName, path: string, file: File): CurrentSegment {
    const { host } = this.#view;
    let header: SegmentHeader | null = null;
    try {
      header = readSegmentHeader(host, path, name, file);
    } catch (error) {
      if (!(error instanceof CommitLogError) || error.place === null) throw error;
      const place = { ...error.place, resumeOffset: this.#following(name)?.baseOffset ?? null };
      if (error.code !== 'damaged') throw new CommitLogError(error.code, error.message, { place });
      this.#view.reportDamage(place);
    }
    const to = readableBytes(this.#view, name, file);
    const from = positionOf(this.#view, name, file, this.nextOffset);
    const scanner = this.#scan(file, from, to);
    const endOffset = this.#endOf(name);
    const segment = { name, path, file, header, scanner, to, endOffset, frameOpen: false, recordAt: 0, recordsLeft: 0 };
    this.#segment = segment;
    return segment;
  }

  #scan(file: File, from: number, to: number): FrameScanner {
    const { bytes } = this.#view.host;
    return new FrameScanner(bytes, file, { from, to, chunkBytes: this.#chunkBytes, keepChunks: true });
  }

  /** Goes on in the same file when there is more in it than when it was last looked at. */
  #extend(segment: CurrentSegment): boolean {
    const to = readableBytes(this.#view, segment.name, segment.file);
    if (to <= segment.to) return false;
    segment.to = to;
    segment.endOffset = this.#endOf(segment.name);
    segment.scanner.extend(to);
    return true;
  }

  /** Where the next segment stands for what comes, since the old writer could not cut it off. */
  #endOf(name: SegmentName): number {
    const next = name.endOffset === 0 ? this.#following(name) : null;
    return next?.baseOffset ?? Number.POSITIVE_INFINITY;
  }

  /** Nothing is missed by leaving: what an old writer could not cut off may also be a part of a frame, or zeros. */
  #isReadOut(segment: CurrentSegment): boolean {
    const next = this.#following(segment.name);
    return next !== null && segment.name.endOffset === 0 && this.nextOffset >= next.baseOffset;
  }

  #following(name: SegmentName): SegmentName | null {
    return this.#view.segments().find((other) => other.baseOffset > name.baseOffset) ?? null;
  }

  /** Leaves a segment that was read to its end; false when it is not known yet what follows. */
  #leave(segment: CurrentSegment): boolean {
    const next = this.#following(segment.name);
    const stillListed = this.#view.segments().some((other) => other.name === segment.name.name);
    if (stillListed) this.#checkWhole(segment, next);
    this.close();
    if (!stillListed || next === null) return false;
    this.nextOffset = Math.max(this.nextOffset, segment.name.endOffset, next.baseOffset);
    return true;
  }

  /** Records may be missing at a segment's end without any frame being bad: the file may have been cut. */
  #checkWhole(segment: CurrentSegment, next: SegmentName | null): void {
    const { name, path, header } = segment;
    // Without its head nobody knows how long a file of compaction was.
    const cut = name.endOffset !== 0 && (header === null || segment.to < header.fileBytes);
    const expected = segment.name.endOffset === 0 ? next?.baseOffset : undefined;
    const missing = expected !== undefined && this.nextOffset < expected && !this.#gapIsKnown(next);
    if (cut || missing) {
      const message = cut
        ? `has ${segment.to} bytes, want ${header?.fileBytes ?? 'as many as its head said'}`
        : `ends before offset ${expected}`;
      this.#fail(message, { file: path, position: segment.to, resumeOffset: next?.baseOffset ?? null });
    }
  }

  #gapIsKnown(next: SegmentName | null): boolean {
    if (next === null) return true;
    const path = `${this.#view.directory}/${next.name}`;
    const file = openForReading(this.#view.host, path);
    if (file === null) return true;
    try {
      return readSegmentHeader(this.#view.host, path, next, file).gapBefore;
    } catch (error) {
      if (error instanceof CommitLogError && error.code === 'damaged') return false;
      throw error;
    } finally {
      file.close();
    }
  }

  /** At bytes that are no frame: goes on behind them if all that is sought lies there, else fails. */
  #skipOrFail(segment: CurrentSegment): void {
    const { scanner, file, path, name, to } = segment;
    const { position, problem } = scanner;
    const behind = findIntactFrame(this.#view.host.bytes, file, { from: position + 1, to }, name.baseOffset);
    if (behind !== null && behind.baseOffset <= this.nextOffset) {
      segment.scanner = this.#scan(file, behind.position, to);
      return;
    }
    const resumeOffset = behind?.baseOffset ?? this.#following(name)?.baseOffset ?? null;
    this.#fail(`frame at ${position} ${problem}`, { file: path, position, resumeOffset });
  }

  #fail(message: string, place: DamagePlace): never {
    this.close();
    this.#view.reportDamage(place);
    throw new CommitLogError('damaged', `segment ${place.file}: ${message}`, { place });
  }
}

/** The place of the last segment that begins at or before the offset; the first one for an earlier offset. */
export function segmentAt(segments: readonly SegmentName[], offset: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle] as SegmentName).baseOffset <= offset) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
