/** The tables of keys: the hash against published vectors, the table against a map, the memory against its bound. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { CompactionReport } from '../../logged/compaction/compactor.ts';
import { KeyHash } from '../../logged/compaction/keys/key-hash.ts';
import { ALL_HASHES, inRange, KeyTable, tableBytes } from '../../logged/compaction/keys/key-table.ts';
import { KeyMap } from '../../logged/compaction/strategy.ts';
import { countedFiles, type FileCounts } from '../support/counted-files.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { suite } from '../support/suite.ts';
import { DIRECTORY, LogPartition, record } from './compaction/log-partition.ts';
import { SHARE, some } from '../support/share.ts';

const test = suite('keys of compaction');

/** Of the reference implementation of Chaskey by its authors (mouha.be/chaskey, 8 rounds): message 00 01 02 ... by length. */
const KEY = Int32Array.of(0x833d3433, 0x009f389f, 0x2398e64f, 0x417acf39);
const VECTORS: readonly (readonly [number, string])[] = [
  [0, '792e8fe5 75ce87aa 2d1450b5 1191970b'],
  [1, '13a9307b 50e62c89 4577bd88 c0bbdc18'],
  [15, '51b94da4 efcc4de8 192412ea bbc170dd'],
  [16, '79271ca9 d66a1c71 81ca474e 49831cad'],
  [17, '048da968 4e25d096 2d6cf897 bc3959ca'],
  [31, 'bbdd0c2d fab6fcd9 dccc080e 9f04b41f'],
  [32, '60b3f7af 37eee7c8 836cfd98 782ca060'],
  [33, 'df44ea33 b0b2c398 0583ce6f 846d823e'],
  [63, '9047fad7 88136d8c a488286b 7fe9352c'],
];

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');

test('the hash is Chaskey', () => {
  const hash = new KeyHash(KEY);
  for (const [length, tag] of VECTORS) {
    hash.hash(
      Uint8Array.from({ length: length + 9 }, (_, i) => i - 5),
      5,
      length + 5,
    );
    assert.is([hash.a, hash.b, hash.c, hash.d].map(hex).join(' '), tag, `${length} bytes`);
  }
});

test('the table is a map, for any part of the hashes, until it is full', () => {
  const puts = fc.array(fc.tuple(fc.uint8Array({ maxLength: 3 }), fc.nat({ max: 2 ** 53 - 1 })), { maxLength: 300 });
  const half = fc.constantFrom(
    ALL_HASHES,
    { from: 0, to: 2 ** 31 },
    { from: 2 ** 31, to: 2 ** 32 },
    { from: 2 ** 30, to: 2 ** 31 },
  );
  fc.assert(
    fc.property(puts, half, fc.integer({ min: 1500, max: 6000 }), (entries, range, memoryBytes) => {
      const hash = new KeyHash(KEY);
      const table = new KeyTable(range, new Uint32Array(tableBytes(memoryBytes, 300) / 4).fill(7));
      const map = new KeyMap<number>();
      let isFull = false;
      for (const [key, value] of entries) {
        hash.hash(key, 0, key.length);
        if (!inRange(range, hash)) continue;
        const at = table.findOrAdd(hash);
        if (at < 0) isFull = true;
        else map.set(key, value);
        assert.is(at < 0, map.get(key) === undefined);
        if (at >= 0) table.setValue(at, value);
      }
      assert.is(table.size, map.size);
      if (!isFull) assert.ok(table.size < 300);
      else assert.ok(table.size * 24 > memoryBytes * 0.75, `${table.size} keys in ${memoryBytes} bytes`);
      for (const [key] of entries) {
        hash.hash(key, 0, key.length);
        if (!inRange(range, hash)) continue;
        const at = table.find(hash);
        assert.is(at < 0 ? undefined : table.value(at), map.get(key));
      }
      let walked = 0;
      for (let at = table.nextUsed(0); at >= 0; at = table.nextUsed(table.behind(at))) walked++;
      assert.is(walked, map.size);
    }),
    { numRuns: some(50) },
  );
});

test('keys of a map are told apart by their bytes alone', () => {
  const map = new KeyMap<number>();
  const keys = [[], [0], [0, 0], [255], [255, 0], [0xc3, 0xa9], [0xe9]].map((bytes) => Uint8Array.from(bytes));
  keys.forEach((key, i) => map.set(key, i));
  assert.equal(
    keys.map((key) => map.get(key.slice())),
    [0, 1, 2, 3, 4, 5, 6],
  );
  assert.is(map.size, 7);
});

