/** `confidant policies ...`: who may do what. */
import { fileSource } from '../../../targets/command-line/line-reader.ts';
import { type Command, type Context, EXIT_DONE, print } from '../command.ts';
import { FORMAT_FLAG, OUTPUT_FLAGS, printAnswer } from '../format.ts';
import { readText } from '../standard-input.ts';
import { printKeys } from './secrets.ts';

export const policyCommands: readonly Command[] = [
  { name: 'policies list', summary: 'print the names of the policies', flags: [FORMAT_FLAG], run: list },
  {
    name: 'policies get',
    words: 'NAME',
    wordCount: [1, 1],
    summary: 'print the text of a policy',
    flags: OUTPUT_FLAGS,
    run: get,
  },
  {
    name: 'policies put',
    words: 'NAME FILE',
    wordCount: [2, 2],
    summary: 'write a policy from a file of HCL or JSON, - is standard input',
    flags: [],
    run: put,
  },
  {
    name: 'policies delete',
    words: 'NAME',
    wordCount: [1, 1],
    summary: 'remove a policy: it grants nothing any more',
    flags: [],
    run: remove,
  },
];

function pathOf({ words }: Context): string {
  return `sys/policies/acl/${words[0]}`;
}

async function list(context: Context): Promise<number> {
  const store = await context.openStore();
  const { data } = await store.ask('list', 'sys/policies/acl');
  return printKeys(context, (data?.['keys'] ?? []) as readonly string[]);
}

async function get(context: Context): Promise<number> {
  const store = await context.openStore();
  const { data } = await store.ask('read', pathOf(context));
  const fields = data ?? {};
  const text = String(fields['policy'] ?? '');
  return printAnswer(context, { whole: { data }, fields, text: () => (text.endsWith('\n') ? text : `${text}\n`) });
}

async function put(context: Context): Promise<number> {
  const { host, words, input } = context;
  const file = words[1] ?? '';
  const read = file === '-' ? input.take('the policy') : fileSource(host.files, file);
  const policy = await readText(host.bytes, read, file === '-' ? 'the policy' : file);
  const store = await context.openStore();
  await store.ask('update', pathOf(context), { policy });
  await print(context, `written: policy ${words[0]}\n`);
  return EXIT_DONE;
}

async function remove(context: Context): Promise<number> {
  const store = await context.openStore();
  await store.ask('delete', pathOf(context));
  await print(context, `deleted: policy ${context.words[0]}\n`);
  return EXIT_DONE;
}
