/** How far the commits of a group are behind the end of the log, in v3. */
import { KafkaHttpError } from '../errors.ts';
import { partitionOf } from '../wire.ts';
import { knownGroup, membersOf } from './groups.ts';
import { type Call, type Resource, segment } from './resources.ts';

interface Lag {
  readonly topic: string;
  readonly partition: number;
  /** Of the consumer that has the partition; empty when nobody has it. */
  readonly consumer: string;
  readonly current: number;
  readonly end: number;
  readonly lag: number;
}

export async function listLags(call: Call): Promise<Response> {
  const group = await knownGroup(call);
  const data = (await lagsOf(call, group)).map((lag) => lagResource(call, group, lag));
  return call.list('ConsumerLag', `/consumer-groups/${segment(group)}/lags`, data);
}

export async function getLag(call: Call): Promise<Response> {
  const group = await knownGroup(call);
  const topic = call.param('topic');
  const partition = partitionOf(call.param('partition'));
  const lag = (await lagsOf(call, group)).find((one) => one.topic === topic && one.partition === partition);
  if (lag === undefined)
    throw new KafkaHttpError(404, `Consumer group has no offset of ${topic} partition ${partition}.`);
  return call.reply(lagResource(call, group, lag));
}

export async function getLagSummary(call: Call): Promise<Response> {
  const group = await knownGroup(call);
  const lags = await lagsOf(call, group);
  const most = lags.reduce((a, b) => (b.lag > a.lag ? b : a));
  const path = `/consumer-groups/${segment(group)}`;
  return call.reply(
    call.resource('ConsumerGroupLagSummary', `${path}/lag-summary`, `/consumer-group=${segment(group)}/lag-summary`, {
      consumer_group_id: group,
      max_lag_consumer_id: most.consumer,
      max_lag_instance_id: null,
      max_lag_client_id: most.consumer,
      max_lag_topic_name: most.topic,
      max_lag_partition_id: most.partition,
      max_lag: most.lag,
      total_lag: lags.reduce((sum, { lag }) => sum + lag, 0),
      max_lag_consumer: call.related(`${path}/consumers/${segment(most.consumer)}`),
      max_lag_partition: call.related(`/topics/${segment(most.topic)}/partitions/${most.partition}`),
    }),
  );
}

/** One per commit, sorted by topic and partition; 404 when there is none, as Confluent answers. */
async function lagsOf(call: Call, group: string): Promise<readonly Lag[]> {
  const members = membersOf(call, group);
  const lags: Lag[] = [];
  for (const { topic, partition, offset } of await call.log.committedOffsets(group)) {
    const end = (await call.log.offsets(topic, partition))?.endOffset;
    if (end === undefined) continue;
    const owner = members.find(({ assignments }) =>
      assignments.some((one) => one.topic === topic && one.partition === partition),
    );
    const lag = Math.max(0, end - offset);
    lags.push({ topic, partition, consumer: owner?.consumerId ?? '', current: offset, end, lag });
  }
  if (lags.length === 0) throw new KafkaHttpError(404, 'Consumer group offsets could not be found.');
  return lags;
}

function lagResource(call: Call, group: string, lag: Lag): Resource {
  const { topic, partition } = lag;
  const path = `/consumer-groups/${segment(group)}/lags/${segment(topic)}/partitions/${partition}`;
  const name = `/consumer-group=${segment(group)}/lag=${segment(topic)}/partition=${partition}`;
  return call.resource('ConsumerLag', path, name, {
    consumer_group_id: group,
    topic_name: topic,
    partition_id: partition,
    consumer_id: lag.consumer,
    instance_id: null,
    client_id: lag.consumer,
    current_offset: lag.current,
    log_end_offset: lag.end,
    lag: lag.lag,
  });
}
