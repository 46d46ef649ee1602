import * as assert from 'uvu/assert';
import { CommitLogError } from '../../logged/commit-log.ts';
import { suite } from '../support/suite.ts';
import { ask, bytes, CLUSTER, empty, fails, same, v3 } from './v3-harness.ts';

const test = suite('v3 resources');

const related = (path: string): { related: string } => ({ related: `${CLUSTER}${path}` });

function resource(kind: string, path: string, name: string, members: object): object {
  const metadata = { self: `${CLUSTER}${path}`, resource_name: `crn:///kafka=edge-1${name}` };
  return { kind, metadata, cluster_id: 'edge-1', ...members };
}

function list(kind: string, path: string, data: object[]): object {
  return { kind, metadata: { self: `${CLUSTER}${path}`, next: null }, data };
}

function topic(name: string, partitions: number, internal = false): object {
  const at = `/topics/${encodeURIComponent(name)}`;
  return resource('KafkaTopic', at, `/topic=${encodeURIComponent(name)}`, {
    topic_name: name,
    is_internal: internal,
    replication_factor: 1,
    partitions_count: partitions,
    partitions: related(`${at}/partitions`),
    configs: related(`${at}/configs`),
    partition_reassignments: related(`${at}/partitions/-/reassignment`),
    authorized_operations: [],
  });
}

function config(of: string, name: string, value: string, fallback?: string): object {
  const source = fallback === undefined ? 'DEFAULT_CONFIG' : 'DYNAMIC_TOPIC_CONFIG';
  const synonyms = [{ name, value, source }];
  if (fallback !== undefined) synonyms.push({ name, value: fallback, source: 'DEFAULT_CONFIG' });
  return resource('KafkaTopicConfig', `/topics/${of}/configs/${name}`, `/topic=${of}/config=${name}`, {
    topic_name: of,
    name,
    value,
    is_default: fallback === undefined,
    is_read_only: false,
    is_sensitive: false,
    source,
    synonyms,
  });
}

function partition(of: string, id: number): object {
  const at = `/topics/${of}/partitions/${id}`;
  return resource('KafkaPartition', at, `/topic=${of}/partition=${id}`, {
    topic_name: of,
    partition_id: id,
    leader: related(`${at}/replicas/1`),
    replicas: related(`${at}/replicas`),
    reassignment: related(`${at}/reassignment`),
  });
}

const notHosted = 'This server does not host this topic-partition.';

test('clusters: exactly one, with its relations', async () => {
  const cluster = resource('KafkaCluster', '', '', {
    controller: related('/brokers/1'),
    acls: related('/acls'),
    brokers: related('/brokers'),
    broker_configs: related('/broker-configs'),
    consumer_groups: related('/consumer-groups'),
    topics: related('/topics'),
    partition_reassignments: related('/topics/-/partitions/-/reassignment'),
  });
  const own = v3();
  same(await ask(own, 'GET', '/v3/clusters'), 200, {
    kind: 'KafkaClusterList',
    metadata: { self: 'http://edge.example:8082/v3/clusters', next: null },
    data: [cluster],
  });
  same(await ask(own, 'GET', ''), 200, cluster);
});

test('another cluster cannot be found, whatever is asked of it', async () => {
  const own = v3();
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/topics'],
    ['POST', '/topics'],
    ['POST', '/topics/t/records'],
    ['GET', '/consumer-groups/g/lags'],
  ] as const) {
    const answer = await ask(own, method, `/v3/clusters/other${path}`, method === 'POST' ? {} : undefined);
    fails(answer, 404, 404, 'Cluster other cannot be found.');
  }
});

test('links follow the Host of the request, the base path, and the advertised URL before both', async () => {
  const own = v3();
  const response = await own.app.request('http://10.0.0.1/kafka/v3/clusters/edge-1');
  const { metadata } = (await response.json()) as { metadata: { self: string } };
  assert.is(metadata.self, 'http://10.0.0.1/kafka/v3/clusters/edge-1');
  const behind = v3({ advertisedUrl: 'https://log.example' });
  const { json } = await ask(behind, 'GET', '/brokers/1');
  assert.is(json.metadata.self, 'https://log.example/v3/clusters/edge-1/brokers/1');
  assert.equal([json.host, json.port], ['log.example', 443]);
});

