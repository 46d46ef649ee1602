/** `confidant get`, `put`, `list`, `versions`, `delete`, `undelete`, `destroy`: secrets and their versions. */
import { type Flag, type Flags, UsageError } from '../../../targets/command-line/flags.ts';
import { table } from '../../../targets/command-line/table.ts';
import { type SecretData, SecretStoreError } from '../../secret-store.ts';
import { type Command, type Context, EXIT_DONE, MOUNT_FLAG, mountOf, print, VERSIONS_FLAG } from '../command.ts';
import { FORMAT_FLAG, keyValueTable, OUTPUT_FLAGS, printAnswer } from '../format.ts';
import { PAIRS_NOTES, readPairs } from '../pairs.ts';

const MANY = Number.POSITIVE_INFINITY;
const VERSION_FLAG: Flag = { name: 'version', value: 'N', help: 'this version (default: the newest)' };

export const secretCommands: readonly Command[] = [
  {
    name: 'get',
    words: 'PATH',
    wordCount: [1, 1],
    summary: 'print a secret',
    flags: [...OUTPUT_FLAGS, VERSION_FLAG, MOUNT_FLAG],
    run: get,
  },
  {
    name: 'put',
    words: 'PATH NAME=VALUE...',
    wordCount: [2, MANY],
    summary: 'write a new version of a secret',
    flags: [
      { name: 'cas', value: 'N', help: 'only if this is the newest version; 0: only if there is none' },
      ...OUTPUT_FLAGS,
      MOUNT_FLAG,
    ],
    notes: PAIRS_NOTES,
    begins: true,
    run: put,
  },
  {
    name: 'list',
    words: '[PATH]',
    wordCount: [0, 1],
    summary: 'print the names of secrets, with a / behind those that have others below',
    flags: [FORMAT_FLAG, MOUNT_FLAG],
    run: list,
  },
  {
    name: 'versions',
    words: 'PATH',
    wordCount: [1, 1],
    summary: 'print what is known of the versions of a secret',
    flags: [FORMAT_FLAG, MOUNT_FLAG],
    run: versions,
  },
  {
    name: 'delete',
    words: 'PATH',
    wordCount: [1, 1],
    summary: 'hide the newest version of a secret, or others',
    flags: [VERSIONS_FLAG, { name: 'all', help: 'remove the secret with all of its versions, for good' }, MOUNT_FLAG],
    run: remove,
  },
  {
    name: 'undelete',
    words: 'PATH',
    wordCount: [1, 1],
    summary: 'show versions that were deleted',
    flags: [VERSIONS_FLAG, MOUNT_FLAG],
    run: (context) => change(context, 'undelete', 'undeleted'),
  },
  {
    name: 'destroy',
    words: 'PATH',
    wordCount: [1, 1],
    summary: 'remove the values of versions, for good',
    flags: [VERSIONS_FLAG, MOUNT_FLAG],
    run: (context) => change(context, 'destroy', 'destroyed'),
  },
];

/** `secret/data/a/b`. */
function pathIn({ flags, words }: Context, part: string): string {
  const below = (words[0] ?? '').replace(/^\/+|\/+$/g, '');
  return `${mountOf(flags)}/${part}${below === '' ? '' : `/${below}`}`;
}

async function get(context: Context): Promise<number> {
  const version = context.flags.count('version', 1);
  const path = pathIn(context, 'data');
  const store = await context.openStore();
  const { data, leaseDuration = 0 } = await store.ask('read', path, version === undefined ? {} : { version });
  const fields = (data?.['data'] ?? null) as SecretData | null;
  const metadata = (data?.['metadata'] ?? {}) as SecretData;
  if (fields === null) {
    const what = metadata['destroyed'] === true ? 'destroyed' : 'deleted';
    throw new SecretStoreError('deleted', `${path}: version ${String(metadata['version'])} is ${what}`);
  }
  return printAnswer(context, {
    whole: { lease_duration: leaseDuration, data: { data: fields, metadata } },
    fields,
    text: () => `== Metadata ==\n${keyValueTable(metadata)}\n== Data ==\n${keyValueTable(fields)}`,
  });
}

async function put(context: Context): Promise<number> {
  const { flags, words } = context;
  const cas = flags.count('cas', 0);
  const data = await readPairs(context, words.slice(1), 'whole');
  const body = cas === undefined ? { data } : { data, options: { cas } };
  const store = await context.openStore();
  const reply = await store.ask('update', pathIn(context, 'data'), body);
  const fields = reply.data ?? {};
  return printAnswer(context, { whole: { data: fields }, fields, text: () => keyValueTable(fields) });
}

async function list(context: Context): Promise<number> {
  const store = await context.openStore();
  const { data } = await store.ask('list', pathIn(context, 'metadata'));
  return printKeys(context, (data?.['keys'] ?? []) as readonly string[]);
}

export function printKeys(context: Context, keys: readonly string[]): Promise<number> {
  return printAnswer(context, { whole: keys, text: () => ['Keys', '----', ...keys, ''].join('\n') });
}

async function versions(context: Context): Promise<number> {
  const store = await context.openStore();
  const { data } = await store.ask('read', pathIn(context, 'metadata'));
  const { versions: all, ...facts } = data ?? {};
  const rows = Object.entries((all ?? {}) as Record<string, SecretData>).map(([version, entry]) => [
    version,
    String(entry['created_time']),
    String(entry['deletion_time'] || 'n/a'),
    String(entry['destroyed']),
  ]);
  return printAnswer(context, {
    whole: { data },
    text: () => `${keyValueTable(facts)}\n${table([['Version', 'Created', 'Deleted', 'Destroyed'], ...rows])}`,
  });
}

async function remove(context: Context): Promise<number> {
  const { flags } = context;
  if (flags.has('all')) {
    if (flags.has(VERSIONS_FLAG.name)) throw new UsageError('--all goes without --versions');
    return ask(context, 'delete', pathIn(context, 'metadata'), {}, 'removed');
  }
  if (flags.has(VERSIONS_FLAG.name)) return change(context, 'delete', 'deleted');
  return ask(context, 'delete', pathIn(context, 'data'), {}, 'deleted');
}

function change(context: Context, part: string, done: string): Promise<number> {
  return ask(context, 'update', pathIn(context, part), { versions: versionsOf(context.flags) }, done);
}

async function ask(
  context: Context,
  operation: 'update' | 'delete',
  path: string,
  data: SecretData,
  done: string,
): Promise<number> {
  const store = await context.openStore();
  await store.ask(operation, path, data);
  await print(context, `${done}: ${mountOf(context.flags)}/${context.words[0]}\n`);
  return EXIT_DONE;
}

function versionsOf(flags: Flags): readonly number[] {
  const parts = flags.texts(VERSIONS_FLAG.name).flatMap((text) => text.split(','));
  if (parts.length > 0 && parts.every((part) => /^[1-9]\d{0,14}$/.test(part))) return parts.map(Number);
  throw new UsageError('want --versions with whole numbers, such as --versions=1,2');
}
