/** The contract of waiting for records: wake-ups, timeouts, ends of all kinds, topics that change meanwhile. */
import * as assert from 'uvu/assert';
import type { SubscribeOptions } from '../../../logged/commit-log.ts';
import { suite } from '../../support/suite.ts';
import { append, fails, isPending, iterate, next, record, TestSignal, text, withLog } from './harness.ts';
import type { LogFactory } from './harness.ts';

const onA: SubscribeOptions = { subscriptions: [{ topic: 'a' }] };

export function waitContract(factory: LogFactory): void {
  timeouts(factory);
  ends(factory);
  changes(factory);
}

function timeouts(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: waiting`), factory);

  test('without a timeout it waits for ever', async (opened) => {
    await append(opened.log, 'a', 0, 'x');
    const records = iterate(opened.log, onA);
    assert.is(await next(records), 'x');
    const waiting = next(records);
    assert.ok(await isPending(opened, waiting));
    await opened.advance(86_400_000);
    assert.ok(await isPending(opened, waiting));
    await append(opened.log, 'a', 0, 'y');
    assert.is(await waiting, 'y');
  });

  test('a record in any of the partitions wakes it', async (opened) => {
    await opened.log.createTopic('a', { partitions: 3 });
    await opened.log.createTopic('b');
    await opened.log.createTopic('c');
    const records = iterate(opened.log, { subscriptions: [{ topic: 'a' }, { topic: 'b' }] });
    for (const [topic, partition] of [
      ['a', 2],
      ['b', 0],
      ['a', 0],
      ['a', 2],
    ] as const) {
      const waiting = next(records);
      await append(opened.log, 'c', 0, 'not subscribed');
      assert.ok(await isPending(opened, waiting));
      await append(opened.log, topic, partition, `${topic}/${partition}`);
      assert.is(await waiting, `${topic}/${partition}`);
    }
  });

  test('an idle timeout of 0 ends it after what is stored', async ({ log }) => {
    await log.createTopic('empty');
    assert.is(await next(iterate(log, { subscriptions: [{ topic: 'empty' }], idleTimeoutMs: 0 })), '(done)');
    await append(log, 'a', 0, 'x');
    const records = iterate(log, { ...onA, idleTimeoutMs: 0 });
    assert.equal([await next(records), await next(records), await next(records)], ['x', '(done)', '(done)']);
  });

  test('an idle timeout of 0 ends it although more keeps coming', async ({ log }) => {
    await append(log, 'a', 0, 'x', 'y');
    const records = iterate(log, { ...onA, idleTimeoutMs: 0, maxBatchBytes: 1 });
    assert.is(await next(records), 'x');
    await append(log, 'a', 0, 'z');
    assert.equal([await next(records), await next(records)], ['y', '(done)']);
  });

  test('an idle timeout counts from the last record', async (opened) => {
    await append(opened.log, 'a', 0, 'x');
    const records = iterate(opened.log, { ...onA, idleTimeoutMs: 1000 });
    assert.is(await next(records), 'x');
    const second = next(records);
    assert.ok(await isPending(opened, second));
    await opened.advance(900);
    assert.ok(await isPending(opened, second));
    await append(opened.log, 'a', 0, 'y');
    assert.is(await second, 'y');
    const third = next(records);
    await opened.settle();
    await opened.advance(900);
    assert.ok(await isPending(opened, third));
    await opened.advance(100);
    assert.is(await third, '(done)');
    await append(opened.log, 'a', 0, 'z');
    assert.is(await next(records), '(done)');
  });

  test('a topic that stays empty ends it too', async (opened) => {
    await opened.log.createTopic('a');
    const first = next(iterate(opened.log, { ...onA, idleTimeoutMs: 50 }));
    assert.ok(await isPending(opened, first));
    await opened.advance(50);
    assert.is(await first, '(done)');
  });

  test('a consumer that takes its time misses nothing', async (opened) => {
    await append(opened.log, 'a', 0, 'x', 'y');
    const records = iterate(opened.log, { ...onA, idleTimeoutMs: 100, maxBatchBytes: 1 });
    for (const expected of ['x', 'y', 'z']) {
      await opened.advance(5000);
      if (expected === 'z') await append(opened.log, 'a', 0, 'z');
      assert.is(await next(records), expected);
    }
  });
}

function ends(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: ends of a subscription`), factory);

  test('a signal that was given before', async ({ log }) => {
    await append(log, 'a', 0, 'x');
    const signal = new TestSignal();
    signal.abort();
    assert.is(await next(iterate(log, { ...onA, signal })), '(done)');
    assert.is(signal.listeners.size, 0);
  });

  test('a signal while it waits', async (opened) => {
    await opened.log.createTopic('a');
    const signal = new TestSignal();
    const records = iterate(opened.log, { ...onA, signal });
    const waiting = next(records);
    assert.ok(await isPending(opened, waiting));
    signal.abort();
    assert.is(await waiting, '(done)');
    await append(opened.log, 'a', 0, 'x');
    assert.is(await next(records), '(done)');
    assert.is(signal.listeners.size, 0);
  });

  test('a signal between records, at once', async ({ log }) => {
    await append(log, 'a', 0, 'x', 'y', 'z');
    const signal = new TestSignal();
    const records = iterate(log, { ...onA, signal });
    assert.is(await next(records), 'x');
    signal.abort();
    assert.is(await next(records), '(done)');
  });

  test('a signal inside the loop', async ({ log }) => {
    await append(log, 'a', 0, 'x', 'y', 'z');
    const signal = new TestSignal();
    const seen: string[] = [];
    for await (const one of log.subscribe({ ...onA, signal })) {
      seen.push(text(one.value));
      if (seen.length === 2) signal.abort();
    }
    assert.equal(seen, ['x', 'y']);
  });

  test('close while it waits, and twice', async (opened) => {
    await opened.log.createTopic('a');
    const signal = new TestSignal();
    const subscription = opened.log.subscribe({ ...onA, signal });
    const records = subscription[Symbol.asyncIterator]();
    const waiting = [next(records), next(records)];
    assert.ok(await isPending(opened, Promise.race(waiting)));
    subscription.close();
    subscription.close();
    assert.equal(await Promise.all(waiting), ['(done)', '(done)']);
    assert.is(await next(records), '(done)');
    assert.is(signal.listeners.size, 0);
  });

  test('close before the first record, and between records', async ({ log }) => {
    await append(log, 'a', 0, 'x', 'y');
    const unread = log.subscribe(onA);
    unread.close();
    assert.is(await next(unread[Symbol.asyncIterator]()), '(done)');
    const half = log.subscribe(onA);
    const records = half[Symbol.asyncIterator]();
    assert.is(await next(records), 'x');
    half.close();
    assert.is(await next(records), '(done)');
  });

  test('leaving the loop', async ({ log }) => {
    await append(log, 'a', 0, 'x', 'y');
    const signal = new TestSignal();
    const subscription = log.subscribe({ ...onA, signal });
    for await (const one of subscription) {
      assert.is(text(one.value), 'x');
      break;
    }
    assert.is(signal.listeners.size, 0);
    const bySignal = log.subscribe({ ...onA, signal });
    for await (const run of bySignal.batches()) {
      assert.is(run.length, 2);
      break;
    }
    assert.is(signal.listeners.size, 0);
  });

  test('the iterator is told to return while it waits', async (opened) => {
    await opened.log.createTopic('a');
    const records = iterate(opened.log, onA);
    const waiting = next(records);
    assert.ok(await isPending(opened, waiting));
    const returned = records.return?.();
    assert.is(await waiting, '(done)');
    assert.equal(await returned, { done: true, value: undefined });
  });

  test('an error takes the listener off the signal', async ({ log }) => {
    const signal = new TestSignal();
    await fails('unknown-topic', () => next(iterate(log, { ...onA, signal })));
    assert.is(signal.listeners.size, 0);
  });

  test('an idle timeout takes the listener off the signal', async ({ log }) => {
    await append(log, 'a', 0, 'x');
    const signal = new TestSignal();
    const records = iterate(log, { ...onA, signal, idleTimeoutMs: 0 });
    assert.equal([await next(records), await next(records)], ['x', '(done)']);
    assert.is(signal.listeners.size, 0);
  });

  test('closing the log, which is told apart from the end', async (opened) => {
    await append(opened.log, 'a', 0, 'x');
    const signal = new TestSignal();
    const records = iterate(opened.log, { ...onA, signal });
    assert.is(await next(records), 'x');
    const waiting = records.next();
    assert.ok(await isPending(opened, waiting));
    const closed = opened.log.close();
    await fails('closed', () => waiting);
    await closed;
    assert.is(await next(records), '(done)');
    assert.is(signal.listeners.size, 0);
    await fails('closed', () => next(iterate(opened.log, onA)));
  });
}

