/** Every route of the Kafka face with a request that it answers, and what a policy must say for that. */

const v2 = { 'content-type': 'application/vnd.kafka.json.v2+json' };
const json = { 'content-type': 'application/json' };
const binary = { 'content-type': 'application/vnd.kafka.binary.v2+json' };
export const group = '/consumers/g/instances/i';
const cluster = '/v3/clusters/edge-1';

export interface Probe {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** What a policy must say so that it is not refused: `capability path`, none: any live token. */
  readonly needs: readonly string[];
}

export const topic = 'kafka/topics/t';
export const its = 'kafka/groups/g';

/** Every route there is, by its pattern. */
export const probes: Readonly<Record<string, Probe>> = {
  'GET /': { method: 'GET', path: '/', needs: [] },
  'GET /status/ready': { method: 'GET', path: '/status/ready', needs: [] },
  'GET /openapi.json': { method: 'GET', path: '/openapi.json', needs: [] },
  'GET /brokers': { method: 'GET', path: '/brokers', needs: [] },
  'GET /topics': { method: 'GET', path: '/topics', needs: ['list kafka/topics/'] },
  'GET /topics/:topic': { method: 'GET', path: '/topics/t', needs: [`read ${topic}`] },
  'GET /topics/:topic/partitions': { method: 'GET', path: '/topics/t/partitions', needs: [`read ${topic}`] },
  'GET /topics/:topic/partitions/:partition': {
    method: 'GET',
    path: '/topics/t/partitions/0',
    needs: [`read ${topic}`],
  },
  'GET /topics/:topic/partitions/:partition/offsets': {
    method: 'GET',
    path: '/topics/t/partitions/0/offsets',
    needs: [`read ${topic}`],
  },
  'GET /topics/:topic/partitions/:partition/records': {
    method: 'GET',
    path: '/topics/t/partitions/0/records?offset=0&timeout=0&max_bytes=1000',
    needs: [`read ${topic}`],
  },
  'POST /topics/:topic': {
    method: 'POST',
    path: '/topics/t',
    body: { records: [{ value: 1 }] },
    headers: v2,
    needs: [`create ${topic}`],
  },
  'POST /topics/:topic/partitions/:partition': {
    method: 'POST',
    path: '/topics/t/partitions/0',
    body: { records: [{ value: 1 }] },
    headers: v2,
    needs: [`create ${topic}`],
  },
  'POST /consumers/:group': {
    method: 'POST',
    path: '/consumers/g',
    body: { name: 'new', format: 'json' },
    headers: v2,
    needs: [`update ${its}`],
  },
  'POST /consumers/:group/offsets': {
    method: 'POST',
    path: '/consumers/g/offsets',
    body: { offsets: [{ topic: 't', partition: 0, offset: 0 }] },
    headers: json,
    needs: [`update ${its}`, `read ${topic}`],
  },
  'GET /consumers/:group/offsets': { method: 'GET', path: '/consumers/g/offsets', needs: [`read ${its}`] },
  'GET /streams': { method: 'GET', path: '/streams?topics=t&idle_timeout=0', needs: [`read ${topic}`] },
  'DELETE /consumers/:group/instances/:instance': {
    method: 'DELETE',
    path: '/consumers/g/instances/gone',
    needs: [`update ${its}`],
  },
  'POST /consumers/:group/instances/:instance/subscription': {
    method: 'POST',
    path: `${group}/subscription`,
    body: { topics: ['t'] },
    headers: binary,
    needs: [`update ${its}`, `read ${topic}`],
  },
  'GET /consumers/:group/instances/:instance/subscription': {
    method: 'GET',
    path: `${group}/subscription`,
    needs: [`update ${its}`],
  },
  'DELETE /consumers/:group/instances/:instance/subscription': {
    method: 'DELETE',
    path: `${group}/subscription`,
    needs: [`update ${its}`],
  },
  'POST /consumers/:group/instances/:instance/assignments': {
    method: 'POST',
    path: `${group}/assignments`,
    body: { partitions: [{ topic: 't', partition: 0 }] },
    headers: binary,
    needs: [`update ${its}`, `read ${topic}`],
  },
  'GET /consumers/:group/instances/:instance/assignments': {
    method: 'GET',
    path: `${group}/assignments`,
    needs: [`update ${its}`],
  },
  'POST /consumers/:group/instances/:instance/positions': {
    method: 'POST',
    path: `${group}/positions`,
    body: { offsets: [] },
    headers: binary,
    needs: [`update ${its}`],
  },
  'POST /consumers/:group/instances/:instance/positions/beginning': {
    method: 'POST',
    path: `${group}/positions/beginning`,
    body: { partitions: [] },
    headers: binary,
    needs: [`update ${its}`],
  },
  'POST /consumers/:group/instances/:instance/positions/end': {
    method: 'POST',
    path: `${group}/positions/end`,
    body: { partitions: [] },
    headers: binary,
    needs: [`update ${its}`],
  },
  'GET /consumers/:group/instances/:instance/records': {
    method: 'GET',
    path: `${group}/records?timeout=1`,
    needs: [`update ${its}`, `read ${topic}`],
  },
  'POST /consumers/:group/instances/:instance/offsets': {
    method: 'POST',
    path: `${group}/offsets`,
    body: { offsets: [{ topic: 't', partition: 0, offset: 0 }] },
    headers: binary,
    needs: [`update ${its}`, `read ${topic}`],
  },
  'GET /consumers/:group/instances/:instance/offsets': {
    method: 'GET',
    path: `${group}/offsets`,
    needs: [`update ${its}`],
  },
  'GET /v3/clusters': { method: 'GET', path: '/v3/clusters', needs: [] },
  'GET /v3/clusters/:cluster': { method: 'GET', path: `${cluster}`, needs: [] },
  'GET /v3/clusters/:cluster/brokers': { method: 'GET', path: `${cluster}/brokers`, needs: [] },
  'GET /v3/clusters/:cluster/brokers/:broker': {
    method: 'GET',
    path: `${cluster}/brokers/1`,
    needs: [],
  },
  'GET /v3/clusters/:cluster/topics': {
    method: 'GET',
    path: `${cluster}/topics`,
    needs: ['list kafka/topics/'],
  },
  'POST /v3/clusters/:cluster/topics': {
    method: 'POST',
    path: `${cluster}/topics`,
    body: { topic_name: 'new' },
    headers: json,
    needs: ['update kafka/topics/new'],
  },
  'GET /v3/clusters/:cluster/topics/-/configs': {
    method: 'GET',
    path: `${cluster}/topics/-/configs`,
    needs: ['list kafka/topics/'],
  },
  'GET /v3/clusters/:cluster/topics/:topic': {
    method: 'GET',
    path: `${cluster}/topics/t`,
    needs: ['read kafka/topics/t'],
  },
  'DELETE /v3/clusters/:cluster/topics/:topic': {
    method: 'DELETE',
    path: `${cluster}/topics/t`,
    needs: ['delete kafka/topics/t'],
  },
  'PATCH /v3/clusters/:cluster/topics/:topic': {
    method: 'PATCH',
    path: `${cluster}/topics/t`,
    body: { partitions_count: 4 },
    headers: json,
    needs: ['update kafka/topics/t'],
  },
  'GET /v3/clusters/:cluster/topics/:topic/configs': {
    method: 'GET',
    path: `${cluster}/topics/t/configs`,
    needs: ['read kafka/topics/t'],
  },
  'POST /v3/clusters/:cluster/topics/:topic/configs:alter': {
    method: 'POST',
    path: `${cluster}/topics/t/configs:alter`,
    body: { data: [{ name: 'retention.ms', value: '1000000' }] },
    headers: json,
    needs: ['update kafka/topics/t'],
  },
  'GET /v3/clusters/:cluster/topics/:topic/configs/:name': {
    method: 'GET',
    path: `${cluster}/topics/t/configs/retention.ms`,
    needs: ['read kafka/topics/t'],
  },
  'PUT /v3/clusters/:cluster/topics/:topic/configs/:name': {
    method: 'PUT',
    path: `${cluster}/topics/t/configs/retention.ms`,
    body: { value: '1000000' },
    headers: json,
    needs: ['update kafka/topics/t'],
  },
  'DELETE /v3/clusters/:cluster/topics/:topic/configs/:name': {
    method: 'DELETE',
    path: `${cluster}/topics/t/configs/retention.ms`,
    needs: ['update kafka/topics/t'],
  },
  'GET /v3/clusters/:cluster/topics/:topic/partitions': {
    method: 'GET',
    path: `${cluster}/topics/t/partitions`,
    needs: ['read kafka/topics/t'],
  },
  'GET /v3/clusters/:cluster/topics/:topic/partitions/:partition': {
    method: 'GET',
    path: `${cluster}/topics/t/partitions/0`,
    needs: ['read kafka/topics/t'],
  },
  'GET /v3/clusters/:cluster/topics/:topic/partitions/:partition/offset': {
    method: 'GET',
    path: `${cluster}/topics/t/partitions/0/offset`,
    needs: ['read kafka/topics/t'],
  },
  'POST /v3/clusters/:cluster/topics/:topic/records': {
    method: 'POST',
    path: `${cluster}/topics/t/records`,
    body: { value: { type: 'JSON', data: 1 } },
    headers: json,
    needs: ['create kafka/topics/t'],
  },
  'POST /v3/clusters/:cluster/topics/:topic/records:batch': {
    method: 'POST',
    path: `${cluster}/topics/t/records:batch`,
    body: { entries: [{ id: '1', value: { type: 'JSON', data: 1 } }] },
    headers: json,
    needs: ['create kafka/topics/t'],
  },
  'GET /v3/clusters/:cluster/consumer-groups': {
    method: 'GET',
    path: `${cluster}/consumer-groups`,
    needs: ['list kafka/groups/'],
  },
  'GET /v3/clusters/:cluster/consumer-groups/:group': {
    method: 'GET',
    path: `${cluster}/consumer-groups/g`,
    needs: ['read kafka/groups/g'],
  },
  'GET /v3/clusters/:cluster/consumer-groups/:group/consumers': {
    method: 'GET',
    path: `${cluster}/consumer-groups/g/consumers`,
    needs: ['read kafka/groups/g'],
  },
  'GET /v3/clusters/:cluster/consumer-groups/:group/consumers/:consumer': {
    method: 'GET',
    path: `${cluster}/consumer-groups/g/consumers/i`,
    needs: ['read kafka/groups/g'],
  },
  'GET /v3/clusters/:cluster/consumer-groups/:group/consumers/:consumer/assignments': {
    method: 'GET',
    path: `${cluster}/consumer-groups/g/consumers/i/assignments`,
    needs: ['read kafka/groups/g'],
  },
  'GET /v3/clusters/:cluster/consumer-groups/:group/lags': {
    method: 'GET',
    path: `${cluster}/consumer-groups/g/lags`,
    needs: ['read kafka/groups/g'],
  },
  'GET /v3/clusters/:cluster/consumer-groups/:group/lags/:topic/partitions/:partition': {
    method: 'GET',
    path: `${cluster}/consumer-groups/g/lags/t/partitions/0`,
    needs: ['read kafka/groups/g'],
  },
  'GET /v3/clusters/:cluster/consumer-groups/:group/lag-summary': {
    method: 'GET',
    path: `${cluster}/consumer-groups/g/lag-summary`,
    needs: ['read kafka/groups/g'],
  },
};
