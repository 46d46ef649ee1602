/** The contract of reading what is stored: where it begins, in which runs it comes, offsets and times. */
import * as assert from 'uvu/assert';
import type { ConsumerRecord, StartPosition, SubscribeOptions } from '../../../logged/commit-log.ts';
import { suite } from '../../support/suite.ts';
import {
  append,
  bytes,
  fails,
  illegalTopics,
  iterate,
  next,
  range,
  read,
  readAll,
  record,
  shown,
  text,
  withLog,
} from './harness.ts';
import type { LogFactory, OpenedLog } from './harness.ts';

export function readContract(factory: LogFactory): void {
  positions(factory);
  timestamps(factory);
  subscriptions(factory);
  batches(factory);
  wrongOptions(factory);
}

async function twoPartitions({ log }: OpenedLog): Promise<void> {
  await log.createTopic('a', { partitions: 2 });
  await append(log, 'a', 0, 'a', 'b', 'c');
  await append(log, 'a', 1, 'd', 'e');
}

function positions(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: where reading begins`), factory);
  const all = ['0/0=a', '0/1=b', '0/2=c', '1/0=d', '1/1=e'];

  test('at the beginning, said or unsaid', async (opened) => {
    await twoPartitions(opened);
    assert.equal(await read(opened.log, 'a'), all);
    assert.equal(await read(opened.log, 'a', { from: 'beginning' }), all);
  });

  test('at the end', async (opened) => {
    await twoPartitions(opened);
    assert.equal(await read(opened.log, 'a', { from: 'end' }), []);
  });

  test('at an offset, which is included', async (opened) => {
    await twoPartitions(opened);
    assert.equal(await read(opened.log, 'a', { from: { offset: 0 } }), all);
    assert.equal(await read(opened.log, 'a', { from: { offset: 1 } }), ['0/1=b', '0/2=c', '1/1=e']);
    assert.equal(await read(opened.log, 'a', { from: { offset: 2 } }), ['0/2=c']);
    assert.equal(await read(opened.log, 'a', { from: { offset: 3 } }), []);
    assert.equal(await read(opened.log, 'a', { from: { offset: 2 ** 53 - 1 } }), []);
  });

  test('after the records that were consumed, per partition', async (opened) => {
    await twoPartitions(opened);
    const at = (partition: number, offset: number) => ({ topic: 'a', partition, offset });
    assert.equal(await read(opened.log, 'a', { offsets: [at(0, 0), at(1, 0)] }), ['0/1=b', '0/2=c', '1/1=e']);
    assert.equal(await read(opened.log, 'a', { offsets: [at(0, 2), at(1, -1)] }), ['1/0=d', '1/1=e']);
    assert.equal(await read(opened.log, 'a', { offsets: [at(0, 99), at(1, 2 ** 53 - 1)] }), []);
    assert.equal(await read(opened.log, 'a', { offsets: [] }), all);
  });

  test('a consumed offset goes before `from`, which counts for the other partitions', async (opened) => {
    await twoPartitions(opened);
    const offsets = [{ topic: 'a', partition: 0, offset: 0 }];
    assert.equal(await read(opened.log, 'a', { offsets, from: 'end' }), ['0/1=b', '0/2=c']);
    assert.equal(await read(opened.log, 'a', { offsets, from: { offset: 1 } }), ['0/1=b', '0/2=c', '1/1=e']);
    const others = [{ topic: 'b', partition: 0, offset: 1 }];
    assert.equal(await read(opened.log, 'a', { offsets: others }), all, 'of another topic');
  });

  test('at the commit of a group, or otherwise', async (opened) => {
    await twoPartitions(opened);
    await opened.log.commitOffsets('g', [{ topic: 'a', partition: 0, offset: 2 }]);
    const from = (otherwise: 'beginning' | 'end', group = 'g') => ({ from: { group, otherwise } });
    assert.equal(await read(opened.log, 'a', from('beginning')), ['0/2=c', '1/0=d', '1/1=e']);
    assert.equal(await read(opened.log, 'a', from('end')), ['0/2=c']);
    assert.equal(await read(opened.log, 'a', from('beginning', 'nobody')), all);
    assert.equal(await read(opened.log, 'a', from('end', 'nobody')), []);
  });

  test('from the end, what comes later is delivered', async (opened) => {
    await twoPartitions(opened);
    const records = iterate(opened.log, { subscriptions: [{ topic: 'a' }], from: 'end' });
    const first = next(records);
    await opened.settle();
    await append(opened.log, 'a', 1, 'new');
    assert.is(await first, 'new');
    await append(opened.log, 'a', 0, 'newer');
    assert.is(await next(records), 'newer');
  });

  test('beyond the end, it waits until the log has grown past it', async (opened) => {
    await twoPartitions(opened);
    const subscriptions = [{ topic: 'a', partitions: [0] }];
    const starts: Partial<SubscribeOptions>[] = [
      { offsets: [{ topic: 'a', partition: 0, offset: 5 }] },
      { from: { offset: 6 } },
    ];
    const firsts = starts.map((start) => next(iterate(opened.log, { subscriptions, ...start })));
    await opened.settle();
    await append(opened.log, 'a', 0, 'd', 'e');
    await opened.settle();
    await append(opened.log, 'a', 0, 'f', 'g', 'h');
    assert.equal(await Promise.all(firsts), ['g', 'g']);
  });
}

function timestamps(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: times`), factory);

  /** Offsets 0 to 5 at 1000, 3000, 2000, 3000.5, append time, 500. */
  async function fill({ log, now }: OpenedLog): Promise<number> {
    for (const timestamp of [1000, 3000, 2000, 3000.5, null, 500]) await log.produce(record('a', 'x', { timestamp }));
    return now();
  }

  test('the first record at or after a time', async (opened) => {
    const appended = await fill(opened);
    const expected: [number, number | null][] = [
      [-1, 0],
      [0, 0],
      [1000, 0],
      [1000.5, 1],
      [2000, 1],
      [3000, 1],
      [3000.25, 3],
      [3000.5, 3],
      [3001, 4],
      [appended, 4],
      [appended + 1, null],
    ];
    for (const [time, offset] of expected) {
      assert.is(await opened.log.offsetForTime('a', 0, time), offset, `offset for ${time}`);
      const stored = await readAll(opened.log, { subscriptions: [{ topic: 'a' }], from: { timestamp: time } });
      assert.equal(
        stored.map((one) => one.offset),
        range(6).slice(offset ?? 6),
        `read from ${time}`,
      );
    }
  });

  test('an empty partition has no offset for any time', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 });
    await append(log, 'a', 0, 'x');
    assert.is(await log.offsetForTime('a', 1, 0), null);
    assert.is(await log.offsetForTime('a', 0, 0), 0);
  });

  test('among many records, in any order of times', async ({ log }) => {
    // 7919 is prime to 4000: every time once, scattered, then again with half of it.
    const times = range(4000).map((i) => ((i * 7919) % 4000) * 10 + 5);
    await log.produceBatch(
      'a',
      times.map((timestamp) => ({ key: null, value: bytes('x'.repeat(50)), timestamp })),
    );
    for (const time of [0, 5, 6, 10_000, 35_000, 39_000, 39_975, 39_990, 39_994, 39_995]) {
      const first = times.findIndex((timestamp) => timestamp >= time);
      assert.is(await log.offsetForTime('a', 0, time), first, `time ${time}`);
    }
    assert.is(await log.offsetForTime('a', 0, 39_996), null);
  });

  test('wrong arguments', async ({ log }) => {
    await append(log, 'a', 0, 'x');
    await fails('unknown-topic', () => log.offsetForTime('b', 0, 0));
    await fails('unknown-partition', () => log.offsetForTime('a', 1, 0));
  });

  test('beginning, end and last offset', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 });
    const empty = { beginningOffset: 0, endOffset: 0, lastOffset: null };
    assert.equal([await log.offsets('a', 0), await log.offsets('a', 1)], [empty, empty]);
    await append(log, 'a', 1, 'x', 'y', 'z');
    const filled = { beginningOffset: 0, endOffset: 3, lastOffset: 2 };
    assert.equal([await log.offsets('a', 0), await log.offsets('a', 1)], [empty, filled]);
    for (const partition of [2, -1, 0.5, Number.NaN]) assert.is(await log.offsets('a', partition), null);
    assert.is(await log.offsets('b', 0), null);
  });
}

