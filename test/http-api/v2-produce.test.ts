import * as assert from 'uvu/assert';
import { type CommitLog, CommitLogError } from '../../logged/commit-log.ts';
import { suite } from '../support/suite.ts';
import { ask, BINARY, done, face, fails, fill, JSON_V2, ok, V2, type Face } from './harness.ts';
import { base64, latin1, utf8 } from '../support/text.ts';

const test = suite('v2 produce and metadata');

async function stored({ log }: Face, topic: string) {
  const records = [];
  for await (const record of log.subscribe({ subscriptions: [{ topic }], idleTimeoutMs: 0 })) records.push(record);
  const text = (bytes: Uint8Array | null) => (bytes === null ? null : latin1(bytes));
  return records.map(({ partition, offset, key, value }) => [partition, offset, text(key), text(value)]);
}

const reply = (...offsets: [partition: number, offset: number][]) => ({
  offsets: offsets.map(([partition, offset]) => ({ partition, offset, error_code: null, error: null })),
  key_schema_id: null,
  value_schema_id: null,
});

test('binary records: one entry per record, null stays null', async () => {
  const one = face();
  const records = [
    { key: base64('k'), value: base64('v\0\xff') },
    { value: null, key: base64('k') },
    { key: null, value: base64(''), partition: 0 },
    { value: base64('x'), partition: null },
  ];
  ok(await ask(one, 'POST', '/topics/t', { records }, { type: BINARY }), reply([0, 0], [0, 1], [0, 2], [0, 3]));
  assert.equal(await stored(one, 't'), [
    [0, 0, 'k', latin1(utf8('v\0\xff'))],
    [0, 1, 'k', null],
    [0, 2, null, ''],
    [0, 3, null, 'x'],
  ]);
});

test('JSON records keep their text, long numbers to the last digit', async () => {
  const one = face();
  const body =
    '{"records":[{"key":{"a":[1,"x",null]},"value":18446744073709551615},{"value":"s"},{"value":null},' +
    '{"value":{"deep":[{"n":-12345678901234567890,"f":1.5,"s":"\\u20ac \\" 1234567890123456"}]}}]}';
  assert.is((await ask(one, 'POST', '/topics/t', body, { type: JSON_V2 })).status, 200);
  assert.equal(
    (await stored(one, 't')).map(([, , key, value]) => [key, value]),
    [
      ['{"a":[1,"x",null]}', '18446744073709551615'],
      [null, '"s"'],
      [null, null],
      [null, '{"deep":[{"n":-12345678901234567890,"f":1.5,"s":"\xe2\x82\xac \\" 1234567890123456"}]}'],
    ],
  );
});

test('to one partition, which the records may not name again', async () => {
  const one = face();
  await one.log.createTopic('t', { partitions: 3 });
  const path = '/topics/t/partitions/2';
  ok(await ask(one, 'POST', path, { records: [{ value: base64('a') }] }, { type: BINARY }), reply([2, 0]));
  const named = await ask(one, 'POST', path, { records: [{ value: base64('a'), partition: 1 }] }, { type: BINARY });
  fails(named, 422, 422, 'Unrecognized field: records[0].partition');
  const beyond = await ask(one, 'POST', '/topics/t/partitions/3', { records: [{ value: null }] }, { type: BINARY });
  fails(beyond, 404, 40402, 'Partition not found.');
  fails(await ask(one, 'POST', '/topics/t/partitions/x', { records: [{}] }, { type: BINARY }), 404, 404);
});

