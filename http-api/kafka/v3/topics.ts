/** Topics of v3: list, create, describe, delete, and more partitions. */
import { CommitLogError, type TopicDescription } from '../../../logged/commit-log.ts';
import { KafkaHttpError } from '../errors.ts';
import { isObject, type JsonObject } from '../wire.ts';
import {
  configValue,
  objectList,
  optionalBoolean,
  optionalInteger,
  payloadError,
  readMembers,
  requiredText,
} from './requests.ts';
import { BROKER_ID, type Call, type Resource, segment } from './resources.ts';

export async function listTopics(call: Call): Promise<Response> {
  const topics = await describeTopics(call);
  return call.list(
    'Topic',
    '/topics',
    topics.map((topic) => topicResource(call, topic)),
  );
}

export async function getTopic(call: Call): Promise<Response> {
  return call.reply(topicResource(call, await call.log.describeTopic(call.param('topic'))));
}

export async function deleteTopic(call: Call): Promise<Response> {
  await call.log.deleteTopic(call.param('topic'));
  return call.noContent();
}

export async function addPartitions(call: Call): Promise<Response> {
  const body = await readMembers(call, ['partitions_count']);
  const partitions = optionalInteger(body, 'partitions_count');
  if (partitions === undefined) throw payloadError('partitions_count is required.');
  const topic = call.param('topic');
  const before = (await call.log.describeTopic(topic)).partitions;
  if (partitions === before) throw badTopic(`Topic already has ${before} partitions.`);
  if (partitions < before) {
    throw badTopic(`Topic currently has ${before} partitions, which is higher than the requested ${partitions}.`);
  }
  return call.reply(topicResource(call, await call.log.alterTopic(topic, { partitions })));
}

export async function createTopic(call: Call): Promise<Response> {
  const body = await readMembers(call, [
    'topic_name',
    'partitions_count',
    'replication_factor',
    'replicas_assignments',
    'configs',
    'validate_only',
  ]);
  const topic = requiredText(body, 'topic_name');
  call.context.access.permit(call.c, 'update', [topic]);
  const assigned = assignedPartitions(body['replicas_assignments'] ?? {});
  checkReplicationFactor(optionalInteger(body, 'replication_factor'));
  const partitions = assigned ?? optionalInteger(body, 'partitions_count');
  const validateOnly = optionalBoolean(body, 'validate_only');
  const config = configOf(body['configs'] ?? []);
  const created = await call.log.createTopic(topic, { partitions, config, validateOnly }).catch((error: unknown) => {
    throw creationError(error, topic);
  });
  const reply = call.reply(topicResource(call, created), validateOnly ? 200 : 201);
  reply.headers.set('location', call.url(`/topics/${segment(topic)}`));
  return reply;
}

function creationError(error: unknown, topic: string): unknown {
  if (!(error instanceof CommitLogError)) return error;
  if (error.code === 'invalid-topic') return payloadError(`Invalid topic name: ${error.message}`);
  return error.code === 'topic-exists' ? badTopic(`Topic '${topic}' already exists.`) : error;
}

function badTopic(message: string): KafkaHttpError {
  return new KafkaHttpError(40002, message);
}

/** Kafka's -1 stands for the default. */
function checkReplicationFactor(factor = 1): void {
  if (factor > 1) throw badTopic(`Replication factor: ${factor} larger than available brokers: 1.`);
  if (factor !== 1 && factor !== -1) throw badTopic('Replication factor must be larger than 0.');
}

/** The number of partitions of a replica assignment, which can only name this broker; undefined when it is empty. */
function assignedPartitions(value: unknown): number | undefined {
  const lists = isObject(value) ? Object.entries(value) : null;
  const legal = lists?.every(
    ([, brokers], i) =>
      isObject(value) && String(i) in value && Array.isArray(brokers) && String(brokers) === `${BROKER_ID}`,
  );
  if (lists === null || legal !== true) {
    throw badTopic(`replicas_assignments must give each partition from 0 on to broker ${BROKER_ID} alone.`);
  }
  return lists.length === 0 ? undefined : lists.length;
}

function configOf(value: unknown): Record<string, string> {
  const config: Record<string, string> = {};
  for (const item of objectList(value, 'configs', ['name', 'value'])) setOnce(config, requiredText(item, 'name'), item);
  return config;
}

/** Adds one entry of a request to the values to be set. */
export function setOnce(config: Record<string, string>, name: string, item: JsonObject): void {
  const text = configValue(item);
  if (text === null) throw badTopic(`${name}: null is not a value of a topic's configuration.`);
  if (Object.hasOwn(config, name)) throw badTopic(`${name} is given more than once.`);
  config[name] = text;
}

/** All topics, sorted; those whose description cannot be read are reported and left out. */
export async function describeTopics(call: Call): Promise<TopicDescription[]> {
  const described = (await call.log.listTopics()).map((topic) =>
    call.log.describeTopic(topic).catch((error: unknown) => {
      const gone = error instanceof CommitLogError && error.code === 'unknown-topic';
      if (!gone) call.context.report(`topic ${topic} is left out of a list: ${String(error)}`);
      return null;
    }),
  );
  return (await Promise.all(described)).filter((topic) => topic !== null);
}

function topicResource(call: Call, { topic, internal, partitions }: TopicDescription): Resource {
  const path = `/topics/${segment(topic)}`;
  return call.resource('Topic', path, `/topic=${segment(topic)}`, {
    topic_name: topic,
    is_internal: internal,
    replication_factor: 1,
    partitions_count: partitions,
    partitions: call.related(`${path}/partitions`),
    configs: call.related(`${path}/configs`),
    partition_reassignments: call.related(`${path}/partitions/-/reassignment`),
    authorized_operations: [],
  });
}
