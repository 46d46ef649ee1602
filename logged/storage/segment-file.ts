/** Segment files: how they come to be, are opened and listed. The layout is in `format/segment-header.ts` and `format/frame.ts`. */
import type { File, Host } from '../../targets/host.ts';
import { CommitLogError } from '../commit-log.ts';
import { guard, hostCode } from './host-failure.ts';
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  orderSegments,
  parseSegmentName,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  type SegmentName,
  segmentStem,
} from './format/segment-header.ts';

/** Endings of files that are being written under a name that is not yet theirs. */
export const UNFINISHED = '.new';

export interface OpenSegment {
  readonly name: SegmentName;
  readonly path: string;
  readonly file: File;
  readonly createdAt: number;
}

/** A segment that is appended to, or may be. */
export interface AppendableSegment extends OpenSegment {
  /** See `SegmentHeader`. */
  readonly gapBefore: boolean;
}

export interface NewSegment {
  readonly baseOffset: number;
  readonly createdAt: number;
  /** See `SegmentHeader`. */
  readonly gapBefore: boolean;
  /** A control frame to begin with, or nothing. */
  readonly firstFrame: Uint8Array | null;
}

/**
 * Creates a segment to be appended to, head and name durable. Errors are the host's. A file that a failed attempt
 * left behind is replaced.
 */
export async function createSegment(host: Host, directory: string, segment: NewSegment): Promise<AppendableSegment> {
  const { baseOffset, createdAt, gapBefore, firstFrame } = segment;
  const name: SegmentName = { name: `${segmentStem(baseOffset, 0)}.log`, baseOffset, endOffset: 0 };
  const path = `${directory}/${name.name}`;
  const unfinished = `${path}${UNFINISHED}`;
  // An index of a file that had the name before would say something of this one.
  for (const stale of [unfinished, `${directory}/${indexName(name)}`]) {
    if (host.files.stat(stale) !== null) host.files.remove(stale);
  }
  const file = host.files.open(unfinished, 'create');
  try {
    const header = { baseOffset, endOffset: 0, createdAt, fileBytes: 0, gapBefore };
    file.write(encodeSegmentHeader(host.bytes, header), 0);
    if (firstFrame !== null) file.write(firstFrame, SEGMENT_HEADER_BYTES);
    await file.sync();
    host.files.rename(unfinished, path);
    await host.files.syncDir(directory);
  } catch (error) {
    file.close();
    throw error;
  }
  return { name, path, file, createdAt, gapBefore };
}

/** Reads and checks a segment's head. Errors: `damaged`, `unknown-version`, `io-failed`. */
export function readSegmentHeader(host: Host, path: string, name: SegmentName, file: File): SegmentHeader {
  const head = new Uint8Array(SEGMENT_HEADER_BYTES);
  const readBytes = guard(`segment ${path}`, () => file.read(head, 0));
  const header = decodeSegmentHeader(host.bytes, head.subarray(0, readBytes));
  if ('problem' in header) {
    throw new CommitLogError(header.problem, `segment ${path}: ${header.message}`, {
      place: { file: path, position: 0, resumeOffset: name.endOffset === 0 ? null : name.endOffset },
    });
  }
  if (header.baseOffset !== name.baseOffset || header.endOffset !== name.endOffset) {
    const got = segmentStem(header.baseOffset, header.endOffset);
    throw new CommitLogError('damaged', `segment ${path}: head belongs to ${got}`, {
      place: { file: path, position: 0, resumeOffset: name.endOffset === 0 ? null : name.endOffset },
    });
  }
  return header;
}

/** Opens a segment for reading, or null when compaction or retention has just removed it. */
export function openForReading(host: Host, path: string): File | null {
  try {
    return host.files.open(path, 'read');
  } catch (error) {
    if (hostCode(error) === 'ENOENT') return null;
    return guard(`segment ${path}`, () => {
      throw error;
    });
  }
}

/** The segments of a partition as their names tell, in order, and the files that one of them stands for. */
export function listSegments(host: Host, directory: string): { live: SegmentName[]; superseded: SegmentName[] } {
  const names: SegmentName[] = [];
  for (const name of guard(`partition ${directory}`, () => host.files.list(directory))) {
    const parsed = parseSegmentName(name);
    if (parsed !== null) names.push(parsed);
  }
  return orderSegments(names);
}

export const indexName = (name: SegmentName): string => `${segmentStem(name.baseOffset, name.endOffset)}.index`;

const REWRITE_BYTES = 65536;

/**
 * Makes a range durable that may be known to the page cache only. A sync alone is not enough where one may have failed
 * before, in this process or in one that was killed: the pages that it lost count as clean. So they are written again.
 */
export async function makeDurable(file: File, from: number, to: number): Promise<void> {
  if (from >= to) return;
  const chunk = new Uint8Array(Math.min(REWRITE_BYTES, to - from));
  try {
    for (let at = from; at < to; ) {
      const filled = chunk.subarray(0, file.read(chunk.subarray(0, Math.min(chunk.length, to - at)), at));
      if (filled.length === 0) break;
      file.write(filled, at);
      at += filled.length;
    }
  } catch (error) {
    // A full medium that never writes in place: what it has been given before is all that it can be asked to keep.
    if (hostCode(error) !== 'ENOSPC') throw error;
  }
  await file.sync();
}