test('brokers: one, at the address of the service', async () => {
  const own = v3();
  const broker = resource('KafkaBroker', '/brokers/1', '/broker=1', {
    broker_id: 1,
    host: 'edge.example',
    port: 8082,
    rack: null,
    configs: related('/brokers/1/configs'),
    partition_replicas: related('/brokers/1/partition-replicas'),
  });
  same(await ask(own, 'GET', '/brokers'), 200, list('KafkaBrokerList', '/brokers', [broker]));
  same(await ask(own, 'GET', '/brokers/1'), 200, broker);
  fails(await ask(own, 'GET', '/brokers/2'), 404, 404, 'Broker 2 cannot be found.');
});

test('topics: created with 201 and Location, listed by name, deleted', async () => {
  const own = v3();
  const created = await ask(own, 'POST', '/topics', { topic_name: 'b', partitions_count: 3, replication_factor: 1 });
  same(created, 201, topic('b', 3));
  assert.is(created.headers.get('location'), `${CLUSTER}/topics/b`);
  same(await ask(own, 'POST', '/topics', { topic_name: 'default:a' }), 201, topic('default:a', 1));
  same(await ask(own, 'POST', '/topics', { topic_name: 'B' }), 201, topic('B', 1));
  await own.log.createTopic('__offsets');
  const topics = [topic('B', 1), topic('__offsets', 1, true), topic('b', 3), topic('default:a', 1)];
  same(await ask(own, 'GET', '/topics'), 200, list('KafkaTopicList', '/topics', topics));
  same(await ask(own, 'GET', '/topics/default%3Aa'), 200, topic('default:a', 1));
  same(await ask(own, 'GET', '/topics/default:a'), 200, topic('default:a', 1));
  empty(await ask(own, 'DELETE', '/topics/b'));
  fails(await ask(own, 'GET', '/topics/b'), 404, 40403, notHosted);
  fails(await ask(own, 'DELETE', '/topics/b'), 404, 40403, notHosted);
});

test('topics: validate_only checks, answers 200 and creates nothing', async () => {
  const own = v3();
  same(
    await ask(own, 'POST', '/topics', { topic_name: 't', partitions_count: 2, validate_only: true }),
    200,
    topic('t', 2),
  );
  fails(await ask(own, 'GET', '/topics/t'), 404, 40403, notHosted);
  const bad = { topic_name: 't', configs: [{ name: 'retention.ms', value: 'x' }], validate_only: true };
  fails(await ask(own, 'POST', '/topics', bad), 400, 40002, /^retention\.ms=x: /);
});

test('topics: what creation refuses, and with which code', async () => {
  const own = v3();
  await own.log.createTopic('t');
  const create = (body: unknown) => ask(own, 'POST', '/topics', body);
  fails(await create({ topic_name: 't' }), 400, 40002, "Topic 't' already exists.");
  fails(await create(''), 422, 42206, 'Payload error. Request body is empty. Data is required.');
  fails(await create(' \n'), 422, 42206, 'Payload error. Request body is empty. Data is required.');
  for (const name of ['', 'a b', '.', '..', 'é', 'a'.repeat(250)]) {
    fails(await create({ topic_name: name }), 422, 42206, /^Payload error\. Invalid topic name/);
  }
  fails(await create({}), 422, 422, 'topic_name must not be null');
  fails(await create({ topic_name: 7 }), 400, 400, 'Bad Request: topic_name=7 is not a string.');
  fails(await create({ topic_name: 'u', replication_factor: 3 }), 400, 40002, /^Replication factor: 3 larger than/);
  fails(await create({ topic_name: 'u', replication_factor: 0 }), 400, 40002, /^Replication factor must be larger/);
  fails(await create({ topic_name: 'u', partitions_count: 0 }), 400, 40002, /partitions=0/);
  fails(await create({ topic_name: 'u', partitions_count: 'x' }), 400, 400, /partitions_count="x" is not an integer/);
  fails(await create('{"topic_name":"u","partitions_count":99999999999999999999}'), 400, 400, /is not an integer/);
  fails(await create({ topic_name: 'u', configs: [{ name: 'no.such', value: 'x' }] }), 400, 40002, /no\.such/);
  fails(await create({ topic_name: 'u', configs: [{ name: 'retention.ms', value: null }] }), 400, 40002, /null/);
  const twice = [
    { name: 'retention.ms', value: '1' },
    { name: 'retention.ms', value: '2' },
  ];
  fails(await create({ topic_name: 'u', configs: twice }), 400, 40002, /more than once/);
  fails(await create({ topic_name: 'u', configs: {} }), 400, 400, 'Bad Request: configs is not a list of objects.');
  fails(await create({ topic_name: 'u', partition_count: 1 }), 400, 400, /unrecognized field "partition_count"/);
  fails(await create({ topic_name: 'u', validate_only: 'true' }), 400, 400, /validate_only="true" is not a boolean/);
  fails(await create('{"topic_name":'), 400, 400, /^Malformed JSON: /);
  fails(await create('[]'), 400, 400, /^Malformed JSON: /);
  assert.equal(await own.log.listTopics(), ['t']);
});

