import * as assert from 'uvu/assert';
import { CommitLogError } from '../../logged/commit-log.ts';
import { logWithBatches } from '../support/changed-log.ts';
import { suite } from '../support/suite.ts';
import {
  ask,
  BINARY,
  done,
  earliest,
  face,
  fails,
  fill,
  instance,
  JSON_V2,
  ok,
  read,
  started,
  subscribed,
  V2,
} from './harness.ts';
import { base64, utf8 } from '../support/text.ts';

const test = suite('v2 consumer instances');

test('the quick start: create, subscribe, read, commit, delete', async () => {
  const one = face();
  const produced = { records: [{ key: 'k', value: { name: 'test' } }, { value: [1] }] };
  await ask(one, 'POST', '/topics/jsontest', produced, { type: JSON_V2, accept: V2 });
  const config = { name: 'ci1', format: 'json', 'auto.offset.reset': 'earliest' };
  const path = '/consumers/cg/instances/ci1';
  const base_uri = `http://edge.example:8082${path}`;
  ok(await ask(one, 'POST', '/consumers/cg', config), { instance_id: 'ci1', base_uri });
  const twice = await ask(one, 'POST', '/consumers/cg', config);
  fails(twice, 409, 40902, 'Consumer with specified consumer ID already exists in the specified consumer group.');
  done(await ask(one, 'POST', `${path}/subscription`, { topics: ['jsontest'] }));
  ok(await ask(one, 'GET', `${path}/subscription`), { topics: ['jsontest'] });
  ok(
    await ask(one, 'GET', `${path}/records`, undefined, { accept: JSON_V2 }),
    [
      { topic: 'jsontest', key: 'k', value: { name: 'test' }, partition: 0, offset: 0 },
      { topic: 'jsontest', key: null, value: [1], partition: 0, offset: 1 },
    ],
    JSON_V2,
  );
  ok(await ask(one, 'POST', `${path}/offsets`, ''), []);
  ok(await ask(one, 'POST', `${path}/offsets?async=true`), []);
  assert.is((await one.log.committedOffsets('cg'))[0]?.offset, 2);
  done(await ask(one, 'DELETE', path));
  fails(await ask(one, 'DELETE', path), 404, 40403, 'Consumer instance not found.');
  fails(await ask(one, 'GET', `${path}/records`, undefined, { accept: JSON_V2 }), 404, 40403);
});

