/** The contract of `produce` and `produceBatch`: order, placement, what is kept of a record, its size. */
import * as assert from 'uvu/assert';
import type { Header } from '../../../logged/commit-log.ts';
import { suite } from '../../support/suite.ts';
import { append, bytes, fails, range, read, readAll, record, text, withLog } from './harness.ts';
import type { LogFactory } from './harness.ts';

export function produceContract(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: produce`), factory);

  test('offsets are dense from 0, in each partition of each topic', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 });
    const places = [];
    for (const [topic, partition] of [
      ['a', 0],
      ['a', 1],
      ['b', 0],
      ['a', 0],
      ['a', 1],
      ['a', 0],
    ] as const) {
      places.push(await log.produce(record(topic, 'x', { partition })));
    }
    assert.equal(
      places.map(({ offset }) => offset),
      [0, 0, 0, 1, 1, 2],
    );
    assert.equal(
      places.map(({ partition }) => partition),
      [0, 1, 0, 0, 1, 0],
    );
    assert.ok(places.every(({ duplicate }) => duplicate === false));
  });

  test('overlapping calls are appended in the order in which they were made', async ({ log }) => {
    await log.createTopic('a');
    const calls = range(100).map(async (i) => {
      if (i % 7 !== 0) return [await log.produce(record('a', `${i}`))];
      return log.produceBatch('a', [
        { key: null, value: bytes(`${i}`) },
        { key: null, value: bytes(`${i}+`) },
      ]);
    });
    const offsets = (await Promise.all(calls)).flat().map((result) => 'offset' in result && result.offset);
    assert.equal(offsets, range(offsets.length));
    const values = (await readAll(log, { subscriptions: [{ topic: 'a' }] })).map(({ value }) => text(value));
    assert.equal(
      values,
      range(100).flatMap((i) => (i % 7 === 0 ? [`${i}`, `${i}+`] : [`${i}`])),
    );
  });

  test('a batch of many records comes back in its order', async ({ log }) => {
    await log.createTopic('a', { partitions: 3 });
    const records = range(3000).map((i) => ({ partition: i % 3, key: null, value: bytes(`record ${i}`) }));
    const results = await log.produceBatch('a', records);
    assert.equal(
      results.map((result) => 'offset' in result && [result.partition, result.offset]),
      range(3000).map((i) => [i % 3, Math.floor(i / 3)]),
    );
    const stored = await readAll(log, { subscriptions: [{ topic: 'a' }] });
    for (const partition of range(3)) {
      const values = stored.filter((one) => one.partition === partition).map(({ value }) => text(value));
      assert.equal(
        values,
        range(1000).map((i) => `record ${i * 3 + partition}`),
      );
    }
  });

  test('an empty batch has no results', async ({ log }) => {
    await append(log, 'a', 0, 'x');
    assert.equal(await log.produceBatch('a', []), []);
    assert.equal(await read(log, 'a'), ['0/0=x']);
  });

  test('a key chooses the partition as Kafka does', async ({ log }) => {
    await log.createTopic('a', { partitions: 7 });
    // The hashes of Kafka's own UtilsTest.testMurmur2, and that of no bytes at all.
    const hashes: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
      ['abc', 479470107],
      ['', 275646681],
    ];
    for (const [key, hash] of hashes) {
      const { partition } = await log.produce(record('a', 'x', { key: bytes(key) }));
      assert.is(partition, (hash & 0x7fffffff) % 7, key);
    }
    const results = await log.produceBatch(
      'a',
      hashes.map(([key]) => ({ key: bytes(key), value: null })),
    );
    assert.equal(
      results.map((result) => 'offset' in result && result.partition),
      hashes.map(([, hash]) => (hash & 0x7fffffff) % 7),
    );
  });

  test('a partition that is named wins over the key', async ({ log }) => {
    await log.createTopic('a', { partitions: 7 });
    for (const partition of range(7)) {
      const place = await log.produce(record('a', 'x', { partition, key: bytes('same') }));
      assert.is(place.partition, partition);
    }
  });

  test('records without key and partition reach every partition in time', async ({ log }) => {
    await log.createTopic('a', { partitions: 3 });
    const seen = new Set<number>();
    const value = 'x'.repeat(1000);
    for (const _ of range(50)) {
      const results = await log.produceBatch(
        'a',
        range(20).map(() => ({ key: null, value: bytes(value) })),
      );
      for (const result of results) if ('offset' in result) seen.add(result.partition);
    }
    assert.equal([...seen].sort(), [0, 1, 2]);
  });

  test('every field comes back as it was given', async ({ log }) => {
    const long = 'k'.repeat(1000);
    const headerSets: Header[][] = [
      [],
      [{ name: 'one', value: bytes('1') }],
      [
        { name: 'twice', value: bytes('first') },
        { name: 'other', value: bytes('') },
        { name: 'twice', value: bytes('second') },
        { name: 'none', value: null },
        { name: '', value: bytes('nameless') },
        { name: 'straße 道 🚋', value: Uint8Array.of(0, 255, 128) },
      ],
      range(200).map((i) => ({ name: `h${i}`, value: i % 2 === 0 ? null : bytes(`${i}`) })),
    ];
    const contents = [null, bytes(''), bytes('x'), Uint8Array.of(0, 1, 127, 128, 255), bytes(long)];
    const timestamps = [null, 0, 1, 1_700_000_000_000, 1_700_000_000_000.25, 0.001, 8.64e15, -1.5];
    const given = [];
    for (const headers of headerSets) {
      for (const [i, key] of contents.entries()) {
        for (const [j, value] of contents.entries()) {
          given.push({
            key,
            value,
            headers,
            timestamp: timestamps[(given.length + i + j) % timestamps.length] ?? null,
          });
        }
      }
    }
    await log.createTopic('a');
    await log.produceBatch('a', given.slice(0, 50));
    for (const one of given.slice(50)) await log.produce({ topic: 'a', ...one });
    const stored = await readAll(log, { subscriptions: [{ topic: 'a' }] });
    assert.is(stored.length, given.length);
    for (const [offset, { key, value, headers, timestamp, topic, partition, ...rest }] of stored.entries()) {
      assert.equal({ key, value, headers, timestamp }, given[offset], `offset ${offset}`);
      assert.equal(
        [topic, partition, rest.offset, Object.keys(rest).sort()],
        ['a', 0, offset, ['appendedAt', 'offset']],
      );
    }
  });

  test('headers and timestamp may be left out', async ({ log }) => {
    await log.produce({ topic: 'a', key: null, value: null });
    await log.produce({
      topic: 'a',
      key: null,
      value: null,
      partition: undefined,
      headers: undefined,
      timestamp: undefined,
    });
    const stored = await readAll(log, { subscriptions: [{ topic: 'a' }] });
    assert.equal(
      stored.map(({ headers, timestamp }) => [headers, timestamp]),
      [
        [[], null],
        [[], null],
      ],
    );
  });

  test('a record tells when the log took it', async ({ log, now, advance }) => {
    const times = [now()];
    await log.produce(record('a', 'x', { timestamp: 5 }));
    await advance(1500);
    times.push(now());
    await append(log, 'a', 0, 'y');
    const stored = await readAll(log, { subscriptions: [{ topic: 'a' }] });
    assert.equal(
      stored.map(({ appendedAt }) => appendedAt),
      times,
    );
  });

  test('bytes belong to the caller again once they are produced', async ({ log }) => {
    const [key, value, header] = [bytes('key'), bytes('value'), bytes('header')];
    await log.produce({ topic: 'a', key, value, headers: [{ name: 'h', value: header }] });
    await log.produceBatch('a', [{ key, value, headers: [{ name: 'h', value: header }] }]);
    for (const one of [key, value, header]) one.fill(0);
    const stored = await readAll(log, { subscriptions: [{ topic: 'a' }] });
    for (const one of stored) {
      assert.equal([text(one.key), text(one.value)], ['key', 'value']);
      assert.equal(one.headers, [{ name: 'h', value: bytes('header') }]);
    }
  });

  test('delivered bytes stay what they are', async ({ log }) => {
    const values = range(500).map((i) => `${i}`.repeat(40));
    for (const part of range(5)) await append(log, 'a', 0, ...values.slice(part * 100, part * 100 + 100));
    const stored = await readAll(log, { subscriptions: [{ topic: 'a' }], maxBatchBytes: 1000 });
    assert.equal(
      stored.map(({ value }) => text(value)),
      values,
    );
  });

  sizes(factory);
  creationByUse(factory);
}

function sizes(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: record sizes`), factory);

  test('a record above max.message.bytes is refused, and a batch with one', async ({ log }) => {
    await log.createTopic('a', { config: { 'max.message.bytes': '10000' } });
    const large = record('a', 'x'.repeat(10_001));
    await fails('record-too-large', () => log.produce(large));
    await fails('record-too-large', () => log.produceBatch('a', [record('a', 'small'), large]));
    await fails('record-too-large', () => log.produce(record('a', 'x', { key: bytes('x'.repeat(10_001)) })));
    const headers = [{ name: 'h', value: bytes('x'.repeat(10_001)) }];
    await fails('record-too-large', () => log.produce(record('a', 'x', { headers })));
    await append(log, 'a', 0, 'y'.repeat(9500));
    assert.equal(await read(log, 'a'), [`0/0=${'y'.repeat(9500)}`]);
  });

  test('a batch may be larger than max.message.bytes', async ({ log }) => {
    await log.createTopic('a', { config: { 'max.message.bytes': '10000' } });
    const values = range(30).map((i) => `${i % 10}`.repeat(4000));
    const results = await log.produceBatch(
      'a',
      values.map((value) => ({ key: null, value: bytes(value) })),
    );
    assert.equal(
      results.map((result) => 'offset' in result && result.offset),
      range(30),
    );
    assert.equal(
      await read(log, 'a'),
      values.map((value, i) => `0/${i}=${value}`),
    );
  });

  test('the limit that is in force counts', async ({ log }) => {
    await log.createTopic('a', { config: { 'max.message.bytes': '1000' } });
    const one = record('a', 'x'.repeat(5000));
    await fails('record-too-large', () => log.produce(one));
    await log.alterTopic('a', { set: { 'max.message.bytes': '10000' } });
    await log.produce(one);
    await log.alterTopic('a', { set: { 'max.message.bytes': '1000' } });
    await fails('record-too-large', () => log.produce(one));
    assert.is((await read(log, 'a')).length, 1, 'what was appended stays readable');
  });

  test('many records in one batch, many headers, a long header name', async ({ log }) => {
    const records = range(70_000).map((i) => ({ key: null, value: Uint8Array.of(i & 255, i >> 8) }));
    const results = await log.produceBatch('a', records);
    assert.ok(results.every((result, i) => 'offset' in result && result.offset === i));
    let read = 0;
    for (const { offset, value } of await readAll(log, { subscriptions: [{ topic: 'a' }] })) {
      assert.ok(offset === read && value?.[0] === (offset & 255), `offset ${offset}`);
      read += 1;
    }
    assert.is(read, records.length);
    // Where there is a limit it is said, and nothing is cut off in silence.
    const headerSets = [
      range(66_000).map((i) => ({ name: `${i % 10}`, value: null })),
      [{ name: 'n'.repeat(66_000), value: null }],
    ];
    for (const headers of headerSets) {
      const refusal = await log
        .produce({ topic: 'b', key: null, value: null, headers })
        .catch(({ code }) => code as string);
      if (typeof refusal === 'string') assert.ok(['invalid-record', 'record-too-large'].includes(refusal), refusal);
      else assert.equal((await readAll(log, { subscriptions: [{ topic: 'b' }] })).at(-1)?.headers, headers);
    }
  });

  test('records larger than any chunk come back whole', async ({ log }) => {
    const lengths = [200_000, 1, 65_536, 131_072, 0, 65_535, 250_000];
    for (const [i, length] of lengths.entries()) await append(log, 'a', 0, `${i}`.repeat(length));
    for (const maxBatchBytes of [1, 70_000, undefined]) {
      const stored = await readAll(log, { subscriptions: [{ topic: 'a' }], maxBatchBytes });
      assert.equal(
        stored.map(({ value }) => value?.length),
        lengths,
      );
      for (const [i, { value }] of stored.entries()) assert.ok(value?.every((byte) => byte === 48 + i));
    }
  });
}

