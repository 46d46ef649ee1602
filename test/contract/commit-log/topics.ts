/** The contract of creating, describing, altering and deleting topics. */
import * as assert from 'uvu/assert';
import type { CommitLog, CreateTopicOptions, TopicChange, TopicDescription } from '../../../logged/commit-log.ts';
import { suite } from '../../support/suite.ts';
import { append, bytes, fails, illegalTopics, range, read, readAll, record, text, withLog } from './harness.ts';
import type { LogFactory } from './harness.ts';

export function topicContract(factory: LogFactory): void {
  creation(factory);
  alteration(factory);
  deletion(factory);
}

/** Without those that an implementation may keep for itself. */
async function userTopics(log: CommitLog): Promise<string[]> {
  return (await log.listTopics()).filter((topic) => !topic.startsWith('__'));
}

function valuesOf({ config }: TopicDescription): Record<string, string> {
  return Object.fromEntries(config.map(({ name, value }) => [name, value]));
}

function setIn({ config }: TopicDescription): string[] {
  return config.filter(({ isDefault }) => !isDefault).map(({ name, value }) => `${name}=${value}`);
}

const wrongConfigs: readonly Record<string, unknown>[] = [
  { 'no.such.name': '1' },
  { 'Retention.ms': '1' },
  { toString: 'x' },
  { 'retention.ms': '-2' },
  { 'retention.ms': '' },
  { 'retention.ms': ' 1' },
  { 'retention.ms': '1.5' },
  { 'retention.ms': 'NaN' },
  { 'retention.ms': 1 },
  { 'segment.bytes': '0' },
  { 'max.message.bytes': '-1' },
  { 'min.cleanable.dirty.ratio': '1.1' },
  { 'cleanup.policy': 'shred' },
  { 'cleanup.policy': '' },
  { 'streambed.durability': 'never' },
  { 'streambed.durability': 'every:0ms' },
  { 'streambed.durability': 'every:5s' },
  { 'retention.ms': '1', 'segment.ms': 'x' },
];

