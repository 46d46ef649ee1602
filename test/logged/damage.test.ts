/** Damage that flipping and cutting bytes does not make: other versions, foreign bytes, stale indexes, several holes. */
import * as assert from 'uvu/assert';
import { CommitLogError } from '../../logged/commit-log.ts';
import { verifyLog } from '../../logged/inspection/verify.ts';
import type { LogEvent } from '../../logged/log-event.ts';
import { bytes as platformBytes } from '../support/platform.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import {
  type FileBytes,
  framesOf,
  type LogTemplate,
  opened,
  readFile,
  readOn,
  smallLog,
  text,
  writeFile,
} from '../support/matrix/small-log.ts';
import { openLog } from '../support/matrix/verdict.ts';
import { suite } from '../support/suite.ts';
import { fromUtf8 } from '../support/text.ts';

const test = suite('damage');

const PARTITION = '/data/log/topics/t/0';
const segment = (offset: number): string => `${PARTITION}/${String(offset).padStart(20, '0')}.log`;
const [FIRST, SECOND, ACTIVE] = [segment(0), segment(3), segment(6)];

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => Array.from(part)));

/** Gives bytes another version, with a checksum that fits. */
function withVersion(
  bytes: Uint8Array,
  version: number,
  crcAt: number,
  crcOf: (bytes: Uint8Array) => number,
): Uint8Array {
  const changed = bytes.slice();
  const view = new DataView(changed.buffer);
  view.setUint16(4, version, true);
  view.setUint32(crcAt, crcOf(changed), true);
  return changed;
}

const ofVersion2 = (bytes: Uint8Array): Uint8Array =>
  withVersion(bytes, 2, 36, (changed) => platformBytes.crc32c(changed, 0, 36));

async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof CommitLogError ? error.code : String(error);
}

const values = (records: readonly { value: Uint8Array | null }[]): string =>
  records.map(({ value }) => fromUtf8(value ?? text('null'))).join(' ');

/** Damages the frames with those offsets. */
function hit(disk: MemoryDisk, path: string, ...offsets: readonly number[]): void {
  const frames = framesOf(disk, path);
  for (const offset of offsets)
    flip(disk, path, (frames.find(({ lastOffset }) => lastOffset >= offset)?.from ?? 0) + 5);
}

function flip(disk: MemoryDisk, path: string, position: number): void {
  const bytes = readFile(disk, path);
  bytes[position] = (bytes[position] ?? 0) ^ 0xff;
  writeFile(disk, path, bytes);
}

for (const ending of ['closed', 'killed', 'power cut'] as const) {
  test(`a sealed segment of an unknown version, ${ending}`, async () => {
    const disk = (await smallLog(ending)).copy();
    writeFile(disk, SECOND, ofVersion2(readFile(disk, SECOND)));
    const { log } = await opened(disk);
    const { records, errors } = await readOn(log, 't');
    assert.is(values(records), 'a0 a1 a2 c0 c1 c2 c3');
    assert.equal(
      errors.map(({ code, place }) => [code, place?.file, place?.resumeOffset]),
      [['unknown-version', SECOND, 6]],
    );
    assert.is((await log.produce({ topic: 't', partition: 0, key: null, value: text('x') })).offset, 10);
  });

  test(`the last segment of an unknown version, ${ending}`, async () => {
    for (const options of [{}, { lockOn: 'write' as const }]) {
      const disk = (await smallLog(ending)).copy();
      const bytes = ofVersion2(readFile(disk, ACTIVE));
      writeFile(disk, ACTIVE, bytes);
      const { log } = await opened(disk, options);
      const { records, errors } = await readOn(log, 't');
      assert.is(values(records), 'a0 a1 a2 b0 b1 b2');
      assert.equal(
        errors.map(({ code, place }) => [code, place?.file]),
        [['unknown-version', ACTIVE]],
      );
      assert.is(
        await codeOf(log.produce({ topic: 't', partition: 0, key: null, value: text('x') })),
        'unknown-version',
      );
      assert.is((await log.produce({ topic: 't', partition: 1, key: null, value: text('x') })).offset, 1);
      assert.equal(readFile(disk, ACTIVE), bytes, 'untouched');
    }
  });
}

test('a topic of an unknown version', async () => {
  const disk = (await smallLog('closed')).copy();
  const path = '/data/log/topics/t/topic';
  const crcOf = (bytes: Uint8Array): number =>
    platformBytes.crc32c(bytes, 16, bytes.length, platformBytes.crc32c(bytes, 0, 12));
  writeFile(disk, path, withVersion(readFile(disk, path), 2, 12, crcOf));
  const { log } = await opened(disk);
  assert.is(await codeOf(log.describeTopic('t')), 'unknown-version');
  assert.is(await codeOf(log.produce({ topic: 't', key: null, value: null })), 'unknown-version');
  assert.is(await codeOf(log.createTopic('t')), 'unknown-version');
  assert.is((await log.produce({ topic: 'other', key: null, value: null })).offset, 1);
});

