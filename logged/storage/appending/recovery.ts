/**
 * What is done with the last segment of a partition before it is appended to again.
 *
 * The frames are walked from the beginning. At the first place that is not an intact frame there are two cases. Either
 * something proves that the bytes there had been durable: an intact frame behind them that says so (`synced`), an
 * index that was saved when the log was closed, or the watermark of a writer that was killed. Then it is damage: it is
 * reported, nothing is touched, and what lies behind it stays readable. Or nothing does: then they belong to writes
 * that were under way when the power went and that nobody was told about. They are kept in a `.torn` file, cut off,
 * and the log goes on. Doing it twice changes nothing more.
 */
import type { File, Host } from '../../../targets/host.ts';
import type { DamagePlace } from '../../commit-log.ts';
import { findIntactFrame, FrameScanner, type IntactFrame } from '../reading/frame-scanner.ts';
import { hostCode } from '../host-failure.ts';
import { describeFrame, loadIndex } from '../index-file.ts';
import type { OpenSegment } from '../segment-file.ts';
import { SEGMENT_HEADER_BYTES, segmentStem } from '../format/segment-header.ts';
import { SegmentIndex } from '../format/segment-index.ts';

const SCAN_BYTES = 65536;
const MOST_TORN_FILES = 4;

/** A tail that was cut off. */
export interface TornTail {
  readonly file: string;
  readonly position: number;
  readonly droppedBytes: number;
  /** `zeros`: the file was longer than what had been written into it; `torn`: a write was under way. */
  readonly reason: 'zeros' | 'torn';
  /** Where the bytes are kept; null for zeros, and when there was no room for them. */
  readonly keptIn: string | null;
}

/** Up to where the segment is known to have been durable, from outside of it. */
export interface Proof {
  readonly position: number;
  /** One past the last offset that was readable. */
  readonly endOffset: number;
}

export interface RecoveredTail {
  readonly index: SegmentIndex;
  /** The end of the file after recovery: where the next frame goes. */
  readonly position: number;
  /** One past the last offset that was ever given out for certain. */
  readonly nextOffset: number;
  /** Up to where frames themselves say that the file was durable when they were written. */
  readonly durableTo: number;
  readonly torn: TornTail | null;
  readonly damage: DamagePlace | null;
  /** True when the log had been closed in order. */
  readonly closedCleanly: boolean;
}

/** Recovers the segment's tail; `visit` sees the scanner at each frame that says something of producers. */
export async function recoverTail(
  host: Host,
  directory: string,
  segment: OpenSegment,
  proof: Proof | null,
  visit: (scanner: FrameScanner) => void,
): Promise<RecoveredTail> {
  const { file, name } = segment;
  const lengthBytes = file.lengthBytes();
  const saved = loadIndex(host, directory, name);
  if (saved !== null && !saved.hasProducers && endsAt(host, file, saved, lengthBytes)) {
    const nextOffset = saved.hasRecords ? saved.lastOffset + 1 : name.baseOffset;
    const position = lengthBytes;
    return { index: saved, position, nextOffset, durableTo: position, torn: null, damage: null, closedCleanly: true };
  }
  const proven = strongest(saved, proof, name.baseOffset);
  const walk = new TailWalk(host, segment, proven, visit);
  walk.run(lengthBytes);
  const missing = walk.end < proven.position;
  const torn =
    walk.end < lengthBytes && !missing ? await cutTail(host, directory, segment, walk.end, lengthBytes) : null;
  return {
    index: walk.index,
    position: walk.end,
    nextOffset: missing ? Math.max(walk.nextOffset, proven.endOffset) : walk.nextOffset,
    durableTo: walk.durableTo,
    torn,
    damage: walk.damage ?? (missing ? { file: segment.path, position: walk.end, resumeOffset: null } : null),
    closedCleanly: saved?.dataBytes === lengthBytes,
  };
}

/**
 * The same judgement for a reader, of a segment that nobody writes: changes nothing. Where damage was durable the end
 * lies behind it, so that whoever reads up to there meets it.
 */
export function judgeTail(host: Host, directory: string, segment: OpenSegment): Proof {
  const { file, name } = segment;
  const lengthBytes = file.lengthBytes();
  const saved = loadIndex(host, directory, name);
  const proven = strongest(saved, null, name.baseOffset);
  if (saved !== null && endsAt(host, file, saved, lengthBytes)) return proven;
  const walk = new TailWalk(host, segment, proven, () => {});
  walk.run(lengthBytes);
  if (walk.end >= proven.position) return { position: walk.end, endOffset: walk.nextOffset };
  return { position: proven.position, endOffset: Math.max(walk.nextOffset, proven.endOffset) };
}

/** True when the index is of exactly this file, as its last frame shows. */
function endsAt(host: Host, file: File, index: SegmentIndex, lengthBytes: number): boolean {
  if (index.dataBytes !== lengthBytes || !index.hasRecords) return false;
  const range = { from: index.lastFramePosition, to: lengthBytes, chunkBytes: lengthBytes - index.lastFramePosition };
  const scanner = new FrameScanner(host.bytes, file, range);
  if (scanner.next() !== 'frame' || scanner.nextPosition !== lengthBytes) return false;
  return describeFrame(scanner).lastOffset === index.lastOffset;
}

