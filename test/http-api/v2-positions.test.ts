import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import {
  ask,
  done,
  earliest,
  face,
  type Face,
  fails,
  fill,
  instance,
  ok,
  read,
  started,
  subscribed,
} from './harness.ts';
import { utf8 } from '../support/text.ts';

const test = suite('v2 positions and commits');

test('committing: what was read, what was done with, and in the terms of Redpanda', async () => {
  const one = face();
  await one.log.createTopic('t', { partitions: 2 });
  await fill(one, 't', ['a', 'b', 'c']);
  const path = await subscribed(one);
  await read(one, path, '?max_bytes=2');
  const of = async (...partitions: number[]) =>
    (await ask(one, 'GET', `${path}/offsets`, undefined)).status && (await committed(one, path, partitions));
  ok(await ask(one, 'POST', `${path}/offsets`, {}), []);
  assert.equal(await of(0, 1), [
    [0, 2],
    [1, 0],
  ]);
  const offsets = [{ topic: 't', partition: 0, offset: 0, metadata: 'here' }];
  ok(await ask(one, 'POST', `${path}/offsets`, { offsets }), []);
  assert.equal(await of(0), [[0, 1]]);
  done(await ask(one, 'POST', `${path}/offsets`, { partitions: [{ topic: 't', partition: 0, offset: 3 }] }));
  assert.equal(await of(0), [[0, 3]]);
  for (const body of [
    { offsets: 1 },
    { offsets: [1] },
    { offsets: [{ topic: 't', partition: 0, offset: -1 }] },
    { offsets: [{ topic: 't', partition: 0 }] },
  ]) {
    fails(await ask(one, 'POST', `${path}/offsets`, body), 422, 422);
  }
  const unknown = { offsets: [{ topic: 'none', partition: 0, offset: 0 }] };
  fails(await ask(one, 'POST', `${path}/offsets`, unknown), 404, 40401);
});

/** Asks with a body, as Confluent's clients do, which only the server's side channel can carry. */
async function committed({ app }: Face, path: string, partitions: readonly number[]) {
  const body = utf8(JSON.stringify({ partitions: partitions.map((partition) => ({ topic: 't', partition })) }));
  const response = await app.request(`http://e${path}/offsets`, {}, { readBody: async () => body });
  const { offsets } = (await response.json()) as { offsets: { partition: number; offset: number }[] };
  return offsets.map(({ partition, offset }) => [partition, offset]);
}

test('offsets of a group without a body to say which', async () => {
  const one = face();
  const path = await instance(one);
  fails(await ask(one, 'GET', `${path}/offsets`), 404, 40402);
});

test('assignments by hand, positions, and what excludes each other', async () => {
  const one = face();
  await one.log.createTopic('t', { partitions: 2 });
  await fill(one, 't', ['a0', 'a1', 'a2'], 0);
  await fill(one, 't', ['b0', 'b1'], 1);
  const path = await instance(one, { 'auto.offset.reset': 'latest' });
  const at = (partition: number) => ({ topic: 't', partition });
  done(await ask(one, 'POST', `${path}/assignments`, { partitions: [at(0), at(1)] }));
  ok(await ask(one, 'GET', `${path}/assignments`), { partitions: [at(0), at(1)] });
  fails(await ask(one, 'POST', `${path}/subscription`, { topics: ['t'] }), 409, 40903, /^Illegal state: /);
  assert.equal(await read(one, path), []);
  done(await ask(one, 'POST', `${path}/positions/beginning`, { partitions: [at(1)] }));
  assert.equal(await read(one, path), ['b0', 'b1']);
  done(await ask(one, 'POST', `${path}/positions`, { offsets: [{ ...at(0), offset: 1 }] }));
  assert.equal(await read(one, path), ['a1', 'a2']);
  done(await ask(one, 'POST', `${path}/positions/beginning`, { partitions: [at(0), at(1)] }));
  done(await ask(one, 'POST', `${path}/positions/end`, { partitions: [at(0)] }));
  assert.equal(await read(one, path), ['b0', 'b1']);
  fails(await ask(one, 'POST', `${path}/positions/end`, { partitions: [at(2)] }), 409, 40903, /t-2/);
  const some = {
    offsets: [
      { ...at(0), offset: 0 },
      { ...at(5), offset: 0 },
    ],
  };
  fails(await ask(one, 'POST', `${path}/positions`, some), 409, 40903);
  assert.equal(await read(one, path), [], 'all or nothing');

  const other = await subscribed(one, earliest, ['t'], 'other');
  fails(await ask(one, 'POST', `${other}/assignments`, { partitions: [at(0)] }), 409, 40903);
  done(await ask(one, 'DELETE', `${other}/subscription`));
  ok(await ask(one, 'GET', `${other}/subscription`), { topics: [] });
  done(await ask(one, 'POST', `${other}/assignments`, { partitions: [at(0)] }));
  assert.equal(await read(one, other), ['a0', 'a1', 'a2']);
});