function subscriptions(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: what is read`), factory);

  test('several topics and partitions, each in its order', async ({ log }) => {
    for (const topic of ['a', 'b', 'ns:a']) await log.createTopic(topic, { partitions: 3 });
    for (const i of range(300))
      await log.produce(record(['a', 'b', 'ns:a'][i % 3] ?? '', `${i}`, { partition: (i % 4) % 3 }));
    const stored = await readAll(log, { subscriptions: [{ topic: 'a' }, { topic: 'ns:a', partitions: [2, 0] }] });
    const expected = new Map<string, string[]>();
    for (const i of range(300)) {
      const [topic, partition] = [['a', 'b', 'ns:a'][i % 3], (i % 4) % 3];
      if (topic === 'b' || (topic === 'ns:a' && partition === 1)) continue;
      const place = `${topic}/${partition}`;
      expected.set(place, [...(expected.get(place) ?? []), `${i}`]);
    }
    const got = new Map<string, string[]>();
    for (const one of stored) {
      const place = `${one.topic}/${one.partition}`;
      got.set(place, [...(got.get(place) ?? []), text(one.value)]);
    }
    assert.equal(new Map([...got].sort()), new Map([...expected].sort()));
  });

  test('what is named twice is delivered once', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 });
    await append(log, 'a', 0, 'x', 'y');
    await append(log, 'a', 1, 'z');
    const stored = await readAll(log, {
      subscriptions: [{ topic: 'a', partitions: [0, 0] }, { topic: 'a' }, { topic: 'a' }],
    });
    assert.equal(stored.map(shown).sort(), ['0/0=x', '0/1=y', '1/0=z']);
  });

  test('subscriptions do not disturb each other', async ({ log }) => {
    await append(log, 'a', 0, 'x', 'y', 'z');
    const iterators = range(3).map(() => iterate(log, { subscriptions: [{ topic: 'a' }], idleTimeoutMs: 0 }));
    for (const expected of ['x', 'y', 'z', '(done)', '(done)']) {
      for (const one of iterators) assert.is(await next(one), expected);
    }
  });

  test('overlapping calls of next are answered in order', async ({ log }) => {
    await append(log, 'a', 0, ...range(10).map(String));
    const records = iterate(log, { subscriptions: [{ topic: 'a' }], idleTimeoutMs: 0, maxBatchBytes: 1 });
    const values = await Promise.all(range(12).map(() => next(records)));
    assert.equal(values, [...range(10).map(String), '(done)', '(done)']);
  });

  test('a consumer beside a producer gets every record, in order', async ({ log }) => {
    await log.createTopic('a');
    const records = iterate(log, { subscriptions: [{ topic: 'a' }] });
    const producing = (async () => {
      for (const i of range(300)) await log.produce(record('a', `${i}`));
    })();
    for (const i of range(300)) assert.is(await next(records), `${i}`);
    await producing;
  });

  test('what was acknowledged is readable at once', async ({ log }) => {
    await log.createTopic('synced');
    await log.createTopic('written', { config: { 'streambed.durability': 'os' } });
    for (const topic of ['synced', 'written']) {
      for (const i of range(20)) {
        await log.produce(record(topic, `${i}`));
        assert.is((await log.offsets(topic, 0))?.endOffset, i + 1);
        assert.equal(await read(log, topic, { from: { offset: i } }), [`0/${i}=${i}`]);
      }
    }
  });

  test('with durability every:<n>ms it is readable after so long', async ({ log, advance }) => {
    await log.createTopic('a', { config: { 'streambed.durability': 'every:200ms' } });
    await append(log, 'a', 0, 'x', 'y');
    await advance(200);
    assert.equal(await read(log, 'a'), ['0/0=x', '0/1=y']);
    await append(log, 'a', 0, 'z');
    await advance(200);
    assert.equal(await log.offsets('a', 0), { beginningOffset: 0, endOffset: 3, lastOffset: 2 });
  });
}

function batches(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: batches`), factory);

  async function readBatches({ log }: OpenedLog, maxBatchBytes?: number): Promise<(readonly ConsumerRecord[])[]> {
    const runs: (readonly ConsumerRecord[])[] = [];
    const subscription = log.subscribe({ subscriptions: [{ topic: 'a' }], idleTimeoutMs: 0, maxBatchBytes });
    for await (const run of subscription.batches()) runs.push(run);
    return runs;
  }

  test('are runs of one partition, and hold every record once', async (opened) => {
    await opened.log.createTopic('a', { partitions: 3 });
    const values = range(900).map((i) => ({ partition: i % 3, key: null, value: bytes(`${i}`) }));
    await opened.log.produceBatch('a', values);
    const runs = await readBatches(opened);
    const nexts = [0, 0, 0];
    for (const run of runs) {
      assert.ok(run.length > 0);
      for (const one of run) {
        assert.is(one.partition, run[0]?.partition);
        assert.is(one.offset, nexts[one.partition]);
        nexts[one.partition] = one.offset + 1;
      }
    }
    assert.equal(nexts, [300, 300, 300]);
  });

  test('are not larger than asked for', async (opened) => {
    await append(opened.log, 'a', 0, ...range(100).map(() => 'x'.repeat(1000)));
    for (const maxBatchBytes of [1, 1500, 4096, 20_000]) {
      const runs = await readBatches(opened, maxBatchBytes);
      assert.is(runs.flat().length, 100);
      for (const run of runs)
        assert.ok(run.length === 1 || run.length * 1000 <= maxBatchBytes, `${run.length} records`);
    }
  });

  test('hold what is waiting together, and then more', async (opened) => {
    const { log } = opened;
    await append(log, 'a', 0, 'x', 'y');
    const runs = log
      .subscribe({ subscriptions: [{ topic: 'a' }] })
      .batches()
      [Symbol.asyncIterator]();
    const first = await runs.next();
    assert.equal(first.done !== true && first.value.map(shown), ['0/0=x', '0/1=y']);
    const second = runs.next();
    await opened.settle();
    await append(log, 'a', 0, 'z');
    const waited = await second;
    assert.equal(waited.done !== true && waited.value.map(shown), ['0/2=z']);
  });

  test('nothing is read ahead of the consumer beyond a chunk', async (opened) => {
    if (opened.bytesRead === undefined) return;
    for (const part of range(20))
      await append(opened.log, 'a', 0, ...range(50).map((i) => `${part}/${i}`.padEnd(1000)));
    const before = opened.bytesRead();
    const records = iterate(opened.log, { subscriptions: [{ topic: 'a' }], maxBatchBytes: 10_000 });
    for (const _ of range(3)) await next(records);
    await opened.settle();
    const taken = opened.bytesRead() - before;
    assert.ok(taken < 100_000, `${taken} bytes read for 3 records of 1000`);
  });
}

