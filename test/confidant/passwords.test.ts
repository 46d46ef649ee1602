/** Passwords: what a hash costs, that there is one at a time, and that nobody gets more guesses by waiting in line. */
import * as assert from 'uvu/assert';
import { Passwords } from '../../confidant/identity/passwords.ts';
import type { Argon2Cost, Sodium } from '../../targets/host.ts';
import { suite } from '../support/suite.ts';
import { bytes, random, sodium as plain } from '../support/platform.ts';
import { TestServer } from './support/server.ts';

const test = suite('passwords');

interface Watched {
  readonly costs: Argon2Cost[];
  mostAtOnce: number;
}

/** Counts the hashes from here on; each takes its time, so that others could begin meanwhile. */
function watch(sodium: Sodium): Watched {
  const { argon2id } = sodium;
  const watched: Watched = { costs: [], mostAtOnce: 0 };
  let running = 0;
  const slow: Sodium['argon2id'] = async (password, salt, cost) => {
    watched.costs.push(cost);
    running += 1;
    watched.mostAtOnce = Math.max(watched.mostAtOnce, running);
    for (let i = 0; i < 100; i += 1) await Promise.resolve();
    running -= 1;
    return argon2id.call(sodium, password, salt, cost);
  };
  Object.assign(sodium, { argon2id: slow });
  return watched;
}

async function withUser(): Promise<{ server: TestServer; watched: Watched }> {
  const server = await TestServer.start();
  await server.write('sys/auth/userpass', { type: 'userpass' });
  await server.write('auth/userpass/users/joe', { password: 'right' });
  return { server, watched: watch(await server.host.sodium()) };
}

/** What became of logins that came at once, each from an address of its own. */
function loginAll(
  server: TestServer,
  passwords: readonly string[],
  user = 'joe',
): Promise<readonly (string | undefined)[]> {
  const login = (password: string, i: number): Promise<string | undefined> =>
    server.write(`auth/userpass/login/${user}`, { password }, { token: null, from: `10.0.1.${i}` }).then(
      () => 'ok',
      (error: { code?: string }) => error.code,
    );
  return Promise.all(passwords.map(login));
}

const COST = { memoryBytes: 7 * 1024 * 1024, passes: 5, lengthBytes: 32 };
/** Of `password` with the salt `somesaltsomesalt`, by the reference implementation (argon2-cffi 25.1). */
const REFERENCE = '$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHRzb21lc2FsdA$r4Oo1wGvZA95Ee2ql0BxTjPMLtEb2RJx3pJ/l+PU2ts';
const CHEAPER = '$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Gpj7qOY5RCXJvcMzqcdQqvgR3wcPX7SleI4c9NtXk6E';

test('a hash costs what its text says: 7 MiB, 5 passes', async () => {
  const sodium = Object.create(plain) as Sodium;
  const watched = watch(sodium);
  const passwords = new Passwords({ bytes, random }, sodium);
  const phc = await passwords.hash('right');
  assert.match(phc, /^\$argon2id\$v=19\$m=7168,t=5,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  const isRight = (password: string, of: string | null) => passwords.attempt((check) => check(password, of));
  assert.ok(await isRight('right', phc));
  assert.not.ok(await isRight('wrong', phc));
  assert.not.ok(await isRight('right', null));
  assert.equal(watched.costs, [COST, COST, COST, COST]);
  assert.ok(await isRight('password', REFERENCE));
  assert.not.ok(await isRight('Password', REFERENCE));
  assert.ok(await isRight('password', CHEAPER));
  assert.equal(watched.costs.at(-1), { memoryBytes: 64 * 1024, passes: 2, lengthBytes: 32 });
});

test('users are stored and logged in at that cost', async () => {
  const { server, watched } = await withUser();
  await server.write('auth/userpass/users/new', { password: 'a' });
  await server.write('auth/userpass/users/new/password', { password: 'b' });
  assert.equal(await loginAll(server, ['b'], 'new'), ['ok']);
  assert.equal(await loginAll(server, ['b'], 'nobody'), ['unauthorized']);
  assert.equal(watched.costs, [COST, COST, COST, COST]);
});

test('there is one hash at a time, whoever asks for it', async () => {
  const { server, watched } = await withUser();
  const [logins] = await Promise.all([
    loginAll(server, ['right', 'wrong', 'right']),
    server.write('auth/userpass/users/new', { password: 'a' }),
    server.write('auth/userpass/users/joe/password', { password: 'right' }),
  ]);
  assert.is(watched.costs.length, 5);
  assert.is(watched.mostAtOnce, 1);
  assert.is(logins[1], 'unauthorized');
});

test('a failure does not hold up the next hash', async () => {
  const { server } = await withUser();
  const sodium = await server.host.sodium();
  const { argon2id } = sodium;
  Object.assign(sodium, { argon2id: () => Promise.reject(new Error('no memory')) });
  assert.equal(await loginAll(server, ['right']), [undefined]);
  Object.assign(sodium, { argon2id });
  assert.equal(await loginAll(server, ['right']), ['ok']);
});

test('a lock-out holds for those who wait in line already', async () => {
  const { server, watched } = await withUser();
  for (let i = 0; i < 4; i += 1) assert.equal(await loginAll(server, ['wrong']), ['unauthorized']);
  const ended = await loginAll(server, ['wrong', 'wrong', 'right', 'wrong', 'right']);
  assert.equal(ended, ['unauthorized', 'forbidden', 'forbidden', 'forbidden', 'forbidden']);
  assert.is(watched.costs.length, 5);
});

test('an address that has failed too often meanwhile has no more guesses in line', async () => {
  const { server, watched } = await withUser();
  const from = { token: null, from: '10.0.2.1' };
  const guess = (user: string): Promise<string> =>
    server.refusal('update', `auth/userpass/login/${user}`, { password: 'x' }, from).then(({ code }) => code);
  for (let i = 0; i < 18; i += 1) assert.is(await guess(`u${i}`), 'unauthorized');
  const ended = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(guess));
  assert.equal(ended, ['unauthorized', 'unauthorized', 'busy', 'busy', 'busy']);
  assert.is(watched.costs.length, 20);
});
