/** A medium that fails for a while, is full, or read-only: coded errors, nothing acknowledged is lost, and it goes on. */
import * as assert from 'uvu/assert';
import { CommitLogError, type CommitLog, type ConsumerRecord } from '../../logged/commit-log.ts';
import type { LogEvent } from '../../logged/log-event.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { failEach, type Plan } from '../support/fault-host/plan.ts';
import { openLog } from '../support/matrix/verdict.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { cutChoices } from '../support/memory-host/power-cut.ts';
import { suite } from '../support/suite.ts';
import { fromUtf8 } from '../support/text.ts';

const test = suite('faults');

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The offset, or the code of the refusal. */
async function put(log: CommitLog, value: string, topic = 't'): Promise<number | string> {
  try {
    return (await log.produce({ topic, key: null, value: text(value) })).offset;
  } catch (error) {
    return error instanceof CommitLogError ? error.code : String(error);
  }
}

const shown = ({ offset, value }: ConsumerRecord): string => `${offset}=${fromUtf8(value ?? text('-'))}`;

async function read(log: CommitLog, topic = 't'): Promise<string[]> {
  const records: string[] = [];
  for await (const record of log.subscribe({ subscriptions: [{ topic }], idleTimeoutMs: 0 }))
    records.push(shown(record));
  return records;
}

/** What is read after every kind of power cut, and after a kill. */
async function everywhere(disk: MemoryDisk, expected: readonly string[], topic = 't'): Promise<void> {
  for (let seed = 1; seed < 12; seed += 1) {
    for (const choice of cutChoices(disk.pendingCount, seed)) {
      const events: LogEvent[] = [];
      const log = await openLog(disk.powerCut(choice).host(), events);
      assert.equal(await read(log, topic), expected, JSON.stringify(choice));
      assert.equal(
        events.filter(({ event }) => event === 'damage'),
        [],
        JSON.stringify(choice),
      );
    }
  }
  disk.kill();
  assert.equal(await read(await openLog(disk.host()), topic), expected, 'after a kill');
}

const durabilities = ['sync', 'every:50ms', 'os'];

