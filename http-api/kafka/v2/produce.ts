/** Producing by Confluent's v2: to a topic, or to one partition of it. */
import type { Context } from 'hono';
import type { Hono } from 'hono/tiny';
import type { KafkaContext } from '../../kafka-app.ts';
import type { Producer, ProducerRecord, ProduceResult } from '../../../logged/commit-log.ts';
import { embeddedBytes, type RecordFormat } from '../embedded.ts';
import { KafkaHttpError } from '../errors.ts';
import { embeddedFormat } from '../media-types.ts';
import { printProduced } from '../produced.ts';
import { asObject, isObject, jsonReply, parseJson, partitionOf, producerOf, readText } from '../wire.ts';
import { bodyFormat, replyType } from './negotiation.ts';

type Fields = Omit<ProducerRecord, 'topic'>;

export function registerProduce(app: Hono, context: KafkaContext): void {
  app.post('/topics/:topic', (c, next) => {
    if (embeddedFormat(c.req.header('content-type')) === undefined) return next();
    return produce(c, context, c.req.param('topic'), undefined);
  });
  app.post('/topics/:topic/partitions/:partition', (c) =>
    produce(c, context, c.req.param('topic'), partitionOf(c.req.param('partition'))),
  );
}

async function produce(c: Context, context: KafkaContext, topic: string, partition: number | undefined) {
  const format = bodyFormat(c);
  const type = replyType(c);
  const target: Target = { topic, partition, format, producer: producerOf(c) };
  // Nothing of the body is held on to while the log makes its records durable.
  return jsonReply(printProduced(await append(context, target, await readText(c, context))), 200, type);
}

interface Target {
  readonly topic: string;
  readonly partition: number | undefined;
  readonly format: RecordFormat;
  readonly producer: Producer | undefined;
}

function append(context: KafkaContext, target: Target, body: string): Promise<readonly ProduceResult[]> {
  // Only values that are JSON themselves may be long numbers.
  const { records } = asObject(parseJson(body, target.format === 'json'));
  if (!Array.isArray(records) || records.length === 0) throw new KafkaHttpError(422, 'records must not be empty');
  const limit = context.limits.recordsPerRequest;
  if (records.length > limit) throw new KafkaHttpError(413, `more than ${limit} records in one request`);
  const fields = records.map((record, index) => fieldsOf(context, target, record, index));
  return context.log.produceBatch(target.topic, fields, target.producer);
}

function fieldsOf({ bytes }: KafkaContext, { format, partition }: Target, record: unknown, index: number): Fields {
  if (!isObject(record)) throw new KafkaHttpError(422, `records[${index}] must be an object`);
  for (const name in record) {
    if (name !== 'key' && name !== 'value' && (name !== 'partition' || partition !== undefined)) {
      throw new KafkaHttpError(422, `Unrecognized field: records[${index}].${name}`);
    }
  }
  return {
    key: embeddedBytes(bytes, format, record['key'], 'key', index),
    value: embeddedBytes(bytes, format, record['value'], 'value', index),
    partition: partition ?? ownPartition(record['partition'], index),
  };
}

function ownPartition(value: unknown, index: number): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new KafkaHttpError(422, `records[${index}].partition must be an integer of 0 or more, or null`);
}
