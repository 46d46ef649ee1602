/** Logins of machines and of people. Facts: http-contract B6. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { TestServer } from './support/server.ts';

const test = suite('logins');

async function withRole(role: Record<string, unknown> = {}): Promise<{ server: TestServer; roleId: string }> {
  const server = await TestServer.start();
  await server.write('sys/auth/approle', { type: 'approle' });
  await server.write('auth/approle/role/Robot', { token_policies: 'a,b', token_ttl: '20m', ...role });
  const { data } = await server.read('auth/approle/role/robot/role-id');
  return { server, roleId: String(data?.['role_id']) };
}

async function secretIdOf(server: TestServer, data: Record<string, unknown> = {}): Promise<string> {
  return String((await server.write('auth/approle/role/robot/secret-id', data)).data?.['secret_id']);
}

const anybody = { token: null };

test('a machine logs in with its role and a secret id', async () => {
  const { server, roleId } = await withRole();
  const secretId = await secretIdOf(server, { metadata: '{"site":"north"}' });
  const { auth } = await server.write('auth/approle/login', { role_id: roleId, secret_id: secretId }, anybody);
  assert.equal(auth?.policies, ['a', 'b', 'default']);
  assert.equal(auth?.metadata, { site: 'north', role_name: 'robot' });
  assert.is(auth?.leaseDuration, 1200);
});

test('whatever is wrong with a login of a machine, the answer is the same', async () => {
  const { server, roleId } = await withRole();
  const secretId = await secretIdOf(server);
  const login = (role_id: string, secret_id: string) =>
    server.refusal('update', 'auth/approle/login', { role_id, secret_id }, anybody);
  for (const refused of [await login('no', secretId), await login(roleId, 'no'), await login('no', 'no')]) {
    assert.equal([refused.code, refused.message], ['unauthorized', 'invalid role or secret ID']);
  }
  assert.is((await login('', 'x')).message, 'missing role_id');
  assert.is((await login(roleId, '')).message, 'missing secret_id');
});

test('a secret id ends with its uses, its time, its destruction and its role', async () => {
  const { server, roleId } = await withRole({ secret_id_ttl: '1h' });
  const login = (secret_id: string) => server.write('auth/approle/login', { role_id: roleId, secret_id }, anybody);
  const refused = async (secret_id: string) =>
    assert.is(
      (await server.refusal('update', 'auth/approle/login', { role_id: roleId, secret_id }, anybody)).message,
      'invalid role or secret ID',
    );
  const twice = await secretIdOf(server, { num_uses: 2, ttl: 3600 });
  await login(twice);
  await login(twice);
  await refused(twice);
  const destroyed = await secretIdOf(server, { ttl: 60 });
  await server.write('auth/approle/role/robot/secret-id/destroy', { secret_id: destroyed });
  await refused(destroyed);
  const short = await secretIdOf(server, { ttl: '5s' });
  await server.disk.clock.advance(5001);
  await refused(short);
  const last = await secretIdOf(server, { ttl: 60 });
  await server.ask('delete', 'auth/approle/role/robot');
  await server.write('auth/approle/role/robot', { role_id: roleId });
  await refused(last);
});

test('at most as many logins as a secret id has uses, however many at once', async () => {
  const { server, roleId } = await withRole();
  const secret_id = await secretIdOf(server, { num_uses: 3 });
  const logins = Array.from({ length: 8 }, () =>
    server.write('auth/approle/login', { role_id: roleId, secret_id }, anybody),
  );
  const settled = await Promise.allSettled(logins);
  assert.is(settled.filter(({ status }) => status === 'fulfilled').length, 3);
});

test('secret ids are bound by their role', async () => {
  const { server } = await withRole({ secret_id_num_uses: 5, secret_id_ttl: '1h' });
  for (const data of [{ num_uses: 6 }, { num_uses: 0 }, { ttl: '2h' }, { ttl: 0 }]) {
    assert.is((await server.refusal('update', 'auth/approle/role/robot/secret-id', data)).code, 'invalid');
  }
  const missing = await server.refusal('update', 'auth/approle/role/nobody/secret-id');
  assert.equal([missing.code, missing.message], ['no-route', 'role "nobody" does not exist']);
});

test('a login is bound to the addresses that role and secret id name', async () => {
  const { server, roleId } = await withRole({ secret_id_bound_cidrs: '10.0.0.0/8' });
  const secret_id = await secretIdOf(server, { cidr_list: '10.1.0.0/16,fd00::/8' });
  const from = (address: string) => ({ token: null, from: address });
  await server.write('auth/approle/login', { role_id: roleId, secret_id }, from('::ffff:10.1.2.3'));
  for (const address of ['10.2.0.1', '192.168.1.1', 'fd00::1', '']) {
    assert.is(
      (await server.refusal('update', 'auth/approle/login', { role_id: roleId, secret_id }, from(address))).code,
      'unauthorized',
    );
  }
});

test('accessors of secret ids are listed, looked up and destroyed', async () => {
  const { server, roleId } = await withRole();
  const made = await server.write('auth/approle/role/robot/custom-secret-id', { secret_id: 'mine', num_uses: 7 });
  const accessor = made.data?.['secret_id_accessor'];
  assert.equal((await server.ask('list', 'auth/approle/role/robot/secret-id')).data, { keys: [accessor] });
  const looked = await server.write('auth/approle/role/robot/secret-id-accessor/lookup', {
    secret_id_accessor: accessor,
  });
  assert.is(looked.data?.['secret_id_num_uses'], 7);
  assert.is(looked.data?.['expiration_time'], '0001-01-01T00:00:00Z');
  await server.write('auth/approle/login', { role_id: roleId, secret_id: 'mine' }, anybody);
  assert.is(
    (await server.write('auth/approle/role/robot/secret-id/lookup', { secret_id: 'mine' })).data?.[
      'secret_id_num_uses'
    ],
    6,
  );
  await server.write('auth/approle/role/robot/secret-id-accessor/destroy', { secret_id_accessor: accessor });
  assert.equal(await server.write('auth/approle/role/robot/secret-id/lookup', { secret_id: 'mine' }), { data: null });
  assert.is(
    (
      await server.refusal('update', 'auth/approle/role/robot/secret-id-accessor/lookup', {
        secret_id_accessor: accessor,
      })
    ).code,
    'no-route',
  );
});

async function withUser(hashes?: 'real'): Promise<TestServer> {
  const server = await TestServer.start({}, undefined, undefined, hashes);
  await server.write('sys/auth/userpass', { type: 'userpass' });
  await server.write('auth/userpass/users/Joe', { password: 'right', policies: 'a' });
  return server;
}

const login = 'auth/userpass/login/joe';

test('a user logs in with the password, and only with that', async () => {
  const server = await withUser('real');
  const { auth } = await server.write(login, { password: 'right' }, anybody);
  assert.equal([auth?.policies, auth?.metadata], [['a', 'default'], { username: 'joe' }]);
  for (const [path, password] of [
    [login, 'wrong'],
    ['auth/userpass/login/nobody', 'right'],
  ] as const) {
    const { code, message } = await server.refusal('update', path, { password }, anybody);
    assert.equal([code, message], ['unauthorized', 'invalid username or password']);
  }
  assert.is((await server.refusal('update', 'auth/userpass/users/new', {})).message, 'missing password');
  assert.equal(
    Object.keys((await server.read('auth/userpass/users/joe')).data ?? {}).filter((name) => !name.startsWith('token_')),
    [],
  );
});

test('an unknown user costs the same work', async () => {
  const server = await withUser();
  const sodium = await server.host.sodium();
  const { argon2id } = sodium;
  const costs: unknown[] = [];
  const counted: typeof argon2id = (password, salt, cost) => {
    costs.push(cost);
    return argon2id(password, salt, cost);
  };
  Object.assign(sodium, { argon2id: counted });
  try {
    for (const user of ['joe', 'nobody'])
      await server.refusal('update', `auth/userpass/login/${user}`, { password: 'x' }, anybody);
  } finally {
    Object.assign(sodium, { argon2id });
  }
  assert.is(costs.length, 2);
  assert.equal(costs[0], costs[1]);
});

test('after five failures a user is locked out, also after a restart, and not for ever', async () => {
  const server = await withUser();
  for (let i = 0; i < 5; i += 1) await server.refusal('update', login, { password: 'wrong' }, anybody);
  assert.is((await server.refusal('update', login, { password: 'right' }, anybody)).code, 'forbidden');
  await server.store?.close();
  const again = await TestServer.start({}, server.disk, server.journal);
  assert.is((await again.refusal('update', login, { password: 'right' }, anybody)).code, 'forbidden');
  await again.disk.clock.advance(15 * 60_000 + 1);
  await again.write(login, { password: 'right' }, anybody);
});

test('an address that fails too often has to wait, before any hash is made', async () => {
  const server = await withUser();
  for (let i = 0; i < 20; i += 1)
    await server.refusal('update', `auth/userpass/login/u${i}`, { password: 'x' }, anybody);
  const refused = await server.refusal('update', login, { password: 'right' }, anybody);
  assert.is(refused.code, 'busy');
  assert.ok(refused.retryAfterMs > 0 && refused.retryAfterMs <= 60_000);
  await server.write(login, { password: 'right' }, { token: null, from: '10.0.0.2' });
});

test('few hashes wait for their turn, the next caller is told to come again', async () => {
  const server = await withUser();
  const asked = Array.from({ length: 9 }, (_, i) =>
    server.write(login, { password: 'right' }, { token: null, from: `10.0.0.${i}` }).then(
      () => 'ok',
      (error: { code: string }) => error.code,
    ),
  );
  const ended = await Promise.all(asked);
  assert.ok(ended.includes('ok') && ended.includes('busy'), ended.join());
  assert.is(ended.filter((one) => one !== 'ok' && one !== 'busy').length, 0);
});
