/** What the crash matrix of the secret server does: one operation after the other, and what each makes of which fact. */
import type { Operation, SecretData } from '../../../confidant/secret-store.ts';
import { type Asked, type Facts, type MatrixStore, refusalOf, ROOT_TOKEN } from './matrix-store.ts';

export interface Step {
  /** What it changes, such as `kv:a`: see `lookers` in `matrix-store.ts`. */
  readonly fact: string;
  readonly value: string;
  readonly ask: (store: MatrixStore, facts: Facts) => Promise<unknown>;
}

export interface Scenario {
  readonly name: string;
  /** Begins on an empty disk. */
  readonly isNew?: boolean;
  readonly steps: readonly Step[];
}

function step(
  fact: string,
  value: string,
  operation: Operation,
  path: string,
  data: SecretData = {},
  asked: Asked = {},
): Step {
  return { fact, value, ask: (store) => store.ask(operation, path, data, asked) };
}

const put = (path: string, v: string, value: string): Step =>
  step(`kv:${path}`, value, 'update', `secret/data/${path}`, { data: { v } });

const secrets: Scenario = {
  name: 'secrets',
  steps: [
    put('a', 'x', '1=x'),
    put('a', 'y', '1=x 2=y'),
    put('b/c', 'z', '1=z'),
    step('kv:a', '1=x 2=y 3=z', 'patch', 'secret/data/a', { data: { v: 'z' } }),
    step('kv:a', '1=x 2=y 3d', 'delete', 'secret/data/a'),
    step('kv:a', '1d 2=y 3d', 'update', 'secret/delete/a', { versions: [1] }),
    step('kv:a', '1=x 2=y 3d', 'update', 'secret/undelete/a', { versions: [1] }),
    step('kv:a', '1=x 2x 3d', 'update', 'secret/destroy/a', { versions: [2] }),
    step('kv:a', '1=x 2x 3d {"k":"v"}', 'update', 'secret/metadata/a', { custom_metadata: { k: 'v' } }),
    step('config:', '3', 'update', 'secret/config', { max_versions: 3 }),
    step('kv:a', 'none', 'delete', 'secret/metadata/a'),
    put('a', 'n', '1=n'),
    step('kv:b/c', 'none', 'delete', 'secret/metadata/b/c'),
  ],
};

const create = (names: string, value: string, id: string, data: SecretData, token = ROOT_TOKEN): Step =>
  step(`token:${names}`, value, 'update', 'auth/token/create', { id, policies: ['root'], ...data }, { token });
const use = (token: string, value: string): Step =>
  step(`token:${token}`, value, 'read', 'auth/token/lookup-self', {}, { token });

const tokens: Scenario = {
  name: 'tokens',
  steps: [
    create('p+c+g', '0/0, none, none', 'p', {}),
    create('p+c+g', '0/0, 0/3600, none', 'c', { ttl: 3600 }, 'p'),
    create('p+c+g', '0/0, 0/3600, 0/60', 'g', { ttl: 60, explicit_max_ttl: 200 }, 'c'),
    create('u', '3/2764800', 'u', { num_uses: 3, policies: ['x'] }),
    use('u', '2/2764800'),
    use('u', '1/2764800'),
    use('u', 'none'),
    step('token:p+c+g', '0/0, 0/3600, 0/100', 'update', 'auth/token/renew', { token: 'g', increment: 100 }),
    step('token:p+c+g', 'none, none, none', 'update', 'auth/token/revoke', { token: 'p' }),
    create('o+k', '0/0, none', 'o', {}),
    create('o+k', '0/0, 0/60', 'k', { ttl: 60 }, 'o'),
    step('token:o+k', 'none, 0/60 orphan', 'update', 'auth/token/revoke-orphan', { token: 'o' }),
    step('token:o+k', 'none, none', 'update', 'auth/token/revoke-self', {}, { token: 'k' }),
    create('p+c+g', '0/0, none, none', 'p', {}),
  ],
};

const role = (value: string, operation: Operation, below: string, data: SecretData = {}): Step =>
  step('role:r', value, operation, `auth/approle/role/r${below}`, data);
const login = (value: string, secret_id: string): Step =>
  step('role:r', value, 'update', 'auth/approle/login', { role_id: 'the-id', secret_id }, { token: null });

