/** The Vault face on the wire, and that nothing a client sends makes it fail. Facts: http-contract B0 and B3. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { vaultApp } from '../../http-api/vault-app.ts';
import { TestServer } from '../confidant/support/server.ts';
import { bytes, random } from '../support/platform.ts';
import { variable } from '../support/platform.ts';
import { some } from '../support/share.ts';
import { suite } from '../support/suite.ts';
import { utf8 } from '../support/text.ts';

const test = suite('the Vault face');

interface Face {
  readonly server: TestServer;
  readonly reported: string[];
  ask(method: string, path: string, body?: string | Uint8Array, headers?: Record<string, string>): Promise<Response>;
}

async function face(start: Parameters<typeof TestServer.start>[0] = {}): Promise<Face> {
  const server = await TestServer.start(start);
  const reported: string[] = [];
  const { store } = server;
  if (store === null) throw new Error('no store');
  const report = (line: string): void => void reported.push(line);
  const app = vaultApp({ server: store, bytes, random, bodyBytes: 10_000, urlLength: 2000, report });
  const ask: Face['ask'] = async (method, path, body, headers = {}) => {
    const content = typeof body === 'string' ? utf8(body) : body;
    const length: Record<string, string> = content === undefined ? {} : { 'content-length': String(content.length) };
    const init = { method, headers: { 'x-vault-token': server.rootToken, ...length, ...headers } };
    return app.request(`http://edge.example:8200${path}`, { ...init, ...(content && { body: content }) });
  };
  return { server, reported, ask };
}

async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}

test('replies are in the envelope, bare in type, and not to be stored', async () => {
  const { ask } = await face();
  const written = await ask('PUT', '/v1/secret/data/a', '{"data":{"x":"y"}}');
  assert.is(written.status, 200);
  assert.is(written.headers.get('content-type'), 'application/json');
  assert.is(written.headers.get('cache-control'), 'no-store');
  const body = await bodyOf(written);
  const names = ['request_id', 'lease_id', 'renewable', 'lease_duration', 'data', 'wrap_info', 'warnings', 'auth'];
  assert.equal(Object.keys(body), names);
  assert.match(String(body['request_id']), /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

test('what has nothing to say is 204 without a body', async () => {
  const { ask } = await face();
  const reply = await ask(
    'POST',
    '/v1/sys/policies/acl/p',
    '{"policy":"path \\"a\\" { capabilities = [\\"read\\"] }"}',
  );
  assert.is(reply.status, 204);
  assert.is(await reply.text(), '');
  assert.is((await ask('DELETE', '/v1/secret/data/none')).status, 204);
});

test('what is written is in the body alone, with KV version 1 all of it', async () => {
  const { ask } = await face();
  await ask('POST', '/v1/sys/mounts/kv1', '{"type":"kv","options":{"version":"1"}}');
  assert.is((await ask('POST', '/v1/kv1/a?token=hvs.leak&ttl=1h', '{"ttl":"-5s"}')).status, 204);
  const kept = await bodyOf(await ask('GET', '/v1/kv1/a'));
  assert.equal([kept['data'], kept['lease_duration']], [{ ttl: '-5s' }, 0]);
  assert.is((await ask('POST', '/v1/secret/data/a?options=x', '{"data":{"x":"y"}}')).status, 200);
});

test('errors have the statuses and texts that clients look for', async () => {
  const { ask, server } = await face();
  const errors = async (reply: Response) => [reply.status, (await bodyOf(reply))['errors']];
  assert.equal(await errors(await ask('GET', '/v1/secret/data/none')), [404, []]);
  assert.equal(await errors(await ask('GET', '/v1/nowhere/x')), [
    404,
    ['no handler for route "nowhere/x". route entry not found.'],
  ]);
  assert.equal(await errors(await ask('GET', '/v1/secret/data/a', undefined, { 'x-vault-token': 'no' })), [
    403,
    ['permission denied'],
  ]);
  const weak = await server.tokenWith('path "nowhere" { capabilities = ["read"] }');
  assert.equal(await errors(await ask('GET', '/v1/secret/data/a', undefined, { 'x-vault-token': weak })), [
    403,
    ['1 error occurred:\n\t* permission denied\n\n'],
  ]);
  assert.equal(await errors(await ask('PATCH', '/v1/secret/data/a', '{}')), [
    415,
    ['PATCH requests need the content type application/merge-patch+json'],
  ]);
  assert.equal(await errors(await ask('DELETE', '/v1/sys/mounts')), [
    405,
    ['1 error occurred:\n\t* unsupported operation\n\n'],
  ]);
  assert.equal(await errors(await ask('POST', '/v1/secret/data/a', '{')), [400, ['error parsing JSON']]);
  assert.is((await ask('POST', '/v1/secret/data/a', 'x'.repeat(10_001))).status, 413);
  assert.is((await ask('GET', `/v1/secret/data/${'x'.repeat(2000)}`)).status, 414);
  assert.is((await ask('GET', '/v1/sys/health', undefined, { origin: 'http://evil.example' })).status, 403);
  server.store?.seal();
  assert.equal(await errors(await ask('GET', '/v1/secret/data/a')), [503, ['Vault is sealed']]);
});

test('a deleted version is a 404 with all that is known of it', async () => {
  const { ask } = await face();
  await ask('POST', '/v1/secret/data/a', '{"data":{"x":"y"}}');
  await ask('DELETE', '/v1/secret/data/a');
  const reply = await ask('GET', '/v1/secret/data/a');
  const { data } = (await bodyOf(reply)) as { data: { data: unknown; metadata: { deletion_time: string } } };
  assert.is(reply.status, 404);
  assert.is(data.data, null);
  assert.ok(data.metadata.deletion_time);
});

test('health tells by its status, as asked', async () => {
  const { ask, server } = await face();
  assert.is((await ask('GET', '/v1/sys/health')).status, 200);
  assert.is((await ask('GET', '/v1/sys/health?activecode=299')).status, 299);
  for (const code of [204, 304]) {
    const bare = await ask('GET', `/v1/sys/health?activecode=${code}`);
    assert.equal([bare.status, await bare.text()], [code, '']);
  }
  // Of these, and of what is no status, clients would wait for another.
  for (const code of [100, 103, 199, 600, 1000]) {
    assert.is((await ask('GET', `/v1/sys/health?activecode=${code}`)).status, 200, String(code));
  }
  const head = await ask('HEAD', '/v1/sys/health', undefined, { 'x-vault-token': '' });
  assert.equal([head.status, await head.text()], [200, '']);
  server.store?.seal();
  assert.is((await ask('GET', '/v1/sys/health')).status, 503);
  assert.is((await ask('GET', '/v1/sys/health?sealedcode=200')).status, 200);
});

test('bodies come as JSON under any type, as forms, as text for numbers, or not at all', async () => {
  const { ask } = await face();
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  await ask('POST', '/v1/sys/mounts/kv1', 'type=kv&description=a+b%21', form);
  const { data } = (await bodyOf(await ask('GET', '/v1/sys/mounts/kv1'))) as { data: { description: string } };
  assert.is(data.description, 'a b!');
  assert.is((await ask('POST', '/v1/secret/data/a', ' {"data":{"x":"y"},"options":{"cas":"0"}}', form)).status, 200);
  assert.is((await ask('POST', '/v1/secret/metadata/a', '{"max_versions":"5","custom_metadata":null}')).status, 204);
  for (const body of ['', '{}', 'null', ' '])
    assert.is((await ask('POST', '/v1/auth/token/create', body, form)).status, 200);
});

test('LIST is a method and a query, double slashes are one', async () => {
  const { ask } = await face();
  await ask('POST', '/v1/secret//data/a/b', '{"data":{"x":"y"}}');
  for (const reply of [
    await ask('LIST', '/v1/secret/metadata/a'),
    await ask('GET', '/v1/secret/metadata/a/?list=true'),
    await ask('GET', '/v1/secret/metadata/a?list=1'),
  ]) {
    assert.equal(((await bodyOf(reply)) as { data: unknown }).data, { keys: ['b'] });
  }
});

test('old paths repeat their fields beside the envelope', async () => {
  const { ask } = await face();
  const body = await bodyOf(await ask('GET', '/v1/sys/mounts'));
  assert.equal(body['secret/'], (body['data'] as Record<string, unknown>)['secret/']);
  const bare = await bodyOf(
    await ask('GET', '/v1/secret/metadata?list=true').then((reply) =>
      reply.status === 404 ? ask('GET', '/v1/sys/policies/acl?list=true') : reply,
    ),
  );
  assert.is(bare['keys'], undefined);
});

const word = fc.oneof(
  fc.constantFrom(
    'sys',
    'auth',
    'token',
    'secret',
    'data',
    'metadata',
    'create',
    'policies',
    'acl',
    'mounts',
    'transit',
    'userpass',
    'login',
    'wrapping',
    'unwrap',
    'capabilities-self',
    'tune',
    '..',
    '.',
    '',
    '%00',
    '%2e%2e',
    '%2f',
    'é',
    '😀',
    '%ff',
    'a'.repeat(300),
  ),
  fc.string({ maxLength: 12 }),
);
const path = fc.array(word, { maxLength: 6 }).map((parts) => `/v1/${parts.join('/')}`);
const scalar = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('-1', '1e999', '1h', '999999999h', '__proto__', '10.0.0.0/99'),
);
const name = fc.constantFrom(
  'data',
  'options',
  'cas',
  'versions',
  'policy',
  'policies',
  'ttl',
  'period',
  'num_uses',
  'type',
  'token',
  'accessor',
  'paths',
  'plaintext',
  'ciphertext',
  'batch_input',
  'key',
  'password',
  'max_versions',
  'custom_metadata',
  'metadata',
  'constructor',
  '__proto__',
  'toString',
);
const json = fc
  .dictionary(name, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(name, scalar, { maxKeys: 3 })), {
    maxKeys: 5,
  })
  .map((value) => JSON.stringify(value));
const body = fc.oneof(
  json,
  fc.string(),
  fc.constantFrom('', '{', '[]', 'null', '{"data":', '{"data":{"a":1}}', 'a=b&c=%zz'),
  fc.uint8Array({ maxLength: 60 }),
);
const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'application/merge-patch+json',
      'text/plain',
    ),
    'x-vault-wrap-ttl': fc.constantFrom('60', '5m', '-1', 'x', '99999999h'),
    'x-vault-token': fc.constantFrom('', 'hvs.no', 'x'.repeat(300)),
    'x-vault-namespace': fc.constantFrom('', 'root', 'other'),
  },
  { requiredKeys: [] },
);

test('whatever comes, nothing fails and nothing but what is asked for ends', async () => {
  const { ask, reported, server } = await face();
  for (const type of ['transit', 'kv']) await server.write(`sys/mounts/${type}`, { type });
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'LIST', 'HEAD', 'OPTIONS');
  const runs = some(Number(variable('FUZZ_RUNS') ?? 400));
  await fc.assert(
    fc.asyncProperty(method, path, body, headers, async (how, where, what, heads) => {
      if (/seal|revoke/.test(where)) return;
      const isRead = how === 'GET' || how === 'HEAD';
      const reply = await ask(how, encodeURI(where), isRead ? undefined : what, heads as Record<string, string>);
      const text = await reply.text();
      assert.ok(reply.status < 500, `${how} ${where}: ${reply.status} ${text}`);
      if (text !== '') JSON.parse(text);
    }),
    { numRuns: runs },
  );
  assert.equal(reported, []);
  assert.is((await ask('GET', '/v1/sys/health')).status, 200);
});
