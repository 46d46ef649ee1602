/**
 * Logs of format version 1 as they are out there (`test/fixtures/log-v1`, made once by `scripts/golden-log.ts`): they
 * can be read and gone on with, and the same calls still make the same bytes.
 */
import * as assert from 'uvu/assert';
import type { ConsumerRecord, ProduceResult, ProducerRecord } from '../../logged/commit-log.ts';
import { FileLog } from '../../logged/file-log.ts';
import type { LogEvent } from '../../logged/log-event.ts';
import { verifyLog } from '../../logged/inspection/verify.ts';
import {
  decodeGolden,
  GOLDEN_DIRECTORY,
  type GoldenLog,
  KINDS,
  makeGoldenLogs,
  NUMBERED,
  PRODUCER,
} from '../support/golden-log.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { readText } from '../support/platform.ts';
import { suite } from '../support/suite.ts';
import { fromUtf8, utf8 as text } from '../support/text.ts';

const test = suite('golden bytes');

function fixture(name: string): GoldenLog {
  return decodeGolden(readText(`${GOLDEN_DIRECTORY}/${name}.txt`));
}

/** A disk with the files of a golden log, its writer's watermarks where they belong. */
function diskWith(golden: GoldenLog): MemoryDisk {
  const disk = new MemoryDisk(1, 1_700_000_500_000);
  const { files } = disk.host();
  files.makeDir('/log');
  const volatile = files.volatileDir('/log') ?? '';
  for (const [name, bytes] of golden) {
    const path = name.startsWith('watermark/') ? `${volatile}/${name.slice(10)}/watermark` : `/log/${name}`;
    const parts = path.split('/');
    for (let i = 2; i < parts.length; i += 1) {
      const parent = parts.slice(0, i).join('/');
      if (files.stat(parent) === null) files.makeDir(parent);
    }
    const file = files.open(path, 'create');
    file.write(bytes, 0);
    file.close();
  }
  return disk;
}

async function open(golden: GoldenLog): Promise<{ log: FileLog; events: LogEvent[] }> {
  const events: LogEvent[] = [];
  const report = (event: LogEvent): void => {
    events.push(event);
  };
  const options = { root: '/log', housekeepingMs: 0, reserveBytes: 0, report };
  return { log: await FileLog.open(diskWith(golden).host(), options), events };
}

async function read(log: FileLog, topic: string, partition = 0): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = [];
  const subscriptions = [{ topic, partitions: [partition] }];
  for await (const record of log.subscribe({ subscriptions, idleTimeoutMs: 0 })) records.push(record);
  return records;
}

/** What a reader is to get for what was produced. */
function expected(topic: string, offset: number, record: Omit<ProducerRecord, 'topic'>, appendedAt: number) {
  const { partition = 0, key, value, headers = [], timestamp = null } = record;
  return { topic, partition, offset, key, value, headers, timestamp, appendedAt };
}

const BEGUN = 1_700_000_000_000;