test('positions by time', async () => {
  const one = face();
  for (const [value, timestamp] of [
    ['a', 1000],
    ['b', 2000],
    ['c', 3000],
  ] as const) {
    await one.log.produce({ topic: 't', key: null, value: utf8(value), timestamp });
  }
  const path = await subscribed(one);
  const seek = (timestamp: string) =>
    ask(one, 'POST', `${path}/positions`, { timestamps: [{ topic: 't', partition: 0, timestamp }] });
  done(await seek('1970-01-01T01:00:02+01:00'));
  assert.equal(await read(one, path), ['b', 'c']);
  done(await seek('2030-01-01T00:00:00Z'));
  assert.equal(await read(one, path), []);
  fails(await seek('yesterday'), 422, 422);
});

test('a seek reaches a poll that is waiting', async () => {
  const one = face();
  await fill(one, 't', ['a']);
  const path = await subscribed(one, { 'auto.offset.reset': 'latest' });
  const asked = ask(one, 'GET', `${path}/records`);
  assert.is((await started(one, asked)).value, null);
  done(await ask(one, 'POST', `${path}/positions/beginning`, { partitions: [{ topic: 't', partition: 0 }] }));
  assert.is((await asked).json.length, 1);
});

test('where partitions without a commit begin', async () => {
  const one = face();
  await fill(one, 't', ['old']);
  const latest = await subscribed(one, {}, ['t', 'later']);
  const none = await subscribed(one, { 'auto.offset.reset': 'none', name: 'n' }, [], 'other');
  await fill(one, 't', ['new']);
  await fill(one, 'later', ['first']);
  await one.clock.advance(1000);
  assert.equal((await read(one, latest)).sort(), ['first', 'new']);
  const refused = await ask(one, 'POST', `${none}/subscription`, { topics: ['t'] });
  fails(refused, 400, 40002, /t-0/);
});

test('a group goes on behind its commits, whatever the reset', async () => {
  const one = face();
  await fill(one, 't', ['a', 'b', 'c']);
  await one.log.commitOffsets('g', [{ topic: 't', partition: 0, offset: 1 }]);
  for (const reset of ['earliest', 'latest', 'none']) {
    const path = await subscribed(one, { 'auto.offset.reset': reset });
    assert.equal(await read(one, path), ['b', 'c']);
    done(await ask(one, 'DELETE', path));
  }
});

test('auto-commit: by the next polls, and when the instance ends', async () => {
  const one = face();
  await fill(one, 't', ['a', 'b', 'c']);
  const path = await subscribed(one, { ...earliest, 'auto.commit.enable': 'true' });
  const at = async () => (await one.log.committedOffsets('g'))[0]?.offset;
  await read(one, path, '?max_bytes=1');
  await one.clock.advance(4999);
  await read(one, path, '?max_bytes=1');
  assert.is(await at(), undefined);
  await one.clock.advance(1);
  await read(one, path, '?max_bytes=1');
  assert.is(await at(), 2, 'what the polls before had read');
  done(await ask(one, 'DELETE', path));
  assert.is(await at(), 3);

  const unattended = await subscribed(one, { ...earliest, 'auto.commit.enable': true });
  await fill(one, 't', ['d']);
  await read(one, unattended);
  one.stop();
  await one.clock.settle();
  assert.is(await at(), 4, 'and when the service stops');
});
