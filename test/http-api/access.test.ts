/** Tokens on the Kafka side: every route asks for one, and policies decide. */
import * as assert from 'uvu/assert';
import type { Hono } from 'hono/tiny';
import { openApi } from '../../http-api/kafka/openapi.ts';
import { TestServer } from '../confidant/support/server.ts';
import { suite } from '../support/suite.ts';
import { base64 } from '../support/text.ts';
import { group, its, type Probe, probes, topic } from './access-probes.ts';
import { type Answer, ask, face, type Face } from './harness.ts';

const test = suite('tokens on the Kafka side');

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

test('a stream that begins at the commits of a group asks for what other consumers of the group need', async () => {
  const { one, server } = await guarded();
  const probe: Probe = { method: 'GET', path: '/streams?topics=t&group=g&idle_timeout=0', needs: [] };
  for (const [policy, status] of [
    [[`read ${topic}`, `update ${its}`], 200],
    [[`read ${topic}`, `read ${its}`], 403],
    [[`read ${topic}`], 403],
    [[`update ${its}`], 403],
  ] as const) {
    const token = await server.tokenWith(policyOf(policy));
    assert.is((await probed(one, probe, as(token))).status, status, policy.join());
  }
});