function creation(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: creating topics`), factory);

  test('with defaults', async ({ log, now }) => {
    const created = await log.createTopic('a');
    assert.equal([created.topic, created.internal, created.partitions], ['a', false, 1]);
    assert.equal([created.durability, created.createdAt], ['sync', now()]);
    const names = created.config.map(({ name }) => name);
    assert.equal(names, [...names].sort());
    for (const name of ['cleanup.policy', 'retention.ms', 'retention.bytes', 'segment.bytes', 'max.message.bytes']) {
      assert.ok(names.includes(name), name);
    }
    for (const entry of created.config) assert.ok(entry.isDefault && entry.value === entry.defaultValue, entry.name);
    assert.equal(await log.describeTopic('a'), created);
  });

  test('with partitions and configuration', async ({ log }) => {
    const config = { 'retention.ms': '1000', 'streambed.durability': 'every:50ms', 'cleanup.policy': 'compact' };
    const created = await log.createTopic('a', { partitions: 3, config });
    assert.equal([created.partitions, created.durability], [3, 'every:50ms']);
    assert.equal(setIn(created), ['cleanup.policy=compact', 'retention.ms=1000', 'streambed.durability=every:50ms']);
    assert.equal(await log.describeTopic('a'), created);
    assert.equal(await read(log, 'a'), []);
  });

  test('a value that equals the default is still one that was set', async ({ log }) => {
    const created = await log.createTopic('a', { config: { 'cleanup.policy': 'delete' } });
    assert.equal(setIn(created), ['cleanup.policy=delete']);
  });

  test('legal names, all of them topics of their own', async ({ log }) => {
    const names = [
      'a',
      'A',
      'a.b',
      'a_b',
      'a-b',
      'default:a',
      'default:A',
      'default.a',
      'default_a',
      '...',
      '.a',
      '-',
      '0',
    ];
    names.push('b'.repeat(249), 'a.history', 'constructor');
    for (const name of names) await log.createTopic(name);
    for (const name of names) await append(log, name, 0, `in ${name}`);
    for (const name of names) assert.equal(await read(log, name), [`0/0=in ${name}`]);
    assert.equal(await userTopics(log), [...names].sort());
  });

  test('illegal names', async ({ log }) => {
    for (const topic of illegalTopics) {
      await fails('invalid-topic', () => log.createTopic(topic as string), `create ${topic}`);
      await fails('invalid-topic', () => log.describeTopic(topic as string), `describe ${topic}`);
    }
    assert.equal(await userTopics(log), []);
  });

  test('a name that is taken', async ({ log }) => {
    await append(log, 'a', 0, 'x');
    await fails('topic-exists', () => log.createTopic('a', { partitions: 2 }));
    await fails('topic-exists', () => log.createTopic('a', { validateOnly: true }));
    assert.is((await log.describeTopic('a')).partitions, 1);
    assert.equal(await read(log, 'a'), ['0/0=x']);
  });

  test('by overlapping calls, only one wins', async ({ log }) => {
    const outcomes = await Promise.allSettled(range(5).map((i) => log.createTopic('a', { partitions: i + 1 })));
    const won = outcomes.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
    assert.is(won.length, 1);
    for (const one of outcomes) if (one.status === 'rejected') assert.is(one.reason.code, 'topic-exists');
    assert.equal(await log.describeTopic('a'), won[0]);
  });

  test('wrong numbers of partitions', async ({ log }) => {
    for (const partitions of [0, -1, 1.5, Number.NaN, 1025, '2']) {
      const options = { partitions } as CreateTopicOptions;
      await fails('invalid-config', () => log.createTopic('a', options), `${partitions} partitions`);
    }
    assert.equal(await userTopics(log), []);
    assert.is((await log.createTopic('a', { partitions: 1024 })).partitions, 1024);
    assert.equal((await log.produce(record('a', 'x', { partition: 1023 }))).offset, 0);
  });

  test('wrong configuration', async ({ log }) => {
    for (const wrong of wrongConfigs) {
      const config = wrong as Record<string, string>;
      const error = await fails('invalid-config', () => log.createTopic('a', { config }), JSON.stringify(config));
      const [name = ''] = Object.keys(config).slice(-1);
      assert.ok(error.message.includes(name), `${error.message}: does not name ${name}`);
    }
    assert.equal(await userTopics(log), []);
  });

  test('only validated', async ({ log }) => {
    const options = { partitions: 2, config: { 'segment.ms': '5000' } };
    const described = await log.createTopic('a', { ...options, validateOnly: true });
    assert.equal([described.topic, described.partitions, setIn(described)], ['a', 2, ['segment.ms=5000']]);
    await fails('unknown-topic', () => log.describeTopic('a'));
    assert.equal(await userTopics(log), []);
    assert.equal(await log.createTopic('a', options), described);
    const wrong = { partitions: 0, validateOnly: true };
    await fails('invalid-config', () => log.createTopic('b', wrong));
  });
}

function alteration(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: altering topics`), factory);

  test('configuration is set and reset', async ({ log }) => {
    await log.createTopic('a', { config: { 'retention.ms': '1000', 'segment.ms': '2000' } });
    const defaults = valuesOf(await log.createTopic('b'));
    const altered = await log.alterTopic('a', { set: { 'retention.ms': '3000', 'retention.bytes': '-1' } });
    assert.equal(setIn(altered), ['retention.bytes=-1', 'retention.ms=3000', 'segment.ms=2000']);
    const reset = await log.alterTopic('a', { reset: ['retention.ms', 'segment.bytes'] });
    assert.equal(setIn(reset), ['retention.bytes=-1', 'segment.ms=2000']);
    assert.is(valuesOf(reset)['retention.ms'], defaults['retention.ms']);
    assert.equal(await log.describeTopic('a'), reset);
    assert.equal(await log.alterTopic('a', {}), reset);
  });

  test('durability is part of it', async ({ log, advance }) => {
    await log.createTopic('a');
    assert.is((await log.alterTopic('a', { set: { 'streambed.durability': 'os' } })).durability, 'os');
    await append(log, 'a', 0, 'x');
    assert.is((await log.alterTopic('a', { set: { 'streambed.durability': 'every:10ms' } })).durability, 'every:10ms');
    await append(log, 'a', 0, 'y');
    assert.is((await log.alterTopic('a', { reset: ['streambed.durability'] })).durability, 'sync');
    await append(log, 'a', 0, 'z');
    await advance(10);
    assert.equal(await read(log, 'a'), ['0/0=x', '0/1=y', '0/2=z']);
  });

  test('partitions are added, never taken', async ({ log }) => {
    await append(log, 'a', 0, 'x');
    assert.is((await log.alterTopic('a', { partitions: 3 })).partitions, 3);
    assert.is((await log.alterTopic('a', { partitions: 3 })).partitions, 3);
    await append(log, 'a', 2, 'y');
    assert.equal(await read(log, 'a'), ['0/0=x', '2/0=y']);
    for (const partitions of [2, 0, -1, 3.5, Number.NaN, 1025]) {
      await fails('invalid-config', () => log.alterTopic('a', { partitions }), `${partitions} partitions`);
    }
    assert.is((await log.describeTopic('a')).partitions, 3);
  });

  test('keyed records spread over the partitions that are there', async ({ log }) => {
    await log.createTopic('a');
    const place = () => log.produce(record('a', 'x', { key: bytes('foobar') }));
    assert.is((await place()).partition, 0);
    await log.alterTopic('a', { partitions: 7 });
    assert.is((await place()).partition, (-790332482 & 0x7fffffff) % 7);
  });

  test('all or nothing', async ({ log }) => {
    const before = await log.createTopic('a', { config: { 'retention.ms': '1000' } });
    const wrong: TopicChange[] = wrongConfigs.map((config) => ({
      partitions: 2,
      set: config as Record<string, string>,
    }));
    wrong.push(
      { partitions: 2, reset: ['no.such.name'] },
      { partitions: 2, set: { 'segment.ms': '5' }, reset: ['retention.ms', 'no.such.name'] },
      { partitions: 0, set: { 'segment.ms': '5' } },
    );
    for (const change of wrong)
      await fails('invalid-config', () => log.alterTopic('a', change), JSON.stringify(change));
    assert.equal(await log.describeTopic('a'), before);
  });

  test('only validated', async ({ log }) => {
    const before = await log.createTopic('a');
    const change = { partitions: 4, set: { 'segment.ms': '5000' } };
    const described = await log.alterTopic('a', { ...change, validateOnly: true });
    assert.equal([described.partitions, setIn(described)], [4, ['segment.ms=5000']]);
    assert.equal(await log.describeTopic('a'), before);
    assert.is(await log.offsets('a', 3), null);
    await fails('invalid-config', () => log.alterTopic('a', { partitions: 0, validateOnly: true }));
    assert.equal(await log.alterTopic('a', change), described);
  });

  test('an unknown topic', async ({ log }) => {
    await fails('unknown-topic', () => log.alterTopic('a', { partitions: 2 }));
    await fails('unknown-topic', () => log.alterTopic('a', { validateOnly: true }));
  });

  test('while records are produced', async ({ log }) => {
    await log.createTopic('a');
    const calls: Promise<unknown>[] = [];
    for (const i of range(60)) {
      calls.push(log.produce(record('a', `${i}`, { partition: 0 })));
      if (i % 10 === 5)
        calls.push(log.alterTopic('a', { partitions: 1 + (i - 5) / 10, set: { 'segment.ms': `${1000 + i}` } }));
    }
    await Promise.all(calls);
    assert.equal(
      await read(log, 'a'),
      range(60).map((i) => `0/${i}=${i}`),
    );
    assert.is((await log.describeTopic('a')).partitions, 6);
  });
}

