/**
 * The golden logs of the log's format version 1, made in memory: on a disk whose clock stands still and whose random
 * numbers come from a seed. `closed` was closed in order, `killed` was not, so its writer's watermark is there as well.
 * What `scripts/golden-log.ts` once wrote to files is text in hex.
 */
import type { CommitLog, ProducerRecord } from '../../logged/commit-log.ts';
import { FileLog } from '../../logged/file-log.ts';
import { MemoryDisk } from './memory-host/disk.ts';
import { fromHex, hex, utf8 as text } from './text.ts';

export const GOLDEN_DIRECTORY = 'test/fixtures/log-v1';

type GoldenRecord = Omit<ProducerRecord, 'topic'>;

const NOTHING = new Uint8Array(0);
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

/** Every kind of record, in one partition. */
export const KINDS: readonly GoldenRecord[] = [
  { partition: 0, key: null, value: NOTHING },
  { partition: 0, key: NOTHING, value: text('empty key') },
  { partition: 0, key: text('tombstone'), value: null },
  { partition: 0, key: null, value: null },
  { partition: 0, key: text('whole milliseconds'), value: text('v'), timestamp: 1_656_000_000_000 },
  { partition: 0, key: text('a fraction'), value: text('v'), timestamp: 1_656_000_000_000.125 },
  { partition: 0, key: text('before 1970'), value: text('v'), timestamp: -1.5 },
  {
    partition: 0,
    key: text('headers'),
    value: text('v'),
    headers: [
      { name: 'twice', value: text('1') },
      { name: 'twice', value: text('2') },
      { name: 'null', value: null },
      { name: 'empty', value: NOTHING },
      { name: '', value: text('no name') },
      { name: 'größer', value: Uint8Array.of(0xff, 0x00) },
    ],
  },
  { partition: 0, key: ALL_BYTES, value: ALL_BYTES, timestamp: 0, headers: [{ name: 'all', value: ALL_BYTES }] },
  { partition: 0, key: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1), value: ALL_BYTES.slice().reverse() },
];

/** What goes to two partitions in one call of a numbered producer: the sequences within a partition have gaps. */
export const NUMBERED: readonly GoldenRecord[] = [0, 1, 1, 0].map((partition, i) => ({
  partition,
  key: text(`k${i}`),
  value: text(`numbered ${i}`),
}));

export const PRODUCER = { id: 2 ** 53 - 1, sequence: 2 ** 40 };

/** By file name: the bytes. The names are those below the root of a log. */
export type GoldenLog = ReadonlyMap<string, Uint8Array>;

export async function makeGoldenLogs(): Promise<Readonly<Record<'closed' | 'killed', GoldenLog>>> {
  const [closed, killed] = [await fill(new MemoryDisk(1)), await fill(new MemoryDisk(1))];
  await closed.log.close();
  killed.disk.kill();
  return { closed: filesOf(closed.disk), killed: filesOf(killed.disk) };
}

/** The power goes once on the way, so there is a segment behind offsets that are passed over. */
async function fill(disk: MemoryDisk): Promise<{ disk: MemoryDisk; log: FileLog }> {
  const first = await openLog(disk);
  await fillKinds(first, disk);
  await fillCompacted(first, disk);
  await first.createTopic('unsynced', { config: { 'streambed.durability': 'os', 'segment.bytes': '4096' } });
  await first.produce({ topic: 'unsynced', key: null, value: text('before the gap') });
  const after = disk.powerCut({ kind: 'keep' });
  const log = await openLog(after);
  for (const topic of ['kinds', 'unsynced'])
    await log.produce({ topic, key: text('after'), value: text('the power cut') });
  await commit(log);
  return { disk: after, log };
}

