/**
 * Every byte of a small log is flipped, and every file cut at every length. What is read is what was written, without
 * what stood in the frame that was hit; that is a coded error with a place, from which reading goes on; and nobody else
 * notices. By default one bit of every byte is flipped, and of logs that were not closed one in five bytes, and one in
 * three lengths is tried; with `STREAMBED_MATRIX=full` each of the eight bits of every byte, and every length.
 */
import * as assert from 'uvu/assert';
import type { ConsumerRecord } from '../../logged/commit-log.ts';
import { verifyLog } from '../../logged/inspection/verify.ts';
import type { FileLog } from '../../logged/file-log.ts';
import { parseSegmentName, SEGMENT_HEADER_BYTES } from '../../logged/storage/format/segment-header.ts';
import type { MemoryDisk } from '../support/memory-host/disk.ts';
import {
  type Ending,
  type FileBytes,
  type Frame,
  framesOf,
  type LogTemplate,
  opened,
  type Reading,
  readFile,
  readOn,
  smallCompactedLog,
  smallLog,
  text,
  writeFile,
} from '../support/matrix/small-log.ts';
import { suite } from '../support/suite.ts';
import { FULL, isTried } from '../support/share.ts';

const test = suite('damage of every byte');

const PATTERNS = FULL ? [1, 2, 4, 8, 16, 32, 64, 128] : [0];

/** A change of one file, and which of its bytes are not what they were. */
interface Change {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly isHit: (frame: Frame) => boolean;
  readonly position: number;
}

function* changesOf({ bytes }: FileBytes, every: number): Iterable<Change> {
  for (let position = 0; position < bytes.length; position += every) {
    if (!isTried(position)) continue;
    for (const pattern of PATTERNS) {
      const bits = pattern === 0 ? 1 << ((position * 5) % 8) : pattern;
      const flipped = bytes.slice();
      flipped[position] = (flipped[position] ?? 0) ^ bits;
      const isHit = ({ from, to }: Frame): boolean => position >= from && position < to;
      yield { what: `bits ${bits} flipped at ${position}`, bytes: flipped, isHit, position };
    }
    if (!isTried(position / every, 1 / 3)) continue;
    const isHit = ({ to }: Frame): boolean => to > position;
    yield { what: `cut to ${position}`, bytes: bytes.slice(0, position), isHit, position };
  }
}

const shown = ({ topic, partition, offset, key, value, headers, timestamp, appendedAt }: ConsumerRecord): string =>
  JSON.stringify([topic, partition, offset, key, value, headers, timestamp, appendedAt]);

/** Nobody else notices, whatever has become of a file of `t`. */
async function checkNeighbours(log: FileLog): Promise<void> {
  assert.ok((await log.listTopics()).includes('t'));
  const { records, errors } = await readOn(log, 'other');
  assert.equal([records.length, errors.length], [1, 0], 'the other topic');
  assert.is((await log.produce({ topic: 'other', key: null, value: text('more') })).offset, 1);
}

async function checkOtherPartition(log: FileLog): Promise<void> {
  const { records, errors } = await readOn(log, 't', 1);
  assert.equal([records.length, errors.length], [1, 0], 'the other partition');
  assert.is((await log.produce({ topic: 't', partition: 1, key: null, value: text('more') })).offset, 1);
}

