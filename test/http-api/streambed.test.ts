import * as assert from 'uvu/assert';
import { CommitLogError } from '../../logged/commit-log.ts';
import { suite } from '../support/suite.ts';
import { ask, type Face, face, fails, fill, ok, started } from './harness.ts';
import { base64, fromUtf8, utf8 } from '../support/text.ts';

const test = suite("streambed's dialect");

const JSON_TYPE = { type: 'application/json' };
const record = { topic: 'ns:t', headers: [], timestamp: null, key: 7, value: base64('v'), partition: 0 };

function produce(one: Face, body: unknown, options = JSON_TYPE) {
  return ask(one, 'POST', '/topics/ns:t', body, options);
}

async function consume(one: Face, body: unknown, group = 'g'): Promise<Response> {
  const init = { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(body) };
  return one.app.request(`/consumers/${group}`, init);
}

const JSON_HEADERS = { 'content-type': 'application/json' };
const from = (offset?: number, topic = 'ns:t') => ({
  offsets: offset === undefined ? null : [{ topic, partition: 0, offset }],
  subscriptions: [{ topic }],
});

/** The body so far, and whether it has ended. */
function reading(response: Response) {
  const state = { text: '', ended: false };
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const run = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      state.text += fromUtf8(value);
    }
    state.ended = true;
  };
  run().catch((error: unknown) => {
    state.text += `! ${String(error)}`;
  });
  return { state, cancel: () => reader.cancel() };
}

test('produces, with the key to the last digit, headers and time', async () => {
  const one = face();
  const { status, json, type } = await produce(
    one,
    '{"records":[{"topic":"ns:t","headers":[{"key":"h","value":"eA=="}],"timestamp":"2022-05-25T05:22:24.138956Z","key":18446744073709551615,"value":"dg==","partition":0}]}',
  );
  assert.equal([status, type], [200, 'application/json']);
  assert.equal(json, {
    offsets: [{ partition: 0, offset: 0, error_code: null, error: null }],
    key_schema_id: null,
    value_schema_id: null,
  });
  ok(
    await produce(one, { records: [record] }, { type: '' }),
    { ...json, offsets: [{ ...json.offsets[0], offset: 1 }] },
    JSON_TYPE.type,
  );
  const response = await consume(one, from());
  assert.is(
    await response.text(),
    '{"topic":"ns:t","headers":[{"key":"h","value":"eA=="}],"timestamp":"2022-05-25T05:22:24.138956Z","key":18446744073709551615,"value":"dg==","partition":0,"offset":0}',
  );
});

test('reads what other dialects wrote: any key, no key, and a tombstone', async () => {
  const one = face();
  for (const key of [null, utf8('a'), utf8('123456789')]) await one.log.produce({ topic: 'ns:t', key, value: null });
  for (const [offset, key] of [
    [-1, '0'],
    [0, '97'],
    [1, '"?[0-9]+'],
  ] as const) {
    const text = await (await consume(one, offset < 0 ? from() : from(offset))).text();
    assert.match(text, new RegExp(`"key":${key.replace('"?', '')},"value":"","partition":0,"offset":${offset + 1}}$`));
  }
});

test('what is wrong with a produced record makes the whole request fail', async () => {
  const one = face({}, { recordsPerRequest: 1 });
  const wrong = async (change: object, status = 422) =>
    fails(await produce(one, { records: [{ ...record, ...change }] }), status, status);
  await wrong({ topic: 'other' });
  await wrong({ key: '7' });
  await wrong({ key: -1 });
  await wrong({ key: 1.5 });
  await wrong({ value: 'no base64' });
  await wrong({ headers: {} });
  await wrong({ timestamp: 'yesterday' });
  fails(await produce(one, { records: [{ ...record, partition: 3 }] }), 404, 40402);
  fails(await produce(one, { records: [] }), 422, 422);
  fails(await produce(one, { records: [1] }), 422, 422);
  fails(await produce(one, { records: [record, record] }), 413, 413);
  fails(await produce(one, '{"records":[{'), 400, 400);
  fails(
    await produce(one, `{"records":[${JSON.stringify(record).replace(':7,', ':18446744073709551616,')}]}`),
    422,
    422,
  );
  assert.is((await one.log.offsets('ns:t', 0))?.endOffset ?? 0, 0);
  one.log.faults = (method) => (method === 'produceBatch' ? new CommitLogError('no-space', 'disk full') : null);
  fails(await produce(one, { records: [record] }), 500, 50003, 'disk full');
});

test('one record to a response; offsets are of records consumed already', async () => {
  const one = face();
  await fill(one, 'ns:t', ['a', 'b', 'c']);
  for (const [offset, want] of [
    [undefined, 0],
    [0, 1],
    [1, 2],
  ] as const) {
    const response = await consume(one, from(offset));
    assert.is(response.status, 200);
    assert.is(((await response.json()) as { offset: number }).offset, want);
  }
  const other = { offsets: [{ topic: 'gone', partition: 0, offset: 9 }], subscriptions: [{ topic: 'ns:t' }] };
  assert.is(((await (await consume(one, other)).json()) as { offset: number }).offset, 0);
  const huge = JSON.stringify(from(1)).replace(':1}', ':18446744073709551615}');
  const held = await one.app.request('/consumers/g', { method: 'POST', headers: JSON_HEADERS, body: huge });
  const { state, cancel } = reading(held);
  await one.clock.advance(5000);
  assert.equal(state, { text: '', ended: false });
  await cancel();
});

