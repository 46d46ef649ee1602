/**
 * Consumer groups of v3. A group is known by its commits, and by the consumer instances that v2 has of it in this
 * process. Consumers of v2 have neither an instance id nor a client id of Kafka's kind: null, and their own id.
 */
import type { GroupMember } from '../../kafka-app.ts';
import { CommitLogError } from '../../../logged/commit-log.ts';
import { KafkaHttpError } from '../errors.ts';
import { BROKER_ID, type Call, type Resource, segment } from './resources.ts';

export async function listGroups(call: Call): Promise<Response> {
  const groups = new Set([...(await call.log.listGroups()), ...call.context.members.groups()]);
  const data = [...groups].sort().map((group) => groupResource(call, group));
  return call.list('ConsumerGroup', '/consumer-groups', data);
}

export async function getGroup(call: Call): Promise<Response> {
  return call.reply(groupResource(call, await knownGroup(call)));
}

export async function listConsumers(call: Call): Promise<Response> {
  const group = await knownGroup(call);
  const data = membersOf(call, group).map(({ consumerId }) => consumerResource(call, group, consumerId));
  return call.list('Consumer', `/consumer-groups/${segment(group)}/consumers`, data);
}

export async function getConsumer(call: Call): Promise<Response> {
  const group = await knownGroup(call);
  return call.reply(consumerResource(call, group, knownConsumer(call, group).consumerId));
}

export async function listAssignments(call: Call): Promise<Response> {
  const group = await knownGroup(call);
  const { consumerId, assignments } = knownConsumer(call, group);
  const { path, name } = consumerPlace(group, consumerId);
  const sorted = [...assignments].sort(byPartition);
  const data = sorted.map(({ topic, partition }) => {
    const place = `${segment(topic)}/partitions/${partition}`;
    const own = `${name}/assignment=topic=${segment(topic)}/partition=${partition}`;
    return call.resource('ConsumerAssignment', `${path}/assignments/${place}`, own, {
      consumer_group_id: group,
      consumer_id: consumerId,
      topic_name: topic,
      partition_id: partition,
      partition: call.related(`/topics/${place}`),
      lag: call.related(`/consumer-groups/${segment(group)}/lags/${place}`),
    });
  });
  return call.list('ConsumerAssignment', `${path}/assignments`, data);
}

/** The group of the path, or 404. */
export async function knownGroup(call: Call): Promise<string> {
  const group = call.param('group');
  const known = membersOf(call, group).length > 0 || (await call.log.listGroups()).includes(group);
  if (known) return group;
  throw new CommitLogError('unknown-group', `group ${group}: neither commits nor consumers`);
}

/** Sorted by id. */
export function membersOf(call: Call, group: string): readonly GroupMember[] {
  return [...call.context.members.of(group)].sort((a, b) => (a.consumerId < b.consumerId ? -1 : 1));
}

export function byPartition(a: { topic: string; partition: number }, b: { topic: string; partition: number }): number {
  if (a.topic === b.topic) return a.partition - b.partition;
  return a.topic < b.topic ? -1 : 1;
}

function knownConsumer(call: Call, group: string): GroupMember {
  const id = call.param('consumer');
  const member = membersOf(call, group).find(({ consumerId }) => consumerId === id);
  if (member !== undefined) return member;
  throw new KafkaHttpError(404, `Consumer ${id} cannot be found in consumer group ${group}.`);
}

function groupResource(call: Call, group: string): Resource {
  const path = `/consumer-groups/${segment(group)}`;
  const joined = membersOf(call, group).length > 0;
  return call.resource('ConsumerGroup', path, `/consumer-group=${segment(group)}`, {
    consumer_group_id: group,
    is_simple: !joined,
    partition_assignor: joined ? 'range' : '',
    state: joined ? 'STABLE' : 'EMPTY',
    type: 'CLASSIC',
    is_mixed_consumer_group: false,
    coordinator: call.related(`/brokers/${BROKER_ID}`),
    consumers: call.related(`${path}/consumers`),
    lag_summary: call.related(`${path}/lag-summary`),
  });
}

function consumerPlace(group: string, id: string): { path: string; name: string } {
  return {
    path: `/consumer-groups/${segment(group)}/consumers/${segment(id)}`,
    name: `/consumer-group=${segment(group)}/consumer=${segment(id)}`,
  };
}

function consumerResource(call: Call, group: string, id: string): Resource {
  const { path, name } = consumerPlace(group, id);
  return call.resource('Consumer', path, name, {
    consumer_group_id: group,
    consumer_id: id,
    instance_id: null,
    client_id: id,
    assignments: call.related(`${path}/assignments`),
  });
}
