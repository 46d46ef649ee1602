/** `confidant token ...`: tokens for clients of the service. */
import { table } from '../../../targets/command-line/table.ts';
import { type Login, type SecretData, SecretStoreError } from '../../secret-store.ts';
import { type Command, type Context, EXIT_DONE, print } from '../command.ts';
import { FORMAT_FLAG, keyValueTable, OUTPUT_FLAGS, printAnswer } from '../format.ts';

const ACCESSOR_NOTES = `An accessor names a token without being one: confidant token list shows them. One that
begins with a dash stands behind --.
`;

export const tokenCommands: readonly Command[] = [
  { name: 'token list', summary: 'print the accessors of the tokens', flags: [FORMAT_FLAG], run: list },
  {
    name: 'token create',
    summary: 'make a token and print it, once',
    flags: [
      { name: 'policy', value: 'NAME', help: 'what it may do, may be repeated; root: everything' },
      { name: 'ttl', value: 'DURATION', help: 'how long it lives, such as 24h' },
      { name: 'explicit-max-ttl', value: 'DURATION', help: 'how long at most, however often it is renewed' },
      { name: 'period', value: 'DURATION', help: 'it lives as long as it is renewed within this time' },
      { name: 'use-limit', value: 'N', help: 'how often it may be used' },
      { name: 'display-name', value: 'NAME', help: 'what it is called in the audit' },
      { name: 'no-default-policy', help: 'without the policy default' },
      ...OUTPUT_FLAGS,
    ],
    notes: `It is an orphan: no other token's end ends it. With --field=token it is printed alone.
`,
    changes: true,
    run: create,
  },
  {
    name: 'token get',
    words: 'ACCESSOR',
    wordCount: [1, 1],
    summary: 'print what is known of a token',
    flags: OUTPUT_FLAGS,
    notes: ACCESSOR_NOTES,
    run: get,
  },
  {
    name: 'token delete',
    words: 'ACCESSOR',
    wordCount: [1, 1],
    summary: 'revoke a token, with all that it has made',
    flags: [],
    notes: ACCESSOR_NOTES,
    changes: true,
    run: revoke,
  },
];

async function list(context: Context): Promise<number> {
  const store = await context.openStore();
  const own = (await store.ask('read', 'auth/token/lookup-self')).data?.['accessor'];
  const { data } = await store.ask('list', 'auth/token/accessors');
  const accessors = ((data?.['keys'] ?? []) as readonly string[]).filter((accessor) => accessor !== own);
  const rows: string[][] = [];
  for (const accessor of accessors) {
    const { data: known } = await store.ask('update', 'auth/token/lookup-accessor', { accessor });
    const { display_name: name, policies, expire_time: end } = known ?? {};
    rows.push([accessor, String(name), (policies as readonly string[]).join(','), String(end ?? 'never')]);
  }
  return printAnswer(context, {
    whole: accessors,
    text: () => table([['Accessor', 'Name', 'Policies', 'Expires'], ...rows]),
  });
}

async function create(context: Context): Promise<number> {
  const { flags } = context;
  const numUses = flags.count('use-limit', 0);
  const given: SecretData = {
    policies: flags.texts('policy').flatMap((text) => text.split(',')),
    no_default_policy: flags.has('no-default-policy'),
    ...(numUses !== undefined && { num_uses: numUses }),
  };
  const texts = ['ttl', 'explicit-max-ttl', 'period', 'display-name'].flatMap((name) => {
    const text = flags.text(name);
    return text === undefined ? [] : [[name.replaceAll('-', '_'), text] as const];
  });
  const store = await context.openStore();
  const reply = await store.ask('update', 'auth/token/create-orphan', { ...given, ...Object.fromEntries(texts) });
  for (const warning of reply.warnings ?? []) context.terminal.warn(`confidant: ${warning}\n`);
  if (reply.auth === undefined) throw new Error('the store gave no token');
  const auth = wireOf(reply.auth);
  const fields = {
    token: auth['client_token'],
    token_accessor: auth['accessor'],
    token_duration: auth['lease_duration'],
    token_renewable: auth['renewable'],
    token_policies: auth['token_policies'],
    policies: auth['policies'],
  };
  return printAnswer(context, { whole: { auth }, fields, text: () => keyValueTable(fields) });
}

function wireOf(login: Login): SecretData {
  return {
    client_token: login.clientToken,
    accessor: login.accessor,
    policies: login.policies,
    token_policies: login.tokenPolicies,
    metadata: login.metadata,
    lease_duration: login.leaseDuration,
    renewable: login.renewable,
    token_type: 'service',
    orphan: login.orphan,
    num_uses: login.numUses,
  };
}

async function get(context: Context): Promise<number> {
  const store = await context.openStore();
  const { data } = await store.ask('update', 'auth/token/lookup-accessor', { accessor: context.words[0] });
  const fields = data ?? {};
  return printAnswer(context, { whole: { data: fields }, fields, text: () => keyValueTable(fields) });
}

async function revoke(context: Context): Promise<number> {
  const store = await context.openStore();
  const { warnings = [] } = await store.ask('update', 'auth/token/revoke-accessor', { accessor: context.words[0] });
  if (warnings[0] !== undefined) throw new SecretStoreError('absent', warnings[0]);
  await print(context, `revoked: ${context.words[0]}\n`);
  return EXIT_DONE;
}
