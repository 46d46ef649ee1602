/** A tour of the Kafka face: each operation with each of its replies. */
import * as assert from 'uvu/assert';
import { openApi } from '../../http-api/kafka/openapi.ts';
import { BINARY, face, fill, JSON_V2, V2 } from './harness.ts';
import { base64 } from '../support/text.ts';
import { documentText } from './openapi-document.ts';
import { EMPTY, JSON_TYPE, Tourist } from './openapi-tourist.ts';

const CLUSTER = '/v3/clusters/edge-1';

export async function tour(): Promise<ReadonlySet<string>> {
  const own = new Tourist();
  await service(own);
  await topicsOfV2(own);
  await produceV2(own);
  await consumeV2(own);
  await extensions(own);
  await topicsOfV3(own);
  await recordsOfV3(own);
  await groupsOfV3(own);
  return own.seen;
}

async function service(own: Tourist): Promise<void> {
  openApi(() => documentText)(own.one.app, undefined as never);
  for (const path of ['/', '/status/ready', '/openapi.json']) await own.go(200, 'GET', path);
  own.one = face();
  openApi(() => null)(own.one.app, undefined as never);
  await own.go(404, 'GET', '/openapi.json');
}

async function topicsOfV2(own: Tourist): Promise<void> {
  own.one = face();
  await own.one.log.createTopic('t', { partitions: 2 });
  await fill(own.one, 't', ['a', 'b']);
  for (const path of ['/topics', '/topics/t', '/topics/t/partitions', '/topics/t/partitions/1', '/brokers']) {
    await own.both(200, 'GET', path);
  }
  await own.both(200, 'GET', '/topics/t/partitions/0/offsets');
  for (const path of [
    '/topics/no',
    '/topics/no/partitions',
    '/topics/t/partitions/9',
    '/topics/t/partitions/9/offsets',
  ]) {
    await own.both(404, 'GET', path);
  }
  await own.go(406, 'GET', '/topics', undefined, { accept: 'text/html' });
}

async function produceV2(own: Tourist): Promise<void> {
  own.one = face();
  await own.one.log.createTopic('t');
  const binary = { records: [{ key: base64('k'), value: base64('v'), partition: 0 }, { value: null }] };
  const json = { records: [{ key: 1, value: { a: [1] } }, {}] };
  const header = { key: 'h', value: base64('v') };
  const record = {
    topic: 't',
    headers: [header],
    timestamp: '2022-05-25T05:22:24Z',
    key: 7,
    value: base64('v'),
    partition: 0,
  };
  const repeatable = { 'streambed-producer-id': '1', 'streambed-producer-sequence': '5' };
  for (const path of ['/topics/t', '/topics/t/partitions/0']) {
    const records = path === '/topics/t' ? binary : { records: [{ value: base64('v') }, { key: null }] };
    for (const type of [BINARY, V2]) await own.go(200, 'POST', path, records, { type, headers: repeatable });
    await own.go(200, 'POST', path, json, { type: JSON_V2, accept: JSON_TYPE });
    await own.go(400, 'POST', path, '{', { type: BINARY });
    await own.go(400, 'POST', path, { records: [{ value: '!' }] }, { type: BINARY });
    await own.go(413, 'POST', path, { records: [{ value: 'x'.repeat(300_000) }] }, { type: JSON_V2 });
    await own.go(415, 'POST', path, binary, { type: 'text/plain' });
    await own.go(422, 'POST', path, { records: [] }, { type: BINARY });
  }
  await own.go(200, 'POST', '/topics/t', { records: [record, { key: null, value: null }] }, { type: JSON_TYPE });
  await own.failing('no-space', async () => {
    await own.go(500, 'POST', '/topics/t', { records: [record] }, { type: JSON_TYPE });
  });
  await own.failing('locked', () => own.go(503, 'POST', '/topics/t', binary, { type: BINARY }));
  for (const [code, status] of [
    ['unknown-topic', 404],
    ['stale-sequence', 409],
  ] as const) {
    await own.failing(code, () => own.go(status, 'POST', '/topics/t', binary, { type: BINARY }));
    await own.failing(code, () =>
      own.go(status, 'POST', '/topics/t/partitions/0', { records: [{}] }, { type: BINARY }),
    );
  }
}