async function commit(log: FileLog): Promise<void> {
  await log.commitOffsets('group', [
    { topic: 'kinds', partition: 0, offset: 3, metadata: 'metadata' },
    { topic: 'compacted', partition: 0, offset: 0 },
  ]);
  await log.commitOffsets('gone', [{ topic: 'kinds', partition: 1, offset: 1 }]);
  await log.deleteGroup('gone');
}

/** A segment with every kind of record and of frame but one, and a segment that begins with that one. */
async function fillKinds(log: FileLog, disk: MemoryDisk): Promise<void> {
  await log.createTopic('kinds', { partitions: 2, config: { 'segment.ms': '60000' } });
  await append(log, 'kinds', KINDS);
  await append(log, 'kinds', NUMBERED, PRODUCER);
  await append(log, 'kinds', KINDS.slice(0, 1), { id: 0, sequence: 0 });
  await disk.clock.advance(100_000);
  await append(log, 'kinds', [{ partition: 0, key: text('second'), value: text('behind a control frame') }]);
}

/** A file of compaction, with a tombstone that is to stay for a day, and a segment behind it. */
async function fillCompacted(log: FileLog, disk: MemoryDisk): Promise<void> {
  await log.createTopic('compacted', { config: { 'cleanup.policy': 'compact', 'segment.ms': '60000' } });
  const keyed = (key: string, value: string | null): GoldenRecord => {
    return { partition: 0, key: text(key), value: value === null ? null : text(value) };
  };
  await append(log, 'compacted', [keyed('a', '1'), keyed('b', '1'), keyed('c', '1')]);
  await append(log, 'compacted', [keyed('a', '2')]);
  await disk.clock.advance(100_000);
  await append(log, 'compacted', [keyed('b', null), keyed('d', '1')]);
  await log.compact('compacted');
  await append(log, 'compacted', [keyed('a', '3')]);
}

async function append(
  log: CommitLog,
  topic: string,
  records: readonly GoldenRecord[],
  producer?: { readonly id: number; readonly sequence: number },
): Promise<void> {
  for (const result of await log.produceBatch(topic, records, producer)) if ('error' in result) throw result.error;
}

function openLog(disk: MemoryDisk): Promise<FileLog> {
  return FileLog.open(disk.host(), { root: '/log', housekeepingMs: 0, reserveBytes: 0 });
}

/** All files of a log, and of its writer's watermarks as `watermark/<topic id>`. Locks are empty. */
function filesOf(disk: MemoryDisk): GoldenLog {
  const { files } = disk.host();
  const found = new Map<string, Uint8Array>();
  const visit = (directory: string, name: string): void => {
    for (const entry of files.list(directory).sort()) {
      const path = `${directory}/${entry}`;
      if (files.stat(path)?.kind === 'directory') visit(path, `${name}${entry}/`);
      else if (!entry.endsWith('.lock'))
        found.set(`${name}${entry}`.replace(/^(watermark\/.*)\/watermark$/, '$1'), read(disk, path));
    }
  };
  visit('/log', '');
  visit(files.volatileDir('/log') ?? '', 'watermark/');
  return found;
}

function read(disk: MemoryDisk, path: string): Uint8Array {
  const file = disk.host().files.open(path, 'read');
  const bytes = new Uint8Array(file.lengthBytes());
  file.read(bytes, 0);
  file.close();
  return bytes;
}

const LINE_BYTES = 32;

/** One file behind the other: `# <name>` and lines of hex. */
export function encodeGolden(log: GoldenLog): string {
  let lines = '';
  for (const [name, bytes] of log) {
    lines += `# ${name}\n`;
    for (let at = 0; at < bytes.length; at += LINE_BYTES) {
      lines += `${hex(bytes.subarray(at, at + LINE_BYTES))}\n`;
    }
  }
  return lines;
}

export function decodeGolden(golden: string): GoldenLog {
  const files = golden.split(/^# /m).slice(1);
  return new Map(
    files.map((file) => {
      const [name = '', ...lines] = file.split('\n');
      return [name, fromHex(lines.join(''))];
    }),
  );
}