function deletion(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: deleting topics`), factory);

  test('takes the records, and a topic of the name begins anew', async ({ log }) => {
    await log.createTopic('a', { partitions: 3, config: { 'segment.ms': '5000' } });
    await append(log, 'a', 2, 'x', 'y');
    await append(log, 'b', 0, 'z');
    await log.deleteTopic('a');
    assert.equal(await userTopics(log), ['b']);
    await fails('unknown-topic', () => log.describeTopic('a'));
    await fails('unknown-topic', () => read(log, 'a'));
    assert.is(await log.offsets('a', 0), null);
    const created = await log.createTopic('a', { partitions: 2 });
    assert.equal([created.partitions, setIn(created)], [2, []]);
    assert.equal(await read(log, 'a'), []);
    assert.is((await log.produce(record('a', 'new', { partition: 1 }))).offset, 0);
    assert.equal(await read(log, 'a'), ['1/0=new']);
    assert.equal(await read(log, 'b'), ['0/0=z']);
  });

  test('an unknown one', async ({ log }) => {
    await fails('unknown-topic', () => log.deleteTopic('a'));
    await append(log, 'a', 0, 'x');
    await log.deleteTopic('a');
    await fails('unknown-topic', () => log.deleteTopic('a'));
  });

  test('survives a reopen', async (opened) => {
    await append(opened.log, 'a', 0, 'x');
    await append(opened.log, 'b', 0, 'y');
    await opened.log.deleteTopic('a');
    await opened.reopen();
    assert.equal(await userTopics(opened.log), ['b']);
    assert.equal(await opened.log.produce(record('a', 'new')), { partition: 0, offset: 0, duplicate: false });
  });

  test('again and again', async ({ log }) => {
    for (const i of range(5)) {
      await append(log, 'a', 0, `${i}`);
      assert.equal(await read(log, 'a'), [`0/0=${i}`]);
      await log.deleteTopic('a');
    }
    assert.equal(await userTopics(log), []);
  });

  test('while records are produced: each is in the old topic or in the new one', async ({ log }) => {
    await append(log, 'a', 0, 'x', 'y', 'z');
    const before = range(5).map((i) => log.produce(record('a', `old ${i}`)));
    const deleted = log.deleteTopic('a');
    const after = range(5).map((i) => log.produce(record('a', `new ${i}`)));
    const outcomes = await Promise.allSettled([...before, ...after]);
    await deleted;
    for (const one of outcomes) if (one.status === 'rejected') assert.is(one.reason.code, 'unknown-topic');
    await append(log, 'a', 0, 'last');
    const kept = await readAll(log, { subscriptions: [{ topic: 'a' }] });
    assert.equal(
      kept.map(({ offset }) => offset),
      range(kept.length),
    );
    const produced = [...range(5).map((i) => `old ${i}`), ...range(5).map((i) => `new ${i}`), 'last'];
    assert.equal(
      kept.map(({ value }) => text(value)),
      produced.slice(-kept.length),
    );
  });
}
