/** There is room for so many tokens, and nobody who can log in takes it from all others. */
import * as assert from 'uvu/assert';
import { vaultApp } from '../../http-api/vault-app.ts';
import { bytes, random } from '../support/platform.ts';
import { suite } from '../support/suite.ts';
import { TestServer } from './support/server.ts';

const test = suite('room for tokens');

const MOST_OF_ONE = 5000;
const MOST_OF_LOGINS = 9000;
const MOST = 10_000;

async function withRoles(token_ttl: number): Promise<TestServer> {
  const server = await TestServer.start();
  for (const mount of ['approle', 'other']) {
    await server.write(`sys/auth/${mount}`, { type: 'approle' });
    for (const role of ['a', 'b']) {
      const bound = { bind_secret_id: false, secret_id_bound_cidrs: '0.0.0.0/0', token_policies: 'maker' };
      await server.write(`auth/${mount}/role/${role}`, { role_id: `${mount}-${role}`, token_ttl, ...bound });
    }
  }
  await server.write('sys/auth/userpass', { type: 'userpass' });
  await server.write('auth/userpass/users/u', { password: 'p' });
  const policy = 'path "auth/token/create" { capabilities = ["update"] }';
  await server.write('sys/policies/acl/maker', { policy });
  return server;
}

function faceOf({ store }: TestServer): ReturnType<typeof vaultApp> {
  if (store === null) throw new Error('no store');
  return vaultApp({ server: store, bytes, random, bodyBytes: 10_000, urlLength: 2000, report: () => undefined });
}

/** Logs a role in until it is refused, 20 at once; how many there were, and the refusal. */
async function fill(server: TestServer, role: string): Promise<{ made: number; refused: unknown }> {
  const [mount = ''] = role.split('-');
  const data = { role_id: role };
  const login = () => server.write(`auth/${mount}/login`, data, { token: null });
  for (let made = 0; ; ) {
    const ended = await Promise.allSettled(Array.from({ length: 20 }, login));
    made += ended.filter(({ status }) => status === 'fulfilled').length;
    const refused = ended.find((one) => one.status === 'rejected');
    if (refused !== undefined) return { made, refused: refused.reason };
  }
}

const refusalOf = ({ refused }: { refused: unknown }): readonly unknown[] => {
  const { code, message, retryAfterMs } = refused as { code: string; message: string; retryAfterMs: number };
  return [code, message, retryAfterMs];
};
const root = 'auth/token/create';

test('a role takes its part, by its logins and what these make, and no more', async () => {
  const server = await withRoles(1800);
  const first = await server.write('auth/approle/login', { role_id: 'approle-a' }, { token: null });
  const token = first.auth?.clientToken ?? '';
  await server.disk.clock.advance(600_000);
  const filled = await fill(server, 'approle-a');
  assert.is(filled.made, MOST_OF_ONE - 1);
  assert.equal(refusalOf(filled), ['busy', 'too many tokens of this role or user', 1_200_000]);
  const child = await server.refusal('update', root, {}, { token });
  assert.is(child.message, 'too many tokens of this role or user');
  // Of others, also of a role of the same name elsewhere, there may be more.
  await server.write('auth/approle/login', { role_id: 'approle-b' }, { token: null });
  await server.write('auth/other/login', { role_id: 'other-a' }, { token: null });
  await server.write('auth/userpass/login/u', { password: 'p' }, { token: null });
  // The first one ends when it was said, and one more has room.
  await server.disk.clock.advance(1_200_000);
  await server.write('auth/approle/login', { role_id: 'approle-a' }, { token: null });
  assert.is((await fill(server, 'approle-a')).made, 0);
});

test('when nobody can log in any more, root makes tokens and wraps, up to a bound', async () => {
  const server = await withRoles(7200);
  await fill(server, 'approle-a');
  const filled = await fill(server, 'approle-b');
  assert.is(filled.made, MOST_OF_LOGINS - MOST_OF_ONE - 1);
  // Nobody needs to wait for two hours without asking again.
  assert.equal(refusalOf(filled), ['busy', 'too many tokens', 3_600_000]);
  const user = await server.refusal('update', 'auth/userpass/login/u', { password: 'p' }, { token: null });
  assert.is(user.message, 'too many tokens');
  const wrap = () => server.write('sys/wrapping/wrap', { a: 1 }, { wrapTtl: 60 });
  await wrap();
  for (let i = MOST_OF_LOGINS + 1; i < MOST; i += 1) await server.write(root, { policies: ['root'] });
  const headers = { 'x-vault-token': server.rootToken };
  const reply = await faceOf(server).request(`http://edge.example/v1/${root}`, { method: 'POST', headers });
  // The wrapping token is the first to end.
  assert.equal([reply.status, reply.headers.get('retry-after')], [429, '60']);
  assert.equal(await reply.json(), { errors: ['too many tokens'] });
  assert.is(await wrap().catch((error: Error) => error.message), 'too many tokens');
  await server.disk.clock.advance(60_000);
  await server.write(root, {});
  assert.is((await server.refusal('update', root, {})).retryAfterMs, 3_600_000);
});

test('logins that have to wait are told for how long', async () => {
  const server = await withRoles(0);
  const app = faceOf(server);
  const login = async (user: string): Promise<readonly (string | number | null)[]> => {
    const init = { method: 'POST', body: '{"password":"x"}' };
    const { status, headers } = await app.request(`http://edge.example/v1/auth/userpass/login/${user}`, init);
    return [status, headers.get('retry-after')];
  };
  const atOnce = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(login));
  // Five are in line, of two seconds each.
  assert.equal(atOnce, [...Array.from({ length: 5 }, () => [400, null]), [429, '10']]);
  for (let i = 5; i < 20; i += 1) assert.equal(await login(`u${i}`), [400, null]);
  await server.disk.clock.advance(20_500);
  assert.equal(await login('u'), [429, '40']);
});
