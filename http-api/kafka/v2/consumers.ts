/**
 * The routes of consumer instances: create and delete, subscribe or assign, seek, read, commit.
 *
 * Beyond Confluent's: `GET .../records?include=headers,timestamp` shows headers and timestamps with the records.
 */
import type { Context } from 'hono';
import type { Hono } from 'hono/tiny';
import type { OffsetCommit } from '../../../logged/commit-log.ts';
import type { KafkaContext } from '../../kafka-app.ts';
import { parseInclude, printConsumed } from '../embedded.ts';
import { KafkaHttpError, plainError } from '../errors.ts';
import { embeddedFormat } from '../media-types.ts';
import { baseUrl, isObject, type JsonObject, jsonReply, queryInteger, readObject } from '../wire.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerInstance, Selection } from './consumer-instance.ts';
import { ConsumerInstances } from './consumer-instances.ts';
import { parseInstanceConfig } from './instance-config.ts';
import { recordsType, replyType, requirePlainBody } from './negotiation.ts';
import { doneEntry, listOf, offsetEntry, partitionEntry, timeEntry } from '../offset-lists.ts';
import { readInstance } from './read.ts';
import { parseTopicPattern } from './topic-pattern.ts';

type Call = (c: Context, instance: ConsumerInstance, group: ConsumerGroup) => Promise<Response>;

const base = '/consumers/:group/instances/:instance';

export function registerConsumers(app: Hono, context: KafkaContext): void {
  const instances = new ConsumerInstances(context);
  context.members = instances;
  const route = (method: string, path: string, call: Call): void => {
    app.on(method, base + path, (c) => {
      const { group = '', instance = '' } = c.req.param() as Record<string, string>;
      return instances.call(group, instance, (found, its) => call(c, found, its));
    });
  };
  app.post('/consumers/:group', (c, next) => {
    const type = c.req.header('content-type') ?? '';
    if (type !== '' && embeddedFormat(type) === undefined) return next();
    return create(c, context, instances, c.req.param('group'));
  });
  route('DELETE', '', async (_c, instance) => {
    await instances.remove(instance);
    return noContent();
  });
  route('POST', '/subscription', (c, instance, group) => subscribe(c, context, instance, group));
  route('GET', '/subscription', async (c, { selection, assigned }) => {
    const type = replyType(c);
    const topics = selection?.kind === 'topics' ? selection.topics : [];
    const matched = selection?.kind === 'pattern' ? [...new Set(assigned.map(({ topic }) => topic))] : [];
    return jsonReply(JSON.stringify({ topics: [...topics, ...matched] }), 200, type);
  });
  route('DELETE', '/subscription', async (_c, instance, group) => {
    await group.select(instance, null);
    return noContent();
  });
  route('POST', '/assignments', (c, instance, group) => assign(c, context, instance, group));
  route('GET', '/assignments', async (c, { assigned }) => {
    const type = replyType(c);
    const partitions = assigned.map(({ topic, partition }) => ({ topic, partition }));
    return jsonReply(JSON.stringify({ partitions }), 200, type);
  });
  route('POST', '/positions', (c, instance) => seek(c, context, instance));
  route('POST', '/positions/beginning', (c, instance) => seekToEdge(c, context, instance, 'beginningOffset'));
  route('POST', '/positions/end', (c, instance) => seekToEdge(c, context, instance, 'endOffset'));
  route('GET', '/records', (c, instance, group) => records(c, context, instance, group));
  route('POST', '/offsets', (c, instance) => commit(c, context, instance));
  route('GET', '/offsets', (c) => committed(c, context));
}

function topicsOf(entries: readonly { readonly topic: string }[]): Set<string> {
  return new Set(entries.map(({ topic }) => topic));
}

function noContent(): Response {
  return new Response(null, { status: 204 });
}

async function create(c: Context, context: KafkaContext, instances: ConsumerInstances, group: string) {
  const type = replyType(c);
  const config = parseInstanceConfig(await readObject(c, context, {}));
  const { id } = instances.create(group, config);
  const path = `/consumers/${encodeURIComponent(group)}/instances/${encodeURIComponent(id)}`;
  const created = { instance_id: id, base_uri: baseUrl(c, context.advertisedUrl) + path };
  return jsonReply(JSON.stringify(created), 200, type);
}

async function subscribe(c: Context, context: KafkaContext, instance: ConsumerInstance, group: ConsumerGroup) {
  requirePlainBody(c);
  const selection = selectionOf(await readObject(c, context));
  if (selection.kind === 'topics') context.access.permit(c, 'read', selection.topics);
  if (instance.selection?.kind === 'assigned') throw mixed();
  await group.select(instance, selection);
  return noContent();
}

function selectionOf({ topics, topic_pattern: pattern }: JsonObject): Selection {
  if (typeof pattern === 'string' && topics === undefined)
    return { kind: 'pattern', pattern: parseTopicPattern(pattern) };
  if (pattern !== undefined || !Array.isArray(topics) || !topics.every((topic) => typeof topic === 'string')) {
    throw new KafkaHttpError(422, 'want either topics, an array of names, or topic_pattern');
  }
  return { kind: 'topics', topics: [...new Set(topics)] };
}

