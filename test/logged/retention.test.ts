/** Retention by age and by size, and what stops it from leaving holes. */
import * as assert from 'uvu/assert';
import { Reserve } from '../../logged/upkeep/reserve.ts';
import { applyRetention } from '../../logged/upkeep/retention.ts';
import { PartitionReader } from '../../logged/storage/reading/partition-reader.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import type { HostCall } from '../support/fault-host/plan.ts';
import { runUntil } from '../support/fault-host/run-until.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { cutChoices } from '../support/memory-host/power-cut.ts';
import { suite } from '../support/suite.ts';
import { bytesOf, DIRECTORY, LogPartition, record, show } from './compaction/log-partition.ts';

const test = suite('retention');

const open = (disk: MemoryDisk, set: Readonly<Record<string, string>>): Promise<LogPartition> =>
  LogPartition.open(disk.host(), { 'cleanup.policy': 'delete', 'retention.bytes': '-1', ...set });

const apply = (log: LogPartition, reserve: Reserve | null = null): Promise<number> =>
  applyRetention(log.partition, log.config, reserve);

/** One segment per second, of one record each; the last one is not sealed. */
async function eachSecond(disk: MemoryDisk, log: LogPartition, ...texts: readonly string[]): Promise<void> {
  for (const [i, text] of texts.entries()) {
    if (i > 0) await log.partition.roll();
    await log.write(text);
    await disk.clock.advance(1000);
  }
}

const files = (log: LogPartition): string[] => log.host.files.list(DIRECTORY).sort();

test('segments go when their newest record is older than retention.ms', async () => {
  const disk = new MemoryDisk();
  const log = await open(disk, { 'retention.ms': '2500' });
  await eachSecond(disk, log, 'a=1', 'b=1', 'c=1', 'd=1');
  assert.is(await apply(log), 2);
  assert.equal(log.shown(), ['2:c=1', '3:d=1']);
  assert.is(
    files(log).some((name) => name.startsWith('00000000000000000000')),
    false,
  );
  assert.is(await apply(log), 0);
});

test('when all is too old the active segment goes as well, and offsets go on', async () => {
  const disk = new MemoryDisk();
  const log = await open(disk, { 'retention.ms': '2500' });
  await eachSecond(disk, log, 'a=1', 'b=1');
  await disk.clock.advance(10_000);
  assert.is(await apply(log), 2);
  assert.equal(log.shown(), []);
  assert.equal(log.sealed(), []);
  assert.is(await apply(log), 0, 'an empty log is left alone');
  await log.write('c=1');
  assert.equal(log.shown(), ['2:c=1']);
  await log.partition.close();
  assert.equal((await LogPartition.open(log.host)).shown(), ['2:c=1']);
});

test('the record’s own time counts where it has one, and the newest of a segment', async () => {
  const disk = new MemoryDisk();
  const log = await open(disk, { 'retention.ms': '1000' });
  const now = disk.clock.now();
  await log.append([{ ...record('a', '1'), timestamp: now - 5000 }]);
  await log.partition.roll();
  await log.append([
    { ...record('b', '1'), timestamp: now - 5000 },
    { ...record('c', '1'), timestamp: now + 60_000 },
  ]);
  await log.partition.roll();
  await log.write('d=1');
  assert.is(await apply(log), 1);
  await disk.clock.advance(30_000);
  assert.is(await apply(log), 0);
  await disk.clock.advance(40_000);
  assert.is(await apply(log), 2, 'and the one behind it, which had waited');
});

test('times before 2020 say nothing of age', async () => {
  const disk = new MemoryDisk(1, 0);
  const log = await open(disk, { 'retention.ms': '1000' });
  await eachSecond(disk, log, 'a=1', 'b=1');
  disk.clock.setNow(1_700_000_000_000);
  assert.is(await apply(log), 0);
  assert.equal(log.shown(), ['0:a=1', '1:b=1']);
});

test('the oldest go until all together are not larger than retention.bytes', async () => {
  const disk = new MemoryDisk();
  const log = await open(disk, { 'retention.ms': '-1', 'retention.bytes': '5000' });
  for (let i = 0; i < 5; i++) {
    await log.append([record(null, 'x'.repeat(1900))]);
    if (i < 4) await log.partition.roll();
  }
  assert.is(await apply(log), 3);
  assert.equal(log.sealed(), ['3']);
});

test('the active segment stays, however large', async () => {
  const log = await open(new MemoryDisk(), { 'retention.ms': '-1', 'retention.bytes': '0' });
  await log.write('a=1');
  await log.partition.roll();
  await log.write('b=1');
  assert.is(await apply(log), 1);
  assert.equal(log.shown(), ['1:b=1']);
});

test('without the policy nothing goes', async () => {
  const disk = new MemoryDisk();
  const log = await open(disk, { 'cleanup.policy': 'compact', 'retention.ms': '1', 'retention.bytes': '0' });
  await eachSecond(disk, log, 'a=1', 'b=1');
  assert.is(await apply(log), 0);
});

