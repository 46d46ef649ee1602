import * as assert from 'uvu/assert';
import { assignRanges } from '../../http-api/kafka/v2/range-assignment.ts';
import { suite } from '../support/suite.ts';
import { ask, done, face, type Face, fill, instance, started } from './harness.ts';
import { fromBase64 } from '../support/text.ts';

const test = suite('v2 consumer groups');

test('ranges: even, uneven, by topic, and with more members than partitions', () => {
  const of = (topicsOf: Record<string, string[]>, partitionsOf: Record<string, number>) =>
    Object.fromEntries(
      [...assignRanges(new Map(Object.entries(topicsOf)), new Map(Object.entries(partitionsOf)))].map(
        ([member, partitions]) => [member, partitions.map(({ topic, partition }) => `${topic}${partition}`).join(' ')],
      ),
    );
  assert.equal(of({ b: ['t'], a: ['t'] }, { t: 4 }), { a: 't0 t1', b: 't2 t3' });
  assert.equal(of({ a: ['t'], b: ['t'], c: ['t'] }, { t: 7 }), { a: 't0 t1 t2', b: 't3 t4', c: 't5 t6' });
  assert.equal(of({ a: ['t'], b: ['t'] }, { t: 1 }), { a: 't0', b: '' });
  assert.equal(of({ a: ['t', 'u'], b: ['u'], c: [] }, { t: 2, u: 3 }), { a: 't0 t1 u0 u1', b: 'u2', c: '' });
  assert.equal(of({ a: ['t'] }, { t: 0 }), { a: '' });
});

const config = { 'auto.offset.reset': 'earliest' };

async function join(one: Face, name: string, body: object = { topics: ['t'] }, more: object = {}): Promise<string> {
  const path = await instance(one, { ...config, ...more, name });
  done(await ask(one, 'POST', `${path}/subscription`, body));
  return path;
}

async function partitions(one: Face, path: string): Promise<number[]> {
  const { json } = await ask(one, 'GET', `${path}/assignments`);
  return json.partitions.map(({ partition }: { partition: number }) => partition);
}

test('partitions are shared out anew when an instance comes, goes, or expires', async () => {
  const one = face();
  await one.log.createTopic('t', { partitions: 4 });
  const a = await join(one, 'a');
  assert.equal(await partitions(one, a), [0, 1, 2, 3]);
  const b = await join(one, 'b');
  assert.equal(
    [await partitions(one, a), await partitions(one, b)],
    [
      [0, 1],
      [2, 3],
    ],
  );
  const other = await instance(one, config, 'other');
  done(await ask(one, 'POST', `${other}/subscription`, { topics: ['t'] }));
  assert.equal(await partitions(one, other), [0, 1, 2, 3], 'groups do not share');
  done(await ask(one, 'DELETE', a));
  assert.equal(await partitions(one, b), [0, 1, 2, 3]);
  const c = await join(one, 'c');
  assert.equal(await partitions(one, c), [2, 3]);
  await one.clock.advance(200_000);
  await partitions(one, c);
  await one.clock.advance(100_000);
  assert.equal(await partitions(one, c), [0, 1, 2, 3], 'b expired');
  done(await ask(one, 'DELETE', `${c}/subscription`));
  assert.equal(await partitions(one, c), []);
});

test('the one that takes over goes on behind the commit', async () => {
  const one = face();
  await one.log.createTopic('t', { partitions: 2 });
  await fill(one, 't', ['a0', 'a1', 'a2'], 0);
  await fill(one, 't', ['b0', 'b1', 'b2'], 1);
  const values = async (path: string, query: string) => {
    const asked = ask(one, 'GET', `${path}/records${query}`);
    if ((await started(one, asked)).value === null) await one.clock.advance(1000);
    return (await asked).json.map(({ value }: { value: string }) => fromBase64(value));
  };
  const a = await join(one, 'a', { topics: ['t'] }, { 'auto.commit.enable': true });
  assert.equal((await values(a, '')).length, 6);
  await fill(one, 't', ['a3'], 0);
  await fill(one, 't', ['b3'], 1);
  const b = await join(one, 'b');
  assert.equal(await values(b, ''), ['b3'], 'a has committed partition 1 when it gave it up');
  assert.equal(await values(a, ''), ['a3']);
  done(await ask(one, 'DELETE', b));
  assert.equal(await values(a, ''), ['b3'], 'b has not committed');
});

test('a poll that waits gets the partitions of one that left', async () => {
  const one = face();
  const a = await join(one, 'a');
  await one.log.createTopic('t', { partitions: 1 });
  await one.clock.advance(1000);
  const b = await join(one, 'b', { topics: ['t'] }, { 'consumer.request.timeout.ms': 60_000 });
  const asked = ask(one, 'GET', `${b}/records`);
  await started(one, asked);
  await fill(one, 't', ['x']);
  await one.clock.advance(5000);
  done(await ask(one, 'DELETE', a));
  assert.is((await asked).json.length, 1);
});

test('partitions that are added, and topics that appear, are read from their beginning', async () => {
  const one = face();
  await one.log.createTopic('t', { partitions: 1 });
  await fill(one, 't', ['old']);
  await fill(one, 'x-old', ['old']);
  const named = await join(one, 'a', { topics: ['t'] }, { 'auto.offset.reset': 'latest' });
  const pattern = await instance(one, { 'auto.offset.reset': 'latest' }, 'patterns');
  done(await ask(one, 'POST', `${pattern}/subscription`, { topic_pattern: 'x-.*' }));
  await one.log.alterTopic('t', { partitions: 2 });
  await fill(one, 't', ['new'], 1);
  await fill(one, 'x-new', ['new']);
  await one.clock.advance(1000);
  for (const path of [named, pattern]) {
    const { json } = await ask(one, 'GET', `${path}/records`);
    assert.equal(
      json.map(({ value }: { value: string }) => fromBase64(value)),
      ['new'],
    );
  }
});

test('members are shown by v3', async () => {
  const one = face();
  await one.log.createTopic('t', { partitions: 2 });
  await join(one, 'a');
  await join(one, 'b');
  const { json } = await ask(one, 'GET', '/v3/clusters/edge-1/consumer-groups/g/consumers');
  assert.equal(
    json.data.map((consumer: { consumer_id: string }) => consumer.consumer_id),
    ['a', 'b'],
  );
});