for (const durability of durabilities) {
  const config = { 'streambed.durability': durability };

  test(`syncs fail for a while, ${durability}`, async () => {
    const host = new FaultHost(new MemoryDisk());
    const log = await openLog(host);
    await log.createTopic('t', { config });
    assert.is(await put(log, 'before'), 0);
    await host.disk.clock.advance(100);
    host.plan = failEach('sync', 'EIO');
    const meanwhile = [await put(log, 'a'), await put(log, 'b')];
    await host.disk.clock.advance(100);
    meanwhile.push(await put(log, 'c'));
    const taken = meanwhile.filter((offset) => typeof offset === 'number').length;
    assert.ok(
      meanwhile.slice(taken).every((code) => code === 'io-failed'),
      String(meanwhile),
    );
    assert.is(taken === 0, durability === 'sync');
    assert.equal((await read(log)).slice(0, 1), ['0=before']);
    host.plan = () => null;
    assert.is(await put(log, 'after'), 1 + taken);
    await log.close();
    const kept = ['before', 'a', 'b', 'c'].slice(0, 1 + taken);
    await everywhere(
      host.disk,
      [...kept, 'after'].map((value, offset) => `${offset}=${value}`),
    );
  });

  test(`a reader goes on over segments that were given up, ${durability}`, async () => {
    const host = new FaultHost(new MemoryDisk());
    const log = await openLog(host);
    await log.createTopic('t', { config });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const record of log.subscribe({ subscriptions: [{ topic: 't' }] })) seen.push(shown(record));
    })().catch((error: unknown) => (error instanceof CommitLogError ? error.code : String(error)));
    const taken: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      for (const failing of [false, true]) {
        let left = 1;
        const once: Plan = ({ name }) =>
          failing && name === 'sync' && left-- > 0 ? { kind: 'fail', code: 'EIO' } : null;
        host.plan = once;
        const value = `${round} ${failing}`;
        const offset = await put(log, value);
        if (typeof offset === 'number') taken.push(`${offset}=${value}`);
        await host.disk.clock.advance(100);
      }
    }
    await host.disk.clock.settle();
    assert.equal(seen, taken);
    await log.close();
    assert.is(await reading, 'closed');
    await everywhere(host.disk, taken);
  });

  test(`a full disk, ${durability}`, async () => {
    const disk = new MemoryDisk();
    const log = await openLog(disk.host());
    await log.createTopic('t', { config: { ...config, 'segment.bytes': '4096' } });
    const taken: string[] = [];
    const fill = async (value: string): Promise<number | string> => {
      const offset = await put(log, value);
      if (typeof offset === 'number') taken.push(`${offset}=${value}`);
      return offset;
    };
    await fill('first');
    for (const room of [700, 5000, 30, 2500]) {
      disk.capacityBytes -= disk.freeBytes - room;
      let codes: (number | string)[] = [];
      for (let i = 0; i < 30; i += 1) codes.push(await fill(`${room}-${i}${'.'.repeat(300)}`));
      codes = codes.filter((code) => typeof code === 'string');
      assert.ok(codes.length > 0 && codes.every((code) => code === 'no-space'), String(codes));
      await disk.clock.advance(100);
      assert.equal(await read(log), taken, `full with ${room}`);
      disk.capacityBytes = 2 ** 40;
      assert.type(await fill(`room after ${room}`), 'number');
    }
    await log.close();
    await everywhere(disk, taken);
  });

  test(`a full disk when the log is opened, ${durability}`, async () => {
    for (const ending of ['closed', 'killed', 'power cut']) {
      let disk = new MemoryDisk();
      const first = await openLog(disk.host());
      await first.createTopic('t', { config });
      await put(first, 'first');
      if (ending === 'closed') await first.close();
      disk.kill();
      if (ending === 'power cut') disk = disk.powerCut({ kind: 'keep' });
      disk.capacityBytes -= disk.freeBytes;
      const log = await openLog(disk.host());
      assert.equal(await read(log), ['0=first'], ending);
      assert.is(await put(log, 'refused'.repeat(100)), 'no-space');
      assert.equal(await read(log), ['0=first'], ending);
      disk.capacityBytes = 2 ** 40;
      assert.type(await put(log, 'second'), 'number');
      await disk.clock.advance(100);
      assert.equal(
        (await read(log)).map((record) => record.split('=')[1]),
        ['first', 'second'],
      );
    }
  });

  test(`a read-only medium, ${durability}`, async () => {
    const disk = new MemoryDisk();
    const first = await openLog(disk.host());
    await first.createTopic('t', { config });
    await put(first, 'first');
    await first.commitOffsets('g', [{ topic: 't', partition: 0, offset: 1 }]);
    await disk.clock.advance(100);
    disk.kill();
    disk.isReadOnly = true;
    const log = await openLog(disk.host());
    assert.equal(await read(log), ['0=first']);
    assert.is(await put(log, 'refused'), 'read-only');
    assert.equal(
      (await log.committedOffsets('g')).map(({ offset }) => offset),
      [1],
    );
    disk.isReadOnly = false;
    assert.is(await put(log, 'second'), 1);
    await disk.clock.advance(100);
    assert.equal(await read(log), ['0=first', '1=second']);
  });
}

test('what was refused for want of room never shows up, whatever of it was written', async () => {
  for (const writtenBytes of [0, 10, 60, 200, 2000]) {
    const host = new FaultHost(new MemoryDisk());
    const log = await openLog(host);
    await log.createTopic('t');
    await put(log, 'first');
    let isFull = true;
    host.plan = ({ name, path }) => {
      if (!isFull || name !== 'write' || !path.includes('/topics/t/0/')) return null;
      isFull = false;
      return { kind: 'short-write', code: 'ENOSPC', writtenBytes };
    };
    const refused = await Promise.all(['a', 'b', 'c'.repeat(500)].map((value) => put(log, value)));
    assert.equal(refused, ['no-space', 'no-space', 'no-space']);
    const before = host.disk.powerCut({ kind: 'keep' });
    await everywhere(host.disk, ['0=first']);
    assert.equal(await read(await openLog(before.host())), ['0=first']);
  }
});

