/** Does the same to a log under test and to the reference log, and compares all that can be read after each action. */
import * as assert from 'uvu/assert';
import { CommitLogError } from '../../../logged/commit-log.ts';
import type { CommitLog, Producer, ProducerRecord, ProduceResult, StartPosition } from '../../../logged/commit-log.ts';
import { referenceLog } from '../../support/reference-log/reference-log.ts';
import { configs, groups, topics } from './actions.ts';
import type { Action, During, RecordPlan, StartPlan } from './actions.ts';
import { areEqual, assertSame, contentsOf, partitionsOf, recordsOf, topicsOf } from './contents.ts';
import type { Cleaning, Subject } from './subject.ts';
import { clock } from '../../support/platform.ts';

type Fields = Omit<ProducerRecord, 'topic'>;
type Do<Name extends Action['do']> = Extract<Action, { do: Name }>;

interface Call {
  readonly topic: string;
  /** Counts the topics of that name: a call is not made again to another one. */
  readonly life: number;
  readonly partitions: number;
  readonly records: readonly Fields[];
  readonly producer: Producer;
}

export class ModelRun {
  readonly #subject: Subject;
  readonly #model;
  readonly #calls: Call[][] = [[], []];
  readonly #sequences = [0, 0];
  readonly #lives = new Map<string, number>();
  /** The topics that had another durability than `sync`: a power cut may take what was acknowledged. */
  readonly #unsynced = new Set<string>();
  #produced = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
    // A power cut takes the clock with it.
    const clock = {
      now: () => subject.clock.now(),
      timer: (ms: number, call: () => void) => subject.clock.timer(ms, call),
    };
    this.#model = referenceLog({ clock, rememberedCalls: 16 });
  }

  async apply(action: Action): Promise<void> {
    await this.#do(action);
    // Longer than any `every:<n>ms`: from then on what was acknowledged is readable.
    await this.#subject.clock.advance(50);
    assertSame(await contentsOf(this.#subject.log), await contentsOf(this.#model));
  }

  async #do(action: Action): Promise<void> {
    switch (action.do) {
      case 'create':
      case 'alter':
      case 'delete':
      case 'commit':
      case 'forget':
        return this.#both(await this.#interrupted(action));
      case 'produce':
        return this.#produce(topicAt(action.topic), [action.record], true);
      case 'batch':
        return this.#produce(topicAt(action.topic), action.records, false);
      case 'numbered':
        return this.#numbered(action);
      case 'again':
        return this.#again(action);
      case 'read':
        return this.#read(action);
      case 'wait':
        return this.#subject.clock.advance(action.ms);
      case 'compact':
        return this.#compact(topicAt(action.topic));
      case 'keepHouse':
        return this.#adopt(await this.#subject.keepHouse());
      case 'crashCompacting':
        return this.#crashCompacting(action);
      case 'reopen':
        return this.#subject.reopen();
      case 'crash':
        return this.#crash(action);
    }
  }

  /** Makes a call of both logs; results and error codes must agree. */
  async #both(call: (log: CommitLog) => Promise<unknown>): Promise<void> {
    const outcome = await outcomeOf(call(this.#subject.log));
    assert.equal(outcome, await outcomeOf(call(this.#model)));
  }

  #create({ topic, partitions, config }: Do<'create'>): (log: CommitLog) => Promise<unknown> {
    this.#noteDurability(topicAt(topic), config);
    return (log) => log.createTopic(topicAt(topic), { partitions, config: configs[config] });
  }

  async #alter({ topic, add, config, reset }: Do<'alter'>): Promise<(log: CommitLog) => Promise<unknown>> {
    const name = topicAt(topic);
    const set = configs[config] ?? {};
    this.#noteDurability(name, config);
    const names = ['segment.bytes', 'cleanup.policy', 'retention.bytes'].slice(0, reset);
    const change = {
      partitions: Math.min(4, ((await this.#partitions(name)) || 1) + add),
      set,
      reset: names.filter((one) => !(one in set)),
    };
    return (log) => log.alterTopic(name, change);
  }

  #delete(topic: string): (log: CommitLog) => Promise<unknown> {
    // A call of before is not made again, even if the deletion turns out to be undone by a crash.
    this.#lives.set(topic, this.#life(topic) + 1);
    return (log) => log.deleteTopic(topic);
  }

  /** The log under test chooses partitions for what has neither key nor partition, and the model follows. */
  async #produce(topic: string, plans: readonly RecordPlan[], single: boolean): Promise<void> {
    const records = plans.map((plan) => this.#record(plan));
    const { log } = this.#subject;
    const first = records[0] as Fields;
    const outcome = await outcomeOf(
      single ? log.produce({ topic, ...first }).then((one) => [one]) : log.produceBatch(topic, records),
    );
    const results = ('value' in outcome ? outcome.value : []) as readonly ProduceResult[];
    const placed = records.map((record, i) => {
      const result = results[i];
      const chosen =
        result !== undefined && 'partition' in result && record.key === null ? result.partition : undefined;
      return { ...record, partition: record.partition ?? chosen };
    });
    assert.equal(outcome, await outcomeOf(this.#model.produceBatch(topic, placed)));
  }

  async #numbered({ client, topic, records }: Do<'numbered'>): Promise<void> {
    const call = await this.#call(client, topicAt(topic), records);
    await this.#both((log) => log.produceBatch(call.topic, call.records, call.producer));
  }

  async #again({ client, back }: Do<'again'>): Promise<void> {
    const call = this.#calls[client]?.at(-1 - back);
    if (call === undefined || call.life !== this.#life(call.topic)) return;
    // With more partitions the records would go elsewhere.
    if (call.partitions !== (await this.#partitions(call.topic))) return;
    await this.#both((log) => log.produceBatch(call.topic, call.records, call.producer));
  }

  #commit({ group, topic, partition, at }: Do<'commit'>): (log: CommitLog) => Promise<unknown> {
    const metadata = at % 2 === 0 ? `at ${at}` : undefined;
    const commit = { topic: topicAt(topic), partition, offset: at, metadata };
    return (log) => log.commitOffsets(groupAt(group), [commit]);
  }

  async #read({ topic, start, at, bytes }: Do<'read'>): Promise<void> {
    const name = topicAt(topic);
    const offsets = [{ topic: name, partition: at % 4, offset: at - 1 }];
    const from = startAt(start, at, this.#subject.clock.now());
    const subscriptions = [{ topic: name }];
    for (const options of [{ from }, { from, offsets }]) {
      await this.#both((log) => recordsOf(log, { subscriptions, maxBatchBytes: bytes, ...options }));
    }
  }

  async #compact(topic: string): Promise<void> {
    if ((await this.#partitions(topic)) > 0) await this.#adopt(await this.#subject.compact(topic));
  }

  async #crashCompacting({ topic, turns, cut }: Do<'crashCompacting'>): Promise<void> {
    const name = topicAt(topic);
    if ((await this.#partitions(name)) === 0) return;
    const seed = this.#unsynced.size === 0 ? cut : null;
    await this.#adopt(await this.#subject.crashCompacting(name, turns, seed));
  }

  /** What the log under test has removed goes from the model, if it had to go or could. */
  async #adopt(cleaning: Cleaning): Promise<void> {
    for (const topic of await topicsOf(this.#subject.log)) {
      for (const { place, partition, records } of await partitionsOf(this.#subject.log, topic)) {
        const bounds = cleaning.get(place);
        if (bounds === undefined) continue;
        const left = new Set(records.map(({ offset }) => offset));
        const missing = [...bounds.least].filter((offset) => !left.has(offset));
        const kept = [...left].filter((offset) => !bounds.most.has(offset));
        assert.equal({ place, missing, kept }, { place, missing: [], kept: [] });
        this.#model.keepOnly(topic, partition, left);
      }
    }
  }

  /** Of a call that was never answered all is done or nothing; one that was answered is done. */
  async #crash({ cut, turns, during }: Do<'crash'>): Promise<void> {
    const call = await this.#interrupted(during);
    const mayCut = this.#unsynced.size === 0;
    let answer: Outcome | null = null;
    let isRunning = true;
    void outcomeOf(call(this.#subject.log)).then((outcome) => {
      if (isRunning) answer = outcome;
    }, noted);
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    isRunning = false;
    await this.#subject.crash(mayCut ? cut : null);
    const found = await contentsOf(this.#subject.log);
    if (answer === null && areEqual(found, await contentsOf(this.#model))) return;
    const expected = await outcomeOf(call(this.#model));
    if (answer !== null) assert.equal(answer, expected);
    assertSame(found, await contentsOf(this.#model));
    // Made again it changes nothing more.
    if (during.do === 'numbered') await this.#both(call);
  }

  async #interrupted(during: During): Promise<(log: CommitLog) => Promise<unknown>> {
    switch (during.do) {
      case 'nothing':
        return () => Promise.resolve();
      case 'numbered': {
        const name = topicAt(during.topic);
        // It would be two things, the topic and the records.
        if ((await this.#partitions(name)) === 0) return () => Promise.resolve();
        // Partitions fare differently, so it has to be one for all or nothing.
        const partition = during.records.length % ((await this.#partitions(name)) || 1);
        const call = await this.#call(
          during.client,
          name,
          during.records.map((plan) => ({ ...plan, partition })),
        );
        return (log) => log.produceBatch(call.topic, call.records, call.producer);
      }
      case 'create':
        return this.#create(during);
      case 'alter':
        return this.#alter(during);
      case 'delete':
        return this.#delete(topicAt(during.topic));
      case 'commit':
        return this.#commit(during);
      case 'forget':
        return (log) => log.deleteGroup(groupAt(during.group));
    }
  }

  async #call(client: number, topic: string, plans: readonly RecordPlan[]): Promise<Call> {
    const sequence = this.#sequences[client] ?? 0;
    this.#sequences[client] = sequence + plans.length + (sequence % 3);
    const call: Call = {
      topic,
      life: this.#life(topic),
      partitions: (await this.#partitions(topic)) || 1,
      records: plans.map((plan) => this.#record(plan)),
      producer: { id: client, sequence },
    };
    this.#calls[client]?.push(call);
    return call;
  }

  #record({ key, valueBytes, headers, timestamp, partition }: RecordPlan): Fields {
    const number = this.#produced++;
    return {
      partition: partition ?? undefined,
      key: key === null ? null : new Uint8Array(key).fill(65),
      value: valueBytes === null ? null : new Uint8Array(valueBytes).fill(number),
      headers: Array.from({ length: headers }, (_, i) => ({
        name: `h${i}`,
        value: i === 1 ? null : Uint8Array.of(number),
      })),
      timestamp: timestamp === null ? null : this.#subject.clock.now() + timestamp,
    };
  }

  #noteDurability(topic: string, config: number): void {
    if (configs[config]?.['streambed.durability'] !== undefined) this.#unsynced.add(topic);
  }

  async #partitions(topic: string): Promise<number> {
    const known = (await topicsOf(this.#model)).includes(topic);
    return known ? (await this.#model.describeTopic(topic)).partitions : 0;
  }

  #life(topic: string): number {
    return this.#lives.get(topic) ?? 0;
  }
}

type Outcome = { readonly value: unknown } | { readonly code: string };

/** The errors of records stand for their codes, too. */
async function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
  try {
    const value = await promise;
    if (!Array.isArray(value)) return { value };
    return { value: value.map((one: ProduceResult) => ('error' in one ? { code: one.error.code } : one)) };
  } catch (error) {
    if (error instanceof CommitLogError) return { code: error.code };
    throw error;
  }
}

function topicAt(index: number): string {
  return topics[index] ?? topics[0];
}

function groupAt(index: number): string {
  return groups[index] ?? groups[0];
}

function startAt(start: StartPlan, at: number, now: number): StartPosition {
  if (start === 'offset') return { offset: at };
  if (start === 'timestamp') return { timestamp: now + (at - 30) * 100 };
  if (start === 'group') return { group: groupAt(at % 2), otherwise: at % 3 === 0 ? 'end' : 'beginning' };
  return start;
}

function noted(): void {
  // The process died before it answered.
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    clock.soon(resolve);
  });
}
