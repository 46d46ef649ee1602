/** The contract of repeatable calls: producer id and sequence. */
import * as assert from 'uvu/assert';
import type { ProducedOffset, ProduceResult } from '../../../logged/commit-log.ts';
import { suite } from '../../support/suite.ts';
import { bytes, fails, range, read, record, withLog } from './harness.ts';
import type { LogFactory } from './harness.ts';

const id = 2 ** 53 - 1;

/** `partition/offset`, with `again` when it was appended before. */
function shown(result: ProduceResult | ProducedOffset | undefined): string {
  if (result === undefined || 'error' in result) return String(result?.error);
  return `${result.partition}/${result.offset}${result.duplicate ? ' again' : ''}`;
}

export function producerContract(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: repeatable calls`), factory);

  test('a repeated record is not appended again', async ({ log }) => {
    for (const [sequence, value, place] of [
      [0, 'x', '0/0'],
      [0, 'x', '0/0 again'],
      [1, 'y', '0/1'],
      [1, 'y', '0/1 again'],
      [1, 'y', '0/1 again'],
      [7, 'z', '0/2'],
    ] as const) {
      assert.is(shown(await log.produce(record('a', value), { id, sequence })), place);
    }
    assert.equal(await read(log, 'a'), ['0/0=x', '0/1=y', '0/2=z']);
  });

  test('a repeated batch neither, also over several partitions', async ({ log }) => {
    await log.createTopic('a', { partitions: 3 });
    const records = range(9).map((i) => ({ partition: i % 3, key: null, value: bytes(`${i}`) }));
    const places = range(9).map((i) => `${i % 3}/${Math.floor(i / 3)}`);
    const producer = { id, sequence: 100 };
    assert.equal((await log.produceBatch('a', records, producer)).map(shown), places);
    await log.produce(record('a', 'between', { partition: 1 }));
    const repeated = await log.produceBatch('a', records, producer);
    assert.equal(
      repeated.map(shown),
      places.map((place) => `${place} again`),
    );
    assert.is((await read(log, 'a')).length, 10);
  });

  test('a repeated batch that is larger than max.message.bytes, also after a reopen', async (opened) => {
    await opened.log.createTopic('a', { partitions: 2, config: { 'max.message.bytes': '10000' } });
    const records = range(20).map((i) => ({ partition: i % 2, key: null, value: bytes(`${i % 10}`.repeat(3000)) }));
    const places = range(20).map((i) => `${i % 2}/${Math.floor(i / 2)}`);
    const producer = { id, sequence: 3 };
    assert.equal((await opened.log.produceBatch('a', records, producer)).map(shown), places);
    for (const _ of range(2)) {
      assert.equal(
        (await opened.log.produceBatch('a', records, producer)).map(shown),
        places.map((place) => `${place} again`),
      );
      await opened.reopen();
    }
    assert.is((await read(opened.log, 'a')).length, 20);
  });

  test('a repeated call that is cut otherwise than before is neither doubled nor lost', async ({ log }) => {
    const record = (i: number) => ({ key: null, value: bytes(`${i}`) });
    await log.produceBatch('a', range(3).map(record), { id, sequence: 5 });
    const longer = await log.produceBatch('a', range(6).map(record), { id, sequence: 5 });
    assert.equal(longer.map(shown), ['0/0 again', '0/1 again', '0/2 again', '0/3', '0/4', '0/5']);
    const shorter = await log.produceBatch('a', range(2).map(record), { id, sequence: 5 });
    assert.equal(shorter.map(shown), ['0/0 again', '0/1 again']);
    // One from the middle may be known or forgotten, and is not appended in any case.
    const [middle] = await log.produceBatch('a', [record(1)], { id, sequence: 6 });
    const stale = middle !== undefined && 'error' in middle && middle.error.code === 'stale-sequence';
    assert.ok(stale || shown(middle) === '0/1 again', shown(middle));
    assert.is((await read(log, 'a')).length, 6);
  });

  test('records without a key go to partition sequence mod partitions', async ({ log }) => {
    await log.createTopic('a', { partitions: 4 });
    for (const sequence of [0, 3, 6, 9, 2 ** 40 + 1]) {
      const { partition } = await log.produce(record('a', 'x'), { id, sequence });
      assert.is(partition, sequence % 4, `sequence ${sequence}`);
    }
    const records = range(6).map((i) => ({ key: null, value: bytes(`${i}`) }));
    const results = await log.produceBatch('a', records, { id: 1, sequence: 10 });
    assert.equal(
      results.map((result) => 'offset' in result && result.partition),
      [2, 3, 0, 1, 2, 3],
    );
  });

  test('overlapping repetitions are appended once', async ({ log }) => {
    const places = await Promise.all(range(5).map(() => log.produce(record('a', 'x'), { id, sequence: 3 })));
    assert.equal(
      places.map(({ offset }) => offset),
      [0, 0, 0, 0, 0],
    );
    assert.is(places.filter(({ duplicate }) => !duplicate).length, 1);
    assert.equal(await read(log, 'a'), ['0/0=x']);
  });

  test('overlapping calls with sequences of their own are all appended', async ({ log }) => {
    const places = await Promise.all(range(20).map((i) => log.produce(record('a', `${i}`), { id, sequence: i })));
    assert.equal(
      places.map(shown),
      range(20).map((i) => `0/${i}`),
    );
  });

  test('producers, partitions and topics are remembered apart', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 });
    const producer = { id, sequence: 1 };
    assert.is(shown(await log.produce(record('a', 'x', { partition: 0 }), producer)), '0/0');
    assert.is(shown(await log.produce(record('a', 'x', { partition: 1 }), producer)), '1/0');
    assert.is(shown(await log.produce(record('b', 'x', { partition: 0 }), producer)), '0/0');
    assert.is(shown(await log.produce(record('a', 'x', { partition: 0 }), { id: 0, sequence: 1 })), '0/1');
    assert.is(shown(await log.produce(record('a', 'x', { partition: 0 }))), '0/2');
    assert.is(shown(await log.produce(record('a', 'x', { partition: 0 }), producer)), '0/0 again');
  });

  test('a topic that begins anew remembers nobody', async ({ log }) => {
    await log.produce(record('a', 'x'), { id, sequence: 1 });
    await log.deleteTopic('a');
    assert.is(shown(await log.produce(record('a', 'y'), { id, sequence: 1 })), '0/0');
    assert.equal(await read(log, 'a'), ['0/0=y']);
  });

  test('a sequence that is older than what is remembered is stale', async ({ log }) => {
    // With gaps, since calls that follow one another count as one.
    for (const i of range(200)) await log.produce(record('a', `${i}`), { id, sequence: i * 2 });
    await fails('stale-sequence', () => log.produce(record('a', '0'), { id, sequence: 0 }));
    const [result] = await log.produceBatch('a', [{ key: null, value: bytes('0') }], { id, sequence: 0 });
    assert.is(result !== undefined && 'error' in result && result.error.code, 'stale-sequence');
    assert.is(shown(await log.produce(record('a', '199'), { id, sequence: 398 })), '0/199 again');
    assert.is(shown(await log.produce(record('a', '200'), { id, sequence: 400 })), '0/200');
  });

  test('the last call is remembered over a reopen', async (opened) => {
    await opened.log.createTopic('a', { partitions: 2 });
    const records = range(4).map((i) => ({ partition: i % 2, key: null, value: bytes(`${i}`) }));
    await opened.log.produceBatch('a', records, { id, sequence: 0 });
    await opened.log.produceBatch('a', records, { id, sequence: 4 });
    for (const _ of range(3)) {
      await opened.reopen();
      const repeated = await opened.log.produceBatch('a', records, { id, sequence: 4 });
      assert.equal(repeated.map(shown), ['0/2 again', '1/2 again', '0/3 again', '1/3 again']);
    }
    assert.is(shown(await opened.log.produce(record('a', 'new', { partition: 1 }), { id, sequence: 8 })), '1/4');
    assert.is((await read(opened.log, 'a')).length, 9);
  });

  test('calls that follow one another are remembered however many they are', async (opened) => {
    for (const i of range(200)) await opened.log.produce(record('a', `${i}`), { id, sequence: i });
    await opened.reopen();
    const records = range(200).map((i) => ({ key: null, value: bytes(`${i}`) }));
    const repeated = await opened.log.produceBatch('a', records, { id, sequence: 0 });
    assert.equal(
      repeated.map(shown),
      range(200).map((i) => `0/${i} again`),
    );
  });

  test('a call may be overtaken by a later one', async ({ log }) => {
    assert.is(shown(await log.produce(record('a', 'later'), { id, sequence: 10 })), '0/0');
    assert.is(shown(await log.produce(record('a', 'earlier'), { id, sequence: 3 })), '0/1');
    assert.is(shown(await log.produce(record('a', 'earlier'), { id, sequence: 3 })), '0/1 again');
    assert.is(shown(await log.produce(record('a', 'later'), { id, sequence: 10 })), '0/0 again');
  });

  test('a stale sequence is stale after a reopen too', async (opened) => {
    for (const i of range(200)) await opened.log.produce(record('a', `${i}`), { id, sequence: i * 2 });
    await opened.reopen();
    await fails('stale-sequence', () => opened.log.produce(record('a', '0'), { id, sequence: 0 }));
    assert.is(shown(await opened.log.produce(record('a', '199'), { id, sequence: 398 })), '0/199 again');
  });

  test('a call that was refused can be made again', async ({ log }) => {
    await log.createTopic('a', { config: { 'max.message.bytes': '1000' } });
    const large = record('a', 'x'.repeat(2000));
    await fails('record-too-large', () => log.produce(large, { id, sequence: 0 }));
    await log.alterTopic('a', { set: { 'max.message.bytes': '10000' } });
    assert.is(shown(await log.produce(large, { id, sequence: 0 })), '0/0');
  });
}