/** Tries all changes of a file; failures say which. */
async function tryAll(
  template: LogTemplate,
  file: FileBytes,
  check: (disk: MemoryDisk, change: Change) => Promise<void>,
): Promise<void> {
  // How the log was left makes a difference at its end only.
  const every = FULL || template.ending === 'closed' ? 1 : 5;
  for (const change of changesOf(file, every)) {
    const disk = template.copy();
    writeFile(disk, file.path, change.bytes);
    try {
      await check(disk, change);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${file.path}: ${change.what}: ${message}`, { cause: error });
    }
    disk.kill();
  }
}

async function trySegment(template: LogTemplate, file: FileBytes, before: Reading): Promise<void> {
  const frames = framesOf(template.copy(), file.path);
  const name = parseSegmentName(file.path.slice(file.path.lastIndexOf('/') + 1));
  const isLast = frames.some(({ lastOffset }) => lastOffset === before.records.at(-1)?.offset);
  const end = (before.records.at(-1)?.offset ?? -1) + 1;
  await tryAll(template, file, async (disk, change) => {
    const hit = frames.filter(change.isHit);
    // Of a log that was closed in order every byte is covered by a checksum.
    const { findings } = verifyLog(disk.host(), '/data/log');
    assert.ok(findings.length > 0 || template.ending !== 'closed', 'verify finds nothing');
    // A process that only reads goes first, since one that writes will have cut off what is torn.
    const reader = await opened(disk, { lockOn: 'write' });
    const readBefore = await readOn(reader.log, 't');
    await reader.log.close();
    const { log } = await opened(disk);
    const reading = await readOn(log, 't');
    const expected = before.records.filter(
      ({ offset }) => !hit.some(({ firstOffset, lastOffset }) => offset >= firstOffset && offset <= lastOffset),
    );
    assert.equal(reading.records.map(shown), expected.map(shown), 'what is read');
    assert.equal(readBefore.records.map(shown), expected.map(shown), 'what a reader reads');
    for (const { code, place } of [...readBefore.errors, ...reading.errors]) {
      assert.is(code, 'damaged');
      assert.is(place?.file, file.path);
      const { position = -1 } = place ?? {};
      assert.ok(position <= Math.max(change.position, SEGMENT_HEADER_BYTES), `the place is ${position}`);
    }
    // What nobody can know: that the last append was durable before the power went.
    const isUnknown = template.ending === 'power cut' && isLast && hit.every((frame) => isUnproven(frames, hit, frame));
    const mayBeSilent = isUnknown || expected.length === before.records.length;
    assert.ok(mayBeSilent || reading.errors.length > 0, 'records are missing and no error says so');
    const mayComplain = hit.length > 0 || (change.position < SEGMENT_HEADER_BYTES && name?.endOffset !== 0);
    assert.ok(mayComplain || reading.errors.length === 0, `nothing is missing, and an error says ${reading.errors[0]}`);
    await checkNeighbours(log);
    await checkOtherPartition(log);
    const { offset } = await log.produce({ topic: 't', partition: 0, key: text('new'), value: text('new') });
    if (!isUnknown) assert.ok(offset >= end, `offset ${offset} was given out again`);
    const again = await readOn(log, 't');
    assert.equal(again.records.slice(0, -1).map(shown), expected.map(shown), 'what is read after an append');
    assert.is(again.records.at(-1)?.offset, offset);
  });
}

/** Nothing behind it is intact that could say that it was durable. */
function isUnproven(frames: readonly Frame[], hit: readonly Frame[], frame: Frame): boolean {
  return frames.every((other) => other.from <= frame.from || hit.includes(other));
}

const endings: readonly Ending[] = ['closed', 'killed', 'power cut'];

for (const ending of endings) {
  for (const [kind, make] of [
    ['log', smallLog],
    ['compacted log', smallCompactedLog],
  ] as const) {
    test(`segments of a ${kind}, ${ending}`, async () => {
      const template = await make(ending);
      const { log } = await opened(template.copy());
      const before = await readOn(log, 't');
      assert.equal(before.errors, []);
      const segments = template.files('/topics/t/0/').filter(({ path }) => path.endsWith('.log'));
      assert.ok(segments.length > 1);
      for (const file of segments) await trySegment(template, file, before);
    });
  }

  test(`what is derived, ${ending}`, async () => {
    for (const make of [smallLog, smallCompactedLog]) {
      const template = await make(ending);
      const { log } = await opened(template.copy());
      const before = await readOn(log, 't');
      const files = template.files('/').filter(({ path }) => /\.index$|\/watermark$|\.lock$/.test(path));
      for (const file of files) {
        await tryAll(template, file, async (disk) => {
          const now = await opened(disk);
          const reading = await readOn(now.log, 't');
          assert.equal(reading, before);
          assert.is(
            await now.log.offsetForTime('t', 0, 1_700_000_001_999),
            await log.offsetForTime('t', 0, 1_700_000_001_999),
          );
          assert.equal(await now.log.offsets('t', 0), await log.offsets('t', 0));
          assert.equal(now.events, []);
        });
      }
    }
  });
}

test('the file of a topic', async () => {
  const template = await smallLog('closed');
  const [file] = template.files('/topics/t/topic');
  await tryAll(template, file as FileBytes, async (disk) => {
    const { log } = await opened(disk);
    const calls = [
      log.describeTopic('t'),
      log.produce({ topic: 't', key: null, value: text('x') }),
      log.offsets('t', 0),
      log.commitOffsets('g', [{ topic: 't', partition: 0, offset: 1 }]),
    ];
    const codes = (await Promise.allSettled(calls)).map((result) =>
      result.status === 'rejected' ? (result.reason as { code: string }).code : 'resolved',
    );
    assert.equal(codes, ['damaged', 'damaged', 'damaged', 'damaged']);
    const { errors } = await readOn(log, 't');
    assert.is(errors[0]?.place?.file, (file as FileBytes).path);
    await checkNeighbours(log);
    const commits = await log.committedOffsets('g');
    assert.equal(
      commits.map(({ topic, offset }) => `${topic} ${offset}`),
      ['other 1'],
    );
  });
});

test('the commits of groups', async () => {
  for (const ending of endings) {
    const template = await smallLog(ending);
    const files = template.files('/topics/__consumer_offsets/').filter(({ path }) => /\.(log|index)$/.test(path));
    for (const file of files) {
      await tryAll(template, file, async (disk) => {
        const { log } = await opened(disk);
        const commits = (await log.committedOffsets('g')).map(({ topic, offset }) => `${topic} ${offset}`);
        assert.ok([0, 2].includes(commits.length), `commits ${commits}`);
        if (commits.length > 0) assert.equal(commits, ['other 1', 't 3']);
        await log.commitOffsets('g', [{ topic: 't', partition: 0, offset: 4 }]);
        assert.is((await log.committedOffsets('g')).at(-1)?.offset, 4);
        await checkNeighbours(log);
      });
    }
  }
});

test('a file that is not there', async () => {
  const template = await smallLog('closed');
  const { log } = await opened(template.copy());
  const before = await readOn(log, 't');
  const segments = template.files('/topics/t/0/').filter(({ path }) => path.endsWith('.log'));
  for (const [i, file] of segments.slice(0, -1).entries()) {
    const disk = template.copy();
    const gone = framesOf(disk, file.path);
    disk.host().files.remove(file.path);
    const now = await opened(disk);
    const reading = await readOn(now.log, 't');
    const [first, last] = [gone[0]?.firstOffset ?? 0, gone.at(-1)?.lastOffset ?? 0];
    const expected = before.records.filter(({ offset }) => offset < first || offset > last);
    assert.equal(reading.records, expected);
    // The first segments may have gone by retention.
    assert.is(reading.errors.length, i === 0 ? 0 : 1);
  }
  assert.ok(readFile(template.copy(), segments[0]?.path ?? '').length > 0);
});
