/** The crash matrix over compaction and retention, with producers and a reader at work; see `compaction-crash.test.ts`. */
import * as assert from 'uvu/assert';
import type { ConsumerRecord } from '../../logged/commit-log.ts';
import { CommitLogError } from '../../logged/commit-log.ts';
import type { FileLog } from '../../logged/file-log.ts';
import type { Dump } from '../support/matrix/dump.ts';
import type { End } from '../support/matrix/judge.ts';
import { happened, type Ledger, type Moment } from '../support/matrix/ledger.ts';
import { testMatrix, type Scenario, type World } from '../support/matrix/matrix.ts';
import { suite } from '../support/suite.ts';
import { fromUtf8 } from '../support/text.ts';

const test = suite('crash matrix: clean');

interface Entry {
  readonly key: string;
  /** Null: a tombstone. */
  readonly value: string | null;
  readonly begun: Moment;
  acked: { readonly at: Moment; readonly offset: number } | null;
  rejected: Moment | null;
}

interface Notes {
  readonly entries: Entry[];
  readonly seen: { readonly at: Moment; readonly offset: number; readonly text: string }[];
  /** When something began that may remove records. */
  cleaning: Moment | null;
}

/** What is noted beside a ledger. */
const notes = new WeakMap<Ledger, Notes>();

function notesOf(ledger: Ledger): Notes {
  const found = notes.get(ledger) ?? { entries: [], seen: [], cleaning: null };
  notes.set(ledger, found);
  return found;
}

const text = (bytes: Uint8Array | null): string => (bytes === null ? '-' : fromUtf8(bytes));
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const shown = ({ key, value }: ConsumerRecord): string => `${text(key)}=${text(value)}`;

class Cleaner {
  readonly #world: World;
  readonly #log: FileLog;
  readonly #notes: Notes;

  constructor(world: World, log: FileLog) {
    this.#world = world;
    this.#log = log;
    this.#notes = notesOf(world.ledger);
  }

