/**
 * Compaction that is stopped, killed or failed at every call of the host. Whatever is found afterwards: no record is
 * gone that was to stay, none has changed, none that was replaced stands behind what replaced it, a tombstone is there
 * as long as anything that it deletes, and the next compaction finishes the work.
 */
import * as assert from 'uvu/assert';
import type { ConsumerRecord } from '../../logged/commit-log.ts';
import { CommitLogError } from '../../logged/commit-log.ts';
import { Compactor, type CompactorOptions } from '../../logged/compaction/compactor.ts';
import { buildIndex, loadIndex } from '../../logged/storage/index-file.ts';
import { indexName, listSegments } from '../../logged/storage/segment-file.ts';
import type { Host } from '../../targets/host.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { failAt, failEach, type HostCall, type Plan, shortWriteAt } from '../support/fault-host/plan.ts';
import { runUntil } from '../support/fault-host/run-until.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { type CutChoice, cutChoices } from '../support/memory-host/power-cut.ts';
import { compactPartition } from '../support/reference-log/cleaning.ts';
import { suite } from '../support/suite.ts';
import { DIRECTORY, LogPartition, record, show } from './compaction/log-partition.ts';
import { isTried, some } from '../support/share.ts';

const test = suite('compaction that is interrupted');

interface Scenario {
  readonly name: string;
  readonly keep: number;
  readonly options: Partial<CompactorOptions>;
  /** What is there before; compacted where it says so. */
  readonly segments: readonly (readonly string[] | 'compact')[];
}

const many = (from: number): string[] => Array.from({ length: 40 }, (_, i) => `k${from + i}=${from}`);

const scenarios: readonly Scenario[] = [
  {
    name: 'files of compaction and others, tombstones in both',
    keep: 1,
    options: {},
    segments: [['a=1', 'b=1', 'c=1', 'a'], ['c', 'd=1'], 'compact', ['b', 'e=1'], ['a=2', 'd=2', 'e'], ['=x', 'f=1']],
  },
  {
    name: 'two records per key',
    keep: 2,
    options: {},
    segments: [['a=1', 'a=2', 'b=1', 'a=3'], 'compact', ['a=4', 'b', 'b=2'], ['c=1', 'c=2', 'c=3', 'b']],
  },
  {
    name: 'memory for few keys, and a store to spill to',
    keep: 1,
    options: { memoryBytes: 128, spillDir: '/log/spill' },
    segments: [many(0), many(20), ['k3', 'k30', 'k50']],
  },
  {
    name: 'memory for few keys, and segments by and by',
    keep: 1,
    options: { memoryBytes: 8 },
    segments: [many(0), ['k3', 'k30'], many(20), ['k50', 'k0=1']],
  },
];

async function prepare(disk: MemoryDisk, { keep, segments }: Scenario): Promise<ConsumerRecord[]> {
  const log = await open(disk.host(), keep);
  for (const segment of segments) {
    if (segment === 'compact') {
      await log.compact({ config: { ...log.config, deleteRetentionMs: 1_000_000 } });
      continue;
    }
    await log.write(...segment);
    await log.partition.roll();
  }
  await log.write('active=1');
  const records = log.read();
  await log.partition.close();
  return records;
}

function open(host: Host, keep: number): Promise<LogPartition> {
  const set = { 'segment.bytes': '4096', 'delete.retention.ms': '0', 'streambed.compaction.keep': `${keep}` };
  return LogPartition.open(host, set);
}

function reference(records: readonly ConsumerRecord[], keep: number, tombstonesGo: boolean): ConsumerRecord[] {
  const last = records.at(-1) as ConsumerRecord;
  const partition = { records: [...records], endOffset: last.offset + 1, producers: new Map() };
  compactPartition(partition, 0, { keep, below: [last.offset], dropTombstone: () => tombstonesGo });
  return partition.records;
}

