/** Topics are looked after in the background: rolled, expired, compacted, with a reserve for a full medium. */
import * as assert from 'uvu/assert';
import { FileLog, type FileLogOptions } from '../../logged/file-log.ts';
import type { LogEvent } from '../../logged/log-event.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { suite } from '../support/suite.ts';
import { clock } from '../support/platform.ts';
import { fromUtf8 } from '../support/text.ts';

const test = suite('housekeeping');
const EVERY_MS = 1000;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

interface Scene {
  readonly disk: MemoryDisk;
  readonly log: FileLog;
  readonly events: LogEvent[];
  readonly pass: (ms: number) => Promise<void>;
}

async function scene(work: (scene: Scene) => Promise<void>, options: Partial<FileLogOptions> = {}): Promise<void> {
  const disk = new MemoryDisk();
  const events: LogEvent[] = [];
  const report = (event: LogEvent): number => events.push(event);
  const log = await FileLog.open(disk.host(), { root: '/log', housekeepingMs: EVERY_MS, report, ...options });
  const pass = async (ms: number): Promise<void> => {
    await disk.clock.settle();
    await disk.clock.advance(ms);
    await disk.clock.settle();
  };
  await work({ disk, log, events, pass });
  await log.close();
}

async function valuesOf(log: FileLog, topic: string): Promise<string[]> {
  const values: string[] = [];
  for await (const { offset, value } of log.subscribe({ subscriptions: [{ topic }], idleTimeoutMs: 0 })) {
    values.push(`${offset}=${value === null ? 'gone' : fromUtf8(value)}`);
  }
  return values;
}

async function fill(log: FileLog, topic: string, count: number, keys: number, valueBytes = 1000): Promise<void> {
  for (let i = 0; i < count; i++) {
    await log.produce({ topic, key: text(`k${i % keys}`), value: text(`${i}`.padEnd(valueBytes, '.')) });
  }
}

test('what is too old goes, also from a topic that nobody has opened since', () =>
  scene(async ({ disk, log, events, pass }) => {
    await log.createTopic('old', { config: { 'retention.ms': '60000' } });
    await fill(log, 'old', 3, 1, 10);
    await log.close();
    const again = await FileLog.open(disk.host(), {
      root: '/log',
      housekeepingMs: EVERY_MS,
      report: (event) => events.push(event),
    });
    await pass(50_000);
    assert.is((await valuesOf(again, 'old')).length, 3);
    await pass(60_000 + EVERY_MS);
    assert.equal(await valuesOf(again, 'old'), []);
    assert.ok(events.some(({ event }) => event === 'removed'));
    assert.is((await again.produce({ topic: 'old', key: null, value: text('x') })).offset, 3, 'offsets go on');
    await again.close();
  }));

test('a compacted topic is compacted once enough of it is dirty', () =>
  scene(async ({ log, events, pass }) => {
    await log.createTopic('c', { config: { 'cleanup.policy': 'compact', 'segment.bytes': '8192' } });
    await fill(log, 'c', 40, 2);
    await pass(2 * EVERY_MS);
    assert.ok(events.some(({ event }) => event === 'compacted'));
    const values = await valuesOf(log, 'c');
    assert.ok(values.length < 20, `${values.length} records are left`);
    assert.ok(values.at(-1)?.startsWith('39='), 'the newest is there');
    assert.ok(values.at(-2)?.startsWith('38='), 'and the newest of the other key');
  }));

test('compact() seals and compacts whatever the policy is', () =>
  scene(async ({ log }) => {
    await fill(log, 't', 10, 1, 10);
    const [report] = await log.compact('t');
    assert.is(report?.outcome, 'done');
    assert.is(report?.removedRecords, 9);
    assert.equal(await valuesOf(log, 't'), [`9=${'9'.padEnd(10, '.')}`]);
  }));

test('what fails for one topic is reported and keeps no other from its turn', () =>
  scene(async ({ disk, log, events, pass }) => {
    const config = { 'cleanup.policy': 'compact', 'segment.bytes': '8192' };
    await log.createTopic('a', { config });
    await log.createTopic('b', { config });
    await fill(log, 'a', 30, 1);
    await fill(log, 'b', 30, 1);
    disk.isReadOnly = true;
    await pass(2 * EVERY_MS);
    const failed = events.flatMap((event) => (event.event === 'background-failed' ? [event.topic] : []));
    assert.ok(failed.includes('a') && failed.includes('b'));
    disk.isReadOnly = false;
    await pass(2 * EVERY_MS);
    assert.ok((await valuesOf(log, 'a')).length < 12);
    assert.ok((await valuesOf(log, 'b')).length < 12);
  }));

test('on a full medium compaction finds room, and producers go on', () =>
  scene(
    async ({ disk, log, pass }) => {
      await log.createTopic('c', {
        config: { 'cleanup.policy': 'compact', 'segment.bytes': '8192', 'segment.ms': '500' },
      });
      await pass(EVERY_MS);
      disk.capacityBytes = 400_000;
      let last = -1;
      let refusal = '';
      while (refusal === '') {
        try {
          last = (await log.produce({ topic: 'c', key: text('k'), value: text('v'.repeat(1000)) })).offset;
        } catch (error) {
          refusal = (error as { code: string }).code;
        }
      }
      assert.is(refusal, 'no-space');
      disk.capacityBytes -= disk.freeBytes;
      await pass(3 * EVERY_MS);
      const next = await log.produce({ topic: 'c', key: text('k'), value: text('again') });
      assert.is(next.offset, last + 1);
      assert.ok((await valuesOf(log, 'c')).at(-1)?.endsWith('=again'));
    },
    { reserveBytes: 65_536 },
  ));

test('closing and deleting do not wait for a compaction to end', () =>
  scene(
    async ({ disk, log, pass }) => {
      await log.createTopic('c', { config: { 'cleanup.policy': 'compact', 'segment.bytes': '8192' } });
      await fill(log, 'c', 60, 30);
      await pass(EVERY_MS);
      await log.deleteTopic('c');
      assert.equal(
        (await log.listTopics()).filter((topic) => topic === 'c'),
        [],
      );
      await fill(log, 'c', 60, 30);
      await pass(EVERY_MS);
      await log.close();
      const again = await FileLog.open(disk.host(), { root: '/log', housekeepingMs: 0 });
      assert.ok((await valuesOf(again, 'c')).some((value) => value.startsWith('59=')));
      await again.close();
    },
    { compactionBytesPerSecond: 1000 },
  ));

test('a topic that is looked after while it is still being made can be written', async () => {
  const disk = new MemoryDisk();
  disk.syncTurns = 5;
  const log = await FileLog.open(disk.host(), { root: '/log', housekeepingMs: 0 });
  const creating = log.createTopic('new', { config: { 'cleanup.policy': 'compact' } });
  while (!(await log.listTopics()).includes('new')) await new Promise<void>((resolve) => clock.soon(resolve));
  const [, compacted] = await Promise.all([creating, log.compact('new')]);
  assert.is(compacted.length, 1);
  assert.is((await log.produce({ topic: 'new', key: text('k'), value: text('v') })).offset, 0);
  assert.equal(await valuesOf(log, 'new'), ['0=v']);
  await log.close();
});
