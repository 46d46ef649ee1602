/**
 * Looks at every byte of a log without changing any: for the operator who wants to know, and for tests. Safe while a
 * writer is at work; what it has written and not synced yet then shows as a torn tail or not at all.
 */
import type { File, Host } from '../../targets/host.ts';
import { CommitLogError } from '../commit-log.ts';
import { findIntactFrame, FrameScanner } from '../storage/reading/frame-scanner.ts';
import { asLogError } from '../storage/host-failure.ts';
import { describeFrame, loadIndex } from '../storage/index-file.ts';
import { readRecord, recordBytesAt } from '../storage/format/record.ts';
import { listSegments, openForReading, readSegmentHeader } from '../storage/segment-file.ts';
import { SEGMENT_HEADER_BYTES, type SegmentHeader, type SegmentName } from '../storage/format/segment-header.ts';
import { TopicDirectories } from '../storage/topic-directories.ts';
import { readTopicFile } from '../storage/format/topic-file.ts';

/**
 * `damage`: bytes that had been durable are not what they were. `torn-tail`: an append that was under way when the
 * power went; cut off when the log is opened next, and no loss. `unknown-version`: a newer format. `unreadable`: the
 * host could not read.
 */
export type FindingKind = 'damage' | 'torn-tail' | 'unknown-version' | 'unreadable';

export interface Finding {
  readonly kind: FindingKind;
  readonly topic: string;
  /** -1: the topic's own file. */
  readonly partition: number;
  readonly file: string;
  readonly position: number;
  readonly message: string;
  /** The first offset behind it that can be read, or null. */
  readonly resumeOffset: number | null;
}

export interface PartitionReport {
  readonly topic: string;
  readonly partition: number;
  readonly segments: number;
  readonly frames: number;
  readonly records: number;
  readonly bytes: number;
  readonly beginningOffset: number | null;
  readonly lastOffset: number | null;
}

export interface VerifyReport {
  readonly root: string;
  /** False when anything but torn tails was found. */
  readonly intact: boolean;
  readonly partitions: readonly PartitionReport[];
  readonly findings: readonly Finding[];
}

const CHUNK_BYTES = 65536;

/** Errors: `unknown-topic`; everything else is a finding. */
export function verifyLog(host: Host, root: string, options: { readonly topic?: string } = {}): VerifyReport {
  const directories = new TopicDirectories(host, root);
  const topics = directories.list();
  const chosen = options.topic === undefined ? topics : topics.filter((topic) => topic === options.topic);
  if (options.topic !== undefined && chosen.length === 0) {
    throw new CommitLogError('unknown-topic', `topic ${options.topic}: does not exist`);
  }
  const findings: Finding[] = [];
  const partitions = chosen.flatMap((topic) => verifyTopic(host, directories, topic, findings));
  return { root, intact: findings.every(({ kind }) => kind === 'torn-tail'), partitions, findings };
}

function verifyTopic(host: Host, directories: TopicDirectories, topic: string, findings: Finding[]): PartitionReport[] {
  let count = 0;
  try {
    count = readTopicFile(host, directories.of(topic))?.partitions ?? 0;
  } catch (error) {
    findings.push(findingOf(error, topic, -1, directories.of(topic)));
    // The partitions can be read without it.
    while (host.files.stat(directories.partition(topic, count)) !== null) count++;
  }
  return Array.from({ length: count }, (_, partition) =>
    new PartitionCheck(host, topic, partition, directories.partition(topic, partition), findings).run(),
  );
}

function findingOf(thrown: unknown, topic: string, partition: number, path: string): Finding {
  const error = asLogError(thrown, path);
  const kinds: Partial<Record<string, FindingKind>> = { damaged: 'damage', 'unknown-version': 'unknown-version' };
  return {
    kind: kinds[error.code] ?? 'unreadable',
    topic,
    partition,
    file: error.place?.file ?? path,
    position: error.place?.position ?? 0,
    message: error.message,
    resumeOffset: error.place?.resumeOffset ?? null,
  };
}

class PartitionCheck {
  readonly #host: Host;
  readonly #topic: string;
  readonly #partition: number;
  readonly #directory: string;
  readonly #findings: Finding[];
  #frames = 0;
  #records = 0;
  #bytes = 0;
  #first: number | null = null;
  #last: number | null = null;
  /** The offset that comes next in a segment that was appended to. */
  #expected = 0;

  constructor(host: Host, topic: string, partition: number, directory: string, findings: Finding[]) {
    this.#host = host;
    this.#topic = topic;
    this.#partition = partition;
    this.#directory = directory;
    this.#findings = findings;
  }