test('what is wrong with a body', async () => {
  const one = face({}, { recordsPerRequest: 2, bodyBytes: 200 });
  const post = (body: unknown, type = BINARY) => ask(one, 'POST', '/topics/t', body, { type });
  fails(await post('{"records":['), 400, 400, /^Malformed JSON: /);
  fails(await post('[]'), 400, 400);
  fails(await post('{}'), 422, 422, 'records must not be empty');
  fails(await post({ records: [] }), 422, 422);
  fails(await post({ records: [7] }), 422, 422, 'records[0] must be an object');
  fails(await post({ records: [{ value: base64('x'), headers: [] }] }), 422, 422, /records\[0\]\.headers/);
  fails(await post({ records: [{ value: 'no base64!' }] }), 400, 400, 'records[0].value is not base64');
  fails(await post({ records: [{ value: 1 }] }), 422, 422, /records\[0\]\.value/);
  fails(await post({ records: [{ value: null, partition: -1 }] }), 422, 422);
  fails(await post({ records: [{ value: null, partition: 1.5 }] }), 422, 422);
  fails(await post({ records: [{}, {}, {}] }), 413, 413, 'more than 2 records in one request');
  fails(await post({ records: [{ value: 'A'.repeat(200) }] }), 413, 413, 'request body is larger than 200 bytes');
  fails(await post('{\xff', BINARY), 400, 400);
  assert.equal(await one.log.listTopics(), []);
});

test('deep nesting is refused, not a failure of the service', async () => {
  const one = face();
  const deep = (depth: number, inner: string) =>
    `{"records":[{"value":${'['.repeat(depth)}${inner}${']'.repeat(depth)}}]}`;
  for (const inner of ['1', '12345678901234567890']) {
    const { status } = await ask(one, 'POST', '/topics/t', deep(200_000, inner), { type: JSON_V2 });
    assert.ok(status === 422 || status === 400, String(status));
    ok(await ask(face(), 'POST', '/topics/t', deep(20, inner), { type: JSON_V2 }), reply([0, 0]));
  }
  assert.equal(one.reported, []);
});

test('media types: 415 and 406, with v1 as another name for binary', async () => {
  const one = face();
  const body = { records: [{ value: base64('v') }] };
  const types = [
    'application/vnd.kafka.avro.v2+json',
    'application/vnd.kafka.jsonschema.v2+json',
    'application/x-www-form-urlencoded',
    'text/plain',
  ];
  for (const type of types) {
    fails(await ask(one, 'POST', '/topics/t', body, { type }), 415, 415, 'HTTP 415 Unsupported Media Type');
  }
  const refused = await ask(one, 'POST', '/topics/t', body, {
    type: BINARY,
    accept: 'text/html, application/xml;q=0.9',
  });
  fails(refused, 406, 406, 'HTTP 406 Not Acceptable');
  assert.is(refused.type, 'application/json');
  assert.equal(await one.log.listTopics(), []);

  const v1 = 'application/vnd.kafka.v1+json';
  const accept = `${v1}, application/vnd.kafka+json; q=0.9, application/json; q=0.8`;
  ok(
    await ask(one, 'POST', '/topics/t', body, { type: 'application/vnd.kafka.binary.v1+json', accept }),
    reply([0, 0]),
    v1,
  );
  ok(await ask(one, 'POST', '/topics/t', body, { type: v1, accept: '*/*' }), reply([0, 1]));
  const parameter = await ask(one, 'POST', '/topics/t', body, {
    type: `${BINARY}; charset=utf-8`,
    accept: 'application/*;q=0.1',
  });
  ok(parameter, reply([0, 2]));
  const q = `application/json;q=0.2, ${V2};q=0.7`;
  ok(await ask(one, 'POST', '/topics/t', body, { type: BINARY, accept: q }), reply([0, 3]));
  const json = `application/json, ${V2};q=0.7`;
  ok(await ask(one, 'POST', '/topics/t', body, { type: BINARY, accept: json }), reply([0, 4]), 'application/json');
  fails(await ask(one, 'POST', '/topics/t', body, { type: BINARY, accept: `${V2};q=0` }), 406, 406);
});