for (const name of ['closed', 'killed'] as const) {
  test(`every kind of record is read, ${name}`, async () => {
    const { log, events } = await open(fixture(name));
    const second = { key: text('second'), value: text('behind a control frame') };
    const numbered = NUMBERED.filter(({ partition }) => partition === 0);
    const kinds = [...KINDS, ...numbered, ...KINDS.slice(0, 1)].map((record, offset) =>
      expected('kinds', offset, record, BEGUN),
    );
    assert.equal(await read(log, 'kinds', 0), [...kinds, expected('kinds', 13, second, BEGUN + 100_000)]);
    const after = { partition: 1, key: text('after'), value: text('the power cut') };
    assert.equal(await read(log, 'kinds', 1), [
      ...NUMBERED.slice(1, 3).map((record, offset) => expected('kinds', offset, record, BEGUN)),
      expected('kinds', 2, after, BEGUN + 200_000),
    ]);
    assert.equal(events, []);
    const { config, createdAt, durability } = await log.describeTopic('kinds');
    assert.equal([createdAt, durability], [BEGUN, 'sync']);
    assert.is(config.find((entry) => entry.name === 'segment.ms')?.value, '60000');
  });

  test(`a compacted file and one behind it are read, ${name}`, async () => {
    const { log } = await open(fixture(name));
    const shown = (await read(log, 'compacted')).map(({ offset, key, value, appendedAt }) => [
      offset,
      key && fromUtf8(key),
      value && fromUtf8(value),
      appendedAt - BEGUN,
    ]);
    assert.equal(shown, [
      [2, 'c', '1', 100_000],
      [3, 'a', '2', 100_000],
      [4, 'b', null, 200_000],
      [5, 'd', '1', 200_000],
      [6, 'a', '3', 200_000],
    ]);
    assert.equal(await log.offsets('compacted', 0), { beginningOffset: 2, endOffset: 7, lastOffset: 6 });
  });

  test(`offsets that were passed over are no damage, ${name}`, async () => {
    const { log } = await open(fixture(name));
    const records = await read(log, 'unsynced');
    // (segment.bytes + max.message.bytes) / 9 is the most that can have been lost.
    assert.equal(
      records.map(({ offset }) => offset),
      [0, Math.ceil((4096 + 262_144) / 9)],
    );
    assert.is((await log.describeTopic('unsynced')).durability, 'os');
  });

  test(`commits are read, ${name}`, async () => {
    const { log } = await open(fixture(name));
    assert.equal(await log.listGroups(), ['group']);
    const committedAt = BEGUN + 200_000;
    assert.equal(await log.committedOffsets('group'), [
      { topic: 'compacted', partition: 0, offset: 0, metadata: '', committedAt },
      { topic: 'kinds', partition: 0, offset: 3, metadata: 'metadata', committedAt },
    ]);
  });

  test(`what a producer sent is remembered, ${name}`, async () => {
    const { log } = await open(fixture(name));
    const offsets = (results: readonly ProduceResult[]): unknown =>
      results.map((result) => ('error' in result ? result.error : [result.partition, result.offset, result.duplicate]));
    const again = await log.produceBatch('kinds', NUMBERED, PRODUCER);
    assert.equal(offsets(again), [
      [0, 10, true],
      [1, 0, true],
      [1, 1, true],
      [0, 11, true],
    ]);
    const zero = await log.produceBatch('kinds', KINDS.slice(0, 1), { id: 0, sequence: 0 });
    assert.equal(offsets(zero), [[0, 12, true]]);
    const next = await log.produceBatch('kinds', NUMBERED, { ...PRODUCER, sequence: PRODUCER.sequence + 4 });
    assert.equal(offsets(next), [
      [0, 14, false],
      [1, 3, false],
      [1, 4, false],
      [0, 15, false],
    ]);
  });

  test(`every byte is found in order, ${name}`, async () => {
    const report = verifyLog(diskWith(fixture(name)).host(), '/log');
    assert.equal([report.intact, report.findings], [true, []]);
    assert.is(report.partitions.length, 5);
  });

  test(`the same calls make the same bytes, ${name}`, async () => {
    const [golden, made] = [fixture(name), (await makeGoldenLogs())[name]];
    assert.equal([...made.keys()], [...golden.keys()]);
    for (const [file, bytes] of golden) assert.equal(made.get(file), bytes, file);
  });
}

test('the files are what the format says', () => {
  const golden = fixture('closed');
  const view = (name: string): DataView => {
    const bytes = golden.get(name) ?? assert.unreachable(name);
    return new DataView(bytes?.buffer ?? new ArrayBuffer(0));
  };
  const segment = view('topics/kinds/0/00000000000000000013.log');
  assert.is(segment.getUint32(0), 0x53424c47, 'SBLG');
  assert.is(segment.getUint16(4, true), 1);
  assert.is(segment.getBigUint64(8, true), 13n);
  assert.is(segment.getUint8(40), 0xa5);
  assert.is(segment.getUint8(41), 2, 'begins with a control frame');
  const gap = [...golden.keys()].filter((name) => /unsynced.*log$/.test(name)).sort();
  assert.equal(
    gap.map((name) => view(name).getUint16(6, true)),
    [0, 1],
  );
  const compacted = view('topics/compacted/0/00000000000000000000-00000000000000000006.log');
  assert.equal([compacted.getBigUint64(16, true), compacted.getUint32(32, true)], [6n, compacted.byteLength]);
  assert.is(view('topics/kinds/0/00000000000000000000.index').getUint32(0), 0x53424958, 'SBIX');
  assert.is(view('topics/kinds/topic').getUint32(0), 0x53425450, 'SBTP');
  const marks = [...fixture('killed').keys()].filter((name) => name.startsWith('watermark/'));
  assert.is(marks.length, 3);
});
