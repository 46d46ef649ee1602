/** Compaction on a medium that is full: what fits is done, with the reserve when need be, and nothing is lost. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { ConsumerRecord } from '../../logged/commit-log.ts';
import { Compactor } from '../../logged/compaction/compactor.ts';
import { Reserve } from '../../logged/upkeep/reserve.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { compactPartition } from '../support/reference-log/cleaning.ts';
import { suite } from '../support/suite.ts';
import { DIRECTORY, LogPartition, record } from './compaction/log-partition.ts';
import { variable } from '../support/platform.ts';
import { some } from '../support/share.ts';

const test = suite('compaction on a full medium');

const RESERVE_BYTES = 65_536;

/** `segments` of 100 records of 1000 bytes each, with so many different keys. */
async function filled(log: LogPartition, segments: number, keys: number): Promise<void> {
  for (let i = 0; i < segments; i++) {
    for (let j = 0; j < 100; j++) await log.append([record(`k${j % keys}`, `${i} ${j} `.padEnd(1000, 'x'))]);
    await log.partition.roll();
  }
}

function fill(disk: MemoryDisk, freeBytes = 0): void {
  disk.capacityBytes -= disk.freeBytes - freeBytes;
}

const unfinished = (log: LogPartition): string[] =>
  log.host.files.list(DIRECTORY).filter((name) => name.endsWith('.new'));

test('with no room and no reserve it says so, and nothing has changed', async () => {
  const disk = new MemoryDisk();
  const log = await LogPartition.open(disk.host());
  await filled(log, 3, 10);
  const before = log.read();
  fill(disk);
  assert.is((await log.compact()).outcome, 'no-space');
  assert.equal(log.read(), before);
  assert.equal(log.sealed(), ['0', '100', '200']);
  assert.equal(unfinished(log), []);
});

test('with a reserve it makes room, and then has its reserve again', async () => {
  const disk = new MemoryDisk();
  const log = await LogPartition.open(disk.host());
  await filled(log, 3, 10);
  const reserve = new Reserve(log.host, '/log', RESERVE_BYTES);
  assert.ok(await reserve.restore());
  fill(disk);
  const report = await log.compact({}, { reserve });
  assert.is(report.outcome, 'done');
  assert.is(log.read().length, 10);
  assert.is(log.host.files.stat('/log/reserve')?.lengthBytes, RESERVE_BYTES);
  assert.not.ok(reserve.isLent);
  assert.ok(disk.freeBytes > 200_000);
});

test('while the reserve is lent the log is told so', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host);
  await filled(log, 3, 10);
  const reserve = new Reserve(host, '/log', RESERVE_BYTES);
  await reserve.restore();
  fill(host.disk);
  const lentAt = new Set<string>();
  host.observer = (call) => {
    if (call.name === 'write' && call.path.startsWith(DIRECTORY)) lentAt.add(reserve.isLent ? 'lent' : 'not lent');
  };
  await log.compact({}, { reserve });
  assert.equal([...lentAt], ['lent', 'not lent'], 'lent first, and back as soon as there is room');
});

test('when it fails while the reserve is lent, the reserve is there again', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host);
  await filled(log, 3, 10);
  const reserve = new Reserve(host, '/log', RESERVE_BYTES);
  await reserve.restore();
  fill(host.disk);
  host.plan = ({ name, path }) => (name === 'sync' && path.endsWith('.log.new') ? { kind: 'fail', code: 'EIO' } : null);
  const error = await log.compact({}, { reserve }).catch((caught: unknown) => caught);
  assert.is((error as { code?: string }).code, 'io-failed');
  assert.not.ok(reserve.isLent);
  assert.is(host.files.stat('/log/reserve')?.lengthBytes, RESERVE_BYTES);
});

test('it leaves some room to others, but none while the reserve is lent', async () => {
  const disk = new MemoryDisk();
  const log = await LogPartition.open(disk.host(), { 'segment.bytes': '200000' });
  await filled(log, 1, 100);
  await log.write('k1=1');
  const reserve = new Reserve(log.host, '/log', RESERVE_BYTES);
  await reserve.restore();
  await log.append(Array.from({ length: 20 }, (_, i) => record(`k${i}`, '')));
  await log.partition.roll();
  fill(disk, 120_000);
  assert.is((await log.compact()).outcome, 'no-space');
  assert.equal(log.sealed(), ['0', '100-121'], 'the small one');
  assert.is((await log.compact({}, { reserve })).outcome, 'done');
  assert.equal(log.sealed(), ['0-100', '100-121']);
});

test('segments whose survivors fit are taken, whichever they are', async () => {
  const disk = new MemoryDisk();
  const log = await LogPartition.open(disk.host(), { 'segment.bytes': '200000' });
  for (let i = 0; i < 100; i++) await log.append([record(`once ${i}`, 'x'.repeat(1000))]);
  await log.partition.roll();
  await filled(log, 2, 10);
  fill(disk, 100_000);
  const report = await log.compact();
  assert.is(report.outcome, 'done', 'what the last ones gave back was enough for the first');
  assert.is(log.read().length, 110);
  fill(disk, 1000);
  await log.append([record('once 7', '')]);
  await log.partition.roll();
  const again = await log.compact();
  assert.is(again.outcome, 'no-space');
  assert.is(log.read().length, 111);
});

