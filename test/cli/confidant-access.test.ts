import * as assert from 'uvu/assert';
import { SecretStoreError } from '../../confidant/secret-store.ts';
import { SessionStore } from '../../confidant/session-store.ts';
import { openKeptStore } from '../../targets/service/secrets/kept-store.ts';
import { readStaticSeal } from '../../targets/service/secrets/root-key.ts';
import { suite } from '../support/suite.ts';
import { ConfidantSession, outOf } from './confidant-session.ts';

const test = suite('confidant users, roles, policies, tokens');

const POLICY = 'path "secret/data/a" {\n  capabilities = ["read"]\n}\n';

/** A session with a root key as the service has one, and what a service does with the same directory. */
class Shared extends ConfidantSession {
  constructor() {
    super();
    this.write('/keys/root-key', `${'7b'.repeat(32)}\n`);
  }

  command(args: readonly string[], arrangement = {}) {
    return this.run(['--root-key-file=/keys/root-key', ...args], arrangement);
  }

  async serve<T>(use: (store: SessionStore) => Promise<T>): Promise<T> {
    const options = { rootKeyFile: '/keys/root-key', rootKey: null, previousRootKeyFile: null };
    const seal = await readStaticSeal(this.host, options);
    const quiet = { event: () => undefined, report: (line: string) => assert.unreachable(line) };
    const { store, close } = await openKeptStore(this.host, '/data', { seal: seal!, ...quiet });
    try {
      return await use(new SessionStore({ server: store, random: this.host.random }));
    } finally {
      await close();
    }
  }
}

test('the service knows what the command has made: secret, policy, user, role, token', async () => {
  const session = new Shared();
  outOf(await session.command(['put', 'a', 'x=1']));
  outOf(await session.command(['policies', 'put', 'reader', '-'], { input: [POLICY] }));
  outOf(
    await session.command(['users', 'put', 'joe', 'password=-', 'token_policies=reader'], { input: ['hunter2\n'] }),
  );
  outOf(await session.command(['roles', 'put', 'sensor', 'token_policies=reader']));
  const roleId = outOf(await session.command(['roles', 'get', 'sensor', '-field=role_id']));
  const secretId = outOf(await session.command(['roles', 'secret-id', 'sensor', '-field=secret_id']));
  const token = outOf(await session.command(['token', 'create', '-policy=reader', '-ttl=1h', '-field=token']));
  await session.serve(async (store) => {
    const logins = [
      () => store.userpassAuth('joe', 'hunter2'),
      () => store.approleAuth(roleId, secretId),
      () => store.tokenAuth(token),
    ];
    for (const login of logins) {
      await login();
      assert.equal((await store.getSecret('a')).data, { x: '1' });
      const error = await store.createSecret('a', { x: '2' }).catch((refusal: unknown) => refusal);
      assert.is(error instanceof SecretStoreError && error.code, 'forbidden');
    }
  });
});

test('users: a password is asked for when a user is new, and is printed never', async () => {
  const session = new Shared();
  outOf(await session.command(['put', 'a', 'x=1']));
  const typed = await session.command(['users', 'put', 'joe'], { typed: ['hunter2'] });
  assert.is(outOf(typed), 'written: user joe\n');
  assert.equal(session.questions, ['password of joe (not shown): ']);
  outOf(await session.command(['users', 'put', 'joe', 'token_policies=p,q'], { typed: [] }));
  assert.is(session.questions.length, 1);
  await session.serve((store) => store.userpassAuth('joe', 'hunter2'));
  const shown = outOf(await session.command(['users', 'get', 'joe', '-format=json']));
  assert.equal(JSON.parse(shown).data.token_policies, ['p', 'q']);
  assert.not.ok(shown.includes('hunter2') || shown.includes('argon'), shown);
  const nobody = await session.command(['users', 'put', 'jane']);
  assert.equal(nobody, { code: 2, out: '', err: 'confidant: auth/userpass/users/jane: missing password\n' });
  assert.is(outOf(await session.command(['users', 'list'])), 'Keys\n----\njoe\n');
  outOf(await session.command(['users', 'delete', 'joe']));
  assert.is((await session.command(['users', 'get', 'joe'])).code, 2);
});

test('policies: written, printed as they were, removed; what is none is refused', async () => {
  const session = new Shared();
  outOf(await session.command(['put', 'a', 'x=1']));
  session.write('/policy.hcl', POLICY);
  outOf(await session.command(['policies', 'put', 'reader', '/policy.hcl']));
  assert.is(outOf(await session.command(['policies', 'get', 'reader'])), POLICY);
  assert.is(outOf(await session.command(['policies', 'list'])), 'Keys\n----\ndefault\nreader\nroot\n');
  assert.is((await session.command(['policies', 'put', 'bad', '-'], { input: ['path "a" {'] })).code, 2);
  outOf(await session.command(['policies', 'delete', 'reader']));
  assert.is((await session.command(['policies', 'get', 'reader'])).code, 2);
});

test('tokens: made, listed by accessor, looked at, revoked', async () => {
  const session = new Shared();
  outOf(await session.command(['put', 'a', 'x=1']));
  const { auth } = JSON.parse(outOf(await session.command(['token', 'create', '-policy=root', '-format=json'])));
  const { accessor, client_token: token } = auth;
  const listed = outOf(await session.command(['token', 'list']));
  assert.match(listed, /^Accessor .*\n\S+ +token {2}root {6}never\n$/);
  assert.not.ok(listed.includes(token));
  assert.is(outOf(await session.command(['token', 'get', '-field=display_name', '--', accessor])), 'token');
  await session.serve((store) => store.tokenAuth(token));
  outOf(await session.command(['token', 'delete', '--', accessor]));
  const dead = await session.serve((store) => store.tokenAuth(token).catch((error: SecretStoreError) => error.code));
  assert.is(dead, 'unauthorized');
  assert.equal(await session.command(['token', 'delete', 'nothing']), {
    code: 2,
    out: '',
    err: 'confidant: No token found with this accessor\n',
  });
  const unknown = await session.command(['token', 'create', '-policy=nobody', '-field=token']);
  assert.equal([unknown.code, unknown.err], [0, 'confidant: Policy "nobody" does not exist\n']);
});
