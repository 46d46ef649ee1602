/** Index files: loading, making anew and saving. Saving is never needed and so its failures are not errors. */
import type { File, Host } from '../../targets/host.ts';
import { FrameScanner } from './reading/frame-scanner.ts';
import { hostCode } from './host-failure.ts';
import { recordBytesAt, recordDelta, recordTime } from './format/record.ts';
import { indexName } from './segment-file.ts';
import { SEGMENT_HEADER_BYTES, type SegmentName } from './format/segment-header.ts';
import { type IndexedFrame, SegmentIndex } from './format/segment-index.ts';

const SCAN_BYTES = 65536;

/** What the index needs of the scanner's current frame. */
export function describeFrame(scanner: FrameScanner): IndexedFrame {
  const { view, baseOffset, appendedAt, recordCount } = scanner;
  let at = scanner.recordsAt;
  let lastOffset = baseOffset;
  let maxTime = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < recordCount; i++) {
    lastOffset = baseOffset + recordDelta(view, at);
    maxTime = Math.max(maxTime, recordTime(view, at, appendedAt));
    at += recordBytesAt(view, at);
  }
  return {
    position: scanner.position,
    baseOffset,
    lastOffset,
    maxTime,
    nextPosition: scanner.nextPosition,
    isControl: scanner.isControl,
    hasProducer: scanner.hasProducer,
  };
}

/** The saved index of a segment, possibly stale, or null. */
export function loadIndex(host: Host, directory: string, name: SegmentName): SegmentIndex | null {
  let file: File;
  try {
    file = host.files.open(`${directory}/${indexName(name)}`, 'read');
  } catch {
    return null;
  }
  try {
    const content = new Uint8Array(file.lengthBytes());
    const readBytes = file.read(content, 0);
    return SegmentIndex.decode(host.bytes, content.subarray(0, readBytes));
  } catch {
    return null;
  } finally {
    file.close();
  }
}

/**
 * Makes the index from the intact frames before `to`. Where some are not, `dataBytes` is where the first of those stands,
 * so such an index is never taken for that of the whole file.
 */
export function buildIndex(host: Host, file: File, to: number): SegmentIndex {
  const index = new SegmentIndex(SEGMENT_HEADER_BYTES, to);
  let firstBad: number | null = null;
  const scanner = new FrameScanner(host.bytes, file, { from: SEGMENT_HEADER_BYTES, to, chunkBytes: SCAN_BYTES });
  for (let step = scanner.next(); step !== 'end'; step = scanner.next()) {
    if (step === 'frame') {
      index.add(describeFrame(scanner));
      continue;
    }
    firstBad ??= scanner.position;
    if (!scanner.skipBad(index.lastOffset + 1)) break;
  }
  if (firstBad !== null) index.dataBytes = firstBad;
  return index;
}

/**
 * Saves an index beside its segment. It is derived state: what a full or failing medium does to it is found out by
 * its checksum, so those errors end here.
 */
export function saveIndex(host: Host, directory: string, name: SegmentName, index: SegmentIndex): void {
  const path = `${directory}/${indexName(name)}`;
  try {
    if (host.files.stat(path) !== null) host.files.remove(path);
    const file = host.files.open(path, 'create');
    try {
      file.write(index.encode(host.bytes), 0);
    } finally {
      file.close();
    }
  } catch (error) {
    if (hostCode(error) === '') throw error;
  }
}