function strongest(saved: SegmentIndex | null, proof: Proof | null, baseOffset: number): Proof {
  const fromIndex: Proof =
    saved === null
      ? { position: 0, endOffset: baseOffset }
      : { position: saved.dataBytes, endOffset: saved.hasRecords ? saved.lastOffset + 1 : baseOffset };
  return proof !== null && proof.position > fromIndex.position ? proof : fromIndex;
}

class TailWalk {
  readonly index: SegmentIndex;
  damage: DamagePlace | null = null;
  end = SEGMENT_HEADER_BYTES;
  durableTo = SEGMENT_HEADER_BYTES;
  nextOffset: number;

  readonly #host: Host;
  readonly #segment: OpenSegment;
  readonly #proven: Proof;
  readonly #visit: (scanner: FrameScanner) => void;

  constructor(host: Host, segment: OpenSegment, proven: Proof, visit: (scanner: FrameScanner) => void) {
    this.#host = host;
    this.#segment = segment;
    this.#proven = proven;
    this.#visit = visit;
    this.nextOffset = segment.name.baseOffset;
    this.index = new SegmentIndex(SEGMENT_HEADER_BYTES, segment.file.lengthBytes());
  }

  run(lengthBytes: number): void {
    let scanner = this.#scanFrom(SEGMENT_HEADER_BYTES, lengthBytes);
    for (;;) {
      const step = scanner.next();
      if (step === 'end') return;
      if (step === 'frame' && scanner.baseOffset === this.nextOffset) {
        this.#take(scanner);
        continue;
      }
      const behind = this.#durableBehind(scanner.position, lengthBytes);
      if (behind === null) return;
      this.damage ??= { file: this.#segment.path, position: scanner.position, resumeOffset: behind.baseOffset };
      this.nextOffset = behind.baseOffset;
      scanner = this.#scanFrom(behind.position, lengthBytes);
    }
  }

  #scanFrom(from: number, to: number): FrameScanner {
    return new FrameScanner(this.#host.bytes, this.#segment.file, { from, to, chunkBytes: SCAN_BYTES });
  }

  #take(scanner: FrameScanner): void {
    const frame = describeFrame(scanner);
    this.index.add(frame);
    if (frame.isControl || frame.hasProducer) this.#visit(scanner);
    this.nextOffset = frame.isControl ? frame.baseOffset : frame.lastOffset + 1;
    this.end = frame.nextPosition;
    this.durableTo = Math.max(this.durableTo, scanner.syncedPosition);
  }

  /** The first intact frame behind a bad place, if it or one behind it proves that the place had been durable. */
  #durableBehind(bad: number, lengthBytes: number): IntactFrame | null {
    let first: IntactFrame | null = null;
    let from = bad + 1;
    for (;;) {
      const range = { from, to: lengthBytes };
      const found = findIntactFrame(this.#host.bytes, this.#segment.file, range, this.nextOffset);
      if (found === null) return bad < this.#proven.position ? first : null;
      first ??= found;
      if (found.syncedPosition > bad || found.position < this.#proven.position) return first;
      from = found.position + 1;
    }
  }
}

async function cutTail(
  host: Host,
  directory: string,
  segment: OpenSegment,
  position: number,
  lengthBytes: number,
): Promise<TornTail> {
  const rest = new Uint8Array(lengthBytes - position);
  const dropped = rest.subarray(0, segment.file.read(rest, position));
  const zeros = dropped.every((byte) => byte === 0);
  const keptIn = zeros ? null : await keepTorn(host, directory, segment, position, dropped);
  segment.file.truncate(position);
  await segment.file.sync();
  return {
    file: segment.path,
    position,
    droppedBytes: lengthBytes - position,
    reason: zeros ? 'zeros' : 'torn',
    keptIn,
  };
}

/** Nobody was told that these bytes are stored, so where they cannot be kept the log goes on without them. */
async function keepTorn(
  host: Host,
  directory: string,
  segment: OpenSegment,
  position: number,
  dropped: Uint8Array,
): Promise<string | null> {
  const stem = `${directory}/${segmentStem(segment.name.baseOffset, 0)}-${position}`;
  let path = `${stem}.torn`;
  try {
    const older = host.files.list(directory).filter((name) => name.endsWith('.torn'));
    for (const name of older.sort().slice(0, Math.max(0, older.length + 1 - MOST_TORN_FILES))) {
      host.files.remove(`${directory}/${name}`);
    }
    for (let n = 2; host.files.stat(path) !== null; n++) path = `${stem}-${n}.torn`;
    const file = host.files.open(path, 'create');
    try {
      file.write(dropped, 0);
      await file.sync();
    } finally {
      file.close();
    }
    await host.files.syncDir(directory);
    return path;
  } catch (error) {
    if (hostCode(error) === '') throw error;
    return null;
  }
}