async function consumeV2(own: Tourist): Promise<void> {
  own.one = face({}, { waits: 0 });
  await fill(own.one, 't', ['1', '{"a":2}', 'no JSON']);
  const query = '/topics/t/partitions/0/records?offset=0&timeout=0&max_bytes=1000';
  await own.go(429, 'GET', query);
  own.one = face({}, { consumerInstances: 1 });
  await own.go(200, 'POST', '/consumers/g');
  await own.go(429, 'POST', '/consumers/g', {});
  own.one = face();
  await fill(own.one, 't', ['1', '{"a":2}', 'no JSON']);
  const shown = `${query}&include=headers,timestamp`;
  await own.go(200, 'GET', shown, undefined, { accept: BINARY });
  await own.go(200, 'GET', `${query.replace('1000', '8')}`, undefined, { accept: JSON_V2 });
  await own.go(408, 'GET', query.replace('offset=0', 'offset=2'), undefined, { accept: JSON_V2 });
  await own.go(400, 'GET', '/topics/t/partitions/0/records?offset=0');
  await own.go(404, 'GET', query.replace('partitions/0', 'partitions/9'));
  await own.go(200, 'POST', '/consumers/g', { offsets: null, subscriptions: [{ topic: 't' }] }, { type: JSON_TYPE });
  const config = {
    name: 'ci',
    format: 'json',
    'auto.offset.reset': 'earliest',
    'auto.commit.enable': 'false',
    'fetch.min.bytes': 1,
    'consumer.request.timeout.ms': 1000,
  };
  await own.go(200, 'POST', '/consumers/g', config);
  await own.go(200, 'POST', '/consumers/g', { format: 'binary' }, { accept: JSON_TYPE });
  await own.go(409, 'POST', '/consumers/g', config);
  await own.go(422, 'POST', '/consumers/g', { 'auto.offset.reset': 'never' });
  await instanceOfV2(own, '/consumers/g/instances/ci');
}

async function instanceOfV2(own: Tourist, path: string): Promise<void> {
  const partitions = { partitions: [{ topic: 't', partition: 0 }] };
  const offsets = [{ topic: 't', partition: 0, offset: 0, metadata: 'm' }];
  await own.go(204, 'POST', `${path}/subscription`, { topic_pattern: 't.*' });
  await own.go(204, 'POST', `${path}/subscription`, { topics: ['t'] });
  await own.go(422, 'POST', `${path}/subscription`, {});
  await own.go(409, 'POST', `${path}/assignments`, partitions);
  await own.go(422, 'POST', `${path}/assignments`, {});
  await own.both(200, 'GET', `${path}/subscription`);
  await own.both(200, 'GET', `${path}/assignments`);
  await own.go(200, 'GET', `${path}/records?timeout=10&max_bytes=8&include=timestamp`, undefined, { accept: JSON_V2 });
  await own.go(408, 'GET', `${path}/records`, undefined, { accept: JSON_V2 });
  await own.go(406, 'GET', `${path}/records`, undefined, { accept: BINARY });
  await own.both(200, 'POST', `${path}/offsets`);
  await own.both(200, 'POST', `${path}/offsets`, { offsets });
  await own.go(204, 'POST', `${path}/offsets`, { partitions: offsets });
  await own.go(422, 'POST', `${path}/offsets`, { offsets: 1 });
  await own.both(200, 'GET', `${path}/offsets`, partitions);
  for (const where of ['', '/beginning', '/end']) {
    const body = where === '' ? { offsets } : partitions;
    await own.go(204, 'POST', `${path}/positions${where}`, body);
    await own.go(422, 'POST', `${path}/positions${where}`, { partitions: 1, offsets: 1 });
    const other = JSON.parse(JSON.stringify(body).replaceAll('"t"', '"u"'));
    await own.go(409, 'POST', `${path}/positions${where}`, other);
  }
  await own.go(204, 'POST', `${path}/positions`, {
    timestamps: [{ topic: 't', partition: 0, timestamp: '2022-05-25T05:22:24Z' }],
  });
  await own.go(204, 'DELETE', `${path}/subscription`);
  await own.go(204, 'POST', `${path}/assignments`, partitions);
  await own.go(409, 'POST', `${path}/subscription`, { topics: ['t'] });
  await own.go(204, 'DELETE', path);
  const calls: [string, string, unknown?][] = [
    ['DELETE', ''],
    ['GET', '/subscription'],
    ['POST', '/subscription', { topics: ['t'] }],
    ['DELETE', '/subscription'],
    ['GET', '/assignments'],
    ['POST', '/assignments', partitions],
    ['POST', '/positions', { offsets }],
    ['POST', '/positions/beginning', partitions],
    ['POST', '/positions/end', partitions],
    ['GET', '/records'],
    ['GET', '/offsets', partitions],
    ['POST', '/offsets'],
  ];
  for (const [method, where, body] of calls) await own.go(404, method, path + where, body);
  await fill(own.one, 'u', ['x']);
  await own.go(200, 'POST', '/consumers/g', { id: 'b', 'auto.offset.reset': 'earliest' });
  await own.go(204, 'POST', '/consumers/g/instances/b/subscription', { topics: ['u'] });
  await own.go(200, 'GET', '/consumers/g/instances/b/records', undefined, { accept: BINARY });
}