  async put(key: string, value: string | null): Promise<void> {
    for (let tries = 0; tries < 3; tries += 1) {
      const entry: Entry = { key, value, begun: this.#tick(), acked: null, rejected: null };
      this.#notes.entries.push(entry);
      const record = { topic: 't', key: bytes(key), value: value === null ? null : bytes(value) };
      try {
        const { offset } = await this.#log.produce(record);
        entry.acked = { at: this.#tick(), offset };
        return;
      } catch (error) {
        if (!(error instanceof CommitLogError)) throw error;
        entry.rejected = this.#tick();
      }
    }
  }

  /** Lets the time pass after which a segment is too old to be appended to. */
  age(): Promise<void> {
    return this.#world.disk.clock.advance(2000);
  }

  async clean(call: (log: FileLog) => Promise<unknown>): Promise<void> {
    this.#notes.cleaning ??= this.#tick();
    try {
      await call(this.#log);
    } catch (error) {
      if (!(error instanceof CommitLogError)) throw error;
    }
  }

  async watch(): Promise<void> {
    try {
      for await (const record of this.#log.subscribe({ subscriptions: [{ topic: 't' }] })) {
        this.#notes.seen.push({ at: this.#tick(), offset: record.offset, text: shown(record) });
      }
    } catch (error) {
      if (!(error instanceof CommitLogError)) throw error;
    }
  }

  #tick(): Moment {
    if (this.#world.host.stoppedAt !== null) throw new Error('the process was killed');
    return this.#world.ledger.tick();
  }
}

/** Opens the log, makes the topic, runs the work with a reader, closes. */
function cleans(scenario: Omit<Scenario, 'run'>, config: Config, work: (cleaner: Cleaner) => Promise<void>): Scenario {
  const run = async (world: World): Promise<void> => {
    const actor = await world.open();
    while (!(await actor.create('t', { partitions: 1, config: { ...config, 'segment.ms': '1000' } })));
    const cleaner = new Cleaner(world, actor.log as FileLog);
    const watching = cleaner.watch();
    watching.catch(() => undefined);
    await work(cleaner);
    await actor.log.close();
    await watching;
  };
  return { ...scenario, run };
}

type Config = Readonly<Record<string, string>>;

const COMPACT = { 'cleanup.policy': 'compact', 'delete.retention.ms': '0', 'min.cleanable.dirty.ratio': '0' };

const compacts = cleans({ name: 'compact', judge: judgeCompacted }, COMPACT, async (cleaner) => {
  for (const key of ['a', 'b', 'c']) await cleaner.put(key, `${key}1`);
  await cleaner.age();
  await Promise.all([cleaner.put('a', 'a2'), cleaner.put('b', null)]);
  await cleaner.age();
  await cleaner.put('d', 'd1');
  await Promise.all([cleaner.clean((log) => log.keepHouse()), cleaner.put('a', 'a3')]);
  await cleaner.age();
  await cleaner.put('e', 'e1');
  await cleaner.clean((log) => log.compact('t'));
  await cleaner.put('b', 'b2');
});

const reserve = { housekeepingMs: 0, reserveBytes: 1000 };
const compactsWithReserve = { ...compacts, name: 'compact-reserve', options: reserve };

const RETAIN = { 'retention.bytes': '400' };

const retains = cleans({ name: 'retain', judge: judgeRetained, options: reserve }, RETAIN, async (cleaner) => {
  for (const round of ['1', '2', '3']) {
    for (const key of ['a', 'b']) await cleaner.put(key, `${key}${round}`);
    await cleaner.age();
  }
  await Promise.all([cleaner.clean((log) => log.keepHouse()), cleaner.put('c', 'c1')]);
  await cleaner.age();
  await cleaner.put('d', 'd1');
  await cleaner.clean((log) => log.keepHouse());
});

function begunBy(ledger: Ledger, end: End): Entry[] {
  return notesOf(ledger).entries.filter(({ begun }) => happened(begun, end.at));
}

/** Common to both: nothing is there that nobody sent, nothing has moved, nothing that was refused. */
function judgeFound(dump: Dump, ledger: Ledger, end: End): readonly ConsumerRecord[] {
  const topic = dump.topics.get('t');
  const entries = begunBy(ledger, end);
  const [life] = ledger.lives;
  const mayBeAbsent =
    !happened(life?.creation.done, end.at) && entries.every(({ acked }) => !happened(acked?.at, end.at));
  if (topic === undefined && mayBeAbsent) return [];
  const records = topic?.records[0] ?? assert.unreachable('the topic is lost');
  for (const record of records ?? []) {
    const candidates = entries.filter(({ key, value }) => `${key}=${value ?? '-'}` === shown(record));
    const known = candidates.some(({ acked }) =>
      happened(acked?.at, end.at) ? acked?.offset === record.offset : true,
    );
    assert.ok(known, `${shown(record)} at ${record.offset} was not put there`);
    const refused = candidates.every(({ rejected }) => happened(rejected, end.at));
    assert.ok(!refused, `${shown(record)} at ${record.offset} was refused`);
  }
  for (const { at, offset, text: seen } of notesOf(ledger).seen) {
    const now = (records ?? []).find((record) => record.offset === offset);
    if (happened(at, end.at) && now !== undefined) assert.is(shown(now), seen, `offset ${offset}`);
  }
  const given = entries.flatMap(({ acked }) => (acked !== null && happened(acked.at, end.at) ? [acked.offset] : []));
  assert.ok((topic?.endOffsets[0] ?? 0) > Math.max(-1, ...given), 'an offset will be given out again');
  return records ?? [];
}

/** Every key has its last value; what is gone was superseded; a tombstone stays as long as what it deletes. */
function judgeCompacted(dump: Dump, ledger: Ledger, end: End): void {
  const records = judgeFound(dump, ledger, end);
  const entries = begunBy(ledger, end).filter(({ rejected }) => !happened(rejected, end.at));
  const isAcked = ({ acked }: Entry): boolean => happened(acked?.at, end.at);
  for (const key of new Set(entries.map((entry) => entry.key))) {
    const own = entries.filter((entry) => entry.key === key);
    const settled = own.findLastIndex(isAcked);
    const possible = own.slice(Math.max(0, settled)).map(({ value }) => value);
    if (settled < 0) possible.push(null);
    const last = records.findLast((record) => text(record.key) === key)?.value ?? null;
    const now = last === null ? null : text(last);
    assert.ok(possible.includes(now), `${key} is ${now}, not one of ${possible}`);
  }
  const cleaned = happened(notesOf(ledger).cleaning, end.at);
  if (cleaned) return;
  for (const entry of entries.filter(isAcked)) {
    assert.ok(
      records.some(({ offset }) => offset === entry.acked?.offset),
      `${entry.key} at ${entry.acked?.offset} is lost`,
    );
  }
}

/** What is gone is gone from the beginning on, without holes, and never the last segment. */
function judgeRetained(dump: Dump, ledger: Ledger, end: End): void {
  const records = judgeFound(dump, ledger, end);
  const acked = begunBy(ledger, end).flatMap((entry) =>
    happened(entry.acked?.at, end.at) ? [entry.acked?.offset ?? -1] : [],
  );
  const first = records[0]?.offset ?? 0;
  const offsets = new Set(records.map(({ offset }) => offset));
  const lost = acked.find((offset) => offset >= first && !offsets.has(offset));
  assert.is(lost, undefined, 'lost behind the beginning');
  if (acked.length > 0) assert.ok(records.length > 0, 'nothing is left');
  if (!happened(notesOf(ledger).cleaning, end.at)) assert.ok(first === 0, `begins at ${first}`);
}

testMatrix(test, compacts, { cuts: 3, kills: 10, faults: 3 });
testMatrix(test, compactsWithReserve, { cuts: 1, kills: 4, faults: 2 });
testMatrix(test, retains, { cuts: 3, kills: 10, faults: 3 });
