/**
 * A log small enough to change every one of its bytes: two sealed segments and one that is appended to in a partition,
 * a compacted topic, commits, and neighbours that must not notice anything.
 */
import * as assert from 'uvu/assert';
import { CommitLogError, type ConsumerRecord, type SubscribeOptions } from '../../../logged/commit-log.ts';
import type { CommitLog } from '../../../logged/commit-log.ts';
import type { FileLog } from '../../../logged/file-log.ts';
import type { LogEvent } from '../../../logged/log-event.ts';
import { FrameScanner } from '../../../logged/storage/reading/frame-scanner.ts';
import { describeFrame } from '../../../logged/storage/index-file.ts';
import { SEGMENT_HEADER_BYTES } from '../../../logged/storage/format/segment-header.ts';
import { FaultHost } from '../fault-host/fault-host.ts';
import { MemoryDisk } from '../memory-host/disk.ts';
import { bytes as platformBytes } from '../platform.ts';
import { openLog, type Options, ROOT } from './verdict.ts';

/** How the process that wrote the log ended. */
export type Ending = 'closed' | 'killed' | 'power cut';

const HEADERS = [{ name: 'h', value: Uint8Array.of(1) }];

/** A log as its writer left it, to be copied as often as one likes. */
export class LogTemplate {
  readonly ending: Ending;
  readonly #disk: MemoryDisk;
  readonly #marks: readonly { readonly name: string; readonly bytes: Uint8Array }[];

  constructor(disk: MemoryDisk, ending: Ending) {
    this.ending = ending;
    const directory = disk.host().files.volatileDir(ROOT) ?? '';
    const marks = ending === 'killed' ? filesOn(disk, directory) : [];
    this.#marks = marks.map(({ path, bytes }) => ({ name: path.slice(directory.length), bytes }));
    this.#disk = disk.powerCut({ kind: 'keep' });
  }

  /** A disk of its own, with nothing pending. What is on the memory file system is there unless the power went. */
  copy(): MemoryDisk {
    const disk = this.#disk.powerCut({ kind: 'keep' });
    const { files } = disk.host();
    const directory = files.volatileDir(ROOT) ?? '';
    for (const { name, bytes } of this.#marks) {
      const parent = `${directory}${name.slice(0, name.lastIndexOf('/'))}`;
      if (files.stat(parent) === null) files.makeDir(parent);
      writeFile(disk, `${directory}${name}`, bytes);
    }
    return disk;
  }

  files(part: string): readonly FileBytes[] {
    return filesOn(this.copy(), '/').filter(({ path }) => path.includes(part));
  }
}

export interface FileBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** `t` has the partition that is damaged; the other partition of `t` and the topic `other` are the neighbours. */
export async function smallLog(ending: Ending): Promise<LogTemplate> {
  const disk = new MemoryDisk(7);
  const log = await openLog(new FaultHost(disk));
  await log.createTopic('t', { partitions: 2, config: { 'segment.ms': '1000' } });
  await produce(log, 't', 0, ['a0', 'a1']);
  await produce(log, 't', 0, ['a2'], { id: 5, sequence: 0 });
  await disk.clock.advance(2000);
  await produce(log, 't', 0, ['b0']);
  await produce(log, 't', 0, ['b1', 'b2']);
  await disk.clock.advance(2000);
  await produce(log, 't', 0, ['c0']);
  await produce(log, 't', 0, ['c1']);
  await produce(log, 't', 0, ['c2', 'c3']);
  await produce(log, 't', 1, ['neighbour']);
  await produce(log, 'other', 0, ['other']);
  await log.commitOffsets('g', [
    { topic: 't', partition: 0, offset: 3 },
    { topic: 'other', partition: 0, offset: 1 },
  ]);
  return end(disk, log, ending);
}

/** `t` was compacted: one file stands for the first segments, and one is appended to. */
export async function smallCompactedLog(ending: Ending): Promise<LogTemplate> {
  const disk = new MemoryDisk(8);
  const log = await openLog(new FaultHost(disk));
  const config = { 'segment.ms': '1000', 'cleanup.policy': 'compact' };
  await log.createTopic('t', { partitions: 2, config });
  for (const values of [['a0', 'a1', 'a2'], ['b0', 'b1'], ['c0']]) {
    for (const value of values) await produce(log, 't', 0, [value], undefined, value.slice(1));
    await disk.clock.advance(2000);
  }
  await log.compact('t');
  await produce(log, 't', 0, ['d9'], undefined, '9');
  await produce(log, 't', 1, ['neighbour']);
  await produce(log, 'other', 0, ['other']);
  return end(disk, log, ending);
}

