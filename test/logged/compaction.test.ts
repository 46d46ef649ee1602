/** What compaction keeps and what it makes of the files, case by case. */
import * as assert from 'uvu/assert';
import { Compactor } from '../../logged/compaction/compactor.ts';
import { buildIndex, loadIndex } from '../../logged/storage/index-file.ts';
import { PartitionReader } from '../../logged/storage/reading/partition-reader.ts';
import { findLastOffset } from '../../logged/storage/reading/segment-lookup.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { suite } from '../support/suite.ts';
import { bytesOf, DIRECTORY, LogPartition, record, show } from './compaction/log-partition.ts';

const test = suite('compaction');

const open = (set: Readonly<Record<string, string>> = {}): Promise<LogPartition> =>
  LogPartition.open(new MemoryDisk().host(), set);

test('of each key the latest is kept, and what has no key', async () => {
  const log = await open();
  await log.write('a=1', 'b=1', '=x', 'a=2', '=y', 'c=1', 'a=3');
  await log.partition.roll();
  const report = await log.compact();
  assert.equal(log.shown(), ['1:b=1', '2:=x', '4:=y', '5:c=1', '6:a=3']);
  assert.is(report.outcome, 'done');
  assert.is(report.removedRecords, 2);
  assert.ok(report.bytesAfter < report.bytesBefore);
});

test('what is not sealed is neither compacted nor counts as later', async () => {
  const log = await open();
  await log.write('a=1', 'a=2');
  await log.partition.roll();
  await log.write('a=3', 'a=4');
  await log.compact();
  assert.equal(log.shown(), ['1:a=2', '2:a=3', '3:a=4']);
});

test('records keep all they had', async () => {
  const log = await open();
  const headers = [
    { name: 'h', value: bytesOf('1') },
    { name: 'h', value: null },
  ];
  await log.append([
    { ...record('a', 'old'), timestamp: 1 },
    { ...record('b', 'new'), headers, timestamp: 1.5 },
    record('a', ''),
  ]);
  await log.partition.roll();
  const before = log.read();
  await log.compact();
  assert.equal(log.read(), before.slice(1));
});

test('the last n per key are kept, over several compactions', async () => {
  const log = await open({ 'streambed.compaction.keep': '3' });
  await log.write('a=1', 'a=2', 'b=1', 'a=3', 'a=4');
  await log.partition.roll();
  await log.compact();
  assert.equal(log.shown(), ['1:a=2', '2:b=1', '3:a=3', '4:a=4']);
  await log.write('a=5', 'b=2', 'b=3');
  await log.partition.roll();
  await log.compact();
  assert.equal(log.shown(), ['2:b=1', '3:a=3', '4:a=4', '5:a=5', '6:b=2', '7:b=3']);
});

test('a tombstone takes all that its key had before, also where more than one is kept', async () => {
  const log = await open({ 'streambed.compaction.keep': '3' });
  await log.write('a=1', 'a', 'a=2', 'b=1', 'b=2', 'b');
  await log.partition.roll();
  await log.compact();
  assert.equal(log.shown(), ['1:a', '2:a=2', '5:b']);
  await log.write('a');
  await log.partition.roll();
  await log.compact();
  assert.equal(log.shown(), ['5:b', '6:a']);
});

test('a tombstone stays for delete.retention.ms after what it deletes is gone, whatever is compacted meanwhile', async () => {
  const disk = new MemoryDisk();
  const log = await LogPartition.open(disk.host(), { 'delete.retention.ms': '1000' });
  const compactor = new Compactor(log.host, { spillDir: null, reserve: null });
  await log.write('a=1', 'a', 'b=1');
  await log.partition.roll();
  await disk.clock.advance(5000);
  await compactor.run(log.partition, { config: log.config });
  assert.equal(log.shown(), ['1:a', '2:b=1']);
  await disk.clock.advance(600);
  await log.write('b=2', 'c');
  await log.partition.roll();
  await compactor.run(log.partition, { config: log.config });
  assert.equal(log.shown(), ['1:a', '3:b=2', '4:c']);
  assert.not.ok(compactor.needs(log.partition, log.config));
  await disk.clock.advance(400);
  assert.ok(compactor.needs(log.partition, log.config));
  await compactor.run(log.partition, { config: log.config });
  assert.equal(log.shown(), ['3:b=2', '4:c']);
  assert.not.ok(compactor.needs(log.partition, log.config));
  await disk.clock.advance(600);
  await compactor.run(log.partition, { config: log.config });
  assert.equal(log.shown(), ['3:b=2']);
  await log.write('d=1');
  assert.equal(log.shown(), ['3:b=2', '5:d=1']);
});

test('no tombstone goes by a clock that was never set, nor soon after it was', async () => {
  const disk = new MemoryDisk(1, 86_400_000);
  const log = await LogPartition.open(disk.host(), { 'delete.retention.ms': '1000' });
  await log.write('a=1', 'a');
  await log.partition.roll();
  await log.compact();
  await disk.clock.advance(5000);
  await log.compact();
  assert.equal(log.shown(), ['1:a']);
  disk.clock.setNow(1_700_000_000_000);
  await log.compact();
  assert.equal(log.shown(), ['1:a']);
  await disk.clock.advance(1000);
  await log.compact();
  assert.equal(log.shown(), []);
});