/** The segment files of another log, one behind the other: full of frames with sound checksums. */
async function copyOfSegments(): Promise<Uint8Array> {
  const disk = new MemoryDisk(9);
  const log = await openLog(disk.host());
  for (let i = 0; i < 400; i += 1) {
    await log.produce({ topic: 'a', key: null, value: text(`alien ${i}`) });
  }
  await log.close();
  return readFile(disk, '/data/log/topics/a/0/00000000000000000000.log');
}

test('a copy of a segment, stored as a record, is no log behind damage', async () => {
  const copy = await copyOfSegments();
  const disk = new MemoryDisk(10);
  const log = await openLog(disk.host());
  for (const value of [text('before'), copy, text('behind')]) await log.produce({ topic: 't', key: null, value });
  await log.close();
  flip(disk, FIRST, 90);
  flip(disk, FIRST, 130);
  const now = await opened(disk);
  const { records, errors } = await readOn(now.log, 't');
  assert.is(values(records.filter(({ offset }) => offset !== 1)), 'before behind');
  assert.ok(errors.length === 1 && errors[0]?.place?.resumeOffset === 2);
});

test('a copy of a segment, stored as a record, is no log when it is torn', async () => {
  const copy = await copyOfSegments();
  const host = new FaultHost(new MemoryDisk(10));
  const log = await openLog(host);
  await log.produce({ topic: 't', key: null, value: text('before') });
  let found = 0;
  host.observer = ({ name, path }) => {
    if (name !== 'sync' || !path.includes('/t/0/')) return;
    cuts.push(
      ...Array.from({ length: 40 }, (_, i) => host.disk.powerCut({ kind: 'pages', unitBytes: 64, seed: i + 1 })),
    );
  };
  const cuts: MemoryDisk[] = [];
  await log.produce({ topic: 't', key: null, value: copy });
  for (const disk of cuts) {
    const { log: left, events } = await opened(disk);
    const { records, errors } = await readOn(left, 't');
    assert.is(values(records), 'before');
    assert.equal(errors, []);
    assert.equal(
      events.filter(({ event }) => event === 'damage'),
      [],
    );
    found += events.filter(({ event }) => event === 'torn-tail').length;
  }
  assert.ok(found > 20, `${found} torn tails`);
});

/** What a writer that gave up a segment may have left behind what it kept, when its truncation was lost. */
test('foreign bytes behind a sealed segment are not missed', async () => {
  const frame = readFile((await smallLog('closed')).copy(), ACTIVE).slice(40, 90);
  for (const rest of [new Uint8Array(300), frame, text('rubbish'), Uint8Array.of(0xa5)]) {
    const disk = (await smallLog('closed')).copy();
    writeFile(disk, SECOND, joined(readFile(disk, SECOND), rest));
    const { log, events } = await opened(disk);
    const { records, errors } = await readOn(log, 't');
    assert.is(values(records), 'a0 a1 a2 b0 b1 b2 c0 c1 c2 c3');
    assert.equal([errors, events], [[], []]);
    assert.equal(verifyLog(disk.host(), '/data/log').findings, []);
    assert.is(await log.offsetForTime('t', 0, 1_700_000_004_000), 6);
  }
});

test('foreign bytes behind the last segment are cut off and kept', async () => {
  const frame = readFile((await smallLog('closed')).copy(), SECOND).slice(40);
  for (const ending of ['closed', 'killed', 'power cut'] as const) {
    for (const rest of [new Uint8Array(5000), frame, text('rubbish'), Uint8Array.of(0xa5)]) {
      const disk = (await smallLog(ending)).copy();
      const before = readFile(disk, ACTIVE);
      writeFile(disk, ACTIVE, joined(before, rest));
      const { log, events } = await opened(disk);
      const { records, errors } = await readOn(log, 't');
      assert.is(values(records), 'a0 a1 a2 b0 b1 b2 c0 c1 c2 c3');
      assert.equal(errors, []);
      checkTorn(disk, events, before.length, rest);
      assert.is((await log.produce({ topic: 't', partition: 0, key: null, value: null })).offset, 10);
    }
  }
});

