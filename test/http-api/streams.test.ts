import * as assert from 'uvu/assert';
import { CommitLogError } from '../../logged/commit-log.ts';
import { logWithBatches } from '../support/changed-log.ts';
import { suite } from '../support/suite.ts';
import { ask, done, type Face, face, fails, fill, ok } from './harness.ts';
import { base64, fromUtf8, utf8 } from '../support/text.ts';

const test = suite('streams');

const SSE = { accept: 'text/event-stream' };

/** Opens a stream; `take` gives what has come since. */
async function open(one: Face, query: string, headers: Record<string, string> = {}) {
  const response = await one.app.request(`/streams?${query}`, { headers });
  assert.is(response.status, 200);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const state = { text: '', ended: false };
  const run = async () => {
    for (;;) {
      const { done: end, value } = await reader.read();
      if (end) break;
      state.text += fromUtf8(value);
    }
    state.ended = true;
  };
  run().catch((error: unknown) => {
    state.text += `! ${String(error)}`;
  });
  const take = async () => {
    await one.clock.settle();
    const { text } = state;
    state.text = '';
    return text;
  };
  return { response, state, take, cancel: () => reader.cancel() };
}

const offsetsOf = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { offset: number }).offset);

test('records as lines of JSON, from the beginning on, with headers and time', async () => {
  const one = face();
  const headers = [{ name: 'h', value: utf8('x') }];
  await one.log.produce({ topic: 't', key: utf8('k'), value: utf8('v'), headers, timestamp: 0 });
  const { response, take, state } = await open(one, 'topics=t');
  assert.is(response.headers.get('content-type'), 'application/x-ndjson');
  assert.is(
    await take(),
    `{"topic":"t","key":"${base64('k')}","value":"${base64('v')}","partition":0,"offset":0,` +
      `"timestamp":"1970-01-01T00:00:00Z","headers":[{"name":"h","value":"${base64('x')}"}]}\n`,
  );
  await fill(one, 't', ['a']);
  assert.equal(offsetsOf(await take()), [1]);
  one.stop();
  assert.is(await take(), '');
  assert.ok(state.ended);
});

test('where it begins and when it ends', async () => {
  const one = face();
  for (const timestamp of [1000, 2000, 3000])
    await one.log.produce({ topic: 't', key: null, value: utf8('v'), timestamp });
  await one.log.commitOffsets('g', [{ topic: 't', partition: 0, offset: 2 }]);
  for (const [query, offsets] of [
    ['', [0, 1, 2]],
    ['&from=beginning', [0, 1, 2]],
    ['&from=end', []],
    ['&from=1', [1, 2]],
    ['&from=@2000', [1, 2]],
    ['&from=@1970-01-01T00:00:03Z', [2]],
    ['&offsets=t,0,0', [1, 2]],
    ['&offsets=other,0,7;t,0,1&from=end', [2]],
    ['&group=g', [2]],
    ['&group=none&from=end', []],
    ['&group=none', [0, 1, 2]],
  ] as const) {
    const { state, take } = await open(one, `topics=t${query}&idle_timeout=0`);
    assert.equal(offsetsOf(await take()), offsets, query);
    assert.ok(state.ended, query);
  }
  const { state } = await open(one, 'topics=t&from=end&idle_timeout=2000');
  await one.clock.advance(1999);
  assert.not(state.ended);
  await one.clock.advance(1);
  assert.ok(state.ended);
});

test('server-sent events: an event goes on where the one named by its id left off', async () => {
  const one = face();
  await one.log.createTopic('t', { partitions: 2 });
  await fill(one, 't', ['1', '2'], 0);
  await fill(one, 't', ['3'], 1);
  const first = await open(one, 'topics=t&format=json', SSE);
  assert.is(first.response.headers.get('content-type'), 'text/event-stream');
  const text = await first.take();
  const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? '');
  assert.equal(ids, ['t,0,0', 't,0,1', 't,0,1;t,1,0']);
  assert.match(text, /^id: t,0,0\ndata: \{"topic":"t","key":null,"value":1,[^\n]*\}\n\n/);
  await first.cancel();
  const second = await open(one, 'topics=t&format=json&from=end', { ...SSE, 'last-event-id': ids[0] ?? '' });
  const resumed = await second.take();
  assert.equal(
    [...resumed.matchAll(/"value":(\d)/g)].map(([, value]) => value),
    ['2'],
    'partition 1 has no offset: from',
  );
  const third = await open(one, 'topics=t&format=json', { ...SSE, 'last-event-id': ids[1] ?? '' });
  const rest = await third.take();
  assert.equal(
    [...rest.matchAll(/^id: (.*)$/gm)].map(([, id]) => id),
    ['t,0,1;t,1,0'],
  );
});

