/**
 * Many producers and consumers at the same time, housekeeping in between, and in the end a close, a kill or a power cut:
 * whatever was acknowledged or delivered is there again, once, where it was, and nothing is there that nobody sent. A
 * failure prints its seed; STRESS_SEED runs one again, STRESS_RUNS runs more of them.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { CommitLogError } from '../../logged/commit-log.ts';
import type { Producer, ProduceResult } from '../../logged/commit-log.ts';
import { FileLog } from '../../logged/file-log.ts';
import { bytes, range, readAll, text } from '../contract/commit-log/harness.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { cutChoices } from '../support/memory-host/power-cut.ts';
import { SeededRandom } from '../support/memory-host/random.ts';
import { suite } from '../support/suite.ts';
import { variable } from '../support/platform.ts';
import { clock } from '../support/platform.ts';
import { some } from '../support/share.ts';

const numRuns = some(Number(variable('STRESS_RUNS') ?? 6));
const seed = Number(variable('STRESS_SEED') ?? Date.now() % 2 ** 31);
const test = suite('concurrency');

const topics = ['a', 'b'];
const subscriptions = topics.map((topic) => ({ topic }));

/** A call of a client that numbers its records, until it was answered. */
interface Call {
  readonly topic: string;
  readonly producer: Producer;
  readonly records: readonly { readonly key: null; readonly value: Uint8Array }[];
}

/** From an opening of the log to its end. */
interface Life {
  readonly log: FileLog;
  stopped: boolean;
  /** It ends by closing the log: calls that are under way are answered. */
  isOrderly: boolean;
}