function checkTorn(disk: MemoryDisk, events: readonly LogEvent[], position: number, rest: Uint8Array): void {
  const isZeros = rest.every((byte) => byte === 0);
  const [event] = events.filter((one) => one.event === 'torn-tail');
  const { tail } = event ?? {};
  assert.equal([tail?.file, tail?.position, tail?.droppedBytes], [ACTIVE, position, rest.length]);
  assert.is(tail?.reason, isZeros ? 'zeros' : 'torn');
  assert.is(tail?.keptIn === null, isZeros);
  if (typeof tail?.keptIn === 'string') assert.equal(readFile(disk, tail.keptIn), rest);
}

test('an index of another segment, or of an earlier state, misleads nobody', async () => {
  const template = await smallLog('closed');
  const indexes = template.files(`${PARTITION}/`).filter(({ path }) => path.endsWith('.index'));
  assert.is(indexes.length, 3);
  const { log } = await opened(template.copy());
  const before = await readOn(log, 't');
  for (const one of indexes.slice(0, 2)) {
    for (const other of indexes) {
      const disk = template.copy();
      writeFile(disk, one.path, other.bytes);
      const now = await opened(disk);
      for (let offset = 0; offset < 10; offset += 1) {
        const subscriptions = [{ topic: 't', partitions: [0] }];
        const first = await now.log
          .subscribe({ subscriptions, from: { offset }, idleTimeoutMs: 0 })
          [Symbol.asyncIterator]()
          .next();
        assert.equal(first.value, before.records[offset]);
      }
    }
  }
});

test('times and last offsets are found behind damage', async () => {
  const template = await smallLog('closed');
  for (const hasIndex of [true, false]) {
    const disk = template.copy();
    const { files } = disk.host();
    for (const { path } of template.files(`${PARTITION}/`))
      if (!hasIndex && path.endsWith('.index')) files.remove(path);
    hit(disk, SECOND, 3);
    const { log } = await opened(disk);
    assert.is(await log.offsetForTime('t', 0, 1_700_000_002_000), 4, 'b0 is gone, b1 is the first that is left');
    assert.is(await log.offsetForTime('t', 0, 1_700_000_004_000), 6);
    assert.equal(await log.offsets('t', 0), { beginningOffset: 0, endOffset: 10, lastOffset: 9 });
    await log.close();
  }
});

test('several holes: each is told of, and all that is intact is read', async () => {
  const disk = (await smallLog('closed')).copy();
  hit(disk, FIRST, 0);
  hit(disk, SECOND, 4);
  hit(disk, ACTIVE, 6, 8);
  const { log } = await opened(disk);
  const { records, errors } = await readOn(log, 't');
  assert.is(values(records), 'a2 b0 c1');
  assert.equal(
    errors.map(({ place }) => [place?.file, place?.resumeOffset]),
    [
      [FIRST, 2],
      [SECOND, 6],
      [ACTIVE, 7],
      [ACTIVE, 10],
    ],
  );
});

test('what others produce to the topic of commits is passed over', async () => {
  const disk = (await smallLog('closed')).copy();
  const { files } = disk.host();
  // The log itself lets nobody produce to it: under another name it is a topic like others.
  const hidden = FIRST.replace(/\/topics\/.*/, '/topics/hidden');
  const groups = hidden.replace('hidden', '__consumer_offsets');
  files.rename(groups, hidden);
  const { log: before } = await opened(disk);
  const strange: [Uint8Array | null, Uint8Array | null][] = [
    [null, text('x')],
    [text('x'), text('x')],
    [new Uint8Array(0), null],
    [Uint8Array.of(0x83, 0x61, 0x67, 0x61, 0x74, 0x00), Uint8Array.of(0xa0)],
    [Uint8Array.of(0x83, 0x61, 0x67, 0x61, 0x74, 0x61, 0x30), null],
    [Uint8Array.of(0xf6), Uint8Array.of(0xff)],
  ];
  for (const [key, value] of strange) await before.produce({ topic: 'hidden', key, value });
  await before.close();
  files.rename(hidden, groups);
  const { log } = await opened(disk);
  assert.equal(
    (await log.committedOffsets('g')).map(({ offset }) => offset),
    [1, 3],
  );
  assert.equal(await log.listGroups(), ['g']);
});

test('damage in one file is told once per look and names its place', async () => {
  const template: LogTemplate = await smallLog('closed');
  const disk = template.copy();
  flip(disk, FIRST, 45);
  const { log, events } = await opened(disk);
  await readOn(log, 't');
  const told = events.filter(({ event }) => event === 'damage');
  assert.is(told.length, 1);
  assert.equal(told[0], {
    event: 'damage',
    topic: 't',
    partition: 0,
    place: { file: FIRST, position: 40, resumeOffset: 2 },
  });
  const files: readonly FileBytes[] = template.files(FIRST);
  assert.is(files.length, 1);
});
