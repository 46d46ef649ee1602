/** Compaction by strategies: keys of one's own, own strategies, and a change of what is kept. */
import * as assert from 'uvu/assert';
import { type CompactionStrategy, KeyMap, keepLast } from '../../logged/compaction/strategy.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { suite } from '../support/suite.ts';
import { LogPartition, textOf } from './compaction/log-partition.ts';

const test = suite('compaction by strategies');

const open = (set: Readonly<Record<string, string>> = {}): Promise<LogPartition> =>
  LogPartition.open(new MemoryDisk().host(), set);

test('a key of its own, and excluded records', async () => {
  const log = await open();
  await log.write('a=x1', 'b=x1', 'c=y1', 'd=-', 'e=-', 'f=y2');
  await log.partition.roll();
  const key = (value: Uint8Array | null) => (textOf(value) === '-' ? null : (value?.subarray(0, 1) ?? null));
  await log.compact({ strategy: keepLast(1, (one) => key(one.value)) });
  assert.equal(log.shown(), ['1:b=x1', '3:d=-', '4:e=-', '5:f=y2']);
});

/** Keeps what came since the last record with the value `snapshot`. */
function sinceSnapshot(mostKeys: number): CompactionStrategy<null, KeyMap<number>> & { passes: number } {
  return {
    passes: 0,
    keyInit: () => null,
    key: (_, { key }) => key,
    init() {
      this.passes++;
      return new KeyMap();
    },
    reduce: (state, key, { offset, value }) => {
      if (textOf(value) === 'snapshot') state.set(key, offset);
      else if (state.get(key) === undefined) state.set(key, 0);
      return state.size > mostKeys;
    },
    collect: (state) => state,
  };
}

test('a strategy of your own', async () => {
  const log = await open();
  const strategy = sinceSnapshot(100);
  await log.write('a=1', 'b=1', 'a=snapshot', 'a=2', '=x', 'c', 'c=snapshot');
  await log.partition.roll();
  await log.compact({ strategy });
  assert.equal(log.shown(), ['1:b=1', '2:a=snapshot', '3:a=2', '4:=x', '6:c=snapshot']);
  await log.write('b=snapshot', 'b=2', 'a=3');
  await log.partition.roll();
  await log.compact({ strategy });
  assert.equal(log.shown(), ['2:a=snapshot', '3:a=2', '4:=x', '6:c=snapshot', '7:b=snapshot', '8:b=2', '9:a=3']);
  assert.is(strategy.passes, 2);
});

test('a strategy that has room for few keys is asked in more passes', async () => {
  const log = await open();
  const strategy = sinceSnapshot(3);
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  for (const key of keys) await log.write(`${key}=1`, `${key}=snapshot`, `${key}=2`);
  await log.partition.roll();
  await log.compact({ strategy });
  assert.equal(
    log.shown(),
    keys.flatMap((key, i) => [`${i * 3 + 1}:${key}=snapshot`, `${i * 3 + 2}:${key}=2`]),
  );
  assert.ok(strategy.passes > 7, `${strategy.passes} passes`);
});

test('an error of a strategy comes back as it is, and nothing has changed', async () => {
  const log = await open();
  await log.write('a=1', 'a=2');
  await log.partition.roll();
  const failure = new Error('mine');
  const strategy = {
    ...sinceSnapshot(10),
    collect: () => {
      throw failure;
    },
  };
  const caught = await log.compact({ strategy }).catch((error: unknown) => error);
  assert.is(caught, failure);
  assert.equal(log.sealed(), ['0']);
});

test('a new number to keep takes effect on everything only when asked for', async () => {
  const log = await open({ 'streambed.compaction.keep': '2' });
  await log.write('a=1', 'a=2', 'a=3');
  await log.partition.roll();
  await log.compact();
  await log.compact({ strategy: keepLast(1) });
  assert.equal(log.shown(), ['1:a=2', '2:a=3']);
  await log.compact({ strategy: keepLast(1), everything: true });
  assert.equal(log.shown(), ['2:a=3']);
});