class Judge {
  readonly #before: readonly ConsumerRecord[];
  readonly #after: readonly ConsumerRecord[];
  readonly #tombstones: readonly ConsumerRecord[];
  readonly #keep: number;

  constructor(before: readonly ConsumerRecord[], keep: number) {
    this.#before = before;
    this.#after = reference(before, keep, true);
    this.#tombstones = reference(before, keep, false).filter(({ key, value }) => key !== null && value === null);
    this.#keep = keep;
  }

  /** Anywhere between before and after. */
  between(records: readonly ConsumerRecord[], what: string): void {
    const offsets = new Set(records.map(({ offset }) => offset));
    const original = this.#before.filter(({ offset }) => offsets.has(offset));
    assert.equal(records.map(show), original.map(show), `${what}: changed`);
    const lost = this.#after.filter(({ offset }) => !offsets.has(offset));
    assert.equal(lost.map(show), [], `${what}: lost`);
    for (const { offset, key } of this.#tombstones) {
      const older = records.some((one) => one.offset < offset && one.value !== null && `${one.key}` === `${key}`);
      assert.ok(!older || offsets.has(offset), `${what}: the tombstone at ${offset} went before what it deletes`);
    }
  }

  done(records: readonly ConsumerRecord[], what: string): void {
    assert.equal(records.map(show), this.#after.map(show), what);
  }

  /** Opens a disk that comes back, twice, and finishes the work. */
  async comesBack(disk: MemoryDisk, { options }: Scenario, what: string, faults: boolean): Promise<void> {
    const log = await open(disk.host(), this.#keep);
    const found = log.read();
    this.between(found, what);
    disk.kill();
    const again = await open(disk.host(), this.#keep);
    assert.equal(again.read(), found, `${what}, opened again`);
    assert.ok(again.partition.readable().endOffset > (this.#before.at(-1)?.offset ?? 0), `${what}: offsets`);
    if (!faults) assert.equal([...log.events, ...again.events], [], what);
    // What could not be read for a moment may be clean in name only after a new start.
    assert.is((await again.compact({ everything: faults }, options)).outcome, 'done');
    this.done(again.read(), `${what}, finished`);
    assert.not.ok(
      again.host.files.list('/log/t/0').some((name) => name.endsWith('.new')),
      what,
    );
  }
}

const compacting = (scenario: Scenario) => async (host: FaultHost) => {
  const log = await open(host, scenario.keep);
  await log.compact({}, scenario.options);
};

/** Of the calls, enough for every day. */
const PART = 0.4;

/** Calls that change what a power cut finds. */
const CHANGING = /^(create|write|truncate|rename|remove|removeDir|makeDir|sync|syncDir|kv\.write)$/;

for (const scenario of scenarios) {
  test(`the power goes: ${scenario.name}`, async () => {
    const disk = new MemoryDisk();
    const judge = new Judge(await prepare(disk, scenario), scenario.keep);
    const cuts: { readonly disk: MemoryDisk; readonly what: string }[] = [];
    const cut = ({ number, name, path }: HostCall): void => {
      if (!CHANGING.test(name) || !isTried(number, PART)) return;
      for (const choice of cutChoices(disk.pendingCount, number)) {
        cuts.push({
          disk: disk.powerCut(choice),
          what: `cut before ${number}, ${name} ${path}, ${JSON.stringify(choice)}`,
        });
      }
    };
    const host = new FaultHost(disk);
    host.observer = cut;
    await compacting(scenario)(host);
    cut({ number: host.calls + 1, name: 'sync', path: 'the end' });
    judge.done((await open(disk.powerCut({ kind: 'lose' }).host(), scenario.keep)).read(), 'what was done is durable');
    for (const one of cuts) await judge.comesBack(one.disk, scenario, one.what, false);
  });

  test(`the process is killed, and the power goes when the next one has finished: ${scenario.name}`, async () => {
    const judge = new Judge(await prepare(new MemoryDisk(), scenario), scenario.keep);
    const lose: CutChoice = { kind: 'lose' };
    for (let stop = 1, stopped = true; stopped; stop++) {
      if (!isTried(stop, PART)) continue;
      const disk = new MemoryDisk();
      await prepare(disk, scenario);
      stopped = (await runUntil(disk, stop, compacting(scenario))).stoppedAt !== null;
      disk.kill();
      const log = await open(disk.host(), scenario.keep);
      judge.between(log.read(), `killed before ${stop}`);
      await log.compact({}, scenario.options);
      judge.done(log.read(), `killed before ${stop}, finished`);
      await judge.comesBack(disk.powerCut(lose), scenario, `killed before ${stop}, finished, cut`, false);
    }
  });
}

/** What a compaction may say when the host fails. */
async function compactWithFaults(log: LogPartition, scenario: Scenario): Promise<void> {
  try {
    await log.compact({}, scenario.options);
  } catch (error) {
    if (!(error instanceof CommitLogError)) throw error;
    assert.ok(['io-failed', 'no-space'].includes(error.code), error.code);
  }
}

const liveIn = (host: Host): string[] => listSegments(host, DIRECTORY).live.map(({ name }) => name);
const namesOf = ({ partition }: LogPartition): string[] => partition.segments().map(({ name }) => name);

const faults: readonly (readonly [name: string, at: (number: number) => Plan])[] = [
  ['EIO', (number) => failAt(number, 'EIO')],
  ['ENOSPC', (number) => failAt(number, 'ENOSPC')],
  ['a short write', (number) => shortWriteAt(number, 7)],
];

for (const scenario of scenarios) {
  for (const [what, planAt] of faults) {
    test(`${what} at any call: ${scenario.name}`, async () => {
      const judge = new Judge(await prepare(new MemoryDisk(), scenario), scenario.keep);
      const begin = async (): Promise<{ disk: MemoryDisk; host: FaultHost; log: LogPartition }> => {
        const disk = new MemoryDisk();
        await prepare(disk, scenario);
        const host = new FaultHost(disk);
        return { disk, host, log: await open(host, scenario.keep) };
      };
      const { host: undisturbed, log: first } = await begin();
      const before = undisturbed.calls;
      await compactWithFaults(first, scenario);
      for (let call = 1; call <= undisturbed.calls - before; call++) {
        if (!isTried(call, PART)) continue;
        const { disk, host, log } = await begin();
        host.plan = planAt(host.calls + call);
        await compactWithFaults(log, scenario);
        host.plan = () => null;
        const where = `${what} at ${call}`;
        judge.between(log.read(), where);
        assert.equal(liveIn(host), namesOf(log), `${where}: the files are those of the partition`);
        for (const kind of ['lose', 'keep'] as const) {
          await judge.comesBack(disk.powerCut({ kind }), scenario, `${where}, cut: ${kind}`, true);
        }
        await log.compact({ everything: true }, scenario.options);
        judge.done(log.read(), `${where}, tried again`);
      }
    });
  }
}

for (const name of ['create', 'write', 'sync', 'syncDir', 'rename', 'remove', 'space', 'stat', 'list']) {
  test(`every ${name} fails`, async () => {
    for (const scenario of scenarios.slice(0, some(scenarios.length))) {
      for (const code of ['EIO', 'ENOSPC', 'EROFS']) {
        const disk = new MemoryDisk();
        const judge = new Judge(await prepare(disk, scenario), scenario.keep);
        const host = new FaultHost(disk);
        const log = await open(host, scenario.keep);
        host.plan = failEach(name, code);
        const caught = await log.compact({}, scenario.options).catch((error: unknown) => error);
        if (caught instanceof Error) assert.instance(caught, CommitLogError);
        host.plan = () => null;
        judge.between(log.read(), `${name}: ${code}`);
        await judge.comesBack(disk.powerCut({ kind: 'lose' }), scenario, `${name}: ${code}, cut`, true);
        await log.compact({ everything: true }, scenario.options);
        judge.done(log.read(), `${name}: ${code}, tried again`);
      }
    }
  });
}

test('where it is not certain that a name is durable, tombstones stay', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host, { 'delete.retention.ms': '0' });
  const { partition, config } = log;
  await log.write('a=1', 'a', 'b=1');
  await partition.roll();
  const compactor = new Compactor(host, { spillDir: null, reserve: null });
  host.plan = failEach('syncDir', 'EIO');
  const caught = await compactor.run(partition, { config }).catch((error: unknown) => error);
  assert.is((caught as { code?: string }).code, 'io-failed');
  host.plan = () => null;
  await compactor.run(partition, { config });
  assert.equal(log.shown(), ['1:a', '2:b=1']);
  await new Compactor(host, { spillDir: null, reserve: null }).run(partition, { config });
  assert.equal(log.shown(), ['2:b=1']);
});

test('a file that could not even be removed is in nobody’s way', async () => {
  const host = new FaultHost(new MemoryDisk());
  const log = await LogPartition.open(host);
  await log.write('a=1', 'a=2');
  await log.partition.roll();
  host.plan = ({ name, path }) => {
    return path.endsWith('.new') && (name === 'sync' || name === 'remove') ? { kind: 'fail', code: 'EIO' } : null;
  };
  await log.compact().catch(() => {});
  host.plan = () => null;
  assert.ok(host.files.list(DIRECTORY).some((name) => name.endsWith('.new')));
  assert.is((await log.compact()).outcome, 'done');
  assert.equal(log.shown(), ['1:a=2']);
  assert.not.ok(host.files.list(DIRECTORY).some((name) => name.endsWith('.new')));
});

test('an index is never found beside another file of the same name and length', async () => {
  const disk = new MemoryDisk(1, 0);
  const log = await LogPartition.open(disk.host(), { 'segment.bytes': '4096' });
  // Two tombstones, for which a time is not known, take 8 bytes more each when it is; and a record of 16 bytes goes.
  await log.write('x', 'y');
  await log.append([record('a', '12'), record('b', 'x'.repeat(3900))]);
  await log.partition.roll();
  await log.compact();
  const before = log.partition.sealedSegments()[0];
  assert.ok(before !== undefined);
  const file = log.host.files.stat(`${DIRECTORY}/${before.name}`);
  await log.write('a=3');
  await log.partition.close();
  const index = log.host.files.open(`${DIRECTORY}/${indexName(before)}`, 'update');
  await index.sync();
  disk.clock.setNow(1_700_000_000_000);
  const host = new FaultHost(disk);
  const again = await LogPartition.open(host, { 'segment.bytes': '4096' });
  await again.partition.roll();
  const disks: MemoryDisk[] = [];
  host.observer = ({ name, number }) => {
    if (CHANGING.test(name))
      disks.push(...cutChoices(disk.pendingCount, number).map((choice) => disk.powerCut(choice)));
  };
  await again.compact();
  assert.equal(again.shown(), ['0:x', '1:y', '3:b=' + 'x'.repeat(3900), '4:a=3']);
  assert.is(again.partition.sealedSegments()[0]?.name, before.name);
  assert.is(host.files.stat(`${DIRECTORY}/${before.name}`)?.lengthBytes, file?.lengthBytes, 'the case in question');
  let compared = 0;
  for (const cut of [...disks, disk]) {
    const one = cut.host();
    for (const name of listSegments(one, DIRECTORY).live) {
      const segment = one.files.open(`${DIRECTORY}/${name.name}`, 'read');
      const lengthBytes = segment.lengthBytes();
      const saved = loadIndex(one, DIRECTORY, name);
      if (saved !== null && saved.dataBytes === lengthBytes) {
        assert.equal(saved.encode(one.bytes), buildIndex(one, segment, lengthBytes).encode(one.bytes), name.name);
        compared++;
      }
    }
  }
  assert.ok(compared > disks.length / 2, `${compared} indexes`);
});