test('a record that failed is an entry of its own in a 200', async () => {
  const codes = { 'no-space': 50003, 'io-failed': 50003, busy: 50003, 'stale-sequence': 50002 } as const;
  for (const [code, errorCode] of Object.entries(codes)) {
    const error = new CommitLogError(code as 'busy', 'why');
    const produceBatch = async () => [{ partition: 0, offset: 7, duplicate: false }, { error }];
    const one = face({ log: { produceBatch } as unknown as CommitLog });
    const { status, json } = await ask(one, 'POST', '/topics/t', { records: [{}, {}] }, { type: BINARY });
    assert.is(status, 200);
    assert.equal(json.offsets, [
      { partition: 0, offset: 7, error_code: null, error: null },
      { partition: null, offset: null, error_code: errorCode, error: `${code}: why` },
    ]);
  }
});

test('a call that failed as a whole has the number of its reason', async () => {
  const one = face();
  const expected = {
    'unknown-topic': [404, 40401],
    'invalid-topic': [422, 422],
    locked: [503, 50302],
    closed: [503, 50302],
    'record-too-large': [413, 413],
    busy: [429, 42901],
  } as const;
  for (const [code, [status, errorCode]] of Object.entries(expected)) {
    one.log.faults = () => new CommitLogError(code as 'busy', 'why');
    const answer = await ask(one, 'POST', '/topics/t', { records: [{}] }, { type: BINARY });
    fails(answer, status, errorCode);
  }
  assert.is(one.reported.length, 2, 'those of the service are told to the operator');
  one.log.faults = () => {
    throw new Error('secret of the inside');
  };
  const answer = await ask(one, 'POST', '/topics/t', { records: [{}] }, { type: BINARY });
  fails(answer, 500, 500, 'Internal Server Error');
  assert.match(one.reported[2] ?? '', /POST \/topics\/t: Error: secret of the inside/);
});

test('a request is repeatable under a producer id and a sequence', async () => {
  const one = face();
  const send = (headers: Record<string, string>) =>
    ask(
      one,
      'POST',
      '/topics/t',
      { records: [{ value: base64('a') }, { value: base64('b') }] },
      { type: BINARY, headers },
    );
  const first = { 'Streambed-Producer-Id': '9007199254740991', 'Streambed-Producer-Sequence': '0' };
  ok(await send(first), reply([0, 0], [0, 1]));
  ok(await send(first), reply([0, 0], [0, 1]));
  ok(await send({ ...first, 'Streambed-Producer-Sequence': '2' }), reply([0, 2], [0, 3]));
  for (const headers of [
    { 'Streambed-Producer-Id': '1' },
    { 'Streambed-Producer-Sequence': '1' },
    { ...first, 'Streambed-Producer-Id': '9007199254740992' },
    { ...first, 'Streambed-Producer-Sequence': '-1' },
    { ...first, 'Streambed-Producer-Sequence': '' },
  ]) {
    fails(await send(headers), 400, 400, /Streambed-Producer-/);
  }
});

test('metadata of topics and partitions', async () => {
  const one = face();
  await one.log.createTopic('default:events', { partitions: 2, config: { 'cleanup.policy': 'compact' } });
  await one.log.createTopic('b');
  await one.log.createTopic('__internal');
  ok(await ask(one, 'GET', '/topics'), ['b', 'default:events']);
  const replicas = [{ broker: 1, leader: true, in_sync: true }];
  const partitions = [0, 1].map((partition) => ({ partition, leader: 1, replicas }));
  for (const path of ['/topics/default:events', '/topics/default%3Aevents']) {
    const { status, json } = await ask(one, 'GET', path, undefined, { accept: '*/*' });
    assert.equal([status, json.name, json.partitions], [200, 'default:events', partitions]);
    assert.is(json.configs['cleanup.policy'], 'compact');
    assert.ok(Object.values(json.configs).every((value) => typeof value === 'string'));
  }
  ok(await ask(one, 'GET', '/topics/default:events/partitions'), partitions);
  ok(await ask(one, 'GET', '/topics/default:events/partitions/1'), partitions[1]);
  ok(await ask(one, 'GET', '/brokers'), { brokers: [1] });
  fails(await ask(one, 'GET', '/topics/none'), 404, 40401, 'Topic not found.');
  fails(await ask(one, 'GET', '/topics/none/partitions'), 404, 40401, 'Topic not found.');
  fails(await ask(one, 'GET', '/topics/b/partitions/1'), 404, 40402, 'Partition not found.');
  fails(await ask(one, 'GET', '/topics/none/partitions/0'), 404, 40401);
});

