/** Partitions of v3 and their offsets. */
import { CommitLogError } from '../../../logged/commit-log.ts';
import { KafkaHttpError } from '../errors.ts';
import { partitionOf } from '../wire.ts';
import { BROKER_ID, type Call, type Resource, segment } from './resources.ts';

export async function listPartitions(call: Call): Promise<Response> {
  const topic = call.param('topic');
  const { partitions } = await call.log.describeTopic(topic);
  const data = Array.from({ length: partitions }, (_, partition) => partitionResource(call, topic, partition));
  return call.list('Partition', `/topics/${segment(topic)}/partitions`, data);
}

export async function getPartition(call: Call): Promise<Response> {
  const topic = call.param('topic');
  const partition = partitionOf(call.param('partition'));
  const { partitions } = await call.log.describeTopic(topic);
  if (partition >= partitions) throw unknownPartition(topic, partition);
  return call.reply(partitionResource(call, topic, partition));
}

export async function getOffsets(call: Call): Promise<Response> {
  const type = call.c.req.query('offset_type') ?? 'earliest_and_latest';
  if (type !== 'earliest_and_latest') throw new KafkaHttpError(400, `offset_type:${type} is invalid`);
  const topic = call.param('topic');
  const partition = partitionOf(call.param('partition'));
  const offsets = await call.log.offsets(topic, partition);
  if (offsets === null) throw unknownPartition(topic, partition);
  const { path, name } = placeOf(topic, partition);
  return call.reply(
    call.resource('PartitionWithOffsets', `${path}/offset`, `${name}/offset`, {
      topic_name: topic,
      partition_id: partition,
      earliest_offset: offsets.beginningOffset,
      latest_offset: offsets.endOffset,
    }),
  );
}

export function unknownPartition(topic: string, partition: number): CommitLogError {
  return new CommitLogError('unknown-partition', `topic ${topic}: no partition ${partition}`);
}

function placeOf(topic: string, partition: number): { path: string; name: string } {
  return {
    path: `/topics/${segment(topic)}/partitions/${partition}`,
    name: `/topic=${segment(topic)}/partition=${partition}`,
  };
}

function partitionResource(call: Call, topic: string, partition: number): Resource {
  const { path, name } = placeOf(topic, partition);
  return call.resource('Partition', path, name, {
    topic_name: topic,
    partition_id: partition,
    leader: call.related(`${path}/replicas/${BROKER_ID}`),
    replicas: call.related(`${path}/replicas`),
    reassignment: call.related(`${path}/reassignment`),
  });
}
