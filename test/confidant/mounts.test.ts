/** Where what may be mounted, and by whom. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { TestServer } from './support/server.ts';

const test = suite('mounts');

test('who may mount engines only gets no login method by it', async () => {
  const server = await TestServer.start();
  await server.write('sys/auth/approle', { type: 'approle' });
  const asked = {
    token: await server.tokenWith('path "sys/mounts/*" { capabilities = ["create", "update", "delete"] }'),
  };
  await server.write('sys/mounts/team/kv', { type: 'kv' }, asked);
  for (const type of ['userpass', 'approle', 'token', 'auth/userpass']) {
    const refused = await server.refusal('update', 'sys/mounts/team/up', { type }, asked);
    assert.is(refused.message, `plugin not found in the catalog: ${type}`);
  }
  for (const [operation, path] of [
    ['update', 'sys/mounts/auth/up'],
    ['update', 'sys/mounts/auth'],
    ['delete', 'sys/mounts/auth/approle'],
  ] as const) {
    const refused = await server.refusal(operation, path, { type: 'userpass', description: 'd' }, asked);
    assert.is(refused.code, 'invalid', path);
  }
  await server.write('sys/mounts/auth/approle/tune', { description: 'tuned' });
  assert.is((await server.read('sys/mounts/auth/approle')).data?.['description'], 'tuned');
  const { data } = await server.read('sys/auth');
  assert.equal(Object.keys(data ?? {}).sort(), ['approle/', 'token/']);
});

test('engines are no login methods', async () => {
  const server = await TestServer.start();
  for (const type of ['kv', 'kv-v2', 'transit']) {
    assert.match((await server.refusal('update', 'sys/auth/x', { type })).message, 'plugin not found');
  }
});