class Play {
  readonly #random: SeededRandom;
  #disk: MemoryDisk;
  /** `topic/partition/offset` to the value. */
  readonly #acknowledged = new Map<string, string>();
  readonly #delivered = new Map<string, string>();
  readonly #sent = new Set<string>();
  readonly #sequences = new Map<number, number>();
  readonly #unanswered = new Map<number, Call>();
  readonly #failures: unknown[] = [];

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#disk = new MemoryDisk(seed);
  }

  async run(): Promise<void> {
    for (const _ of range(4)) {
      this.#disk.syncTurns = 1 + this.#random.below(4);
      const life: Life = { log: await this.#open(), stopped: false, isOrderly: false };
      const loops = [
        ...range(6).map((client) => this.#client(life, client)),
        this.#consumer(life, 100_000),
        this.#consumer(life, 500),
        this.#keeper(life),
      ].map((loop) => loop.catch((error: unknown) => this.#fail(life, error)));
      for (const _ of range(20 + this.#random.below(200))) await this.#turn();
      await this.#end(life, loops);
      await this.#check();
    }
  }

  async #open(): Promise<FileLog> {
    const options = { root: '/data/log', housekeepingMs: 0, reserveBytes: 0 };
    const log = await FileLog.open(this.#disk.host(), options);
    const config = { 'segment.bytes': '4096', 'retention.ms': '-1', 'retention.bytes': '-1' };
    const known = await log.listTopics();
    for (const topic of topics) if (!known.includes(topic)) await log.createTopic(topic, { partitions: 2, config });
    return log;
  }

  /** One call after the other; what was not answered before a crash is asked again. */
  async #client(life: Life, client: number): Promise<void> {
    while (!life.stopped) {
      if (client % 2 === 0) await this.#produce(life);
      else await this.#produceNumbered(life, client);
      if (this.#random.below(3) === 0) await this.#turn();
    }
  }

  async #produce(life: Life): Promise<void> {
    const topic = topics[this.#random.below(2)] ?? 'a';
    const values = range(1 + this.#random.below(5)).map(() => this.#value());
    const partition = this.#random.below(2);
    if (values.length === 1) {
      const place = await life.log.produce({ topic, partition, key: null, value: bytes(values[0] ?? '') });
      this.#note(life, topic, values, [place]);
      return;
    }
    const records = values.map((value, i) => ({ partition: (partition + i) % 2, key: null, value: bytes(value) }));
    this.#note(life, topic, values, await life.log.produceBatch(topic, records));
  }

  async #produceNumbered(life: Life, client: number): Promise<void> {
    const call = this.#unanswered.get(client) ?? this.#newCall(client);
    this.#unanswered.set(client, call);
    const values = call.records.map(({ value }) => text(value));
    this.#note(life, call.topic, values, await life.log.produceBatch(call.topic, call.records, call.producer));
    this.#unanswered.delete(client);
  }

  #newCall(client: number): Call {
    const sequence = this.#sequences.get(client) ?? 0;
    const records = range(1 + this.#random.below(6)).map(() => ({ key: null, value: bytes(this.#value()) }));
    this.#sequences.set(client, sequence + records.length);
    return { topic: topics[this.#random.below(2)] ?? 'a', producer: { id: client, sequence }, records };
  }

  #value(): string {
    const value = `${this.#sent.size}`.padEnd(this.#random.below(400));
    this.#sent.add(value);
    return value;
  }

  #note(life: Life, topic: string, values: readonly string[], results: readonly ProduceResult[]): void {
    // Nothing that happens after the end was promised to anybody.
    if (life.stopped && !life.isOrderly) return;
    for (const [i, result] of results.entries()) {
      if ('error' in result) throw result.error;
      put(this.#acknowledged, `${topic}/${result.partition}/${result.offset}`, values[i] ?? '');
    }
  }

  /** Offsets ascend by one: nothing is ever removed from these topics. */
  async #consumer(life: Life, maxBatchBytes: number): Promise<void> {
    const nexts = new Map<string, number>();
    for await (const { topic, partition, offset, value } of life.log.subscribe({ subscriptions, maxBatchBytes })) {
      if (life.stopped && !life.isOrderly) return;
      const place = `${topic}/${partition}`;
      assert.is(offset, nexts.get(place) ?? 0, place);
      nexts.set(place, offset + 1);
      put(this.#delivered, `${place}/${offset}`, text(value));
    }
  }

  async #keeper(life: Life): Promise<void> {
    const { log } = life;
    while (!life.stopped) {
      const topic = topics[this.#random.below(2)] ?? 'a';
      const choice = this.#random.below(6);
      if (choice === 0) await log.compact(topic);
      if (choice === 1) await log.keepHouse();
      if (choice === 2)
        await log.alterTopic(topic, { set: { 'segment.bytes': `${4096 + this.#random.below(9) * 1000}` } });
      if (choice === 3) await log.commitOffsets('g', [{ topic, partition: 0, offset: this.#random.below(100) }]);
      if (choice === 4) await log.offsets(topic, 0);
      if (choice === 5) await log.offsetForTime(topic, 1, this.#disk.clock.now());
      for (const _ of range(this.#random.below(10))) await this.#turn();
    }
  }

  /** What happens to a process that was killed is nobody's failure; and a log that was closed says so. */
  #fail(life: Life, error: unknown): void {
    const isClosed = error instanceof CommitLogError && error.code === 'closed';
    if (!life.stopped || (life.isOrderly && !isClosed)) this.#failures.push(error);
  }

  async #end(life: Life, loops: readonly Promise<void>[]): Promise<void> {
    const choice = this.#random.below(3);
    life.isOrderly = choice === 0;
    life.stopped = true;
    if (life.isOrderly) {
      await life.log.close();
      await Promise.all(loops);
    } else {
      this.#disk.kill();
      const choices = choice === 1 ? [] : cutChoices(this.#disk.pendingCount, this.#random.next());
      const cut = choices[this.#random.below(choices.length || 1)];
      if (cut !== undefined) this.#disk = this.#disk.powerCut(cut);
    }
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #check(): Promise<void> {
    const log = await this.#open();
    const stored = new Map<string, string>();
    const nexts = new Map<string, number>();
    for (const { topic, partition, offset, value } of await readAll(log, { subscriptions })) {
      const place = `${topic}/${partition}`;
      assert.is(offset, nexts.get(place) ?? 0, place);
      nexts.set(place, offset + 1);
      stored.set(`${place}/${offset}`, text(value));
    }
    for (const [place, value] of this.#acknowledged) assert.is(stored.get(place), value, `acknowledged: ${place}`);
    for (const [place, value] of this.#delivered) assert.is(stored.get(place), value, `delivered: ${place}`);
    assert.is(new Set(stored.values()).size, stored.size, 'a record is there twice');
    for (const [place, value] of stored) assert.ok(this.#sent.has(value), `${place}: ${value} was never sent`);
    await log.close();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      clock.soon(resolve);
    });
  }
}

function put(map: Map<string, string>, place: string, value: string): void {
  assert.is(map.get(place) ?? value, value, place);
  map.set(place, value);
}

test(`producers, consumers and housekeeping at once (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), (number) => new Play(number).run()),
    { seed, numRuns, endOnFailure: true },
  );
});
