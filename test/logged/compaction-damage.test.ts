/** Segments that are damaged or cannot be read: left as they are, and nothing else suffers. */
import * as assert from 'uvu/assert';
import { Compactor } from '../../logged/compaction/compactor.ts';
import { sealFrame } from '../../logged/storage/format/frame.ts';
import type { Host } from '../../targets/host.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { suite } from '../support/suite.ts';
import { DIRECTORY, LogPartition } from './compaction/log-partition.ts';

const test = suite('compaction of damaged segments');

const nameOf = (offset: number, end?: number): string =>
  [offset, end].flatMap((one) => (one === undefined ? [] : [String(one).padStart(20, '0')])).join('-');
const pathOf = (offset: number, end?: number): string => `${DIRECTORY}/${nameOf(offset, end)}.log`;

function flip(host: Host, path: string, position: number): void {
  const file = host.files.open(path, 'update');
  const byte = new Uint8Array(1);
  const at = position < 0 ? file.lengthBytes() + position : position;
  file.read(byte, at);
  file.write(
    byte.map((value) => value ^ 1),
    at,
  );
  file.close();
}

async function threeSegments(host: Host, set: Readonly<Record<string, string>> = {}): Promise<LogPartition> {
  const log = await LogPartition.open(host, set);
  for (const texts of [
    ['a=1', 'b=1'],
    ['a=2', 'c=1'],
    ['a=3', 'b', 'c=2'],
  ]) {
    await log.write(...texts);
    await log.partition.roll();
  }
  return log;
}

for (const [what, position] of [
  ['head', 9],
  ['first frame', 60],
  ['last frame', -1],
] as const) {
  test(`damage in the ${what}: the others are compacted, and it is told once`, async () => {
    const log = await threeSegments(new MemoryDisk().host());
    flip(log.host, pathOf(2), position);
    const compactor = new Compactor(log.host, { spillDir: null, reserve: null });
    const report = await compactor.run(log.partition, { config: log.config });
    assert.is(report.outcome, 'done');
    assert.equal(log.sealed(), ['0-2', '2', '4-7']);
    await compactor.run(log.partition, { config: log.config });
    assert.equal(
      log.events.map((event) => (event.event === 'damage' ? event.place.file : event.event)),
      [pathOf(2)],
    );
    assert.not.ok(compactor.needs(log.partition, log.config), 'what is left out is not waited for');
  });
}

/** Of a record as these tests write them. */
const FRAME_BYTES = 47;

for (const cutBytes of [1, FRAME_BYTES, FRAME_BYTES + 1]) {
  test(`a segment that was cut by ${cutBytes} bytes is damaged: nobody would miss its records later`, async () => {
    const log = await threeSegments(new MemoryDisk().host());
    const file = log.host.files.open(pathOf(2), 'update');
    assert.is(file.lengthBytes(), 40 + 2 * FRAME_BYTES);
    file.truncate(file.lengthBytes() - cutBytes);
    file.close();
    await log.compact();
    assert.equal(log.sealed(), ['0-2', '2', '4-7']);
    const [event] = log.events;
    const place = { file: pathOf(2), position: cutBytes > FRAME_BYTES ? 40 : 40 + FRAME_BYTES, resumeOffset: 4 };
    assert.equal(event?.event === 'damage' ? event.place : null, place);
  });
}

test('a segment with a hole in its offsets is damaged there', async () => {
  const log = await threeSegments(new MemoryDisk().host());
  const { bytes, files } = log.host;
  const file = files.open(pathOf(2), 'update');
  const frame = new Uint8Array(FRAME_BYTES);
  const position = 40 + FRAME_BYTES;
  file.read(frame, position);
  const place = { position, syncedPosition: 40, baseOffset: 4, appendedAt: 0 };
  sealFrame(bytes, frame, new DataView(frame.buffer), 0, place);
  file.write(frame, position);
  file.close();
  await log.compact();
  assert.equal(log.sealed(), ['0-2', '2', '4-7']);
  const [event] = log.events;
  const want = { file: pathOf(2), position, resumeOffset: 4 };
  assert.equal(event?.event === 'damage' ? event.place : null, want);
});