test('a clock that was years ahead does not keep a tombstone for years', async () => {
  const disk = new MemoryDisk(1, 2_000_000_000_000);
  const log = await LogPartition.open(disk.host(), { 'delete.retention.ms': '1000' });
  await log.write('a=1', 'a');
  await log.partition.roll();
  await log.compact();
  disk.clock.setNow(1_700_000_000_000);
  await log.compact();
  assert.equal(log.shown(), ['1:a']);
  await disk.clock.advance(1000);
  await log.compact();
  assert.equal(log.shown(), []);
});

test('one file takes the place of several, and stands for all their offsets', async () => {
  const log = await open();
  for (const text of ['a=1', 'a=2', 'b=1']) {
    await log.write(text);
    await log.partition.roll();
  }
  assert.equal(log.sealed(), ['0', '1', '2']);
  await log.compact();
  assert.equal(log.sealed(), ['0-3']);
  const names = log.host.files.list(DIRECTORY).filter((name) => name.endsWith('.log'));
  assert.equal(names.sort(), ['00000000000000000000-00000000000000000003.log', '00000000000000000003.log']);
});

test('a file of which nothing survives still stands for its offsets', async () => {
  const log = await open({ 'delete.retention.ms': '0', 'segment.bytes': '4096' });
  await log.write('a=1', 'a');
  await log.partition.roll();
  await log.compact();
  assert.equal(log.shown(), []);
  assert.equal(log.sealed(), ['0-2']);
  await log.partition.close();
  const again = await LogPartition.open(log.host);
  await again.write('b=1');
  assert.equal(again.shown(), ['2:b=1']);
});

test('offsets that a power cut has taken are not missed afterwards', async () => {
  const disk = new MemoryDisk();
  const set = { 'streambed.durability': 'os' };
  const log = await LogPartition.open(disk.host(), set);
  await log.write('a=1', 'b=1');
  await log.partition.roll();
  await log.write('b=2', 'c=1');
  disk.kill();
  const after = disk.powerCut({ kind: 'lose' });
  const again = await LogPartition.open(after.host(), set);
  assert.equal(
    again.events.map(({ event }) => event),
    ['offsets-skipped'],
  );
  await again.write('a=2');
  await again.partition.roll();
  await again.write('d=1');
  const records = again.read();
  await again.compact();
  assert.equal(again.read(), records.slice(1));
  assert.equal(
    again.shown().map((text) => text.split(':')[1]),
    ['b=1', 'a=2', 'd=1'],
  );
  assert.is(again.events.length, 1);
});

test('what has not changed is not written again for a little that came', async () => {
  const log = await open();
  await log.append(Array.from({ length: 200 }, (_, i) => record(`k${i}`, 'x'.repeat(100))));
  await log.partition.roll();
  await log.compact();
  await log.write('l=1');
  await log.partition.roll();
  await log.compact();
  assert.equal(log.sealed(), ['0-200', '200-201']);
  await log.write('k7=1');
  await log.partition.roll();
  await log.compact();
  assert.equal(log.sealed(), ['0-202']);
  assert.is(log.read().length, 201);
});

test('files do not grow beyond segment.bytes by being merged', async () => {
  const log = await open({ 'segment.bytes': '4096' });
  for (let i = 0; i < 10; i++) {
    await log.append([record(`k${i}`, 'x'.repeat(1000))]);
    await log.partition.roll();
  }
  await log.compact();
  assert.equal(log.sealed(), ['0-1', '1-4', '4-7', '7-10']);
  assert.is(log.read().length, 10);
});

test('it is time when enough is dirty', async () => {
  const log = await open({ 'min.cleanable.dirty.ratio': '0.5' });
  const compactor = new Compactor(log.host, { spillDir: null, reserve: null });
  const needs = (): boolean => compactor.needs(log.partition, log.config);
  assert.not.ok(needs());
  await log.append([record('a', 'x'.repeat(1000))]);
  assert.not.ok(needs());
  await log.partition.roll();
  assert.ok(needs());
  await compactor.run(log.partition, { config: log.config });
  assert.not.ok(needs());
  await log.append([record('b', 'x'.repeat(500))]);
  await log.partition.roll();
  assert.not.ok(needs());
  await log.append([record('c', 'x'.repeat(600))]);
  await log.partition.roll();
  assert.ok(needs());
  assert.not.ok(compactor.needs(log.partition, { ...log.config, cleanup: { delete: true, compact: false } }));
});

