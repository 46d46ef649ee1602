/** Tokens on the Kafka side: every route asks for one, and policies decide. */
import * as assert from 'uvu/assert';
import type { Hono } from 'hono/tiny';
import { openApi } from '../../http-api/kafka/openapi.ts';
import { TestServer } from '../confidant/support/server.ts';
import { suite } from '../support/suite.ts';
import { base64 } from '../support/text.ts';
import { type Answer, ask, face, type Face } from './harness.ts';

const test = suite('tokens on the Kafka side');

const v2 = { 'content-type': 'application/vnd.kafka.json.v2+json' };
const json = { 'content-type': 'application/json' };
const binary = { 'content-type': 'application/vnd.kafka.binary.v2+json' };
const group = '/consumers/g/instances/i';
const cluster = '/v3/clusters/edge-1';

interface Probe {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** What a policy must say so that it is not refused: `capability path`, none: any live token. */
  readonly needs: readonly string[];
}

const topic = 'kafka/topics/t';
const its = 'kafka/groups/g';

/** Every route there is, by its pattern. */
const probes: Readonly<Record<string, Probe>> = {
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

async function guarded(): Promise<{ one: Face; server: TestServer }> {
  const server = await TestServer.start();
  const one = face({ guard: server.store }, {}, [openApi(() => '{}')]);
  await one.log.createTopic('t');
  await one.log.commitOffsets('g', [{ topic: 't', partition: 0, offset: 0 }]);
  const made = await ask(one, 'POST', '/consumers/g', { name: 'i', format: 'json' }, { headers: as(server.rootToken) });
  assert.is(made.status, 200, made.text);
  return { one, server };
}

const as = (token: string): Record<string, string> => ({ 'x-vault-token': token });

async function probed(
  one: Face,
  { method, path, body, headers = {} }: Probe,
  credentials: Record<string, string>,
): Promise<Answer> {
  const asked = ask(one, method, path, body, { type: headers['content-type'], headers: credentials });
  await one.clock.settle();
  await one.clock.advance(2000);
  return asked;
}

async function subscribeRoot(one: Face, server: TestServer): Promise<void> {
  const body = { partitions: [{ topic: 't', partition: 0 }] };
  await ask(one, 'POST', `${group}/assignments`, body, { headers: as(server.rootToken) });
}

/** A policy for each of what a probe needs. */
const policyOf = (needs: readonly string[]): string =>
  needs.map((need) => `path "${need.split(' ')[1]}" { capabilities = ["${need.split(' ')[0]}"] }`).join('\n');

test('the table names every route', async () => {
  const { one } = await guarded();
  const routes = (one.app as Hono).routes.map(({ method, path }) => `${method} ${path}`);
  assert.equal([...new Set(routes)].sort(), Object.keys(probes).sort());
});

test('without a live token there is nothing', async () => {
  const { one } = await guarded();
  for (const [name, probe] of Object.entries(probes)) {
    for (const credentials of [
      {},
      as('hvs.nobody'),
      { authorization: 'Bearer hvs.nobody' },
      { authorization: 'Basic eDp5' },
    ]) {
      const { status, json } = await probed(one, probe, credentials);
      assert.equal([status, json?.error_code], [401, 40101], name);
    }
  }
});

test('what a token has no policy for is refused, whichever part of it is missing', async () => {
  const { one, server } = await guarded();
  await subscribeRoot(one, server);
  for (const [name, probe] of Object.entries(probes)) {
    for (const missing of probe.needs) {
      const others = probe.needs.filter((need) => need !== missing);
      const token = await server.tokenWith(policyOf([...others, 'sudo nowhere']));
      const { status, json } = await probed(one, probe, as(token));
      assert.equal([status, json?.error_code], [403, 40301], `${name} without ${missing}`);
    }
  }
});

test('with its policy every route answers', async () => {
  for (const [name, probe] of Object.entries(probes)) {
    const { one, server } = await guarded();
    await subscribeRoot(one, server);
    const token = await server.tokenWith(policyOf([...probe.needs, 'sudo nowhere']));
    const { status, text } = await probed(one, probe, as(token));
    assert.not.ok([401, 403].includes(status) || status >= 500, `${name}: ${status} ${text}`);
  }
});

test('a token comes as Kafka clients can send it', async () => {
  const { one, server } = await guarded();
  const basic = base64(`anybody:${server.rootToken}`);
  for (const authorization of [`Bearer ${server.rootToken}`, `Basic ${basic}`]) {
    assert.is((await ask(one, 'GET', '/topics', undefined, { headers: { authorization } })).status, 200);
  }
});

test('a sealed store lets nobody in', async () => {
  const { one, server } = await guarded();
  server.store?.seal();
  assert.is((await ask(one, 'GET', '/topics', undefined, { headers: as(server.rootToken) })).status, 503);
});

test('each request is one use of the token', async () => {
  const { one, server } = await guarded();
  const { auth } = await server.write('auth/token/create', { policies: ['root'], num_uses: 2 });
  const statuses = [];
  for (let i = 0; i < 3; i += 1)
    statuses.push((await ask(one, 'GET', '/topics', undefined, { headers: as(auth?.clientToken ?? '') })).status);
  assert.equal(statuses, [200, 200, 401]);
});

test('a kept topic can only be read, with tokens and without', async () => {
  for (const isGuarded of [true, false]) {
    const server = await TestServer.start();
    const guard = isGuarded ? server.store : null;
    for (const keptTopic of ['t', 'new']) {
      for (const [name, probe] of Object.entries(probes)) {
        const one = face({ guard, keptTopic }, {}, [openApi(() => '{}')]);
        if (keptTopic === 't') await one.log.createTopic('t');
        const isWrite = probe.needs.some(
          (need) => /^(create|update|delete) /.test(need) && need.endsWith(`/topics/${keptTopic}`),
        );
        const { status, json } = await probed(one, probe, as(server.rootToken));
        assert.is(json?.error_code === 40301, isWrite, `${name}: ${status}`);
      }
    }
  }
});