function creationByUse(factory: LogFactory): void {
  const byUse = withLog(suite(`${factory.name}: topics created by use`), factory);

  byUse('the first record creates its topic', async ({ log }) => {
    assert.equal(await log.produce(record('ns:a', 'x')), { partition: 0, offset: 0, duplicate: false });
    assert.is((await log.describeTopic('ns:a')).partitions, 1);
    await append(log, 'b', 0, 'y');
    assert.equal(
      (await log.listTopics()).filter((topic) => !topic.startsWith('__')),
      ['b', 'ns:a'],
    );
  });

  byUse('overlapping calls create it once', async ({ log }) => {
    const places = await Promise.all(range(20).map((i) => log.produce(record('a', `${i}`))));
    assert.equal(
      places.map(({ offset }) => offset),
      range(20),
    );
  });

  byUse('reading does not create a topic', async ({ log }) => {
    await fails('unknown-topic', () => read(log, 'a'));
    await fails('unknown-topic', () => log.describeTopic('a'));
    await fails('unknown-topic', () => log.offsetForTime('a', 0, 0));
    assert.is(await log.offsets('a', 0), null);
    assert.equal(
      (await log.listTopics()).filter((topic) => !topic.startsWith('__')),
      [],
    );
  });

  const declared = withLog(suite(`${factory.name}: topics not created by use`), factory, { createTopicsByUse: false });

  declared('producing to an unknown topic fails', async ({ log }) => {
    await fails('unknown-topic', () => log.produce(record('a', 'x')));
    await fails('unknown-topic', () => log.produceBatch('a', [record('a', 'x')]));
    assert.equal(
      (await log.listTopics()).filter((topic) => !topic.startsWith('__')),
      [],
    );
    await log.createTopic('a');
    await log.produce(record('a', 'x'));
    assert.equal(await read(log, 'a'), ['0/0=x']);
  });
}
