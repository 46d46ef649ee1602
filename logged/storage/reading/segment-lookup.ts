/** Finding offsets and times in the segments of a partition, by their indexes and never without a look at the data. */
import type { File } from '../../../targets/host.ts';
import { FrameScanner } from './frame-scanner.ts';
import { asLogError, guard } from '../host-failure.ts';
import { buildIndex, loadIndex, saveIndex } from '../index-file.ts';
import type { PartitionView } from './partition-view.ts';
import { recordBytesAt, recordDelta, recordTime } from '../format/record.ts';
import { openForReading } from '../segment-file.ts';
import { SEGMENT_HEADER_BYTES, type SegmentName } from '../format/segment-header.ts';
import type { SegmentIndex } from '../format/segment-index.ts';

const CHUNK_BYTES = 16384;

export function isActive(view: PartitionView, name: SegmentName): boolean {
  return name.endOffset === 0 && name.baseOffset === view.readable().segmentBase;
}

/** Up to where a segment may be read at the moment. */
export function readableBytes(view: PartitionView, name: SegmentName, file: File): number {
  if (isActive(view, name)) return view.readable().position;
  return guard(`segment ${name.name}`, () => file.lengthBytes());
}

/** The index of a segment: the writer's own, the saved one if it is not stale, else made anew and saved. */
export function indexOf(view: PartitionView, name: SegmentName, file: File): SegmentIndex {
  const { host, directory } = view;
  if (isActive(view, name)) {
    const own = view.activeIndex();
    if (own !== null) return own;
  }
  const to = readableBytes(view, name, file);
  const saved = loadIndex(host, directory, name);
  if (saved !== null && saved.dataBytes === to) return saved;
  const built = buildIndex(host, file, to);
  if (view.ownsFiles && !isActive(view, name) && built.dataBytes === to) saveIndex(host, directory, name, built);
  return built;
}

/** A position at or before the frame with the offset, checked against the data. */
export function positionOf(view: PartitionView, name: SegmentName, file: File, offset: number): number {
  if (offset <= name.baseOffset) return SEGMENT_HEADER_BYTES;
  const position = indexOf(view, name, file).positionForOffset(offset);
  if (position === null) return SEGMENT_HEADER_BYTES;
  const range = { from: position, to: readableBytes(view, name, file), chunkBytes: CHUNK_BYTES };
  const scanner = new FrameScanner(view.host.bytes, file, range);
  const fits = scanner.next() === 'frame' && scanner.baseOffset <= offset;
  return fits ? position : SEGMENT_HEADER_BYTES;
}

/** The first readable offset whose record's time is at or after `time`, or null. */
export function findTime(view: PartitionView, time: number): number | null {
  const segments = view.segments();
  for (let i = 0; i < segments.length; i++) {
    const name = segments[i] as SegmentName;
    const known = isActive(view, name) ? undefined : view.maxTimes.get(name.name);
    if (known !== undefined && known < time) continue;
    const file = openForReading(view.host, `${view.directory}/${name.name}`);
    if (file === null) continue;
    try {
      const index = indexOf(view, name, file);
      if (!isActive(view, name)) view.maxTimes.set(name.name, index.maxTime);
      const before = segments[i + 1]?.baseOffset ?? view.readable().endOffset;
      const found = findTimeIn(view, file, index, { name, time, before });
      if (found !== null) return found;
    } catch (error) {
      throw asLogError(error, `segment ${name.name}`);
    } finally {
      file.close();
    }
  }
  return null;
}

function findTimeIn(
  view: PartitionView,
  file: File,
  index: SegmentIndex,
  sought: { readonly name: SegmentName; readonly time: number; readonly before: number },
): number | null {
  const from = index.positionForTime(sought.time);
  if (from === null) return null;
  const to = readableBytes(view, sought.name, file);
  const scanner = new FrameScanner(view.host.bytes, file, { from, to, chunkBytes: CHUNK_BYTES });
  for (let step = scanner.next(); step !== 'end'; step = scanner.next()) {
    if (step === 'bad') {
      // Whoever reads from before it will hear of it.
      if (!scanner.skipBad(sought.name.baseOffset)) break;
      continue;
    }
    const { recordCount, appendedAt, baseOffset } = scanner;
    let at = scanner.recordsAt;
    for (let i = 0; i < recordCount; i++) {
      const offset = baseOffset + recordDelta(scanner.view, at);
      if (offset >= sought.before) return null;
      if (recordTime(scanner.view, at, appendedAt) >= sought.time) return offset;
      at += recordBytesAt(scanner.view, at);
    }
  }
  return null;
}

/** The offset of the last record that is stored and may be read, or null. */
export function findLastOffset(view: PartitionView): number | null {
  const segments = view.segments();
  for (let i = segments.length - 1; i >= 0; i--) {
    const name = segments[i] as SegmentName;
    const file = openForReading(view.host, `${view.directory}/${name.name}`);
    if (file === null) continue;
    try {
      const { endOffset } = view.readable();
      if (isActive(view, name) && endOffset > name.baseOffset) return endOffset - 1;
      const index = indexOf(view, name, file);
      const before = segments[i + 1]?.baseOffset ?? endOffset;
      if (index.hasRecords) return Math.min(index.lastOffset, before - 1);
    } catch (error) {
      throw asLogError(error, `segment ${name.name}`);
    } finally {
      file.close();
    }
  }
  return null;
}