test('topics: replica assignments set the number of partitions, and know only this broker', async () => {
  const own = v3();
  const create = (topic_name: string, replicas_assignments: unknown) =>
    ask(own, 'POST', '/topics', { topic_name, replicas_assignments, replication_factor: null });
  same(await create('two', { 0: [1], 1: [1] }), 201, topic('two', 2));
  same(await create('one', {}), 201, topic('one', 1));
  for (const bad of [{ 0: [1, 2] }, { 0: [2] }, { 1: [1] }, { 0: [] }, { 0: 1 }, [[1]], 'x']) {
    fails(await create('bad', bad), 400, 40002, /^replicas_assignments /);
  }
});

test('topics: PATCH adds partitions and never takes any', async () => {
  const own = v3();
  await own.log.createTopic('t', { partitions: 2 });
  const patch = (name: string, body: unknown) => ask(own, 'PATCH', `/topics/${name}`, body);
  same(await patch('t', { partitions_count: 4 }), 200, topic('t', 4));
  fails(await patch('t', { partitions_count: 4 }), 400, 40002, 'Topic already has 4 partitions.');
  for (const count of [3, 0, -1])
    fails(await patch('t', { partitions_count: count }), 400, 40002, /currently has 4 partitions, which is higher/);
  fails(await patch('t', { partitions_count: 5000 }), 400, 40002, /partitions=5000/);
  fails(await patch('t', {}), 422, 42206, 'Payload error. partitions_count is required.');
  fails(await patch('nope', { partitions_count: 4 }), 404, 40403, notHosted);
  assert.is((await own.log.describeTopic('t')).partitions, 4);
});

test('topics: a damaged one is reported and left out, and the list is served', async () => {
  const own = v3();
  await own.log.createTopic('bad');
  await own.log.createTopic('good');
  own.log.faults = (method, name) =>
    method === 'describeTopic' && name === 'bad' ? new CommitLogError('damaged', 'bad/config: crc') : null;
  same(await ask(own, 'GET', '/topics'), 200, list('KafkaTopicList', '/topics', [topic('good', 1)]));
  assert.is(own.reported.length, 1);
  assert.match(own.reported[0] ?? '', /bad.*crc/);
  fails(await ask(own, 'GET', '/topics/bad'), 500, 50002, 'bad/config: crc');
});

test('configs: sorted, with source and synonyms; durability is one of them', async () => {
  const own = v3();
  await own.log.createTopic('t', { config: { 'cleanup.policy': 'compact', 'streambed.durability': 'every:10ms' } });
  const { json } = await ask(own, 'GET', '/topics/t/configs');
  const names = json.data.map(({ name }: { name: string }) => name);
  assert.equal(names, [...names].sort());
  for (const name of ['retention.ms', 'retention.bytes', 'segment.bytes', 'segment.ms', 'max.message.bytes']) {
    assert.ok(names.includes(name), name);
  }
  assert.equal(
    [json.kind, json.metadata],
    ['KafkaTopicConfigList', { self: `${CLUSTER}/topics/t/configs`, next: null }],
  );
  assert.equal(json.data[0], config('t', 'cleanup.policy', 'compact', 'delete'));
  same(
    await ask(own, 'GET', '/topics/t/configs/cleanup.policy'),
    200,
    config('t', 'cleanup.policy', 'compact', 'delete'),
  );
  const durability = await ask(own, 'GET', '/topics/t/configs/streambed.durability');
  same(durability, 200, config('t', 'streambed.durability', 'every:10ms', 'sync'));
  same(await ask(own, 'GET', '/topics/t/configs/retention.ms'), 200, config('t', 'retention.ms', '604800000'));
});