test('a reader goes on through a replacement, on the old file and on the new', async () => {
  const log = await open();
  await log.write('a=1', 'b=1', 'a=2', 'c=1', 'b=2');
  await log.partition.roll();
  await log.write('a=3', 'd=1');
  await log.partition.roll();
  const before = new PartitionReader(log.partition, 0);
  const between = new PartitionReader(log.partition, 0);
  assert.equal(before.read(1).map(show), ['0:a=1']);
  await log.compact();
  assert.equal(before.read(65536).map(show), ['1:b=1', '2:a=2', '3:c=1', '4:b=2', '5:a=3', '6:d=1']);
  assert.equal(between.read(65536).map(show), ['3:c=1', '4:b=2', '5:a=3', '6:d=1']);
  before.close();
  between.close();
});

test('producers and consumers have their turn while it works', async () => {
  const log = await open({ 'segment.bytes': '1000000' });
  for (let i = 0; i < 20; i++) await log.append([record(`k${i % 3}`, 'x'.repeat(50_000))]);
  await log.partition.roll();
  let isDone = false;
  const compacting = log.compact().then(() => {
    isDone = true;
  });
  let appended = 0;
  while (!isDone) {
    await log.write('n=1');
    appended++;
  }
  await compacting;
  assert.ok(appended > 5, `${appended} appends while 1 MB was compacted`);
});

test('what is sealed meanwhile waits, and then counts', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host);
  for (let i = 0; i < 8; i++) {
    for (let j = 0; j < 10; j++) await log.write(`k${i}${j}=1`);
    await log.partition.roll();
  }
  const more: Promise<void>[] = [];
  host.observer = (call) => {
    if (call.name === 'rename' && more.length === 0) more.push(log.write('k00=2').then(() => log.partition.roll()));
  };
  await log.compact({}, { memoryBytes: 8 });
  await Promise.all(more);
  assert.equal(log.sealed().at(-1), '80');
  await log.compact();
  assert.is(log.read().length, 80);
  assert.equal(log.shown().at(-1), '80:k00=2');
});

test('what goes by retention meanwhile does not come back', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host);
  for (const text of ['a=1', 'b=1', 'c=1']) {
    await log.write(text);
    await log.partition.roll();
  }
  host.observer = (call) => {
    if (call.name !== 'sync' || !call.path.endsWith('.new')) return;
    host.observer = () => {};
    const [oldest] = log.partition.sealedSegments();
    assert.ok(oldest !== undefined);
    log.partition.replaceSealed([oldest], []);
    host.files.remove(`${DIRECTORY}/${oldest.name}`);
  };
  assert.is((await log.compact()).outcome, 'cancelled');
  assert.equal(log.sealed(), ['1', '2']);
  assert.equal(log.shown(), ['1:b=1', '2:c=1']);
  assert.equal(
    log.host.files.list(DIRECTORY).filter((name) => /-|new/.test(name)),
    [],
  );
});

test('the index that comes with a file is that of the file', async () => {
  const log = await open({ 'segment.bytes': '1000000' });
  for (let i = 0; i < 300; i++) {
    await log.append([record(`k${i % 250}`, 'x'.repeat(200)), { ...record(`k${i % 7}`, null), timestamp: 1e12 - i }]);
  }
  await log.partition.roll();
  await log.compact();
  const [name] = log.partition.sealedSegments();
  assert.ok(name !== undefined);
  const file = log.host.files.open(`${DIRECTORY}/${name.name}`, 'read');
  const built = buildIndex(log.host, file, file.lengthBytes());
  file.close();
  const saved = loadIndex(log.host, DIRECTORY, name);
  assert.equal(saved?.encode(log.host.bytes), built.encode(log.host.bytes));
  assert.is(findLastOffset(log.partition), 599);
});

test('it keeps to its rate', async () => {
  const disk = new MemoryDisk();
  const log = await LogPartition.open(disk.host());
  for (let i = 0; i < 20; i++) await log.append([record(`k${i}`, 'x'.repeat(20_000))]);
  await log.partition.roll();
  const start = disk.clock.monotonic();
  let isDone = false;
  const compacting = log.compact({}, { bytesPerSecond: 100_000 }).then(() => {
    isDone = true;
  });
  while (!isDone) await disk.clock.advance(10);
  await compacting;
  // Read twice for the plan, once more to be written, and written: four times 400 kB.
  const seconds = (disk.clock.monotonic() - start) / 1000;
  assert.ok(seconds > 14 && seconds < 18, `${seconds} s`);
});

test('it can be cancelled, also while it waits, and then nothing has changed', async () => {
  const disk = new MemoryDisk();
  const log = await LogPartition.open(disk.host());
  for (let i = 0; i < 20; i++) await log.append([record('k', 'x'.repeat(20_000))]);
  await log.partition.roll();
  const before = log.read();
  const controller = new AbortController();
  const compacting = log.compact({ signal: controller.signal }, { bytesPerSecond: 1000 });
  await disk.clock.advance(100);
  controller.abort();
  assert.is((await compacting).outcome, 'cancelled');
  assert.equal(log.sealed(), ['0']);
  assert.equal(log.read(), before);
  assert.not.ok(log.host.files.list(DIRECTORY).some((name) => name.endsWith('.new')));
  assert.is((await log.compact()).outcome, 'done');
  assert.is(log.read().length, 1);
});