interface CountedPartition {
  readonly log: LogPartition;
  readonly counts: FileCounts;
  /** How many times over `work` reads what there is. */
  timesRead(work: () => Promise<unknown>): Promise<number>;
}

async function openCounted(disk: MemoryDisk, set: Readonly<Record<string, string>> = {}): Promise<CountedPartition> {
  const counts = { readBytes: 0, syncs: 0, openFiles: 0 };
  const host = disk.host();
  const log = await LogPartition.open({ ...host, files: countedFiles(host.files, counts) }, set);
  const timesRead = async (work: () => Promise<unknown>): Promise<number> => {
    const names = host.files.list(DIRECTORY).filter((name) => name.endsWith('.log'));
    const bytes = names.reduce((sum, name) => sum + (host.files.stat(`${DIRECTORY}/${name}`)?.lengthBytes ?? 0), 0);
    counts.readBytes = 0;
    await work();
    return counts.readBytes / bytes;
  };
  return { log, counts, timesRead };
}

/** Appends a record for each of the keys and seals them. */
async function writeKeys(log: LogPartition, from: number, to: number, value: string): Promise<void> {
  for (let at = from; at < to; at += 1000) {
    const records = Array.from({ length: Math.min(1000, to - at) }, (_, i) => record(`key-${at + i}`, value));
    await log.append(records);
  }
  await log.partition.roll();
}

/** Thousands of records take minutes on an emulated CPU. */
function testOfMany(title: string, body: () => Promise<void>): void {
  if (SHARE < 0.5) test.skip(title, 'it takes minutes, and only a small share is to be tried');
  else test(title, body);
}

for (const [where, hasKv] of [
  ['the key-value store', true],
  ['nothing', false],
] as const) {
  testOfMany(`100,000 keys and memory for 8,000, with ${where} to spill to`, async () => {
    const disk = new MemoryDisk();
    disk.hasKv = hasKv;
    const { log, counts, timesRead } = await openCounted(disk);
    await writeKeys(log, 0, 100_000, '1');
    await writeKeys(log, 0, 100_000, '2');
    let report: CompactionReport | null = null;
    const times = await timesRead(async () => {
      report = await log.compact({}, { memoryBytes: 262_144, spillDir: '/log/spill' });
    });
    assert.is((report as CompactionReport | null)?.removedRecords, 100_000);
    const records = log.read();
    assert.is(records.length, 100_000);
    assert.is(records[0]?.offset, 100_000);
    assert.is(log.host.files.stat('/log/spill'), null);
    assert.is(counts.openFiles, 1, 'the active segment');
    assert.ok(hasKv ? times < 3.1 : times > 20, `read ${times} times`);
  });
}

for (const keep of [1, 2]) {
  testOfMany(`keys of what is clean take no memory, ${keep} kept`, async () => {
    const { log, timesRead } = await openCounted(new MemoryDisk(), { 'streambed.compaction.keep': `${keep}` });
    await writeKeys(log, 0, 5000, '1');
    await log.compact();
    await writeKeys(log, 0, 40, '2');
    await writeKeys(log, 20, 60, '3');
    const times = await timesRead(() => log.compact({}, { memoryBytes: 2048 }));
    assert.is(log.read().length, keep === 1 ? 5000 : 5060);
    // Gathered and judged, or gathered, counted and judged, and written once.
    assert.ok(times < keep + 1.1, `read ${times} times`);
  });
}

testOfMany('10,000 keys of which the last two are kept, and memory for 400', async () => {
  const { log } = await openCounted(new MemoryDisk(), { 'streambed.compaction.keep': '2' });
  await writeKeys(log, 0, 10_000, '1');
  await writeKeys(log, 0, 10_000, '2');
  await writeKeys(log, 0, 5000, '3');
  const report = await log.compact({}, { memoryBytes: 12_288 });
  assert.is(report.removedRecords, 5000);
  assert.equal(
    log.read().map(({ offset }) => offset),
    Array.from({ length: 20_000 }, (_, i) => i + 5000),
  );
});

testOfMany('a segment with more records than there are bits for', async () => {
  const { log } = await openCounted(new MemoryDisk(), { 'segment.bytes': '100000' });
  await writeKeys(log, 0, 5000, '1');
  await writeKeys(log, 0, 5000, '2');
  const report = await log.compact({}, { memoryBytes: 4096 });
  assert.is(report.removedRecords, 5000);
  assert.is(log.read()[0]?.offset, 5000);
});