test('configs: PUT sets and DELETE resets, with 404 for an unknown name and 40002 for a bad value', async () => {
  const own = v3();
  await own.log.createTopic('t');
  const at = '/topics/t/configs/cleanup.policy';
  empty(await ask(own, 'PUT', at, { value: 'compact' }));
  same(await ask(own, 'GET', at), 200, config('t', 'cleanup.policy', 'compact', 'delete'));
  fails(await ask(own, 'PUT', at, { value: 'nonsense' }), 400, 40002, /cleanup\.policy=nonsense/);
  fails(await ask(own, 'PUT', at, { value: null }), 400, 40002, /null/);
  fails(await ask(own, 'PUT', at, ''), 422, 42206, /empty/);
  empty(await ask(own, 'PUT', '/topics/t/configs/retention.ms', { value: 1000 }));
  same(await ask(own, 'GET', '/topics/t/configs/retention.ms'), 200, config('t', 'retention.ms', '1000', '604800000'));
  empty(await ask(own, 'DELETE', at));
  same(await ask(own, 'GET', at), 200, config('t', 'cleanup.policy', 'delete'));
  const unknown = 'Config no.such cannot be found for TOPIC t in cluster edge-1.';
  fails(await ask(own, 'GET', '/topics/t/configs/no.such'), 404, 404, unknown);
  fails(await ask(own, 'PUT', '/topics/t/configs/no.such', { value: 'x' }), 404, 404, unknown);
  fails(await ask(own, 'DELETE', '/topics/t/configs/no.such'), 404, 404, unknown);
  fails(await ask(own, 'GET', '/topics/no/configs'), 404, 40403, notHosted);
  fails(await ask(own, 'PUT', '/topics/no/configs/cleanup.policy', { value: 'compact' }), 404, 40403, notHosted);
});

test('configs: alter changes all or nothing', async () => {
  const own = v3();
  await own.log.createTopic('t', { config: { 'retention.ms': '1000' } });
  const alter = (body: unknown) => ask(own, 'POST', '/topics/t/configs:alter', body);
  const set = async () => {
    const { config: all } = await own.log.describeTopic('t');
    return Object.fromEntries(all.filter(({ isDefault }) => !isDefault).map(({ name, value }) => [name, value]));
  };
  const good = { name: 'cleanup.policy', value: 'compact' };
  fails(await alter({ data: [good, { name: 'segment.ms', value: 'x' }] }), 400, 40002, /segment\.ms=x/);
  fails(await alter({ data: [good, { name: 'no.such', operation: 'DELETE' }] }), 404, 404, /^Config no\.such/);
  fails(await alter({ data: [good, { name: 'segment.ms' }] }), 400, 40002, /segment\.ms: null/);
  fails(await alter({ data: [good, { name: 'segment.ms', value: '1', operation: 'ADD' }] }), 400, 400, /"ADD"/);
  fails(await alter({ data: [good, { name: 'cleanup.policy', operation: 'DELETE' }] }), 400, 40002, /more than once/);
  fails(await alter({ data: [good, { value: '1' }] }), 422, 422, 'name must not be null');
  fails(await alter({}), 422, 422, 'data must not be null');
  fails(await alter(''), 422, 42206, /empty/);
  empty(await alter({ data: [good], validate_only: true }));
  assert.equal(await set(), { 'retention.ms': '1000' });
  const both = [
    good,
    { name: 'retention.ms', operation: 'DELETE' },
    { name: 'segment.ms', value: '5', operation: 'SET' },
  ];
  empty(await alter({ data: both }));
  assert.equal(await set(), { 'cleanup.policy': 'compact', 'segment.ms': '5' });
});