test('a segment that does not fit still counts for the ones behind it', async () => {
  const disk = new MemoryDisk();
  const log = await LogPartition.open(disk.host(), { 'streambed.compaction.keep': '2', 'segment.bytes': '100000' });
  await log.write('k=1', 'k=2');
  for (let i = 0; i < 10; i++) await log.append([record(`once ${i}`, 'x'.repeat(1000))]);
  await log.partition.roll();
  await log.write('k=3', 'j=1', 'j=2', 'j=3', 'j=4', 'k=4');
  await log.partition.roll();
  fill(disk, 67_000);
  const report = await log.compact({}, { memoryBytes: 8 });
  assert.is(report.outcome, 'no-space');
  assert.equal(log.sealed(), ['0', '12-18']);
  assert.equal(log.shown().slice(-4), ['12:k=3', '15:j=3', '16:j=4', '17:k=4']);
});

test('the reserve is full of noise, complete or not there, and back after a crash', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  host.files.makeDir('/log');
  await host.files.syncDir('/');
  const reserve = new Reserve(host, '/log', RESERVE_BYTES);
  assert.ok(await reserve.restore());
  const file = host.files.open('/log/reserve', 'read');
  const bytes = new Uint8Array(RESERVE_BYTES);
  file.read(bytes, 0);
  file.close();
  assert.is(new Set(bytes).size, 256);
  for (const kind of ['lose', 'names', 'keep'] as const) {
    const { files } = disk.powerCut({ kind }).host();
    assert.ok([undefined, RESERVE_BYTES].includes(files.stat('/log/reserve')?.lengthBytes), kind);
  }
  assert.ok(await reserve.lend());
  assert.not.ok(await reserve.lend(), 'only once');
  fill(disk, RESERVE_BYTES - 1);
  assert.not.ok(await reserve.restore());
  assert.not.ok(reserve.isLent);
  assert.equal(host.files.list('/log'), []);
  assert.not.ok(await reserve.lend(), 'there is nothing to lend');
  disk.capacityBytes += RESERVE_BYTES;
  assert.ok(await reserve.restore());
  assert.ok(await new Reserve(host, '/log', 0).restore());
  assert.is(host.files.stat('/log/reserve'), null);
});

test('retention and random room: nothing is lost that the reference keeps, and with room all is done', async () => {
  const records = fc.array(
    fc.record({ key: fc.nat({ max: 12 }), size: fc.nat({ max: 700 }), tombstone: fc.nat({ max: 9 }) }),
    { minLength: 10, maxLength: 120, size: 'max' },
  );
  const rolls = fc.integer({ min: 2, max: 30 });
  const free = fc.oneof(fc.nat({ max: 6000 }), fc.integer({ min: 65_536, max: 71_536 }));
  const steps = fc.record({ rolls, free, reserve: fc.constantFrom(0, 1000, 4000) });
  await fc.assert(
    fc.asyncProperty(records, steps, fc.constantFrom(1, 2, 3), fc.constantFrom(8, 16, 65_536), squeezeAndCheck),
    { numRuns: some(Number(variable('STREAMBED_RUNS') ?? 100)) },
  );
});

async function squeezeAndCheck(
  plans: readonly { readonly key: number; readonly size: number; readonly tombstone: number }[],
  { rolls, free, reserve: reserveBytes }: { readonly rolls: number; readonly free: number; readonly reserve: number },
  keep: number,
  memoryBytes: number,
): Promise<void> {
  const disk = new MemoryDisk();
  const set = { 'segment.bytes': '4096', 'delete.retention.ms': '0', 'streambed.compaction.keep': `${keep}` };
  const log = await LogPartition.open(disk.host(), set);
  for (const [i, { key, size, tombstone }] of plans.entries()) {
    await log.append([record(`${key}`, tombstone === 0 ? null : 'x'.repeat(size))]);
    if (i % rolls === 0) await log.partition.roll();
  }
  await log.partition.roll();
  const all = log.read();
  const reserve = new Reserve(log.host, '/log', reserveBytes);
  await reserve.restore();
  const capacity = disk.capacityBytes;
  fill(disk, free);
  const compactor = new Compactor(log.host, { memoryBytes, spillDir: null, reserve });
  const { config, partition } = log;
  const { outcome } = await compactor.run(partition, { config });
  const some = log.read();
  const without = (dropTombstones: boolean): ConsumerRecord[] => {
    const kept = { records: all, endOffset: all.length, producers: new Map() };
    compactPartition(kept, 0, { keep, dropTombstone: () => dropTombstones });
    return kept.records;
  };
  if (outcome === 'no-space') {
    const offsets = new Set(some.map(({ offset }) => offset));
    assert.equal(
      without(true).filter(({ offset }) => !offsets.has(offset)),
      [],
    );
    assert.equal(
      some,
      all.filter(({ offset }) => offsets.has(offset)),
    );
    const values = new Set(some.filter(({ value }) => value !== null).map(({ offset }) => offset));
    const tombstones = without(false).filter(({ value }) => value === null);
    for (const { offset, key } of tombstones) {
      const deletes = all.some((one) => one.offset < offset && values.has(one.offset) && `${one.key}` === `${key}`);
      assert.ok(!deletes || offsets.has(offset), `the tombstone at ${offset} went before what it deletes`);
    }
  } else {
    assert.equal(some, without(true));
  }
  disk.capacityBytes = capacity;
  assert.is((await compactor.run(partition, { config })).outcome, 'done');
  assert.equal(log.read(), without(true));
  assert.equal(unfinished(log), []);
}
