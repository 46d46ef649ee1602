/** `confidant users ...` and `confidant roles ...`: who may log in, by userpass and AppRole. */
import type { Flag } from '../../../targets/command-line/flags.ts';
import { type SecretData, SecretStoreError } from '../../secret-store.ts';
import { type Command, type Context, EXIT_DONE, type OpenStore, print } from '../command.ts';
import { FORMAT_FLAG, keyValueTable, OUTPUT_FLAGS, printAnswer } from '../format.ts';
import { PAIRS_NOTES, readPairs } from '../pairs.ts';
import { printKeys } from './secrets.ts';

/** Where each kind is mounted, unless said otherwise, and how its entries are called below that. */
interface Kind {
  readonly group: string;
  readonly type: string;
  readonly path: string;
  readonly one: string;
  readonly fields: string;
}

const USERS: Kind = {
  group: 'users',
  type: 'userpass',
  path: 'users',
  one: 'user',
  fields: 'password, token_policies, token_ttl, token_max_ttl, token_num_uses, token_bound_cidrs',
};
const ROLES: Kind = {
  group: 'roles',
  type: 'approle',
  path: 'role',
  one: 'role',
  fields: 'token_policies, token_ttl, token_max_ttl, secret_id_ttl, secret_id_num_uses, bind_secret_id',
};

const MANY = Number.POSITIVE_INFINITY;

export const loginCommands: readonly Command[] = [
  ...commandsOf(USERS),
  ...commandsOf(ROLES),
  {
    name: 'roles secret-id',
    words: 'NAME [FIELD=VALUE...]',
    wordCount: [1, MANY],
    summary: 'make a secret id for a role, and print it, once',
    flags: [...OUTPUT_FLAGS, mountFlag(ROLES)],
    changes: true,
    run: makeSecretId,
  },
];

function commandsOf(kind: Kind): Command[] {
  const { group, one } = kind;
  const mount = mountFlag(kind);
  return [
    {
      name: `${group} list`,
      summary: `print the names of the ${group}`,
      flags: [FORMAT_FLAG, mount],
      run: (context) => list(context, kind),
    },
    {
      name: `${group} get`,
      words: 'NAME',
      wordCount: [1, 1],
      summary: `print what is set for a ${one}`,
      flags: [...OUTPUT_FLAGS, mount],
      run: (context) => get(context, kind),
    },
    {
      name: `${group} put`,
      words: 'NAME [FIELD=VALUE...]',
      wordCount: [1, MANY],
      summary: `make a ${one}, or set some of its fields`,
      flags: [mount],
      notes: `Fields are those of Vault: ${kind.fields}.
Where ${kind.type} is not mounted yet, it is.
${PAIRS_NOTES}`,
      changes: true,
      run: (context) => put(context, kind),
    },
    {
      name: `${group} delete`,
      words: 'NAME',
      wordCount: [1, 1],
      summary: `remove a ${one}`,
      flags: [mount],
      changes: true,
      run: (context) => remove(context, kind),
    },
  ];
}

function mountFlag({ type }: Kind): Flag {
  return { name: 'mount', value: 'NAME', help: `where below auth/ it is mounted (default ${type})` };
}

function mountOf({ flags }: Context, { type }: Kind): string {
  return `auth/${(flags.text('mount') ?? type).replace(/^\/+|\/+$/g, '')}`;
}

function pathOf(context: Context, kind: Kind): string {
  return `${mountOf(context, kind)}/${kind.path}/${context.words[0]}`;
}

async function list(context: Context, kind: Kind): Promise<number> {
  const store = await context.openStore();
  const { data } = await store.ask('list', `${mountOf(context, kind)}/${kind.path}`);
  return printKeys(context, (data?.['keys'] ?? []) as readonly string[]);
}

async function get(context: Context, kind: Kind): Promise<number> {
  const store = await context.openStore();
  const path = pathOf(context, kind);
  const { data } = await store.ask('read', path);
  const id = kind === ROLES ? (await store.ask('read', `${path}/role-id`)).data : {};
  const fields: SecretData = { ...id, ...data };
  return printAnswer(context, { whole: { data: fields }, fields, text: () => keyValueTable(fields) });
}

async function put(context: Context, kind: Kind): Promise<number> {
  const fields = await readPairs(context, context.words.slice(1), 'trimmed');
  const store = await context.openStore();
  const path = pathOf(context, kind);
  const isMounted = await mount(store, mountOf(context, kind), kind);
  const isNewUser =
    kind === USERS && !Object.hasOwn(fields, 'password') && !(isMounted && (await isThere(store, path)));
  const password = isNewUser ? await context.input.asked(`password of ${context.words[0]}`) : null;
  await store.ask('update', path, password === null ? fields : { ...fields, password });
  return done(context, kind, 'written');
}

/** Whether it was. */
async function mount(store: OpenStore, path: string, { type }: Kind): Promise<boolean> {
  const { data } = await store.ask('read', 'sys/auth');
  const name = path.slice('auth/'.length);
  if (data !== null && Object.hasOwn(data, `${name}/`)) return true;
  await store.ask('update', `sys/auth/${name}`, { type });
  return false;
}

async function isThere(store: OpenStore, path: string): Promise<boolean> {
  try {
    await store.ask('read', path);
    return true;
  } catch (error) {
    if (error instanceof SecretStoreError && error.code === 'absent') return false;
    throw error;
  }
}

async function remove(context: Context, kind: Kind): Promise<number> {
  const store = await context.openStore();
  await store.ask('delete', pathOf(context, kind));
  return done(context, kind, 'deleted');
}

async function done(context: Context, { one }: Kind, what: string): Promise<number> {
  await print(context, `${what}: ${one} ${context.words[0]}\n`);
  return EXIT_DONE;
}

async function makeSecretId(context: Context): Promise<number> {
  const given = await readPairs(context, context.words.slice(1), 'trimmed');
  const store = await context.openStore();
  const path = Object.hasOwn(given, 'secret_id') ? 'custom-secret-id' : 'secret-id';
  const { data } = await store.ask('update', `${pathOf(context, ROLES)}/${path}`, given);
  const fields = data ?? {};
  return printAnswer(context, { whole: { data: fields }, fields, text: () => keyValueTable(fields) });
}