test('offsets: exclusive to clients of Confluent, inclusive to others, or as configured', async () => {
  const one = face();
  await one.log.createTopic('empty');
  await fill(one, 't', ['a', 'b', 'c']);
  const path = '/topics/t/partitions/0/offsets';
  ok(await ask(one, 'GET', path, undefined, { accept: V2 }), { beginning_offset: 0, end_offset: 3 });
  ok(await ask(one, 'GET', '/topics/empty/partitions/0/offsets', undefined, { accept: V2 }), {
    beginning_offset: 0,
    end_offset: 0,
  });
  fails(await ask(one, 'GET', '/topics/t/partitions/1/offsets', undefined, { accept: V2 }), 404, 40402);
  for (const accept of [undefined, '*/*', 'application/json']) {
    ok(await ask(one, 'GET', path, undefined, { accept }), { beginning_offset: 0, end_offset: 2 }, 'application/json');
    fails(await ask(one, 'GET', '/topics/empty/partitions/0/offsets', undefined, { accept }), 404, 40402);
    fails(await ask(one, 'GET', '/topics/none/partitions/0/offsets', undefined, { accept }), 404, 40402);
  }
  const other = face({ wildcardDialect: 'confluent' });
  await fill(other, 't', ['a']);
  ok(await ask(other, 'GET', path, undefined, { accept: '*/*' }), { beginning_offset: 0, end_offset: 1 });
});

test('liveness, unknown paths and methods', async () => {
  const one = face();
  ok(await ask(one, 'GET', '/'), {}, 'application/json');
  const ready = await ask(one, 'GET', '/status/ready');
  assert.equal([ready.status, ready.text], [200, '']);
  fails(await ask(one, 'GET', '/nothing'), 404, 404, 'HTTP 404 Not Found');
  fails(await ask(one, 'GET', '/topics/t/nothing'), 404, 404, 'HTTP 404 Not Found');
  for (const method of ['PUT', 'PATCH', 'DELETE', 'LIST', 'LINK', 'OPTIONS']) {
    fails(await ask(one, method, '/topics'), 405, 405, 'HTTP 405 Method Not Allowed');
  }
  fails(await ask(one, 'GET', '/consumers/g'), 405, 405);
  const head = await ask(one, 'HEAD', '/topics');
  assert.equal([head.status, head.text], [200, '']);
  const vendor = await ask(one, 'GET', '/nothing', undefined, { accept: V2 });
  assert.is(vendor.type, V2);
  done(await ask(one, 'DELETE', await created(one)));
});

async function created(one: Face): Promise<string> {
  return new URL((await ask(one, 'POST', '/consumers/g', {})).json.base_uri).pathname;
}

test('a compressed body is refused, since it would be taken for something else', async () => {
  const one = face();
  const headers = { 'content-encoding': 'gzip' };
  fails(await ask(one, 'POST', '/topics/t', undefined, { headers }), 415, 415);
});

test('the URL is bounded, and pages of other origins are refused', async () => {
  const one = face({ advertisedUrl: 'https://gateway.example' }, { urlLength: 100 });
  fails(await ask(one, 'GET', `/topics/${'t'.repeat(100)}`), 414, 414, 'URL is longer than 100 characters');
  const from = (origin: string) => ask(one, 'GET', '/topics', undefined, { headers: { origin } });
  fails(await from('http://evil.example'), 403, 403);
  fails(await from('null'), 403, 403);
  ok(await from('http://edge.example:8082'), []);
  ok(await from('https://gateway.example'), []);
});
