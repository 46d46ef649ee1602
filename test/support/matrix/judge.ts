/** Compares what a log holds with what the ledger says that it must, may and must not hold. */
import * as assert from 'uvu/assert';
import type { ConsumerRecord } from '../../../logged/commit-log.ts';
import { contentOf, nameOf } from './actor.ts';
import type { Dump, TopicDump } from './dump.ts';
import {
  type Batch,
  type Commit,
  happened,
  type Ledger,
  type Moment,
  type TopicLife,
  type TopicShape,
} from './ledger.ts';

/** The circumstances of an end. */
export interface End {
  readonly at: Moment;
  readonly atMs: number;
  /** False when the process was killed and the machine went on: then nothing written is lost. */
  readonly powerCut: boolean;
  /** True when calls of the host had failed before. */
  readonly faults: boolean;
}

export function judge(dump: Dump, ledger: Ledger, end: End): void {
  const names = new Set(ledger.lives.map(({ name }) => name));
  for (const name of dump.topics.keys()) assert.ok(names.has(name), `topic ${name} came from nowhere`);
  for (const name of names) judgeTopic(name, dump.topics.get(name), ledger, end);
  for (const group of new Set(ledger.commits.map((commit) => commit.group))) judgeGroup(dump, ledger, group, end);
}

function judgeTopic(name: string, dump: TopicDump | undefined, ledger: Ledger, end: End): void {
  const begun = ledger.lives.filter((one) => one.name === name && happened(one.creation.begun, end.at));
  // One whose deletion failed may be back until the next one of that name is whole.
  const certain = begun.findLastIndex(({ creation }) => happened(creation.done, end.at));
  const possible = begun.slice(Math.max(0, certain)).reverse();
  const failures: unknown[] = [];
  for (const life of possible) {
    try {
      return judgeLife(life, dump, ledger, end);
    } catch (error) {
      failures.push(error);
    }
  }
  assert.ok(possible.length > 0 || dump === undefined, `topic ${name} is there before it was asked for`);
  if (failures.length > 0) throw failures[0];
}

function judgeLife(life: TopicLife, dump: TopicDump | undefined, ledger: Ledger, end: End): void {
  const { name, deletion } = life;
  if (dump === undefined) {
    const isNeeded =
      happened(life.creation.done, end.at) || life.batches.some((batch) => mustBeThere(batch, life, ledger, end));
    return assert.ok(!isNeeded || happened(deletion?.begun, end.at), `topic ${name} is lost`);
  }
  assert.ok(!happened(deletion?.done, end.at), `topic ${name} is back after its deletion`);
  judgeShape(dump.shape, life, end.at);
  dump.records.forEach((records, partition) => judgeRecords(records, life, partition, ledger, end));
  judgeEnds(dump, life, end.at);
}

function judgeShape(shape: TopicShape, life: TopicLife, at: Moment): void {
  const steps = [life.creation, ...life.changes].filter(({ begun }) => happened(begun, at));
  const settled = steps.findLastIndex(({ done }) => happened(done, at));
  const possible = steps.slice(Math.max(0, settled)).map(({ wanted }) => shownShape(wanted));
  assert.ok(possible.includes(shownShape(shape)), `${life.name} is ${shownShape(shape)}, not one of ${possible}`);
}

function shownShape({ partitions, config }: TopicShape): string {
  return JSON.stringify([partitions, Object.entries(config).sort()]);
}

/** Offsets that somebody was told of or has seen are not given out again. */
function judgeEnds(dump: TopicDump, life: TopicLife, at: Moment): void {
  for (const { partition, acked, records } of life.batches) {
    if (acked === null || !happened(acked.at, at)) continue;
    const used = acked.offset + records.length;
    const end = dump.endOffsets[partition] ?? 0;
    assert.ok(end >= used, `${life.name}/${partition} goes on at ${end}, offsets below ${used} had been given out`);
  }
  for (const sight of life.sights) {
    if (!happened(sight.at, at)) continue;
    const end = dump.endOffsets[sight.partition] ?? 0;
    assert.ok(end > sight.offset, `${life.name}/${sight.partition} goes on at ${end}, ${sight.offset} had been read`);
  }
}

