import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { ask, bytes, CLUSTER, fails, same, type V3, v3 } from './v3-harness.ts';

const test = suite('v3 consumer groups');
const related = (path: string): { related: string } => ({ related: `${CLUSTER}${path}` });
const unknown = 'Consumer group id not found.';

function resource(kind: string, path: string, name: string, members: object): object {
  const metadata = { self: `${CLUSTER}${path}`, resource_name: `crn:///kafka=edge-1${name}` };
  return { kind, metadata, cluster_id: 'edge-1', ...members };
}

function list(kind: string, path: string, data: object[]): object {
  return { kind, metadata: { self: `${CLUSTER}${path}`, next: null }, data };
}

function group(id: string, joined: boolean): object {
  const at = `/consumer-groups/${id}`;
  return resource('KafkaConsumerGroup', at, `/consumer-group=${id}`, {
    consumer_group_id: id,
    is_simple: !joined,
    partition_assignor: joined ? 'range' : '',
    state: joined ? 'STABLE' : 'EMPTY',
    type: 'CLASSIC',
    is_mixed_consumer_group: false,
    coordinator: related('/brokers/1'),
    consumers: related(`${at}/consumers`),
    lag_summary: related(`${at}/lag-summary`),
  });
}

function lag(topic: string, partition: number, consumer: string, current: number, end: number): object {
  const at = `/consumer-groups/g/lags/${encodeURIComponent(topic)}/partitions/${partition}`;
  return resource('KafkaConsumerLag', at, `/consumer-group=g/lag=${encodeURIComponent(topic)}/partition=${partition}`, {
    consumer_group_id: 'g',
    topic_name: topic,
    partition_id: partition,
    consumer_id: consumer,
    instance_id: null,
    client_id: consumer,
    current_offset: current,
    log_end_offset: end,
    lag: end - current,
  });
}

/** Group g has read 1 of 3 in `default:a`, nothing of 5 and all of 1 in `b`; `b`'s partitions are assigned to ci1. */
async function withGroup(): Promise<V3> {
  const own = v3();
  await own.log.createTopic('default:a');
  await own.log.createTopic('b', { partitions: 2 });
  const fill = async (topic: string, partition: number, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await own.log.produce({ topic, partition, key: null, value: bytes('x') });
  };
  await fill('default:a', 0, 3);
  await fill('b', 0, 5);
  await fill('b', 1, 1);
  await own.log.commitOffsets('g', [
    { topic: 'default:a', partition: 0, offset: 1 },
    { topic: 'b', partition: 1, offset: 1 },
    { topic: 'b', partition: 0, offset: 0 },
  ]);
  own.members['g'] = [
    { consumerId: 'ci2', assignments: [] },
    {
      consumerId: 'ci1',
      assignments: [
        { topic: 'b', partition: 1 },
        { topic: 'b', partition: 0 },
      ],
    },
  ];
  return own;
}

test('groups are those with commits and those with consumers, sorted', async () => {
  const own = await withGroup();
  await own.log.commitOffsets('alone', [{ topic: 'b', partition: 0, offset: 2 }]);
  own.members['fresh'] = [{ consumerId: 'c', assignments: [] }];
  const groups = [group('alone', false), group('fresh', true), group('g', true)];
  same(await ask(own, 'GET', '/consumer-groups'), 200, list('KafkaConsumerGroupList', '/consumer-groups', groups));
  same(await ask(own, 'GET', '/consumer-groups/alone'), 200, group('alone', false));
  same(await ask(own, 'GET', '/consumer-groups/fresh'), 200, group('fresh', true));
  same(await ask(v3(), 'GET', '/consumer-groups'), 200, list('KafkaConsumerGroupList', '/consumer-groups', []));
});

test('everything about an unknown group is 40405', async () => {
  for (const path of ['', '/consumers', '/consumers/c', '/consumers/c/assignments', '/lags', '/lag-summary']) {
    fails(await ask(await withGroup(), 'GET', `/consumer-groups/no${path}`), 404, 40405, unknown);
  }
  fails(await ask(await withGroup(), 'GET', '/consumer-groups/no/lags/b/partitions/0'), 404, 40405, unknown);
});

test('group names are encoded in links', async () => {
  const own = v3();
  own.members['a/b c'] = [{ consumerId: 'c', assignments: [] }];
  const { json } = await ask(own, 'GET', '/consumer-groups/a%2Fb%20c');
  assert.is(json.consumer_group_id, 'a/b c');
  assert.is(json.metadata.self, `${CLUSTER}/consumer-groups/a%2Fb%20c`);
});