test('heartbeats, for events only, and only while nothing waits to be taken', async () => {
  const one = face();
  await one.log.createTopic('t');
  const events = await open(one, 'topics=t', SSE);
  const lines = await open(one, 'topics=t');
  await one.clock.advance(14_999);
  assert.is(await events.take(), '');
  await one.clock.advance(1);
  assert.is(await events.take(), ': alive\n\n');
  await one.clock.advance(30_000);
  assert.is(await events.take(), ': alive\n\n: alive\n\n');
  assert.is(await lines.take(), '');
  await events.cancel();
  await lines.cancel();
});

test('an error in mid-stream comes behind what was before it', async () => {
  const one = face();
  await fill(one, 't', ['1', 'no json', '3']);
  const lines = await open(one, 'topics=t&format=json');
  const text = await lines.take();
  assert.match(text, /"value":1,.*\n\{"error_code":40801,"message":"value of t partition 0 offset 1 is not JSON"\}\n$/);
  assert.ok(lines.state.ended);
  const events = await open(one, 'topics=t&format=json', SSE);
  assert.match(await events.take(), /\nevent: error\ndata: \{"error_code":40801,.*\}\n\n$/);
  assert.ok(events.state.ended);
  const deleted = await open(one, 'topics=t&from=end');
  await one.clock.settle();
  await one.log.deleteTopic('t');
  assert.is(await deleted.take(), '{"error_code":40401,"message":"Topic not found."}\n');
});

test('what is wrong with a request, before anything is sent', async () => {
  const one = face({}, { waits: 1 });
  await one.log.createTopic('t');
  for (const query of [
    '',
    'topics=',
    'topics=t&from=middle',
    'topics=t&from=@x',
    'topics=t&group=g&from=3',
    'topics=t&offsets=t,0',
    'topics=t&offsets=t,0,-1',
    'topics=t&format=avro',
    'topics=t&idle_timeout=soon',
    'topics=t&idle_timeout=-1',
  ]) {
    fails(await ask(one, 'GET', `/streams?${query}`), 400, 400);
  }
  fails(await ask(one, 'GET', '/streams?topics=t,none'), 404, 40401);
  assert.is((await ask(one, 'HEAD', '/streams?topics=t')).status, 405);
  const held = await open(one, 'topics=t');
  fails(await ask(one, 'GET', '/streams?topics=t'), 429, 42901);
  await held.cancel();
  const again = await open(one, 'topics=t');
  await again.cancel();
});

test('it reads no faster than it is read', async () => {
  const one = face();
  let taken = 0;
  const batch = Array.from({ length: 1000 }, () => ({ key: null, value: new Uint8Array(1000) }));
  await one.log.produceBatch('t', batch);
  const counting = logWithBatches(one.log, async function* (batches) {
    for await (const records of batches) {
      taken += records.length;
      yield records;
    }
  });
  const response = await face({ log: counting, clock: one.clock }).app.request('/streams?topics=t');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await one.clock.settle();
  assert.is(taken, 0);
  await reader.read();
  await one.clock.settle();
  assert.ok(taken > 0 && taken < 150, `${taken} records`);
  await reader.cancel();
});

test('commits of a group without an instance', async () => {
  const one = face();
  await fill(one, 't', ['a', 'b', 'c']);
  const offsets = [{ topic: 't', partition: 0, offset: 1, metadata: 'm' }];
  done(await ask(one, 'POST', '/consumers/g/offsets', { offsets }, { type: 'application/json' }));
  assert.is((await one.log.committedOffsets('g'))[0]?.offset, 2);
  ok(await ask(one, 'GET', '/consumers/g/offsets'), { offsets }, 'application/json');
  const { take } = await open(one, 'topics=t&group=g&idle_timeout=0');
  assert.equal(offsetsOf(await take()), [2]);
  const none = [{ topic: 't', partition: 0, offset: -1, metadata: '' }];
  done(await ask(one, 'POST', '/consumers/none/offsets', { offsets: none }));
  assert.is((await one.log.committedOffsets('none'))[0]?.offset, 0);
  ok(await ask(one, 'GET', '/consumers/none/offsets'), { offsets: none }, 'application/json');
  fails(await ask(one, 'POST', '/consumers/g/offsets', { offsets: [{ ...none[0], offset: -2 }] }), 422, 422);
  fails(await ask(one, 'POST', '/consumers/g/offsets', {}), 422, 422);
  fails(
    await ask(one, 'POST', '/consumers/g/offsets', { offsets: [{ topic: 'none', partition: 0, offset: 1 }] }),
    404,
    40401,
  );
  one.log.faults = () => new CommitLogError('no-space', 'full');
  fails(await ask(one, 'POST', '/consumers/g/offsets', { offsets }), 500, 50003);
});