  run(): PartitionReport {
    let segments: readonly SegmentName[] = [];
    try {
      segments = listSegments(this.#host, this.#directory).live;
    } catch (error) {
      this.#findings.push(findingOf(error, this.#topic, this.#partition, this.#directory));
    }
    for (let i = 0; i < segments.length; i++) {
      this.#checkSegment(segments[i] as SegmentName, segments[i + 1] ?? null, segments[i - 1] ?? null);
    }
    return {
      topic: this.#topic,
      partition: this.#partition,
      segments: segments.length,
      frames: this.#frames,
      records: this.#records,
      bytes: this.#bytes,
      beginningOffset: this.#first,
      lastOffset: this.#last,
    };
  }

  #checkSegment(name: SegmentName, next: SegmentName | null, before: SegmentName | null): void {
    const path = `${this.#directory}/${name.name}`;
    try {
      const file = openForReading(this.#host, path);
      if (file === null) return;
      try {
        const header = this.#checkHeader(path, name, file);
        this.#checkStart(path, name, header, before);
        this.#checkFrames(path, name, file, header, next);
      } finally {
        file.close();
      }
    } catch (error) {
      this.#findings.push(findingOf(error, this.#topic, this.#partition, path));
    }
  }

  /** Null when the head is damaged, which is found; the frames can be checked without it. */
  #checkHeader(path: string, name: SegmentName, file: File): SegmentHeader | null {
    try {
      return readSegmentHeader(this.#host, path, name, file);
    } catch (error) {
      if (!(error instanceof CommitLogError) || error.code !== 'damaged') throw error;
      this.#findings.push(findingOf(error, this.#topic, this.#partition, path));
      return null;
    }
  }

  /** A gap between two segments is loss unless the second one says otherwise. */
  #checkStart(path: string, name: SegmentName, header: SegmentHeader | null, before: SegmentName | null): void {
    const gap = before !== null && before.endOffset === 0 && this.#expected < name.baseOffset;
    if (gap && header?.gapBefore === false) {
      const file = `${this.#directory}/${before.name}`;
      this.#find('damage', file, 0, `ends before offset ${name.baseOffset}, as ${path} begins`, name.baseOffset);
    }
    this.#expected = name.baseOffset;
  }

  #checkFrames(
    path: string,
    name: SegmentName,
    file: File,
    header: SegmentHeader | null,
    next: SegmentName | null,
  ): void {
    const lengthBytes = file.lengthBytes();
    const before = next?.baseOffset ?? Number.POSITIVE_INFINITY;
    this.#bytes += lengthBytes;
    let scanner = this.#scan(file, SEGMENT_HEADER_BYTES, lengthBytes);
    for (;;) {
      const step = scanner.next();
      if (step === 'end') break;
      // What a writer that gave the file up could not cut off; the next one stands for it.
      const isReadOut = this.#expected >= before || (step === 'frame' && scanner.baseOffset >= before);
      if (isReadOut && name.endOffset === 0) return;
      if (step === 'frame' && this.#inPlace(name, scanner)) {
        this.#takeFrame(scanner);
        continue;
      }
      const problem = step === 'frame' ? `has offset ${scanner.baseOffset}, want ${this.#expected}` : scanner.problem;
      const { position } = scanner;
      const behind = findIntactFrame(this.#host.bytes, file, { from: position + 1, to: lengthBytes }, this.#expected);
      const torn = next === null && name.endOffset === 0 && !this.#wasDurable(name, position, behind?.syncedPosition);
      const resumeOffset = behind?.baseOffset ?? next?.baseOffset ?? null;
      const kind = torn ? 'torn-tail' : 'damage';
      this.#find(kind, path, position, `frame at ${position} ${problem}`, torn ? null : resumeOffset);
      if (torn || behind === null) return;
      this.#expected = behind.baseOffset;
      scanner = this.#scan(file, behind.position, lengthBytes);
    }
    const wantBytes = name.endOffset === 0 ? this.#provenBytes(name, next) : (header?.fileBytes ?? 0);
    if (lengthBytes < wantBytes) {
      this.#find('damage', path, lengthBytes, `has ${lengthBytes} bytes, want ${wantBytes}`, next?.baseOffset ?? null);
    }
  }

  #scan(file: File, from: number, to: number): FrameScanner {
    return new FrameScanner(this.#host.bytes, file, { from, to, chunkBytes: CHUNK_BYTES });
  }

  #inPlace(name: SegmentName, scanner: FrameScanner): boolean {
    const { baseOffset } = scanner;
    return name.endOffset === 0
      ? baseOffset === this.#expected
      : baseOffset >= this.#expected && baseOffset < name.endOffset;
  }

  #takeFrame(scanner: FrameScanner): void {
    const { baseOffset, appendedAt, buffer, view } = scanner;
    this.#frames++;
    let at = scanner.recordsAt;
    for (let i = 0; i < scanner.recordCount; i++) {
      const origin = { topic: this.#topic, partition: this.#partition, baseOffset, appendedAt };
      const { offset } = readRecord(this.#host.bytes, buffer, view, at, origin);
      this.#first ??= offset;
      this.#last = offset;
      this.#records++;
      at += recordBytesAt(view, at);
    }
    if (!scanner.isControl) this.#expected = describeFrame(scanner).lastOffset + 1;
  }

  #wasDurable(name: SegmentName, position: number, syncedPosition: number | undefined): boolean {
    return (syncedPosition ?? 0) > position || this.#provenBytes(name, null) > position;
  }

  /** What the index that was saved when the log was closed says of the last segment's length. */
  #provenBytes(name: SegmentName, next: SegmentName | null): number {
    return next === null ? (loadIndex(this.#host, this.#directory, name)?.dataBytes ?? 0) : 0;
  }

  #find(kind: FindingKind, file: string, position: number, message: string, resumeOffset: number | null): void {
    this.#findings.push({
      kind,
      topic: this.#topic,
      partition: this.#partition,
      file,
      position,
      message: `segment ${file}: ${message}`,
      resumeOffset,
    });
  }
}