test('configs: `-` lists those of all topics', async () => {
  const own = v3();
  await own.log.createTopic('b', { config: { 'cleanup.policy': 'compact' } });
  await own.log.createTopic('a');
  const { json } = await ask(own, 'GET', '/topics/-/configs');
  const one = (await ask(own, 'GET', '/topics/a/configs')).json.data;
  const other = (await ask(own, 'GET', '/topics/b/configs')).json.data;
  assert.equal(json, list('KafkaTopicConfigList', '/topics/-/configs', [...one, ...other]));
});

test('partitions: listed, one by one, and with their offsets', async () => {
  const own = v3();
  await own.log.createTopic('t', { partitions: 2 });
  const all = [partition('t', 0), partition('t', 1)];
  same(await ask(own, 'GET', '/topics/t/partitions'), 200, list('KafkaPartitionList', '/topics/t/partitions', all));
  same(await ask(own, 'GET', '/topics/t/partitions/1'), 200, partition('t', 1));
  for (let i = 0; i < 3; i++) await own.log.produce({ topic: 't', partition: 1, key: null, value: bytes('x') });
  own.log.expire('t', 1, 1);
  const offsets = resource(
    'KafkaPartitionWithOffsets',
    '/topics/t/partitions/1/offset',
    '/topic=t/partition=1/offset',
    {
      topic_name: 't',
      partition_id: 1,
      earliest_offset: 1,
      latest_offset: 3,
    },
  );
  same(await ask(own, 'GET', '/topics/t/partitions/1/offset'), 200, offsets);
  same(await ask(own, 'GET', '/topics/t/partitions/1/offset?offset_type=earliest_and_latest'), 200, offsets);
  const empties = (await ask(own, 'GET', '/topics/t/partitions/0/offset')).json;
  assert.equal([empties.earliest_offset, empties.latest_offset], [0, 0]);
  fails(
    await ask(own, 'GET', '/topics/t/partitions/1/offset?offset_type=latest'),
    400,
    400,
    'offset_type:latest is invalid',
  );
  fails(await ask(own, 'GET', '/topics/t/partitions/2'), 404, 40403, notHosted);
  fails(await ask(own, 'GET', '/topics/t/partitions/2/offset'), 404, 40403, notHosted);
  fails(await ask(own, 'GET', '/topics/no/partitions'), 404, 40403, notHosted);
  fails(await ask(own, 'GET', '/topics/no/partitions/0'), 404, 40403, notHosted);
  fails(await ask(own, 'GET', '/topics/no/partitions/0/offset'), 404, 40403, notHosted);
  fails(await ask(own, 'GET', '/topics/t/partitions/x'), 404, 404, 'HTTP 404 Not Found');
});

test('negotiation: JSON both ways, 406, 415, 404 and 405', async () => {
  const own = v3();
  for (const accept of ['application/json', '*/*', 'text/html, application/json;q=0.5']) {
    assert.is((await ask(own, 'GET', '/topics', undefined, { accept })).status, 200);
  }
  fails(await ask(own, 'GET', '/topics', undefined, { accept: 'text/html' }), 406, 406, 'HTTP 406 Not Acceptable');
  const create = (type: string) => ask(own, 'POST', '/topics', { topic_name: 't' }, { 'content-type': type });
  fails(await create('application/x-www-form-urlencoded'), 415, 415, 'HTTP 415 Unsupported Media Type');
  fails(await create('application/vnd.kafka.json.v2+json'), 415, 415, 'HTTP 415 Unsupported Media Type');
  assert.is((await create('Application/JSON; charset=utf-8')).status, 201);
  fails(await ask(own, 'GET', '/nonsense'), 404, 404, 'HTTP 404 Not Found');
  fails(await ask(own, 'PUT', '/topics', {}), 405, 405, 'HTTP 405 Method Not Allowed');
  fails(await ask(own, 'DELETE', '/v3/clusters'), 405, 405, 'HTTP 405 Method Not Allowed');
});
