/**
 * Random histories of one partition: what compaction leaves equals what the reference log's simple rule leaves, whatever
 * memory it has, however often it is interrupted by opening anew, and a reader under way misses nothing that is left.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { ConsumerRecord } from '../../logged/commit-log.ts';
import { Compactor } from '../../logged/compaction/compactor.ts';
import { type CompactionStrategy, KeyMap } from '../../logged/compaction/strategy.ts';
import { PartitionReader } from '../../logged/storage/reading/partition-reader.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { compactPartition } from '../support/reference-log/cleaning.ts';
import { suite } from '../support/suite.ts';
import { bytesOf, type Content, LogPartition, textOf } from './compaction/log-partition.ts';
import { variable } from '../support/platform.ts';
import { some } from '../support/share.ts';

const test = suite('compaction model');

const key = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 4, arbitrary: fc.nat({ max: 4 }).map((n) => 'k'.repeat(n)) },
  { weight: 3, arbitrary: fc.nat({ max: 150 }).map((n) => `key ${n}`) },
);

const content: fc.Arbitrary<Content> = fc.record({
  key: key.map((text) => (text === null ? null : bytesOf(text))),
  value: fc.option(
    fc.nat({ max: 300 }).map((n) => new Uint8Array(n)),
    { freq: 5 },
  ),
  timestamp: fc.option(fc.constantFrom(1, 1.5, 2e12), { freq: 2 }),
  headers: fc.constantFrom([], [{ name: 'h', value: null }]),
});

type Action =
  | { readonly do: 'append'; readonly records: readonly Content[]; readonly numbered: boolean }
  | { readonly do: 'compact'; readonly memoryBytes: number; readonly spill: boolean; readonly everything: boolean }
  | { readonly do: 'roll' | 'reopen' | 'cut' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'read'; readonly bytes: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      records: fc.array(content, { minLength: 1, maxLength: 40 }),
      numbered: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('compact' as const),
      memoryBytes: fc.constantFrom(8, 128, 2048, 65_536),
      spill: fc.boolean(),
      everything: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('roll' as const, 'reopen' as const, 'cut' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 600, 2000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), bytes: fc.constantFrom(1, 500, 5000) }) },
);

const DELETE_RETENTION_MS = 1000;

class Model {
  records: ConsumerRecord[] = [];
  /** Since when nothing is left of what the tombstone at this offset deletes. */
  readonly #cleanedAt = new Map<number, number>();

  compact(below: number, keep: number, now: number): void {
    const sealed = this.records.filter(({ offset }) => offset < below);
    const partition = { records: sealed, endOffset: below, producers: new Map() };
    compactPartition(partition, 0, {
      keep,
      dropTombstone: ({ offset }) => {
        if (!this.#cleanedAt.has(offset)) this.#cleanedAt.set(offset, now);
        return now - (this.#cleanedAt.get(offset) ?? 0) >= DELETE_RETENTION_MS;
      },
    });
    this.records = [...partition.records, ...this.records.filter(({ offset }) => offset >= below)];
  }
}

/** As `keepLast(n)`, but without its rule for tombstones. */
function ownStrategy(keep: number, mostKeys: number): CompactionStrategy<null, KeyMap<number[]>> {
  return {
    keyInit: () => null,
    key: (_, record) => record.key,
    init: () => new KeyMap(),
    reduce: (state, recordKey, { offset }) => {
      const offsets = state.get(recordKey) ?? [];
      offsets.push(offset);
      if (offsets.length > keep) offsets.shift();
      state.set(recordKey, offsets);
      return state.size > mostKeys;
    },
    collect: (state) => ({ get: (recordKey) => state.get(recordKey)?.[0] }),
  };
}

async function play(actions: readonly Action[], keep: number, own: boolean): Promise<void> {
  const set = {
    'segment.bytes': '4096',
    'streambed.compaction.keep': `${keep}`,
    'delete.retention.ms': `${DELETE_RETENTION_MS}`,
  };
  let disk = new MemoryDisk();
  let log = await LogPartition.open(disk.host(), set);
  let reader = new PartitionReader(log.partition, 0);
  let readTo = 0;
  const read: ConsumerRecord[] = [];
  let sequence = 0;
  const model = new Model();
  const reopen = async (): Promise<void> => {
    log = await LogPartition.open(disk.host(), set);
    reader = new PartitionReader(log.partition, readTo);
  };
  for (const step of [...actions, { do: 'read' as const, bytes: 2 ** 30 }]) {
    switch (step.do) {
      case 'append': {
        const { records } = step;
        const sequences = records.map(() => sequence++);
        const offset = await log.append(records, step.numbered ? { id: 1, sequences } : null);
        const appendedAt = disk.clock.now();
        records.forEach(({ key: recordKey, value, timestamp = null, headers = [] }, i) => {
          const place = { topic: 't', partition: 0, offset: offset + i };
          model.records.push({ ...place, key: recordKey, value, headers, timestamp, appendedAt });
        });
        break;
      }
      case 'compact': {
        disk.hasKv = step.spill;
        const { config, partition } = log;
        const spillDir = step.memoryBytes > 128 ? '/log/spill' : null;
        const compactor = new Compactor(log.host, { memoryBytes: step.memoryBytes, spillDir, reserve: null });
        const below = partition.readable().segmentBase;
        if (own) {
          await compactor.run(partition, { config, strategy: ownStrategy(keep, step.memoryBytes / 8) });
          compactOwn(model, below, keep);
        } else {
          await compactor.run(partition, { config, everything: step.everything });
          model.compact(below, keep, disk.clock.now());
        }
        break;
      }
      case 'roll':
        await log.partition.roll();
        break;
      case 'reopen':
        reader.close();
        await log.partition.close();
        await reopen();
        break;
      case 'cut':
        disk.kill();
        disk = disk.powerCut({ kind: 'lose' });
        await reopen();
        break;
      case 'wait':
        await disk.clock.advance(step.ms);
        break;
      case 'read':
        for (const record of reader.read(step.bytes)) {
          assert.ok(record.offset >= readTo, `offset ${record.offset} after ${readTo - 1}`);
          readTo = record.offset + 1;
          read.push(record);
        }
        if (step.bytes === 2 ** 30)
          while (reader.nextOffset < log.partition.readable().endOffset) read.push(...reader.read(2 ** 30));
        break;
    }
    assert.equal(log.read(), model.records, `after ${step.do}`);
    assert.not.ok(log.events.some((event) => event.event === 'damage'));
  }
  const seen = new Set(read.map(({ offset }) => offset));
  assert.equal(
    model.records.filter(({ offset }) => !seen.has(offset)),
    [],
    'a reader missed what is still there',
  );
}

function compactOwn(model: Model, below: number, keep: number): void {
  model.records = model.records.filter(({ offset, key: recordKey }) => {
    if (recordKey === null || offset >= below) return true;
    const later = model.records.filter((other) => {
      return other.offset > offset && other.offset < below && textOf(other.key) === textOf(recordKey);
    });
    return later.length < keep;
  });
}

const runs = some(Number(variable('STREAMBED_RUNS') ?? 150));

test('of random histories remains what the reference keeps', async () => {
  const history = fc.array(action, { minLength: 3, maxLength: 40, size: 'max' });
  await fc.assert(
    fc.asyncProperty(history, fc.constantFrom(1, 1, 2, 3), (actions, keep) => play(actions, keep, false)),
    { numRuns: runs },
  );
});

test('so it does with a strategy of its own', async () => {
  const history = fc.array(action, { minLength: 3, maxLength: 40, size: 'max' });
  await fc.assert(
    fc.asyncProperty(history, fc.constantFrom(1, 2), (actions, keep) => play(actions, keep, true)),
    { numRuns: Math.ceil(runs / 3) },
  );
});