test('consumers of a group and what is assigned to them, sorted', async () => {
  const own = await withGroup();
  const consumer = (id: string): object => {
    const at = `/consumer-groups/g/consumers/${id}`;
    return resource('KafkaConsumer', at, `/consumer-group=g/consumer=${id}`, {
      consumer_group_id: 'g',
      consumer_id: id,
      instance_id: null,
      client_id: id,
      assignments: related(`${at}/assignments`),
    });
  };
  const at = '/consumer-groups/g/consumers';
  same(await ask(own, 'GET', at), 200, list('KafkaConsumerList', at, [consumer('ci1'), consumer('ci2')]));
  same(await ask(own, 'GET', `${at}/ci2`), 200, consumer('ci2'));
  fails(await ask(own, 'GET', `${at}/ci3`), 404, 404, 'Consumer ci3 cannot be found in consumer group g.');
  const assigned = [0, 1].map((partition) => {
    const name = `/consumer-group=g/consumer=ci1/assignment=topic=b/partition=${partition}`;
    return resource('KafkaConsumerAssignment', `${at}/ci1/assignments/b/partitions/${partition}`, name, {
      consumer_group_id: 'g',
      consumer_id: 'ci1',
      topic_name: 'b',
      partition_id: partition,
      partition: related(`/topics/b/partitions/${partition}`),
      lag: related(`/consumer-groups/g/lags/b/partitions/${partition}`),
    });
  });
  same(
    await ask(own, 'GET', `${at}/ci1/assignments`),
    200,
    list('KafkaConsumerAssignmentList', `${at}/ci1/assignments`, assigned),
  );
  same(
    await ask(own, 'GET', `${at}/ci2/assignments`),
    200,
    list('KafkaConsumerAssignmentList', `${at}/ci2/assignments`, []),
  );
});

test('lags, one per commit, sorted by topic and partition', async () => {
  const own = await withGroup();
  const lags = [lag('b', 0, 'ci1', 0, 5), lag('b', 1, 'ci1', 1, 1), lag('default:a', 0, '', 1, 3)];
  same(
    await ask(own, 'GET', '/consumer-groups/g/lags'),
    200,
    list('KafkaConsumerLagList', '/consumer-groups/g/lags', lags),
  );
  same(await ask(own, 'GET', '/consumer-groups/g/lags/b/partitions/0'), 200, lags[0]);
  same(await ask(own, 'GET', '/consumer-groups/g/lags/default%3Aa/partitions/0'), 200, lags[2]);
  fails(await ask(own, 'GET', '/consumer-groups/g/lags/b/partitions/7'), 404, 404, /no offset of b partition 7/);
});

test('a commit beyond the end has a lag of 0', async () => {
  const own = await withGroup();
  await own.log.commitOffsets('g', [{ topic: 'b', partition: 0, offset: 9 }]);
  const { json } = await ask(own, 'GET', '/consumer-groups/g/lags/b/partitions/0');
  assert.equal([json.current_offset, json.log_end_offset, json.lag], [9, 5, 0]);
});

test('the lag summary names the partition that is furthest behind', async () => {
  const own = await withGroup();
  const summary = resource(
    'KafkaConsumerGroupLagSummary',
    '/consumer-groups/g/lag-summary',
    '/consumer-group=g/lag-summary',
    {
      consumer_group_id: 'g',
      max_lag_consumer_id: 'ci1',
      max_lag_instance_id: null,
      max_lag_client_id: 'ci1',
      max_lag_topic_name: 'b',
      max_lag_partition_id: 0,
      max_lag: 5,
      total_lag: 7,
      max_lag_consumer: related('/consumer-groups/g/consumers/ci1'),
      max_lag_partition: related('/topics/b/partitions/0'),
    },
  );
  same(await ask(own, 'GET', '/consumer-groups/g/lag-summary'), 200, summary);
});

test('a group without commits has no lags to tell of', async () => {
  const own = v3();
  own.members['fresh'] = [{ consumerId: 'c', assignments: [] }];
  for (const path of ['lags', 'lag-summary', 'lags/t/partitions/0']) {
    fails(
      await ask(own, 'GET', `/consumer-groups/fresh/${path}`),
      404,
      404,
      'Consumer group offsets could not be found.',
    );
  }
});