function mixed(): KafkaHttpError {
  return new KafkaHttpError(
    40903,
    'Illegal state: Subscription to topics, partitions and pattern are mutually exclusive',
  );
}

async function assign(c: Context, context: KafkaContext, instance: ConsumerInstance, group: ConsumerGroup) {
  requirePlainBody(c);
  const partitions = listOf(await readObject(c, context), 'partitions', partitionEntry);
  context.access.permit(c, 'read', topicsOf(partitions));
  if (instance.selection !== null && instance.selection.kind !== 'assigned') throw mixed();
  instance.selection = { kind: 'assigned' };
  await instance.commitIfAuto(instance.assign(partitions));
  await group.prepare(instance);
  return noContent();
}

async function seek(c: Context, { log, ...context }: KafkaContext, instance: ConsumerInstance): Promise<Response> {
  requirePlainBody(c);
  const body = await readObject(c, context);
  const offsets = body['offsets'] === undefined ? [] : listOf(body, 'offsets', offsetEntry);
  const times = body['timestamps'] === undefined ? [] : listOf(body, 'timestamps', timeEntry);
  // All or nothing: every partition is looked for before the first is moved.
  for (const { topic, partition } of [...offsets, ...times]) instance.find(topic, partition);
  for (const { topic, partition, timestamp } of times) {
    const offset =
      (await log.offsetForTime(topic, partition, timestamp)) ?? (await log.offsets(topic, partition))?.endOffset;
    instance.seek(instance.find(topic, partition), offset ?? 0);
  }
  for (const { topic, partition, offset } of offsets) instance.seek(instance.find(topic, partition), offset);
  return noContent();
}

async function seekToEdge(
  c: Context,
  { log, ...context }: KafkaContext,
  instance: ConsumerInstance,
  edge: 'beginningOffset' | 'endOffset',
): Promise<Response> {
  requirePlainBody(c);
  const partitions = listOf(await readObject(c, context), 'partitions', partitionEntry);
  for (const { topic, partition } of partitions) instance.find(topic, partition);
  for (const { topic, partition } of partitions) {
    const offsets = await log.offsets(topic, partition);
    instance.seek(instance.find(topic, partition), offsets?.[edge] ?? 0);
  }
  return noContent();
}

async function records(c: Context, context: KafkaContext, instance: ConsumerInstance, group: ConsumerGroup) {
  // It would read, and show nothing of it.
  if (c.req.method === 'HEAD') throw plainError(405);
  const { bytes, limits, waits } = context;
  const { format, requestTimeoutMs } = instance.config;
  const type = recordsType(c, format);
  const include = parseInclude(c.req.query('include'));
  const timeout = queryInteger(c, 'timeout', 0);
  const maxBytes = queryInteger(c, 'max_bytes', limits.pollBytes);
  const leave = waits.enter();
  try {
    const text = await readInstance(context, group, instance, {
      timeoutMs: Math.min(timeout > 0 ? timeout : requestTimeoutMs, requestTimeoutMs, limits.pollTimeoutMs),
      maxBytes: maxBytes > 0 ? Math.min(maxBytes, limits.pollBytes) : limits.pollBytes,
      print: (record) => printConsumed(record, format, include, bytes),
      client: c.req.raw.signal,
      // What a pattern has matched, or whoever made the instance was allowed, need not be allowed to this one.
      permit: (topics) => context.access.permit(c, 'read', topics),
    });
    return jsonReply(text, 200, type);
  } finally {
    leave();
  }
}

/** Confluent's `offsets` name the last record done with, Redpanda's `partitions` the next one; nothing: all read. */
async function commit(c: Context, context: KafkaContext, instance: ConsumerInstance): Promise<Response> {
  const type = replyType(c);
  requirePlainBody(c);
  const body = await readObject(c, context, {});
  const group = c.req.param('group') ?? '';
  const commitAll = async (offsets: readonly OffsetCommit[]): Promise<void> => {
    context.access.permit(c, 'read', topicsOf(offsets));
    await context.log.commitOffsets(group, offsets);
  };
  if (body['partitions'] !== undefined) {
    await commitAll(listOf(body, 'partitions', offsetEntry));
    return noContent();
  }
  if (body['offsets'] === undefined) await instance.commitPositions();
  else await commitAll(listOf(body, 'offsets', doneEntry));
  return jsonReply('[]', 200, type);
}

async function committed(c: Context, context: KafkaContext): Promise<Response> {
  const type = replyType(c);
  const body = await readObject(c, context, {});
  if (!isObject(body) || body['partitions'] === undefined) throw new KafkaHttpError(40402, 'Partition not found.');
  const wanted = listOf(body, 'partitions', partitionEntry);
  const commits = await context.log.committedOffsets(c.req.param('group') ?? '');
  const offsets = wanted.flatMap(({ topic, partition }) =>
    commits
      .filter((one) => one.topic === topic && one.partition === partition)
      .map(({ offset, metadata }) => ({ topic, partition, offset, metadata })),
  );
  return jsonReply(JSON.stringify({ offsets }), 200, type);
}