test('a busy topic does not keep another one from being read', async () => {
  const one = face();
  await fill(one, 'busy', ['1', '2', '3', '4', '5', '6']);
  await fill(one, 'calm', ['x']);
  const seen = new Set<string>();
  let offset = -1;
  for (let request = 0; request < 4; request += 1) {
    const offsets = offset < 0 ? null : [{ topic: 'busy', partition: 0, offset }];
    const response = await consume(one, { offsets, subscriptions: [{ topic: 'busy' }, { topic: 'calm' }] });
    const got = (await response.json()) as { topic: string; offset: number };
    seen.add(got.topic);
    if (got.topic === 'busy') offset = got.offset;
  }
  assert.equal([...seen].sort(), ['busy', 'calm']);
});

test('at the end: headers at once, nothing else, until there is a record, and then the end', async () => {
  const one = face();
  await fill(one, 'ns:t', ['a']);
  const response = await consume(one, from(0));
  assert.is(response.status, 200);
  const { state } = reading(response);
  await one.clock.advance(3_600_000);
  assert.equal(state, { text: '', ended: false }, 'no heartbeat');
  await fill(one, 'ns:t', ['b', 'c']);
  await one.clock.settle();
  assert.ok(state.ended);
  assert.is((JSON.parse(state.text) as { offset: number }).offset, 1, 'one record only');
});

test('an empty topic, and topics that do not exist yet', async () => {
  const one = face();
  await one.log.createTopic('empty');
  const subscriptions = [{ topic: 'empty' }, { topic: 'later' }, { topic: 'no legal name' }];
  const response = await consume(one, { offsets: null, subscriptions });
  assert.is(response.status, 200);
  const { state } = reading(response);
  await one.clock.advance(10_000);
  assert.equal(state, { text: '', ended: false });
  await fill(one, 'later', ['x']);
  await one.clock.advance(500);
  assert.ok(state.ended);
  assert.match(state.text, /"topic":"later"/);

  const second = reading(await consume(one, from(undefined, 'empty')));
  await one.clock.settle();
  await one.log.deleteTopic('empty');
  await one.clock.advance(1000);
  assert.equal(second.state, { text: '', ended: false }, 'deleted under the reader');
  await fill(one, 'empty', ['again']);
  await one.clock.advance(500);
  assert.ok(second.state.ended);
  assert.match(second.state.text, /"offset":0\}$/);
});

test('no error ends a response at once: the client would ask again without a pause', async () => {
  const one = face({}, { waits: 1 });
  const waits = async (request: Promise<Response>, status: number, errorCode: number) => {
    const answer = await started(one, request);
    await one.clock.advance(999);
    assert.is(answer.value, null);
    await one.clock.advance(1);
    const response = await request;
    assert.is(response.status, status);
    assert.is(((await response.json()) as { error_code: number }).error_code, errorCode);
  };
  await waits(consume(one, {}), 422, 422);
  await waits(consume(one, { subscriptions: [{}] }), 422, 422);
  await waits(consume(one, { subscriptions: [] }), 422, 422);
  await waits(consume(one, { ...from(), offsets: [{ topic: 'ns:t', partition: 0 }] }), 422, 422);
  await waits(consume(one, { ...from(), offsets: 1 }), 422, 422);
  const held = reading(await consume(one, from()));
  await waits(consume(one, from()), 429, 42901);
  await held.cancel();
  const again = reading(await consume(one, from()));
  await again.cancel();
  one.log.faults = (method) => (method === 'offsets' ? new CommitLogError('damaged', 'segment 0 at 64') : null);
  await waits(consume(one, from()), 500, 50002);
});

test('an error in mid-wait is told, and kept open for a while', async () => {
  const one = face();
  const { state } = reading(await consume(one, from()));
  one.log.faults = (method) => (method === 'offsets' ? new CommitLogError('io-failed', 'EIO') : null);
  await one.clock.advance(500);
  assert.equal(state, { text: '{"error_code":50003,"message":"EIO"}', ended: false });
  await one.clock.advance(1000);
  assert.ok(state.ended);
  assert.match(one.reported[0] ?? '', /POST \/consumers\/g: .*EIO/);
});

test('records that the client may never take whole do not make it spin', async () => {
  const one = face();
  await one.log.createTopic('ns:t', { config: { 'max.message.bytes': '1000000' } });
  await fill(one, 'ns:t', ['A'.repeat(300_000), 'B'.repeat(9000), 'C']);
  const first = reading(await consume(one, from()));
  await one.clock.advance(999);
  assert.ok(first.state.text.endsWith('"offset":0}') && !first.state.ended);
  await one.clock.advance(1);
  assert.ok(first.state.ended);

  for (let time = 1; time <= 10; time += 1) {
    const { state } = reading(await consume(one, from(0)));
    await one.clock.settle();
    assert.is(state.ended, time <= 8, `time ${time}`);
    await one.clock.advance(1000);
    assert.ok(state.ended && state.text.endsWith('"offset":1}'));
  }
  const other = reading(await consume(one, from(0), 'other'));
  await one.clock.settle();
  assert.ok(other.state.ended);
  for (let time = 1; time <= 10; time += 1) {
    const { state } = reading(await consume(one, from(1)));
    await one.clock.settle();
    assert.ok(state.ended, 'a short one always fits');
  }
});

test('a service that stops ends what it holds open', async () => {
  const one = face();
  const { state } = reading(await consume(one, from()));
  await one.clock.settle();
  one.stop();
  await one.clock.settle();
  assert.equal(state, { text: '', ended: true });
});

test('dialects on one path: plain JSON streams, Confluent types make instances', async () => {
  const one = face();
  await fill(one, 'ns:t', ['a']);
  const created = await ask(one, 'POST', '/consumers/g', { name: 'i' });
  assert.is(created.json.instance_id, 'i');
  const streamed = await ask(one, 'POST', '/consumers/g', from(), { type: 'application/json; charset=utf-8' });
  assert.is(streamed.json.offset, 0);
});
