/** Topics, partitions and brokers as Confluent's v2 shows them. There is one broker, and it is 1. */
import type { Hono } from 'hono/tiny';
import type { KafkaContext } from '../../kafka-app.ts';
import { KafkaHttpError } from '../errors.ts';
import { jsonReply, partitionOf } from '../wire.ts';
import { replyType } from './negotiation.ts';

const replicas = [{ broker: 1, leader: true, in_sync: true }];

export function registerMetadata(app: Hono, { log }: KafkaContext): void {
  app.get('/topics', async (c) => {
    const type = replyType(c);
    const topics = await log.listTopics();
    return reply(
      topics.filter((topic) => !topic.startsWith('__')),
      type,
    );
  });
  app.get('/topics/:topic', async (c) => {
    const type = replyType(c);
    const { topic, config, partitions } = await log.describeTopic(c.req.param('topic'));
    const configs = Object.fromEntries(config.map(({ name, value }) => [name, value]));
    return reply({ name: topic, configs, partitions: partitionList(partitions) }, type);
  });
  app.get('/topics/:topic/partitions', async (c) => {
    const type = replyType(c);
    const { partitions } = await log.describeTopic(c.req.param('topic'));
    return reply(partitionList(partitions), type);
  });
  app.get('/topics/:topic/partitions/:partition', async (c) => {
    const type = replyType(c);
    const { partitions } = await log.describeTopic(c.req.param('topic'));
    const partition = partitionOf(c.req.param('partition'));
    if (partition >= partitions) throw new KafkaHttpError(40402, 'Partition not found.');
    return reply(describePartition(partition), type);
  });
  app.get('/topics/:topic/partitions/:partition/offsets', async (c) => {
    const type = replyType(c);
    const offsets = await log.offsets(c.req.param('topic'), partitionOf(c.req.param('partition')));
    if (offsets === null) throw new KafkaHttpError(40402, 'Partition not found.');
    return reply({ beginning_offset: offsets.beginningOffset, end_offset: offsets.endOffset }, type);
  });
  app.get('/brokers', (c) => reply({ brokers: [1] }, replyType(c)));
}

function reply(value: unknown, type: string): Response {
  return jsonReply(JSON.stringify(value), 200, type);
}

function partitionList(count: number): readonly unknown[] {
  return Array.from({ length: count }, (_, partition) => describePartition(partition));
}

function describePartition(partition: number): unknown {
  return { partition, leader: 1, replicas };
}
