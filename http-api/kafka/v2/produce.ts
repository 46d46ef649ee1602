/** Producing by Confluent's v2: to a topic, or to one partition of it. */
import type { Context } from 'hono';
import type { Hono } from 'hono/tiny';
import type { KafkaContext } from '../../kafka-app.ts';
import type { ProducerRecord } from '../../../logged/commit-log.ts';
import { embeddedBytes, type RecordFormat } from '../embedded.ts';
import { KafkaHttpError } from '../errors.ts';
import { embeddedFormat } from '../media-types.ts';
import { printProduced } from '../produced.ts';
import { isObject, jsonReply, partitionOf, producerOf, readObject } from '../wire.ts';
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
  const producer = producerOf(c);
  const { records } = await readObject(c, context);
  if (!Array.isArray(records) || records.length === 0) throw new KafkaHttpError(422, 'records must not be empty');
  const limit = context.limits.recordsPerRequest;
  if (records.length > limit) throw new KafkaHttpError(413, `more than ${limit} records in one request`);
  const fields = records.map((record, index) => fieldsOf(context, format, record, `records[${index}]`, partition));
  return jsonReply(printProduced(await context.log.produceBatch(topic, fields, producer)), 200, type);
}

function fieldsOf(
  { bytes }: KafkaContext,
  format: RecordFormat,
  record: unknown,
  place: string,
  partition: number | undefined,
): Fields {
  if (!isObject(record)) throw new KafkaHttpError(422, `${place} must be an object`);
  for (const name in record) {
    if (name !== 'key' && name !== 'value' && (name !== 'partition' || partition !== undefined)) {
      throw new KafkaHttpError(422, `Unrecognized field: ${place}.${name}`);
    }
  }
  return {
    key: embeddedBytes(bytes, format, record['key'], `${place}.key`),
    value: embeddedBytes(bytes, format, record['value'], `${place}.value`),
    partition: partition ?? ownPartition(record['partition'], place),
  };
}

function ownPartition(value: unknown, place: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new KafkaHttpError(422, `${place}.partition must be an integer of 0 or more, or null`);
}