function judgeRecords(
  records: readonly ConsumerRecord[],
  life: TopicLife,
  partition: number,
  ledger: Ledger,
  end: End,
): void {
  const where = `${life.name}/${partition}`;
  const found = new Map<string, ConsumerRecord>();
  let previous = -1;
  for (const record of records) {
    assert.ok(record.offset > previous, `${where}: offset ${record.offset} behind ${previous}`);
    previous = record.offset;
    const name = nameOf(record.value);
    assert.ok(!found.has(name), `${where}: ${name} is there twice, at ${found.get(name)?.offset} and ${record.offset}`);
    found.set(name, record);
  }
  const batches = life.batches.filter((batch) => batch.partition === partition && happened(batch.begun, end.at));
  let last = -1;
  let missing = false;
  let crashes = 0;
  for (const batch of batches) {
    const crashesBefore = ledger.crashes.filter((crash) => happened(crash.at, batch.begun)).length;
    if (crashesBefore > crashes) missing = false;
    crashes = crashesBefore;
    const offset = judgeBatch(batch, found, where, mustBeThere(batch, life, ledger, end));
    if (offset === null) {
      missing ||= batch.rejected === null || !happened(batch.rejected.at, end.at);
      continue;
    }
    assert.ok(offset > last, `${where}: a later batch at ${offset} stands before ${last}`);
    assert.ok(!missing || end.faults, `${where}: the batch at ${offset} is there and an earlier one is not`);
    if (batch.rejected !== null && happened(batch.rejected.at, end.at)) {
      assert.unreachable(`${where}: offset ${offset} is of a batch that was refused with ${batch.rejected.code}`);
    }
    last = offset;
  }
  const [stray] = found.keys();
  assert.is(stray, undefined, `${where}: nobody has sent ${stray}`);
  judgeSights(records, life, partition, end.at);
}

function mustBeThere(batch: Batch, life: TopicLife, ledger: Ledger, end: End): boolean {
  const { acked } = batch;
  if (acked === null || !happened(acked.at, end.at)) return false;
  const cut = ledger.crashes.find((crash) => crash.powerCut && happened(acked.at, crash.at)) ?? end;
  if (!cut.powerCut) return true;
  // As long as any other durability was in force, or may have been, less is promised.
  const steps = [life.creation, ...life.changes].filter(({ begun }) => happened(begun, end.at));
  const settled = steps.findLastIndex(({ done }) => happened(done, batch.begun));
  return steps.slice(Math.max(0, settled)).every(({ wanted }) => {
    const durability = wanted.config['streambed.durability'] ?? 'sync';
    if (durability === 'sync') return true;
    const [, everyMs] = /^every:(\d+)ms$/.exec(durability) ?? [];
    // A medium that fails a sync takes its time, too.
    return everyMs !== undefined && !end.faults && cut.atMs - acked.atMs > Number(everyMs);
  });
}

/** Takes the batch's records out of what was found; its offset, or null when it is not there. */
function judgeBatch(batch: Batch, found: Map<string, ConsumerRecord>, where: string, must: boolean): number | null {
  const present = batch.records.map((record) => found.get(nameOf(record.value)));
  const first = present[0];
  if (first === undefined && present.every((record) => record === undefined)) {
    if (must) assert.unreachable(`${where}: the batch at ${batch.acked?.offset} was acknowledged and is gone`);
    return null;
  }
  const offset = batch.acked?.offset ?? first?.offset ?? -1;
  batch.records.forEach((record, i) => {
    const one = present[i];
    const name = nameOf(record.value);
    if (one === undefined) return assert.unreachable(`${where}: of the batch at ${offset}, ${name} is missing`);
    assert.is(one.offset, offset + i, `${where}: ${name} has another offset`);
    const { key, value, headers, timestamp } = one;
    assert.equal({ key, value, headers, timestamp }, contentOf(name, record.value?.length ?? 0), `${where}: ${name}`);
    found.delete(name);
  });
  return offset;
}

/** What a reader has seen is never replaced by something else. */
function judgeSights(records: readonly ConsumerRecord[], life: TopicLife, partition: number, at: Moment): void {
  const now = new Map(records.map((record) => [record.offset, nameOf(record.value)]));
  for (const sight of life.sights) {
    if (sight.partition !== partition || !happened(sight.at, at)) continue;
    const name = now.get(sight.offset) ?? sight.value;
    assert.is(name, sight.value, `${life.name}/${partition}: offset ${sight.offset} was read as something else`);
  }
}

/** The group's offsets are those after some number of its commits, all acknowledged ones among them. */
function judgeGroup(dump: Dump, ledger: Ledger, group: string, end: End): void {
  const commits = ledger.commits.filter((commit) => commit.group === group && happened(commit.begun, end.at));
  const settled = commits.findLastIndex(({ done }) => happened(done, end.at));
  const now = JSON.stringify([...(dump.groups.get(group) ?? new Map())].sort());
  const possible: string[] = [];
  for (let count = settled + 1; count <= commits.length; count += 1) {
    possible.push(afterCommits(commits.slice(0, count), ledger, end.at, 'begun'));
    possible.push(afterCommits(commits.slice(0, count), ledger, end.at, 'done'));
  }
  assert.ok(possible.includes(now), `group ${group} has ${now}, not one of ${possible}`);
}

/** Of a topic that is being deleted nobody knows whether its commits are gone. */
function afterCommits(commits: readonly Commit[], ledger: Ledger, at: Moment, gone: 'begun' | 'done'): string {
  const offsets = new Map<string, number>();
  for (const { wanted } of commits) for (const [place, offset] of wanted) offsets.set(place, offset);
  for (const { name, deletion } of ledger.lives) {
    if (!happened(deletion?.[gone], at)) continue;
    for (const place of [...offsets.keys()]) if (place.startsWith(`${name}/`)) offsets.delete(place);
  }
  return JSON.stringify([...offsets].sort());
}
