/** The sealed segments that are compacted: what is known of them before, and a scan that leaves out none of the doubts. */
import type { Host } from '../../targets/host.ts';
import { CommitLogError, type DamagePlace } from '../commit-log.ts';
import { FrameScanner, type ScanStep } from '../storage/reading/frame-scanner.ts';
import { asLogError, hostCode } from '../storage/host-failure.ts';
import type { Partition } from '../storage/appending/partition.ts';
import { readSegmentHeader } from '../storage/segment-file.ts';
import { SEGMENT_HEADER_BYTES, type SegmentHeader, type SegmentName } from '../storage/format/segment-header.ts';
import type { Pace } from './pace.ts';

const CHUNK_BYTES = 32768;
/** What looking at one more file counts for. */
const HEAD_BYTES = 4096;

export interface Input {
  readonly name: SegmentName;
  readonly path: string;
  /** It stands for all offsets from its base to this one (excluded). */
  readonly endOffset: number;
  /** Written by compaction. */
  readonly isClean: boolean;
  readonly fileBytes: number;
  readonly gapBefore: boolean;
  /** Its last offsets were never readable. */
  readonly gapBehind: boolean;
  /** False behind a segment that is left out: what a tombstone deletes may still be in there. */
  readonly allBeforeAreIn: boolean;
}

/** Damaged or unreadable: such a segment is left as it is, and everything is done again without it. */
export class InputProblem extends Error {
  readonly path: string;
  /** Null when it is not damaged: the medium does not give it, or a newer build wrote it. */
  readonly place: DamagePlace | null;

  constructor(path: string, message: string, place: DamagePlace | null, cause?: unknown) {
    super(`segment ${path}: ${message}`, { cause });
    this.name = 'InputProblem';
    this.path = path;
    this.place = place;
  }
}

export const pathOf = (partition: Partition, name: SegmentName): string => `${partition.directory}/${name.name}`;

/** The sealed segments but for those to leave out. Throws `InputProblem`, `Cancelled`. */
export async function findInputs(
  host: Host,
  pace: Pace,
  partition: Partition,
  leaveOut: ReadonlySet<string>,
): Promise<Input[]> {
  const names = partition.segments();
  const heads: (Head | null)[] = [];
  for (const name of names) {
    const path = pathOf(partition, name);
    heads.push(leaveOut.has(path) ? null : readHead(host, path, name));
    if (pace.spend(HEAD_BYTES)) await pace.rest();
  }
  const inputs: Input[] = [];
  let allBeforeAreIn = true;
  for (let i = 0; i < names.length - 1; i++) {
    const name = names[i] as SegmentName;
    const next = names[i + 1] as SegmentName;
    const head = heads[i];
    if (head === null || head === undefined) {
      allBeforeAreIn = false;
      continue;
    }
    const isClean = name.endOffset !== 0;
    inputs.push({
      name,
      path: pathOf(partition, name),
      endOffset: isClean ? name.endOffset : next.baseOffset,
      isClean,
      fileBytes: head.fileBytes,
      gapBefore: head.header.gapBefore,
      gapBehind: heads[i + 1]?.header.gapBefore === true,
      allBeforeAreIn,
    });
  }
  return inputs;
}

interface Head {
  readonly header: SegmentHeader;
  readonly fileBytes: number;
}

function readHead(host: Host, path: string, name: SegmentName): Head {
  return reading(path, () => {
    const file = host.files.open(path, 'read');
    try {
      const header = readSegmentHeader(host, path, name, file);
      // Of a file that is shorter than it says the scan finds the last frame cut.
      return { header, fileBytes: name.endOffset === 0 ? file.lengthBytes() : header.fileBytes };
    } finally {
      file.close();
    }
  });
}

export const bytesOf = (inputs: readonly Input[]): number => inputs.reduce((sum, input) => sum + input.fileBytes, 0);

/** Whether a scan is to go on. */
export type Next = 'on' | 'enough';

/** Reads inputs, one at a time, in one buffer. */
export class InputReader {
  readonly host: Host;
  readonly pace: Pace;
  readonly #buffer = new Uint8Array(CHUNK_BYTES);

  constructor(host: Host, pace: Pace) {
    this.host = host;
    this.pace = pace;
  }

  /** Shows the frames with records to `visit`. Throws `InputProblem`, also when records are missing, and `Cancelled`. */
  async scan(input: Input, visit: (scanner: FrameScanner) => Next | Promise<Next>): Promise<void> {
    const { host, pace } = this;
    const { path } = input;
    const file = reading(path, () => host.files.open(path, 'read'));
    try {
      const range = { from: SEGMENT_HEADER_BYTES, to: input.fileBytes, chunkBytes: CHUNK_BYTES, buffer: this.#buffer };
      const scanner = new FrameScanner(host.bytes, file, range);
      let expected = input.name.baseOffset;
      while (input.isClean || expected < input.endOffset) {
        const step = nextFrame(scanner, path);
        if (step === 'end') break;
        if (step === 'bad') failAtBad(input, scanner);
        if (pace.spend(scanner.frameBytes)) await pace.rest();
        if (scanner.isControl) continue;
        if (!input.isClean) {
          if (scanner.baseOffset !== expected) failAtHole(input, scanner, expected);
          expected += scanner.recordCount;
        }
        const next = visit(scanner);
        // A promise only where there is something to wait for: it is called for every frame.
        if ((typeof next === 'string' ? next : await next) === 'enough') return;
      }
      if (!input.isClean && expected < input.endOffset && !input.gapBehind) {
        const place = { file: path, position: input.fileBytes, resumeOffset: input.endOffset };
        throw new InputProblem(path, `ends before offset ${input.endOffset}`, place);
      }
    } finally {
      file.close();
    }
  }
}

function nextFrame(scanner: FrameScanner, path: string): ScanStep {
  try {
    return scanner.next();
  } catch (error) {
    throw asProblem(error, path);
  }
}

function failAtBad({ path, name, endOffset }: Input, scanner: FrameScanner): never {
  const { position, problem } = scanner;
  const isIntact = reading(path, () => scanner.skipBad(name.baseOffset) && scanner.next() === 'frame');
  const place = { file: path, position, resumeOffset: isIntact ? scanner.baseOffset : endOffset };
  throw new InputProblem(path, `frame at ${position} ${problem}`, place);
}

function failAtHole({ path }: Input, { position, baseOffset }: FrameScanner, expected: number): never {
  const place = { file: path, position, resumeOffset: baseOffset };
  throw new InputProblem(path, `frame at ${position} has offset ${baseOffset}, want ${expected}`, place);
}

function reading<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asProblem(error, path);
  }
}

/** What the medium does not give is a problem of this segment, not of the others. */
function asProblem(error: unknown, path: string): Error {
  if (error instanceof InputProblem) return error;
  if (error instanceof CommitLogError && error.place !== null) {
    return new InputProblem(path, error.message, error.code === 'damaged' ? error.place : null, error);
  }
  const code = hostCode(error instanceof CommitLogError ? error.cause : error);
  if (code === 'EIO') return new InputProblem(path, 'cannot be read', null, error);
  return asLogError(error, `segment ${path}`);
}