function changes(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: topics that change while subscribed`), factory);

  test('partitions added later are read, where none were named', async (opened) => {
    const { log } = opened;
    await log.createTopic('a', { partitions: 1 });
    const all = iterate(log, onA);
    const fromEnd = iterate(log, { ...onA, from: 'end' });
    const one = iterate(log, { subscriptions: [{ topic: 'a', partitions: [0] }] });
    const waiting = [next(all), next(fromEnd)];
    const unmoved = next(one);
    assert.ok(await isPending(opened, Promise.race([...waiting, unmoved])));
    await log.alterTopic('a', { partitions: 3 });
    await append(log, 'a', 2, 'x');
    assert.equal(await Promise.all(waiting), ['x', 'x']);
    assert.ok(await isPending(opened, unmoved));
    await append(log, 'a', 0, 'y');
    assert.equal([await next(all), await next(fromEnd), await unmoved], ['y', 'y', 'y']);
    await log.alterTopic('a', { partitions: 4 });
    await append(log, 'a', 3, 'z');
    assert.equal([await next(all), await next(fromEnd)], ['z', 'z'], 'nobody waited meanwhile');
  });

  test('deleting the topic ends it with an error', async (opened) => {
    const { log } = opened;
    await append(log, 'a', 0, 'x');
    await append(log, 'b', 0, 'y');
    const records = iterate(log, { subscriptions: [{ topic: 'b' }, { topic: 'a' }] });
    assert.equal([await next(records), await next(records)].sort(), ['x', 'y']);
    const waiting = records.next();
    assert.ok(await isPending(opened, waiting));
    await log.deleteTopic('a');
    await fails('unknown-topic', () => waiting);
    assert.is(await next(records), '(done)');
  });

  test('also when it comes back under the name', async (opened) => {
    const { log } = opened;
    await append(log, 'a', 0, 'x');
    const records = iterate(log, onA);
    assert.is(await next(records), 'x');
    await log.deleteTopic('a');
    await append(log, 'a', 0, 'new', 'newer');
    await fails('unknown-topic', () => records.next());
    assert.is(await next(iterate(log, onA)), 'new');
  });

  test('a topic that nobody reads does not matter', async (opened) => {
    const { log } = opened;
    await append(log, 'a', 0, 'x');
    await append(log, 'b', 0, 'y');
    const records = iterate(log, onA);
    assert.is(await next(records), 'x');
    const waiting = next(records);
    await log.deleteTopic('b');
    assert.ok(await isPending(opened, waiting));
    await log.produce(record('a', 'z'));
    assert.is(await waiting, 'z');
  });
}