async function extensions(own: Tourist): Promise<void> {
  own.one = face({}, { waits: 0 });
  await fill(own.one, 't', ['1']);
  await own.go(429, 'GET', '/streams?topics=t');
  own.one = face({}, { waits: 0 });
  await fill(own.one, 't', ['1']);
  await own.go(200, 'POST', '/consumers/g', { name: 'ci' });
  await own.go(429, 'GET', '/consumers/g/instances/ci/records');
  own.one = face();
  await fill(own.one, 't', ['1', '{"a":2}', 'x']);
  const offsets = [{ topic: 't', partition: 0, offset: 0, metadata: 'm' }];
  await own.go(204, 'POST', '/consumers/g/offsets', { offsets });
  await own.go(400, 'POST', '/consumers/g/offsets', '{');
  await own.go(404, 'POST', '/consumers/g/offsets', { offsets: [{ topic: 'no', partition: 0, offset: 0 }] });
  await own.go(422, 'POST', '/consumers/g/offsets', {});
  await own.go(200, 'GET', '/consumers/g/offsets');
  await own.go(200, 'GET', '/streams?topics=t&from=beginning&group=g&idle_timeout=0');
  await own.go(200, 'GET', '/streams?topics=t&format=json&offsets=t,0,0&idle_timeout=0');
  await own.go(200, 'GET', '/streams?topics=t&idle_timeout=0', undefined, { accept: 'text/event-stream' });
  await own.go(400, 'GET', '/streams');
  await own.go(404, 'GET', '/streams?topics=no');
}

async function topicsOfV3(own: Tourist): Promise<void> {
  own.one = face();
  const topics = `${CLUSTER}/topics`;
  for (const path of ['/v3/clusters', CLUSTER, `${CLUSTER}/brokers`, `${CLUSTER}/brokers/1`])
    await own.go(200, 'GET', path);
  await own.go(404, 'GET', `${CLUSTER}/brokers/2`);
  const wanted = {
    topic_name: 't',
    partitions_count: 2,
    replication_factor: 1,
    configs: [{ name: 'cleanup.policy', value: 'compact' }],
  };
  await own.go(200, 'POST', topics, { ...wanted, validate_only: true });
  await own.go(201, 'POST', topics, wanted);
  await own.go(400, 'POST', topics, wanted);
  await own.go(422, 'POST', topics, { topic_name: ' ' });
  await own.go(200, 'PATCH', `${topics}/t`, { partitions_count: 3 });
  await own.go(400, 'PATCH', `${topics}/t`, { partitions_count: 3 });
  await own.go(422, 'PATCH', `${topics}/t`, {});
  const data = [
    { name: 'retention.ms', value: 5 },
    { name: 'cleanup.policy', operation: 'DELETE' },
  ];
  await own.go(204, 'POST', `${topics}/t/configs:alter`, { data, validate_only: true });
  await own.go(400, 'POST', `${topics}/t/configs:alter`, { data: [{ name: 'retention.ms', value: 'x' }] });
  await own.go(422, 'POST', `${topics}/t/configs:alter`, {});
  await own.go(204, 'PUT', `${topics}/t/configs/retention.ms`, { value: '5' });
  await own.go(400, 'PUT', `${topics}/t/configs/retention.ms`, { value: 'x' });
  await own.go(422, 'PUT', `${topics}/t/configs/retention.ms`, EMPTY);
  for (const path of ['', '/-/configs', '/t', '/t/configs', '/t/configs/retention.ms'])
    await own.go(200, 'GET', topics + path);
  await own.go(204, 'DELETE', `${topics}/t/configs/retention.ms`);
  for (const path of ['', '/2', '/2/offset', '/2/offset?offset_type=earliest_and_latest']) {
    await own.go(200, 'GET', `${topics}/t/partitions${path}`);
  }
  await own.go(400, 'GET', `${topics}/t/partitions/2/offset?offset_type=latest`);
  await own.go(204, 'DELETE', `${topics}/t`);
  await missingInV3(own);
}

