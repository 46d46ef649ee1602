/**
 * The three requests of streambed's own client (`KafkaRestCommitLog`), told apart from Confluent's on the same paths
 * by their plain `application/json`, or by no type at all.
 *
 * What its client cannot see shapes the replies: a record that failed makes the whole request fail, because entries
 * are not looked at; `end_offset` is the offset of the last record; a topic without records has no offsets (404).
 */
import type { Context } from 'hono';
import type { KafkaContext, KafkaDialect } from '../../kafka-app.ts';
import { recordFromJson } from '../../../logged/codecs/record-json.ts';
import { KafkaHttpError } from '../errors.ts';
import { mediaTypeName, namesVendorType } from '../media-types.ts';
import { printProduced } from '../produced.ts';
import { isObject, type JsonObject, jsonReply, partitionOf, producerOf, readObject } from '../wire.ts';
import { StreambedConsumers } from './consumers.ts';

export const registerStreambed: KafkaDialect = (app, context) => {
  const consumers = new StreambedConsumers(context);
  app.post('/topics/:topic', (c, next) => (isOwn(c) ? produce(c, context, c.req.param('topic')) : next()));
  app.post('/consumers/:group', (c, next) => (isOwn(c) ? consumers.stream(c) : next()));
  app.get('/topics/:topic/partitions/:partition/offsets', (c, next) => {
    if (namesVendorType(c.req.header('accept')) || context.wildcardDialect !== 'streambed') return next();
    return offsets(context, c.req.param('topic'), partitionOf(c.req.param('partition')));
  });
};

function isOwn(c: Context): boolean {
  const type = c.req.header('content-type');
  // Without a body and a type it may be Confluent's way of creating an instance with defaults.
  if (type !== undefined && type !== '') return mediaTypeName(type) === 'application/json';
  return (c.req.header('content-length') ?? '0') !== '0' || c.req.header('transfer-encoding') !== undefined;
}

async function produce(c: Context, context: KafkaContext, topic: string): Promise<Response> {
  const { log, bytes, limits } = context;
  const producer = producerOf(c);
  const records = recordsOf(await readObject(c, context), limits.recordsPerRequest).map((record, index) => {
    if (!isObject(record)) throw new KafkaHttpError(422, `records[${index}] must be an object`);
    if ((record['topic'] ?? topic) !== topic) throw new KafkaHttpError(422, `records[${index}].topic is not ${topic}`);
    return recordFromJson({ ...record, topic }, bytes);
  });
  const results = await log.produceBatch(topic, records, producer);
  for (const result of results) if ('error' in result) throw result.error;
  return jsonReply(printProduced(results));
}

function recordsOf(body: JsonObject, limit: number): readonly unknown[] {
  const records = body['records'];
  if (!Array.isArray(records) || records.length === 0) throw new KafkaHttpError(422, 'records must not be empty');
  if (records.length > limit) throw new KafkaHttpError(413, `more than ${limit} records in one request`);
  return records;
}

async function offsets(context: KafkaContext, topic: string, partition: number): Promise<Response> {
  const found = await context.log.offsets(topic, partition);
  if (found === null || found.lastOffset === null) throw new KafkaHttpError(40402, 'Partition not found.');
  return jsonReply(JSON.stringify({ beginning_offset: found.beginningOffset, end_offset: found.lastOffset }));
}
