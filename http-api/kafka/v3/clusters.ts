/** The one cluster and its one broker, where v3 clients begin. */
import { KafkaHttpError } from '../errors.ts';
import { BROKER_ID, type Call, type Resource } from './resources.ts';

export function listClusters(call: Call): Response {
  const metadata = { self: `${call.root}/clusters`, next: null };
  return call.reply({ kind: 'KafkaClusterList', metadata, data: [cluster(call)] });
}

export function getCluster(call: Call): Response {
  return call.reply(cluster(call));
}

function cluster(call: Call): Resource {
  return call.resource('Cluster', '', '', {
    controller: call.related(`/brokers/${BROKER_ID}`),
    acls: call.related('/acls'),
    brokers: call.related('/brokers'),
    broker_configs: call.related('/broker-configs'),
    consumer_groups: call.related('/consumer-groups'),
    topics: call.related('/topics'),
    partition_reassignments: call.related('/topics/-/partitions/-/reassignment'),
  });
}

export function listBrokers(call: Call): Response {
  return call.list('Broker', '/brokers', [broker(call)]);
}

export function getBroker(call: Call): Response {
  const id = call.param('broker');
  if (id !== String(BROKER_ID)) throw new KafkaHttpError(404, `Broker ${id} cannot be found.`);
  return call.reply(broker(call));
}

function broker(call: Call): Resource {
  const [, scheme, host, port] = /^(\w+):\/\/(.+?)(?::(\d+))?\//.exec(call.root) ?? [];
  return call.resource('Broker', `/brokers/${BROKER_ID}`, `/broker=${BROKER_ID}`, {
    broker_id: BROKER_ID,
    host: host ?? null,
    port: Number(port ?? (scheme === 'https' ? 443 : 80)),
    rack: null,
    configs: call.related(`/brokers/${BROKER_ID}/configs`),
    partition_replicas: call.related(`/brokers/${BROKER_ID}/partition-replicas`),
  });
}