async function missingInV3(own: Tourist): Promise<void> {
  const other = '/v3/clusters/other';
  for (const path of ['', '/brokers', '/topics', '/topics/-/configs', '/consumer-groups'])
    await own.go(404, 'GET', other + path);
  await own.go(404, 'POST', `${other}/topics`, { topic_name: 't' });
  await own.go(404, 'POST', `${other}/topics/t/records`, [{}]);
  await own.go(404, 'POST', `${other}/topics/t/records:batch`, { entries: [] });
  const no = `${CLUSTER}/topics/no`;
  for (const path of [
    '',
    '/configs',
    '/configs/retention.ms',
    '/partitions',
    '/partitions/0',
    '/partitions/0/offset',
  ]) {
    await own.go(404, 'GET', no + path);
  }
  await own.go(404, 'DELETE', no);
  await own.go(404, 'PATCH', no, { partitions_count: 3 });
  await own.go(404, 'POST', `${no}/configs:alter`, { data: [] });
  await own.go(404, 'PUT', `${no}/configs/retention.ms`, { value: '5' });
  await own.go(404, 'DELETE', `${no}/configs/retention.ms`);
  const group = `${CLUSTER}/consumer-groups/no`;
  for (const path of [
    '',
    '/consumers',
    '/consumers/c',
    '/consumers/c/assignments',
    '/lags',
    '/lags/t/partitions/0',
    '/lag-summary',
  ]) {
    await own.go(404, 'GET', group + path);
  }
}

async function recordsOfV3(own: Tourist): Promise<void> {
  own.one = face();
  await own.one.log.createTopic('t');
  const path = `${CLUSTER}/topics/t/records`;
  const record = {
    partition_id: 0,
    headers: [
      { name: 'h', value: base64('v') },
      { name: 'n', value: null },
    ],
    key: { type: 'STRING', data: 'k' },
    value: { type: 'JSON', data: { a: 1 } },
    timestamp: '2022-05-25T05:22:24.138956Z',
  };
  await own.go(200, 'POST', path, [record, {}, { value: { data: 'not base64' } }, { partition_id: 7 }]);
  await own.go(422, 'POST', path, EMPTY);
  await own.go(400, 'POST', path, [{}], { headers: { 'streambed-producer-id': 'x' } });
  await own.go(207, 'POST', `${path}:batch`, {
    entries: [
      { id: '1', ...record },
      { id: '2', partition_id: 7 },
    ],
  });
  await own.go(400, 'POST', `${path}:batch`, '{');
  await own.go(422, 'POST', `${path}:batch`, { entries: [] });
  const body = new ReadableStream({ pull: (controller) => controller.close() });
  const stopping = new AbortController();
  stopping.abort();
  own.one = face({ stopping: stopping.signal });
  await own.go(503, 'POST', path, [{}]);
  own.one = face({}, { bodyBytes: 10 });
  await own.go(413, 'POST', `${path}:batch`, { entries: [{ id: '1', ...record }] });
  own.one = face({}, { waits: 0 });
  const streamed = { method: 'POST', body, duplex: 'half', headers: { 'content-type': JSON_TYPE } };
  const refused = await own.one.app.request(`http://x${path}`, streamed as RequestInit);
  assert.is(refused.status, 429);
  own.seen.add('POST /v3/clusters/{cluster_id}/topics/{topic_name}/records 429 *');
}

async function groupsOfV3(own: Tourist): Promise<void> {
  own.one = face();
  await fill(own.one, 't', ['a', 'b', 'c']);
  await own.go(204, 'POST', '/consumers/g/offsets', { offsets: [{ topic: 't', partition: 0, offset: 0 }] });
  await own.go(200, 'POST', '/consumers/g', { name: 'c' });
  await own.go(204, 'POST', '/consumers/g/instances/c/subscription', { topics: ['t'] });
  const paths = [
    '',
    '/g',
    '/g/consumers',
    '/g/consumers/c',
    '/g/consumers/c/assignments',
    '/g/lags',
    '/g/lags/t/partitions/0',
  ];
  for (const path of [...paths, '/g/lag-summary']) await own.go(200, 'GET', `${CLUSTER}/consumer-groups${path}`);
}
