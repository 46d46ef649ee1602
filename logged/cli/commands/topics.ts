/** `logged topics ...`: topics and their configuration. */
import type { CommitLog, TopicDescription } from '../../commit-log.ts';
import { printTime } from '../../codecs/rfc3339.ts';
import { table } from '../../../targets/command-line/table.ts';
import { type Command, type Context, EXIT_DONE, JSON_FLAG, print, VOLATILE_FLAG } from '../command.ts';
import { type Flag, UsageError } from '../../../targets/command-line/flags.ts';

const MANY = [1, Number.POSITIVE_INFINITY] as const;
const CONFIG_FLAG: Flag = { name: 'config', short: 'c', value: 'NAME=VALUE', help: 'set this, may be repeated' };
const CONFIG_NOTES = `The names of the configuration are shown by logged topics describe.
`;

export const topicCommands: readonly Command[] = [
  {
    name: 'topics list',
    summary: 'print the names of the topics',
    flags: [{ name: 'internal', short: 'i', help: 'internal topics as well' }, JSON_FLAG],
    run: list,
  },
  {
    name: 'topics describe',
    words: 'TOPIC...',
    wordCount: MANY,
    summary: 'print partitions, offsets and configuration of topics',
    flags: [JSON_FLAG],
    run: describe,
  },
  {
    name: 'topics create',
    words: 'TOPIC...',
    wordCount: MANY,
    summary: 'create topics',
    flags: [
      { name: 'partitions', short: 'p', value: 'N', help: 'how many partitions (default 1)' },
      CONFIG_FLAG,
      { name: 'if-not-exists', help: 'a topic that is there is no error' },
      VOLATILE_FLAG,
    ],
    notes: CONFIG_NOTES,
    run: create,
  },
  {
    name: 'topics alter',
    words: 'TOPIC...',
    wordCount: MANY,
    summary: 'change the configuration of topics, or add partitions',
    flags: [
      { name: 'partitions', short: 'p', value: 'N', help: 'the new number of partitions' },
      CONFIG_FLAG,
      { name: 'reset', value: 'NAME', help: 'set this back to its default, may be repeated' },
    ],
    notes: CONFIG_NOTES,
    run: alter,
  },
  {
    name: 'topics delete',
    words: 'TOPIC...',
    wordCount: MANY,
    summary: 'delete topics with all of their records',
    flags: [],
    run: remove,
  },
];

async function list(context: Context): Promise<number> {
  const { flags, openLog } = context;
  const names = await (await openLog()).listTopics();
  const shown = flags.has('internal') ? names : names.filter((name) => !name.startsWith('__'));
  const text = flags.has('json') ? `${JSON.stringify(shown)}\n` : shown.map((name) => `${name}\n`).join('');
  await print(context, text);
  return EXIT_DONE;
}

async function describe(context: Context): Promise<number> {
  const { flags, words, openLog } = context;
  const log = await openLog();
  for (const [i, topic] of words.entries()) {
    const description = await log.describeTopic(topic);
    const partitions = await offsetsOf(log, description);
    if (flags.has('json')) {
      const createdAt = printTime(description.createdAt);
      await print(context, `${JSON.stringify({ ...description, createdAt, partitions })}\n`);
    } else {
      await print(context, `${i > 0 ? '\n' : ''}${descriptionText(description, partitions)}`);
    }
  }
  return EXIT_DONE;
}

async function offsetsOf(log: CommitLog, { topic, partitions }: TopicDescription) {
  const rows = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const offsets = await log.offsets(topic, partition);
    if (offsets !== null) rows.push({ partition, ...offsets });
  }
  return rows;
}

function descriptionText(description: TopicDescription, partitions: Awaited<ReturnType<typeof offsetsOf>>): string {
  const head = table([
    ['topic', description.topic],
    ['partitions', description.partitions],
    ['durability', description.durability],
    ['created', printTime(description.createdAt) ?? description.createdAt],
  ]);
  const offsets = partitions.map((row) => [row.partition, row.beginningOffset, row.endOffset]);
  const config = description.config.map(({ name, value, defaultValue, isDefault }) =>
    isDefault ? [name, value] : [name, value, `(default ${defaultValue})`],
  );
  return `${head}\n${table([['PARTITION', 'BEGINNING', 'END'], ...offsets])}\n${table([['CONFIG', 'VALUE'], ...config])}`;
}

async function create(context: Context): Promise<number> {
  const { flags, words, openLog } = context;
  const config = configOf(flags.texts('config'));
  const partitions = flags.count('partitions', 1);
  const log = await openLog();
  const existing = flags.has('if-not-exists') ? await log.listTopics() : [];
  for (const topic of words) {
    if (!existing.includes(topic)) await log.createTopic(topic, { partitions, config });
  }
  return EXIT_DONE;
}

async function alter(context: Context): Promise<number> {
  const { flags, words, openLog } = context;
  const change = {
    partitions: flags.count('partitions', 1),
    set: configOf(flags.texts('config')),
    reset: flags.texts('reset'),
  };
  const nothing = change.partitions === undefined && change.reset.length === 0 && Object.keys(change.set).length === 0;
  if (nothing) throw new UsageError('nothing to change: want --partitions, --config or --reset');
  const log = await openLog();
  for (const topic of words) await log.alterTopic(topic, change);
  return EXIT_DONE;
}

async function remove({ words, openLog }: Context): Promise<number> {
  const log = await openLog();
  for (const topic of words) await log.deleteTopic(topic);
  return EXIT_DONE;
}

function configOf(texts: readonly string[]): Record<string, string> {
  const pairs = texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`--config is ${text}: want NAME=VALUE`);
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}
