/**
 * Confluent's v3, at `/v3` and, as in Confluent's cloud, at `/kafka/v3`. One cluster with one broker, whose topics have
 * a replication factor of 1.
 */
import type { Hono } from 'hono/tiny';
import type { KafkaContext } from '../../kafka-app.ts';
import { getBroker, getCluster, listBrokers, listClusters } from './clusters.ts';
import { alterConfigs, getConfig, listAllConfigs, listConfigs, putConfig, resetConfig } from './configs.ts';
import { getConsumer, getGroup, listAssignments, listConsumers, listGroups } from './groups.ts';
import { getLag, getLagSummary, listLags } from './lags.ts';
import { getOffsets, getPartition, listPartitions } from './partitions.ts';
import { produceBatch, produceRecords } from './records.ts';
import { Call } from './resources.ts';
import { addPartitions, createTopic, deleteTopic, getTopic, listTopics } from './topics.ts';

type Handler = (call: Call) => Response | Promise<Response>;

const CLUSTER = '/v3/clusters/:cluster';
const TOPIC = `${CLUSTER}/topics/:topic`;
const GROUP = `${CLUSTER}/consumer-groups/:group`;

export function registerV3(app: Hono, context: KafkaContext): void {
  const on = (method: string, path: string, handler: Handler): void => {
    app.on(method, path, (c) => handler(new Call(c, context)));
  };
  on('GET', '/v3/clusters', listClusters);
  on('GET', CLUSTER, getCluster);
  on('GET', `${CLUSTER}/brokers`, listBrokers);
  on('GET', `${CLUSTER}/brokers/:broker`, getBroker);

  on('GET', `${CLUSTER}/topics`, listTopics);
  on('POST', `${CLUSTER}/topics`, createTopic);
  // Before the topic's own: `-` stands for all topics.
  on('GET', `${CLUSTER}/topics/-/configs`, listAllConfigs);
  on('GET', TOPIC, getTopic);
  on('DELETE', TOPIC, deleteTopic);
  on('PATCH', TOPIC, addPartitions);
  on('GET', `${TOPIC}/configs`, listConfigs);
  on('POST', `${TOPIC}/configs:alter`, alterConfigs);
  on('GET', `${TOPIC}/configs/:name`, getConfig);
  on('PUT', `${TOPIC}/configs/:name`, putConfig);
  on('DELETE', `${TOPIC}/configs/:name`, resetConfig);
  on('GET', `${TOPIC}/partitions`, listPartitions);
  on('GET', `${TOPIC}/partitions/:partition`, getPartition);
  on('GET', `${TOPIC}/partitions/:partition/offset`, getOffsets);
  on('POST', `${TOPIC}/records`, produceRecords);
  on('POST', `${TOPIC}/records:batch`, produceBatch);

  on('GET', `${CLUSTER}/consumer-groups`, listGroups);
  on('GET', GROUP, getGroup);
  on('GET', `${GROUP}/consumers`, listConsumers);
  on('GET', `${GROUP}/consumers/:consumer`, getConsumer);
  on('GET', `${GROUP}/consumers/:consumer/assignments`, listAssignments);
  on('GET', `${GROUP}/lags`, listLags);
  on('GET', `${GROUP}/lags/:topic/partitions/:partition`, getLag);
  on('GET', `${GROUP}/lag-summary`, getLagSummary);
}
