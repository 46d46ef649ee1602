/** What is refused, and by what text, where it once was accepted without effect or with too much of it. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { TestServer } from './support/server.ts';

const test = suite('refusals');

test('an empty id names no token', async () => {
  const server = await TestServer.start();
  const { auth } = await server.write('auth/token/create', { id: '', policies: ['x'] });
  assert.match(auth?.clientToken ?? '', /^hvs\.\w{32}$/);
  const token = await server.tokenWith('path "auth/token/create" { capabilities = ["update"] }');
  await server.write('auth/token/create', { id: '' }, { token });
  assert.is((await server.refusal('update', 'auth/token/create', { id: 'mine' }, { token })).code, 'invalid');
});

test('what is always there is not unmounted', async () => {
  const server = await TestServer.start();
  const before = [(await server.read('sys/mounts')).data, (await server.read('sys/auth')).data];
  for (const [path, name] of [
    ['sys/mounts/sys', 'sys/'],
    ['sys/mounts/cubbyhole', 'cubbyhole/'],
    ['sys/auth/token', 'auth/token/'],
  ] as const) {
    const { code, message } = await server.refusal('delete', path);
    assert.equal([code, message], ['invalid', `cannot unmount "${name}"`]);
  }
  assert.equal([(await server.read('sys/mounts')).data, (await server.read('sys/auth')).data], before);
  assert.equal(await server.ask('delete', 'sys/mounts/nothing'), { data: null });
});