test('compaction and retention together', async () => {
  const disk = new MemoryDisk();
  const log = await open(disk, { 'cleanup.policy': 'compact,delete', 'retention.ms': '2500' });
  await eachSecond(disk, log, 'a=1', 'b=1', 'a=2', 'd=1');
  await log.partition.roll();
  await log.compact();
  assert.equal(log.sealed(), ['0-4']);
  assert.is(await apply(log), 0, 'its newest record is young enough');
  await disk.clock.advance(2000);
  assert.is(await apply(log), 1);
  assert.equal(log.shown(), []);
  await log.write('e=1');
  assert.equal(log.shown(), ['4:e=1']);
});

test('a reader of what goes reads it to its end, and goes on behind', async () => {
  const disk = new MemoryDisk();
  const log = await open(disk, { 'retention.ms': '1500' });
  await log.write('a=1', 'b=1');
  await eachSecond(disk, log, 'c=1', 'd=1', 'e=1');
  const reader = new PartitionReader(log.partition, 0);
  assert.equal(reader.read(1).map(show), ['0:a=1']);
  assert.is(await apply(log), 2);
  assert.equal(reader.read(65536).map(show), ['1:b=1', '2:c=1', '4:e=1']);
  reader.close();
});

test('what damage hides is taken for younger than it was, and does not stop the others', async () => {
  const disk = new MemoryDisk();
  const log = await open(disk, { 'retention.ms': '2500' });
  await eachSecond(disk, log, 'a=1', 'b=1', 'c=1', 'd=1');
  const name = files(log).find((one) => one.endsWith('1.log')) ?? '';
  const file = log.host.files.open(`${DIRECTORY}/${name}`, 'update');
  file.write(bytesOf('damage'), 50);
  file.close();
  const index = `${DIRECTORY}/${name.replace('.log', '.index')}`;
  log.host.files.remove(index);
  assert.is(await apply(log), 1, 'as old as the next one, which stays');
  await disk.clock.advance(1000);
  assert.is(await apply(log), 2);
});

test('a file that cannot be removed is still read, and no later one goes', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host, { 'cleanup.policy': 'delete', 'retention.ms': '1' });
  await eachSecond(host.disk, log, 'a=1', 'b=1', 'c=1');
  host.plan = ({ name }: HostCall) => (name === 'remove' ? { kind: 'fail', code: 'EIO' } : null);
  const error = await apply(log).catch((caught: unknown) => caught);
  assert.is((error as { code?: string }).code, 'io-failed');
  assert.equal(log.shown(), ['0:a=1', '1:b=1', '2:c=1']);
  host.plan = () => null;
  assert.is(await apply(log), 3);
});

test('what compaction could not remove does not come back when the file that stands for it goes', async () => {
  const host = new FaultHost(new MemoryDisk());
  const set = { 'cleanup.policy': 'compact,delete', 'retention.ms': '1' };
  const log = await LogPartition.open(host, set);
  await eachSecond(host.disk, log, 'a=1', 'b=1');
  await log.partition.roll();
  host.plan = ({ name }: HostCall) => (name === 'remove' ? { kind: 'fail', code: 'EIO' } : null);
  await log.compact();
  host.plan = () => null;
  assert.equal(log.sealed(), ['0-2']);
  assert.is(await apply(log), 1);
  await log.partition.close();
  assert.equal((await LogPartition.open(host, set)).shown(), []);
});

test('it has the reserve where removing needs room', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host, { 'cleanup.policy': 'delete', 'retention.ms': '1' });
  await eachSecond(host.disk, log, 'a=1', 'b=1');
  const reserve = new Reserve(host, '/log', 10_000);
  await reserve.restore();
  host.plan = ({ name, path }: HostCall) => {
    const isFull = (name === 'remove' && path.endsWith('.log')) || name === 'create';
    return isFull && !reserve.isLent ? { kind: 'fail', code: 'ENOSPC' } : null;
  };
  assert.is(await apply(log, reserve), 2);
  assert.equal(log.shown(), []);
  assert.not.ok(reserve.isLent);
});

test('wherever the power goes, what is left has no hole, and nothing goes that was to stay', async () => {
  const prepare = async (disk: MemoryDisk): Promise<void> => {
    const log = await LogPartition.open(disk.host(), { 'segment.bytes': '4096' });
    for (const text of ['a=1', 'a=2', 'b=1', 'c=1', 'd=1', 'e=1']) {
      await log.write(text);
      await log.partition.roll();
      if (text === 'b=1') await log.compact();
    }
    await log.write('f=1');
    await log.partition.close();
  };
  const set = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '200' };
  const scenario = async (host: FaultHost): Promise<void> => {
    const log = await LogPartition.open(host, set);
    await apply(log);
    await log.partition.close();
  };
  const first = new MemoryDisk();
  await prepare(first);
  const { calls } = await runUntil(first, Number.POSITIVE_INFINITY, scenario);
  const all = ['1:a=2', '2:b=1', '3:c=1', '4:d=1', '5:e=1', '6:f=1'];
  for (let stop = 1; stop <= calls; stop++) {
    const disk = new MemoryDisk();
    await prepare(disk);
    await runUntil(disk, stop, scenario);
    for (const choice of cutChoices(disk.pendingCount, stop)) {
      const log = await LogPartition.open(disk.powerCut(choice).host(), set);
      const shown = log.shown();
      assert.equal(shown, all.slice(-shown.length), `stopped before call ${stop}, ${JSON.stringify(choice)}`);
      assert.ok(shown.length >= 2);
      assert.equal(log.events, []);
    }
  }
});
