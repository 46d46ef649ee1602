/** The contract of closing and opening again: what is kept, what a closed log does. */
import * as assert from 'uvu/assert';
import type { CommitLog } from '../../../logged/commit-log.ts';
import { suite } from '../../support/suite.ts';
import { append, bytes, fails, iterate, next, range, read, readAll, record, withLog } from './harness.ts';
import type { LogFactory } from './harness.ts';

export function lifecycleContract(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: closing and opening`), factory);

  test('records and topics are as they were', async (opened) => {
    await opened.log.createTopic('a', {
      partitions: 3,
      config: { 'segment.ms': '5000', 'streambed.durability': 'os' },
    });
    for (const i of range(30)) {
      await opened.log.produce({
        topic: 'a',
        partition: i % 3,
        key: i % 4 === 0 ? null : bytes(`k${i}`),
        value: i % 5 === 0 ? null : bytes(`v${i}`),
        headers: i % 2 === 0 ? [{ name: 'h', value: null }] : [],
        timestamp: i % 3 === 1 ? null : i + 0.5,
      });
    }
    await append(opened.log, 'ns:b', 0, 'x');
    const look = async () => [
      await readAll(opened.log, { subscriptions: [{ topic: 'a' }, { topic: 'ns:b' }] }).then((records) =>
        records.sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition)),
      ),
      await opened.log.describeTopic('a'),
      await opened.log.describeTopic('ns:b'),
      await Promise.all(range(3).map((partition) => opened.log.offsets('a', partition))),
      (await opened.log.listTopics()).filter((topic) => !topic.startsWith('__')),
    ];
    const before = await look();
    await opened.advance(1000);
    for (const _ of range(3)) {
      await opened.reopen();
      assert.equal(await look(), before);
    }
  });

  test('offsets go on and are never used twice', async (opened) => {
    for (const i of range(5)) {
      assert.is((await opened.log.produce(record('a', `${i}`))).offset, i);
      await opened.reopen();
    }
    await append(opened.log, 'a', 0, '5', '6');
    await opened.reopen();
    await append(opened.log, 'a', 0, '7');
    assert.equal(
      await read(opened.log, 'a'),
      range(8).map((i) => `0/${i}=${i}`),
    );
  });

  test('an altered topic stays altered', async (opened) => {
    await opened.log.createTopic('a', { config: { 'segment.ms': '5000' } });
    await append(opened.log, 'a', 0, 'x');
    const change = { partitions: 3, set: { 'retention.ms': '-1' }, reset: ['segment.ms'] };
    const altered = await opened.log.alterTopic('a', change);
    await append(opened.log, 'a', 2, 'y');
    await opened.reopen();
    assert.equal(await opened.log.describeTopic('a'), altered);
    assert.equal(await read(opened.log, 'a'), ['0/0=x', '2/0=y']);
  });

  test('every durability survives an orderly close', async (opened) => {
    for (const durability of ['sync', 'os', 'every:60000ms']) {
      const topic = durability.slice(0, 2);
      await opened.log.createTopic(topic, { config: { 'streambed.durability': durability } });
      await append(opened.log, topic, 0, 'x', 'y');
      await opened.log.produce(record(topic, 'z'));
    }
    await opened.reopen();
    for (const topic of ['sy', 'os', 'ev']) assert.equal(await read(opened.log, topic), ['0/0=x', '0/1=y', '0/2=z']);
  });

  test('close waits for what is under way', async (opened) => {
    await opened.log.createTopic('a');
    const calls = range(20).map((i) => opened.log.produce(record('a', `${i}`)));
    const created = opened.log.createTopic('b', { partitions: 2 });
    const committed = opened.log.commitOffsets('g', [{ topic: 'a', partition: 0, offset: 7 }]);
    const [places] = await Promise.all([Promise.all(calls), created, committed, opened.log.close()]);
    assert.equal(
      places.map(({ offset }) => offset),
      range(20),
    );
    await opened.reopen();
    assert.is((await read(opened.log, 'a')).length, 20);
    assert.is((await opened.log.describeTopic('b')).partitions, 2);
    assert.is((await opened.log.committedOffsets('g'))[0]?.offset, 7);
  });

  test('later calls fail, and closing twice does nothing', async ({ log }) => {
    await append(log, 'a', 0, 'x');
    const unread = iterate(log, { subscriptions: [{ topic: 'a' }] });
    await log.close();
    await log.close();
    const calls: Partial<Record<keyof CommitLog, () => Promise<unknown>>> = {
      produce: () => log.produce(record('a', 'x')),
      produceBatch: () => log.produceBatch('a', [record('a', 'x')]),
      offsets: () => log.offsets('a', 0),
      offsetForTime: () => log.offsetForTime('a', 0, 0),
      subscribe: () => next(iterate(log, { subscriptions: [{ topic: 'a' }] })),
      listTopics: () => log.listTopics(),
      describeTopic: () => log.describeTopic('a'),
      createTopic: () => log.createTopic('b'),
      alterTopic: () => log.alterTopic('a', { partitions: 2 }),
      deleteTopic: () => log.deleteTopic('a'),
      commitOffsets: () => log.commitOffsets('g', [{ topic: 'a', partition: 0, offset: 1 }]),
      committedOffsets: () => log.committedOffsets('g'),
      listGroups: () => log.listGroups(),
      deleteGroup: () => log.deleteGroup('g'),
    };
    for (const [method, call] of Object.entries(calls)) await fails('closed', call, method);
    await fails('closed', () => unread.next(), 'a subscription from before');
  });

  test('many topics', async (opened) => {
    const topics = range(60).map((i) => `topic-${String(i).padStart(3, '0')}`);
    await Promise.all(topics.map((topic) => append(opened.log, topic, 0, topic, 'x')));
    await opened.reopen();
    for (const topic of topics) assert.equal(await read(opened.log, topic), [`0/0=${topic}`, '0/1=x']);
    assert.equal(
      (await opened.log.listTopics()).filter((topic) => !topic.startsWith('__')),
      topics,
    );
  });
}