test('a file of compaction that was cut is damaged', async () => {
  const log = await threeSegments(new MemoryDisk().host());
  await log.compact();
  const file = log.host.files.open(pathOf(0, 7), 'update');
  file.truncate(file.lengthBytes() - 1);
  file.close();
  await log.write('a=4');
  await log.partition.roll();
  await log.compact();
  assert.equal(log.sealed(), ['0-7', '7-8']);
});

test('tombstones behind a damaged segment stay: what they delete may be in there', async () => {
  const disk = new MemoryDisk();
  const log = await threeSegments(disk.host(), { 'delete.retention.ms': '0' });
  flip(log.host, pathOf(2), -1);
  await log.compact();
  await disk.clock.advance(1000);
  await log.compact();
  const last = log.partition.sealedSegments().length - 1;
  assert.is(log.sealed()[last], '4-7');
  flip(log.host, pathOf(2), -1);
  assert.equal(log.shown(), ['2:a=2', '3:c=1', '4:a=3', '5:b', '6:c=2']);
  await log.compact();
  assert.equal(log.shown(), ['4:a=3', '6:c=2']);
});

test('tombstones wait for what could not be read when they were compacted, even behind what was clean', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host, { 'delete.retention.ms': '1000' });
  await log.write('a=1', 'b=1');
  await log.partition.roll();
  await log.compact();
  await log.write('b', 'c=1');
  await log.partition.roll();
  host.plan = (call) => {
    return call.name === 'read' && call.path === pathOf(0, 2) ? { kind: 'fail', code: 'EIO' } : null;
  };
  await log.compact();
  host.plan = () => null;
  assert.equal(log.sealed(), ['0-2', '2-4']);
  assert.equal(log.shown(), ['0:a=1', '1:b=1', '2:b', '3:c=1']);
  await host.disk.clock.advance(5000);
  await log.compact();
  assert.equal(log.shown(), ['0:a=1', '2:b', '3:c=1']);
  await host.disk.clock.advance(1000);
  await log.compact();
  assert.equal(log.shown(), ['0:a=1', '3:c=1']);
});

test('what could not be read is tried again, and then compacted with all that it missed', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host);
  const compactor = new Compactor(host, { spillDir: null, reserve: null });
  await log.write('a=1', 'b=1');
  await log.partition.roll();
  await compactor.run(log.partition, { config: log.config });
  await log.write('a=2', 'c=1');
  await log.partition.roll();
  host.plan = (call) => (call.name === 'read' && call.path === pathOf(0, 2) ? { kind: 'fail', code: 'EIO' } : null);
  assert.is((await compactor.run(log.partition, { config: log.config })).outcome, 'done');
  host.plan = () => null;
  assert.equal(log.shown(), ['0:a=1', '1:b=1', '2:a=2', '3:c=1']);
  await compactor.run(log.partition, { config: log.config });
  assert.equal(log.shown(), ['1:b=1', '2:a=2', '3:c=1']);
  assert.equal(log.events, []);
});

test('frames that a next segment stands for are no part of it', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host);
  await log.write('a=1');
  let syncs = 0;
  host.plan = (call) => {
    const fails = (call.name === 'sync' && syncs++ === 0) || call.name === 'truncate';
    return fails ? { kind: 'fail', code: 'EIO' } : null;
  };
  await log.write('b=1').catch(() => {});
  host.plan = () => null;
  await log.write('c=1', 'a=2');
  await log.partition.roll();
  assert.equal(log.shown(), ['0:a=1', '1:c=1', '2:a=2']);
  await log.compact();
  assert.equal(log.shown(), ['1:c=1', '2:a=2']);
  assert.equal(log.sealed(), ['0-3']);
});