function wrongOptions(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: wrong subscriptions`), factory);

  async function first({ log }: OpenedLog, options: SubscribeOptions): Promise<unknown> {
    return next(iterate(log, { idleTimeoutMs: 0, ...options }));
  }

  test('unknown topics and partitions show at the first next', async (opened) => {
    await append(opened.log, 'a', 0, 'x');
    await fails('unknown-topic', () => first(opened, { subscriptions: [{ topic: 'b' }] }));
    await fails('unknown-topic', () => first(opened, { subscriptions: [{ topic: 'a' }, { topic: 'b' }] }));
    await fails('unknown-partition', () => first(opened, { subscriptions: [{ topic: 'a', partitions: [0, 1] }] }));
    for (const topic of illegalTopics) {
      const options = { subscriptions: [{ topic: topic as string }] };
      await fails('invalid-topic', () => first(opened, options), `topic ${topic}`);
    }
  });

  test('by batch too, and the iteration is over then', async ({ log }) => {
    const runs = log
      .subscribe({ subscriptions: [{ topic: 'b' }] })
      .batches()
      [Symbol.asyncIterator]();
    await fails('unknown-topic', () => runs.next());
    assert.equal(await runs.next(), { done: true, value: undefined });
    const records = iterate(log, { subscriptions: [{ topic: 'b' }] });
    await fails('unknown-topic', () => records.next());
    assert.is(await next(records), '(done)');
  });

  test('numbers out of range', async (opened) => {
    await append(opened.log, 'a', 0, 'x');
    const subscriptions = [{ topic: 'a' }];
    const at = (offset: unknown) => [{ topic: 'a', partition: 0, offset: offset as number }];
    const wrong: Record<string, Partial<SubscribeOptions>> = {
      'consumed offset -2': { offsets: at(-2) },
      'consumed offset NaN': { offsets: at(Number.NaN) },
      'consumed offset 0.5': { offsets: at(0.5) },
      'consumed offset text': { offsets: at('0') },
      'from offset -1': { from: { offset: -1 } },
      'from offset 0.5': { from: { offset: 0.5 } },
      'from timestamp NaN': { from: { timestamp: Number.NaN } },
      'from nowhere': { from: 'middle' as StartPosition },
      'idle timeout -1': { idleTimeoutMs: -1 },
      'idle timeout NaN': { idleTimeoutMs: Number.NaN },
      'no batch bytes': { maxBatchBytes: 0 },
      'batch bytes NaN': { maxBatchBytes: Number.NaN },
    };
    for (const [what, options] of Object.entries(wrong)) {
      await fails('invalid-record', () => first(opened, { subscriptions, ...options }), what);
    }
    for (const partition of [-1, 0.5, Number.NaN, '0']) {
      const options = { subscriptions: [{ topic: 'a', partitions: [partition as number] }] };
      await fails(['unknown-partition', 'invalid-record'], () => first(opened, options), `partition ${partition}`);
    }
  });
}