const roles: Scenario = {
  name: 'roles',
  steps: [
    role('ttl 0', 'update', '', { role_id: 'the-id' }),
    role('ttl 60', 'update', '/token-ttl', { token_ttl: 60 }),
    role('ttl 60, one 2', 'update', '/custom-secret-id', { secret_id: 'one', num_uses: 2 }),
    role('ttl 60, one 2, two 0', 'update', '/custom-secret-id', { secret_id: 'two' }),
    login('ttl 60, one 1, two 0', 'one'),
    login('ttl 60, two 0', 'one'),
    role('ttl 60', 'update', '/secret-id/destroy', { secret_id: 'two' }),
    role('ttl 60, two 0', 'update', '/custom-secret-id', { secret_id: 'two' }),
    role('none', 'delete', ''),
    role('ttl 0', 'update', '', { role_id: 'the-id' }),
    role('none', 'delete', ''),
  ],
};

const user = (value: string, operation: Operation, below: string, data: SecretData = {}): Step =>
  step('user:u', value, operation, `auth/userpass/users/u${below}`, data);

const users: Scenario = {
  name: 'users',
  steps: [
    user('p x', 'update', '', { password: 'p', token_policies: 'x' }),
    user('p y', 'update', '/policies', { token_policies: 'y' }),
    user('q y', 'update', '/password', { password: 'q' }),
    { fact: 'locked:victim', value: 'locked', ask: (store) => fail(store, 'victim', 5) },
    user('none', 'delete', ''),
    user('p z', 'update', '', { password: 'p', token_policies: 'z' }),
  ],
};

async function fail(store: MatrixStore, name: string, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const refused = await refusalOf(store.ask('update', `auth/userpass/login/${name}`, { password: 'wrong' }));
    if (refused.code === 'host-failed') throw refused;
  }
}

const policy = 'path "a" { capabilities = ["read"] }';

const server: Scenario = {
  name: 'the server itself',
  steps: [
    step('policy:p', policy, 'update', 'sys/policies/acl/p', { policy }),
    step('term:', '2', 'update', 'sys/rotate'),
    step('policy:p', 'none', 'delete', 'sys/policies/acl/p'),
    {
      fact: 'mount:old',
      value: 'y',
      ask: async (store) => {
        await store.ask('update', 'sys/mounts/old', { type: 'kv' });
        await store.ask('update', 'old/thing', { x: 'y' });
      },
    },
    step('mount:old', 'none', 'delete', 'sys/mounts/old'),
    {
      fact: 'mount:old',
      value: 'none',
      ask: (store) => store.ask('update', 'sys/mounts/old', { type: 'kv' }),
    },
    step('method:other', 'there none', 'update', 'sys/auth/other', { type: 'userpass' }),
    { fact: 'method:other', value: 'there 0/2764800 orphan', ask: logIn },
    step('method:other', 'none', 'delete', 'sys/auth/other'),
    {
      fact: 'wrap:w',
      value: 'there',
      ask: async (store, facts) => {
        const { wrap } = await store.ask('update', 'sys/wrapping/wrap', { a: 'b' }, { wrapTtl: 60 });
        facts.found.set('w', wrap?.token ?? '');
      },
    },
    {
      fact: 'wrap:w',
      value: 'none',
      ask: (store, { found }) => store.ask('update', 'sys/wrapping/unwrap', {}, { token: found.get('w') ?? '' }),
    },
    step('transit:t', 'v1', 'update', 'transit/keys/t'),
    {
      fact: 'transit:t',
      value: 'v2',
      ask: async (store, { found }) => {
        const { data } = await store.ask('update', 'transit/encrypt/t', { plaintext: 'aGVsbG8=' });
        found.set('t', String(data?.['ciphertext']));
        await store.ask('update', 'transit/keys/t/rotate');
      },
    },
  ],
};

/** With a login method, whose token is to be found. */
async function logIn(store: MatrixStore, facts: Facts): Promise<void> {
  await store.ask('update', 'auth/other/users/u', { password: 'p' });
  const { auth } = await store.ask('update', 'auth/other/login/u', { password: 'p' }, { token: null });
  facts.found.set('other', auth?.clientToken ?? '');
}

const making: Scenario = {
  name: 'init',
  isNew: true,
  steps: [
    {
      fact: `token:${ROOT_TOKEN}`,
      value: '0/0 orphan',
      ask: ({ store }) => store.initialize(1, 1, ROOT_TOKEN),
    },
    put('a', 'x', '1=x'),
  ],
};

export const scenarios: readonly Scenario[] = [secrets, tokens, roles, users, server, making];
