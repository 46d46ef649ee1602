/**
 * Redpanda's read of one partition without any state on the server:
 * `GET /topics/{t}/partitions/{p}/records?offset&timeout&max_bytes`, all three required. Also takes `include`.
 */
import type { Context } from 'hono';
import type { Hono } from 'hono/tiny';
import type { KafkaContext } from '../../kafka-app.ts';
import { Cancellation } from '../cancellation.ts';
import { parseInclude, printConsumed } from '../embedded.ts';
import { KafkaHttpError } from '../errors.ts';
import { poll } from '../poll.ts';
import { jsonReply, partitionOf, queryInteger } from '../wire.ts';
import { askedFormat } from './negotiation.ts';
import { printAll } from './read.ts';

export function registerPartitionRecords(app: Hono, context: KafkaContext): void {
  app.get('/topics/:topic/partitions/:partition/records', async (c) => {
    const partition = partitionOf(c.req.param('partition'));
    const leave = context.waits.enter();
    const signal = new Cancellation(c.req.raw.signal, context.stopping);
    try {
      return await read(c, context, c.req.param('topic'), partition, signal);
    } finally {
      signal.release();
      leave();
    }
  });
}

async function read(c: Context, context: KafkaContext, topic: string, partition: number, signal: Cancellation) {
  const { log, clock, limits, bytes } = context;
  const format = askedFormat(c);
  const include = parseInclude(c.req.query('include'));
  const [offset, timeout, maxBytes] = [required(c, 'offset'), required(c, 'timeout'), required(c, 'max_bytes')];
  const offsets = await log.offsets(topic, partition);
  if (offsets === null || offset < offsets.beginningOffset || offset > offsets.endOffset) {
    throw new KafkaHttpError(40402, 'Partition not found.');
  }
  const records = await poll(log, clock, {
    subscriptions: [{ topic, partitions: [partition] }],
    offsets: [{ topic, partition, offset: offset - 1 }],
    minBytes: 0,
    maxBytes: Math.min(maxBytes, limits.pollBytes),
    timeoutMs: Math.min(timeout, limits.pollTimeoutMs),
    signal,
  });
  const { text } = printAll(records, (record) => printConsumed(record, format, include, bytes));
  return jsonReply(text, 200, `application/vnd.kafka.${format}.v2+json`);
}

function required(c: Context, name: string): number {
  const value = queryInteger(c, name, Number.NaN);
  if (value >= 0) return value;
  throw new KafkaHttpError(40002, `query parameter ${name} must be an integer of 0 or more`);
}