test('a segment behind a gap is made again', async () => {
  const disk = new MemoryDisk();
  const first = await openLog(disk.host());
  await first.createTopic('t', { config: { 'streambed.durability': 'os' } });
  await put(first, 'first');
  const host = new FaultHost(disk.powerCut({ kind: 'keep' }));
  const log = await openLog(host);
  await log.alterTopic('t', { set: { 'streambed.durability': 'sync' } });
  host.plan = failEach('sync', 'EIO');
  assert.is(await put(log, 'x'), 'io-failed');
  host.plan = () => null;
  const offset = await put(log, 'second');
  assert.ok(Number(offset) > 1000, `offset ${offset}`);
  await log.close();
  await everywhere(host.disk, ['0=first', `${offset}=second`]);
});

test('a change of durability of which nobody knows whether it came about', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await openLog(host);
  await log.createTopic('t', { config: { 'streambed.durability': 'os' } });
  await put(log, 'first');
  let renamed = false;
  host.plan = ({ name, path }) => {
    renamed ||= name === 'rename' && path.endsWith('/topic');
    return renamed && name === 'syncDir' ? { kind: 'fail', code: 'EIO' } : null;
  };
  const altered = log.alterTopic('t', { set: { 'streambed.durability': 'sync' } });
  assert.is(await altered.then(String, (error: CommitLogError) => error.code), 'io-failed');
  host.plan = () => null;
  assert.is(await put(log, 'second'), 1);
  assert.is((await read(log)).at(-1), '1=second');
  for (const choice of cutChoices(host.disk.pendingCount, 1)) {
    const left = await openLog(host.disk.powerCut(choice).host());
    const offset = await put(left, 'third');
    assert.ok(Number(offset) > 1, `offset ${offset} was given out again, ${JSON.stringify(choice)}`);
  }
});

test('directories cannot be synced for a while', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await openLog(host);
  await log.createTopic('t', { config: { 'segment.bytes': '4096' } });
  await put(log, 'first');
  host.plan = failEach('syncDir', 'EIO');
  assert.is(await put(log, 'x', 'other'), 'io-failed');
  assert.is(await put(log, '.'.repeat(4000)), 'io-failed', 'no new segment');
  assert.is(await put(log, 'small'), 'io-failed', 'nothing goes into a segment that another may hide');
  host.plan = () => null;
  assert.is(await put(log, 'x', 'other'), 0);
  assert.is(await put(log, 'second'), 1);
  assert.equal(await read(log), ['0=first', '1=second']);
  await log.close();
  await everywhere(host.disk, ['0=first', '1=second']);
});

test('what fails for one topic does not concern the others', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await openLog(host);
  await put(log, 'first');
  await put(log, 'first', 'other');
  host.plan = ({ name, path }) =>
    path.includes('/topics/t/') && ['sync', 'write', 'read', 'open'].includes(name)
      ? { kind: 'fail', code: 'EIO' }
      : null;
  assert.is(await put(log, 'x'), 'io-failed');
  assert.is(await put(log, 'second', 'other'), 1);
  assert.equal(await read(log, 'other'), ['0=first', '1=second']);
  host.plan = () => null;
  assert.is(await put(log, 'second'), 1);
});

test('a process whose sync has failed dies, and the next one does not believe the page cache', async () => {
  for (const durability of ['every:50ms', 'os']) {
    const host = new FaultHost(new MemoryDisk());
    const log = await openLog(host);
    await log.createTopic('t', { config: { 'streambed.durability': durability } });
    await put(log, 'acknowledged');
    host.plan = failEach('sync', 'EIO');
    await log.close();
    host.disk.kill();
    const next = await openLog(host.disk.host());
    assert.equal(await read(next), ['0=acknowledged']);
    await everywhere(host.disk, ['0=acknowledged']);
  }
});