test('instances get a name when they bring none, and need no body', async () => {
  const one = face({ advertisedUrl: 'https://gateway.example/kafka' });
  const names = new Set<string>();
  for (const type of [V2, '']) {
    const { status, json } = await ask(one, 'POST', '/consumers/a%2Fb', undefined, { type });
    assert.is(status, 200);
    assert.match(json.instance_id, /^rest-consumer-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    assert.is(json.base_uri, `https://gateway.example/kafka/consumers/a%2Fb/instances/${json.instance_id}`);
    names.add(json.instance_id);
    done(await ask(one, 'DELETE', `/consumers/a%2Fb/instances/${json.instance_id}`));
  }
  assert.is(names.size, 2);
  const both = await ask(one, 'POST', '/consumers/g', { id: 'i', name: 'n' });
  assert.is(both.json.instance_id, 'i');
});

test('configurations, as strings too, and what is wrong with them', async () => {
  const one = face();
  const create = (config: unknown) => ask(one, 'POST', '/consumers/g', config);
  for (const config of [
    { 'auto.commit.enable': 'true', 'fetch.min.bytes': '1', 'consumer.request.timeout.ms': '1000' },
    { 'auto.commit.enable': false, 'fetch.min.bytes': -1, 'consumer.request.timeout.ms': 1 },
    { format: 'BINARY', name: null, 'auto.offset.reset': 'smallest' },
    { format: 'json', 'auto.offset.reset': 'none' },
  ]) {
    assert.is((await create(config)).status, 200, JSON.stringify(config));
  }
  fails(await create({ format: 'avro' }), 422, 422);
  fails(await create({ formt: 'json' }), 422, 422, 'Unrecognized field: formt');
  fails(await create({ 'auto.offset.reset': 'middle' }), 422, 42204, /^Invalid consumer configuration: /);
  fails(await create({ 'auto.commit.enable': 'yes' }), 422, 42204);
  fails(await create({ 'fetch.min.bytes': -2 }), 422, 42204);
  fails(await create({ 'consumer.request.timeout.ms': '' }), 422, 42204);
  fails(await create({ name: '' }), 422, 42204);
  fails(await create({ name: 'a\nb' }), 422, 42204);
  fails(await create('{'), 400, 400);
  fails(await ask(one, 'POST', '/consumers/a%0Ab', {}), 422, 422);
  fails(await ask(one, 'POST', '/consumers/g', 'a=b', { type: 'application/x-www-form-urlencoded' }), 415, 415);
});

test('the format of the reader and that of the instance', async () => {
  const one = face();
  await one.log.produce({ topic: 't', key: utf8('"k"'), value: utf8('{"n":18446744073709551615}') });
  const json = await subscribed(one, { ...earliest, format: 'json' });
  const binary = await subscribed(one, earliest, ['t'], 'other');
  const accepts = (path: string, accept: string | undefined) =>
    ask(one, 'GET', `${path}/records?timeout=1`, undefined, { accept });
  for (const accept of [BINARY, `${BINARY}, text/html`, 'application/vnd.kafka.binary.v1+json']) {
    fails(await accepts(json, accept), 406, 40601);
  }
  fails(await accepts(binary, JSON_V2), 406, 40601);
  fails(await accepts(json, 'application/vnd.kafka.avro.v2+json'), 406, 406);
  const record = { topic: 't', partition: 0, offset: 0 };
  ok(
    await accepts(binary, undefined),
    [{ ...record, key: base64('"k"'), value: base64('{"n":18446744073709551615}') }],
    BINARY,
  );
  const answer = await accepts(json, V2);
  assert.is(answer.text, '[{"topic":"t","key":"k","value":{"n":18446744073709551615},"partition":0,"offset":0}]');
  assert.is(answer.type, JSON_V2);
  for (const accept of ['*/*', `${BINARY};q=0.5, ${JSON_V2};q=0.4`]) {
    const waiting = accepts(json, accept);
    await started(one, waiting);
    await one.clock.advance(1);
    ok(await waiting, [], JSON_V2);
  }
});

test('a value that is no JSON: what is before it is delivered, then 40801, and seeking goes on behind it', async () => {
  const one = face();
  await fill(one, 't', ['1', 'no json', '3']);
  await one.log.produce({ topic: 't', key: new Uint8Array([0, 0, 0, 0, 0, 0, 1, 2]), value: utf8('4') });
  await one.log.produce({ topic: 't', key: new Uint8Array([9]), value: utf8('5') });
  const path = await subscribed(one, { ...earliest, format: 'json' });
  const values = async () => (await ask(one, 'GET', `${path}/records`)).json.map((r: { value: unknown }) => r.value);
  assert.equal(await values(), [1]);
  for (let twice = 0; twice < 2; twice += 1) {
    fails(await ask(one, 'GET', `${path}/records`), 408, 40801, 'value of t partition 0 offset 1 is not JSON');
  }
  done(await ask(one, 'POST', `${path}/positions`, { offsets: [{ topic: 't', partition: 0, offset: 2 }] }));
  const { json } = await ask(one, 'GET', `${path}/records`);
  assert.equal(json, [
    { topic: 't', key: null, value: 3, partition: 0, offset: 2 },
    { topic: 't', key: 258, value: 4, partition: 0, offset: 3 },
  ]);
  fails(await ask(one, 'GET', `${path}/records`), 408, 40801, 'key of t partition 0 offset 4 is not JSON');
});

test('headers and timestamps when asked for', async () => {
  const one = face();
  await one.log.produce({
    topic: 't',
    key: null,
    value: utf8('v'),
    headers: [
      { name: 'h', value: utf8('x') },
      { name: 'none', value: null },
    ],
    timestamp: 1_500_000_000_000.25,
  });
  await fill(one, 't', ['w']);
  const path = await subscribed(one);
  const { json } = await ask(one, 'GET', `${path}/records?include=headers,timestamp`);
  assert.equal(
    json.map(({ headers, timestamp }: Record<string, unknown>) => ({ headers, timestamp })),
    [
      {
        headers: [
          { name: 'h', value: base64('x') },
          { name: 'none', value: null },
        ],
        timestamp: '2017-07-14T02:40:00.000250Z',
      },
      { headers: [], timestamp: '2024-02-29T12:34:56.789Z' },
    ],
  );
  fails(await ask(one, 'GET', `${path}/records?include=header`), 400, 400);
});

test('a poll waits for records, at most its time', async () => {
  const one = face();
  const path = await subscribed(one, { ...earliest, 'consumer.request.timeout.ms': 5000 });
  for (const [query, timeoutMs] of [
    ['', 5000],
    ['?timeout=0', 5000],
    ['?timeout=-1', 5000],
    ['?timeout=9000', 5000],
    ['?timeout=2500', 2500],
  ] as const) {
    const asked = ask(one, 'GET', `${path}/records${query}`);
    const answer = await started(one, asked);
    await one.clock.advance(timeoutMs - 1);
    assert.is(answer.value, null, query);
    await one.clock.advance(1);
    ok(await asked, [], BINARY);
  }
  const asked = ask(one, 'GET', `${path}/records`);
  const answer = await started(one, asked);
  await one.clock.advance(2100);
  assert.is(answer.value, null);
  // The topic has been waited for, too.
  await fill(one, 't', ['a']);
  await one.clock.advance(900);
  assert.is((await asked).json.length, 1);
  fails(await ask(one, 'GET', `${path}/records?timeout=x`), 400, 400);
});

test('fetch.min.bytes and max_bytes', async () => {
  const one = face();
  await fill(one, 't', ['aaaa', 'bbbb', 'cccc', 'dddddddddddddddd']);
  const path = await subscribed(one, { ...earliest, 'fetch.min.bytes': 20 });
  assert.equal(await read(one, path, '?max_bytes=9'), ['aaaa', 'bbbb']);
  assert.equal(await read(one, path, '?max_bytes=1'), ['cccc']);
  assert.equal(await read(one, path, '?max_bytes=1'), ['dddddddddddddddd'], 'one record at least');
  await fill(one, 't', ['1234567890']);
  const asked = ask(one, 'GET', `${path}/records`);
  const answer = await started(one, asked);
  assert.is(answer.value, null, '10 bytes of 20');
  await fill(one, 't', ['abcdefghij']);
  await one.clock.settle();
  assert.is(answer.value?.json.length, 2);
  await fill(one, 't', ['few']);
  const late = ask(one, 'GET', `${path}/records`);
  await started(one, late);
  await one.clock.advance(1000);
  assert.is((await late).json.length, 1, 'too few when the time is up');
});

test('polls of one instance take turns, and a client that has gone has read nothing', async () => {
  const one = face();
  await one.log.createTopic('t');
  const path = await subscribed(one);
  const gone = new AbortController();
  const first = ask(one, 'GET', `${path}/records`, undefined, { signal: gone.signal });
  await started(one, first);
  const second = ask(one, 'GET', `${path}/records`);
  await started(one, second);
  gone.abort();
  await fill(one, 't', ['a']);
  await one.clock.settle();
  await one.clock.advance(1000);
  assert.equal((await second).json.length, 1);
});

test('instances expire after five minutes without a call; every call renews; commits stay', async () => {
  const one = face();
  await fill(one, 't', ['a']);
  const path = await subscribed(one, { ...earliest, 'auto.commit.enable': true });
  await read(one, path);
  await one.clock.advance(299_000);
  fails(await ask(one, 'GET', `${path}/records`, undefined, { accept: JSON_V2 }), 406, 40601);
  await one.clock.advance(299_999);
  ok(await ask(one, 'GET', `${path}/subscription`), { topics: ['t'] });
  await one.clock.advance(300_000);
  fails(await ask(one, 'GET', `${path}/subscription`), 404, 40403);
  assert.is((await one.log.committedOffsets('g'))[0]?.offset, 1);

  const long = await instance(face({}, {}), { 'consumer.request.timeout.ms': 1 });
  assert.ok(long);
});

test('a poll that is under way keeps its instance', async () => {
  const one = face({}, { instanceTimeoutMs: 10_000 });
  const path = await subscribed(one, { ...earliest, 'consumer.request.timeout.ms': 60_000 });
  const asked = ask(one, 'GET', `${path}/records`);
  await started(one, asked);
  await one.clock.advance(58_000);
  await fill(one, 't', ['a']);
  await one.clock.advance(1000);
  assert.is((await asked).json.length, 1);
  await one.clock.advance(9_999);
  ok(await ask(one, 'GET', `${path}/subscription`), { topics: ['t'] });
});

test('limits: instances, and long polls at once', async () => {
  const one = face({}, { consumerInstances: 2, waits: 1, pollTimeoutMs: 3000 });
  const path = await subscribed(one, { ...earliest, 'consumer.request.timeout.ms': 60_000 });
  const other = await subscribed(one, earliest, ['t'], 'other');
  fails(await ask(one, 'POST', '/consumers/h', {}), 429, 42901, 'more than 2 consumer instances');
  const asked = ask(one, 'GET', `${path}/records`);
  await started(one, asked);
  fails(await ask(one, 'GET', `${other}/records`), 429, 42901, 'more than 1 long polls and streams are open');
  await one.clock.advance(3000);
  ok(await asked, [], BINARY);
  assert.equal(await read(one, other), []);
  done(await ask(one, 'DELETE', other));
  assert.is((await ask(one, 'POST', '/consumers/h', {})).status, 200);
});

test('a service that stops answers its polls', async () => {
  const one = face();
  const path = await subscribed(one, { ...earliest, 'consumer.request.timeout.ms': 60_000 });
  const asked = ask(one, 'GET', `${path}/records`);
  await started(one, asked);
  one.stop();
  ok(await asked, [], BINARY);
});

test('subscriptions by pattern', async () => {
  const one = face();
  for (const topic of ['sensor.a', 'sensor.b', 'x.sensor.c', '__sensor']) await fill(one, topic, [topic]);
  const path = await instance(one, earliest);
  done(await ask(one, 'POST', `${path}/subscription`, { topic_pattern: 'sensor\\..*|__.*' }));
  assert.equal((await read(one, path)).sort(), ['sensor.a', 'sensor.b']);
  await fill(one, 'sensor.new', ['sensor.new']);
  await one.clock.advance(1000);
  assert.equal(await read(one, path), ['sensor.new']);
  ok(await ask(one, 'GET', `${path}/subscription`), { topics: ['sensor.a', 'sensor.b', 'sensor.new'] });
  for (const pattern of ['(', '(a+)+', '(a|a)*b', 'a*b*c*d*', '(?=x)', '(a)\\1', 'a'.repeat(257), '(.{1,9}){1,9}']) {
    fails(await ask(one, 'POST', `${path}/subscription`, { topic_pattern: pattern }), 422, 422, /^topic_pattern/);
  }
  for (const body of [{}, { topics: 't' }, { topics: [1] }, { topics: ['a'], topic_pattern: 'a' }]) {
    fails(await ask(one, 'POST', `${path}/subscription`, body), 422, 422);
  }
});

test('a topic that is deleted and made again under a reader', async () => {
  const one = face();
  await fill(one, 't', ['a', 'b']);
  const path = await subscribed(one);
  assert.equal(await read(one, path), ['a', 'b']);
  await one.log.deleteTopic('t');
  assert.equal(await read(one, path), []);
  await fill(one, 't', ['c']);
  await one.clock.advance(1000);
  assert.equal(await read(one, path), ['c']);
});

test('records before a damaged place are delivered, then its error, which names where to go on', async () => {
  const one = face();
  await fill(one, 't', ['a', 'b', 'c']);
  const place = { file: 'segment 0', position: 64, resumeOffset: 2 };
  const damaged = new CommitLogError('damaged', 'segment 0: frame at 64 has crc 1, want 2', { place });
  const holed = logWithBatches(one.log, async function* (batches) {
    for await (const batch of batches) {
      for (const record of batch) {
        if (record.offset === 1) throw damaged;
        yield [record];
      }
    }
  });
  const two = { ...one, app: face({ log: holed, clock: one.clock }).app };
  const path = await subscribed(two);
  assert.equal(await read(two, path), ['a']);
  fails(
    await ask(two, 'GET', `${path}/records`),
    500,
    50002,
    `${damaged.message}; what follows can be read from offset 2`,
  );
  done(await ask(two, 'POST', `${path}/positions`, { offsets: [{ topic: 't', partition: 0, offset: 2 }] }));
  assert.equal(await read(two, path), ['c']);
});

test('other bodies and methods than the routes have', async () => {
  const one = face();
  const path = await subscribed(one);
  fails(await ask(one, 'POST', `${path}/subscription`, 'a=b', { type: 'text/plain' }), 415, 415);
  fails(await ask(one, 'PUT', `${path}/subscription`, {}), 405, 405);
  fails(
    await ask(one, 'HEAD', `${path}/records`).then((answer) => ({
      ...answer,
      json: { error_code: answer.status, message: '' },
    })),
    405,
    405,
  );
  fails(await ask(one, 'GET', `${path}/subscription`, undefined, { accept: 'text/html' }), 406, 406);
});