async function end(disk: MemoryDisk, log: FileLog, ending: Ending): Promise<LogTemplate> {
  if (ending === 'closed') await log.close();
  disk.kill();
  return new LogTemplate(disk, ending);
}

async function produce(
  log: CommitLog,
  topic: string,
  partition: number,
  values: readonly string[],
  producer?: { id: number; sequence: number },
  key: string | null = null,
): Promise<void> {
  const records = values.map((value, i) => ({
    partition,
    key: key === null ? null : text(key),
    value: text(value),
    headers: i === 0 ? HEADERS : [],
    timestamp: i === 1 ? 1_699_999_999_000.5 : null,
  }));
  for (const result of await log.produceBatch(topic, records, producer)) if ('error' in result) throw result.error;
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Every file below a directory, with its bytes. */
export function filesOn(disk: MemoryDisk, directory: string): FileBytes[] {
  const { files } = disk.host();
  return files.list(directory).flatMap((name): FileBytes[] => {
    const path = `${directory === '/' ? '' : directory}/${name}`;
    return files.stat(path)?.kind === 'directory' ? filesOn(disk, path) : [{ path, bytes: readFile(disk, path) }];
  });
}

export function readFile(disk: MemoryDisk, path: string): Uint8Array {
  const file = disk.host().files.open(path, 'read');
  const bytes = new Uint8Array(file.lengthBytes());
  file.read(bytes, 0);
  file.close();
  return bytes;
}

export function writeFile(disk: MemoryDisk, path: string, bytes: Uint8Array): void {
  const { files } = disk.host();
  const file = files.open(path, files.stat(path) === null ? 'create' : 'update');
  file.truncate(0);
  file.write(bytes, 0);
  file.close();
}

/** What a reader gets who goes on behind damage wherever it is told that it can. */
export interface Reading {
  readonly records: readonly ConsumerRecord[];
  readonly errors: readonly CommitLogError[];
}

export async function readOn(log: CommitLog, topic: string, partition = 0): Promise<Reading> {
  const records: ConsumerRecord[] = [];
  const errors: CommitLogError[] = [];
  let from: SubscribeOptions['from'] = 'beginning';
  for (;;) {
    const error = await readFrom(log, topic, partition, from, records);
    if (error === null) return { records, errors };
    errors.push(error);
    const next = error.place?.resumeOffset ?? null;
    if (next === null) return { records, errors };
    assert.ok(next > (records.at(-1)?.offset ?? -1), `goes on at ${next}, behind ${records.at(-1)?.offset}`);
    assert.ok(errors.length < 20, 'comes to no end');
    from = { offset: next };
  }
}

async function readFrom(
  log: CommitLog,
  topic: string,
  partition: number,
  from: SubscribeOptions['from'],
  into: ConsumerRecord[],
): Promise<CommitLogError | null> {
  const subscriptions = [{ topic, partitions: [partition] }];
  try {
    for await (const record of log.subscribe({ subscriptions, from, idleTimeoutMs: 0 })) into.push(record);
    return null;
  } catch (error) {
    if (error instanceof CommitLogError) return error;
    throw error;
  }
}

export async function opened(disk: MemoryDisk, options: Options = {}): Promise<{ log: FileLog; events: LogEvent[] }> {
  const events: LogEvent[] = [];
  const log = await openLog(disk.host(), events, options);
  return { log, events };
}

export interface Frame {
  readonly from: number;
  readonly to: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/** The intact frames of a segment. Of a control frame the last offset is -1. */
export function framesOf(disk: MemoryDisk, path: string): Frame[] {
  const frames: Frame[] = [];
  const file = disk.host().files.open(path, 'read');
  const range = { from: SEGMENT_HEADER_BYTES, to: file.lengthBytes(), chunkBytes: 4096 };
  const scanner = new FrameScanner(platformBytes, file, range);
  while (scanner.next() === 'frame') {
    const { baseOffset, lastOffset, isControl } = describeFrame(scanner);
    const { position, nextPosition } = scanner;
    frames.push({ from: position, to: nextPosition, firstOffset: baseOffset, lastOffset: isControl ? -1 : lastOffset });
  }
  return frames;
}
