/** The contract of what `produce` and `produceBatch` refuse, whole, before anything is appended. */
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.ts';
import { append, bytes, fails, illegalTopics, read, record, withLog } from './harness.ts';
import type { LogFactory } from './harness.ts';

export function refusalContract(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: invalid records`), factory);
  const nothing = null as unknown;
  const fields: Record<string, Record<string, unknown>> = {
    'key of text': { key: 'text' },
    'key left out': { key: undefined },
    'key of an array': { key: [1, 2] },
    'value of text': { value: 'text' },
    'value of a buffer': { value: new ArrayBuffer(4) },
    'value of wide numbers': { value: new Uint16Array(4) },
    'value left out': { value: undefined },
    'headers of an object': { headers: { name: 'value' } },
    'headers null in a list': { headers: [nothing] },
    'header name a number': { headers: [{ name: 1, value: null }] },
    'header name left out': { headers: [{ value: null }] },
    'header value text': { headers: [{ name: 'h', value: 'text' }] },
    'header value left out': { headers: [{ name: 'h' }] },
    'timestamp NaN': { timestamp: Number.NaN },
    'timestamp infinite': { timestamp: Number.POSITIVE_INFINITY },
    'timestamp text': { timestamp: '2024-01-01' },
    'timestamp big': { timestamp: 5n },
    'timestamp after all dates': { timestamp: 8.64e15 + 1 },
  };

  for (const [what, wrong] of Object.entries(fields)) {
    test(what, async ({ log }) => {
      const good = { key: null, value: bytes('good') };
      const bad = { ...good, ...wrong } as typeof good;
      await append(log, 'a', 0, 'before');
      await fails('invalid-record', () => log.produce({ topic: 'a', ...bad }), what);
      await fails('invalid-record', () => log.produceBatch('a', [good, good, bad]), what);
      await append(log, 'a', 0, 'after');
      assert.equal(await read(log, 'a'), ['0/0=before', '0/1=after']);
    });
  }

  test('a partition that is no partition number', async ({ log }) => {
    const codes = ['invalid-record', 'unknown-partition'] as const;
    for (const wrong of [Number.NaN, -1, 0.5, '0', null]) {
      const bad = record('a', 'bad', { partition: wrong as number });
      await append(log, 'a', 0, 'good');
      await fails(codes, () => log.produce(bad), `partition ${wrong}`);
      await fails(codes, () => log.produceBatch('a', [record('a', 'x'), bad]), `partition ${wrong}`);
    }
    assert.is((await read(log, 'a')).length, 5);
  });

  test('a producer with a wrong id or sequence', async ({ log }) => {
    await append(log, 'a', 0, 'before');
    for (const wrong of [Number.NaN, -1, 0.5, 2 ** 53, '1']) {
      const [id, sequence] = [wrong as number, wrong as number];
      const what = `producer ${wrong}`;
      await fails('invalid-record', () => log.produce(record('a', 'x'), { id, sequence: 0 }), what);
      await fails('invalid-record', () => log.produce(record('a', 'x'), { id: 0, sequence }), what);
      await fails('invalid-record', () => log.produceBatch('a', [record('a', 'x')], { id, sequence: 0 }), what);
    }
    assert.equal(await read(log, 'a'), ['0/0=before']);
  });

  test('a partition that the topic does not have', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 });
    const [good, bad] = [record('a', 'good', { partition: 1 }), record('a', 'bad', { partition: 2 })];
    await fails('unknown-partition', () => log.produce(bad));
    await fails('unknown-partition', () => log.produceBatch('a', [good, bad]));
    assert.equal(await read(log, 'a'), []);
  });

  test('a topic with an illegal name', async ({ log }) => {
    for (const name of illegalTopics) {
      const topic = name as string;
      await fails('invalid-topic', () => log.produce(record(topic, 'x')), `produce to ${topic}`);
      await fails('invalid-topic', () => log.produceBatch(topic, [record(topic, 'x')]), `batch to ${topic}`);
    }
    assert.equal(
      (await log.listTopics()).filter((topic) => !topic.startsWith('__')),
      [],
    );
  });
}
