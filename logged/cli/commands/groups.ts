/** `logged groups ...`: what consumer groups have committed. */
import type { CommitLog, OffsetCommit } from '../../commit-log.ts';
import { checkGroupName } from '../../topics/topic-name.ts';
import { CommandError } from '../../../targets/command-line/command-error.ts';
import { table } from '../../../targets/command-line/table.ts';
import { type Command, type Context, EXIT_DONE, JSON_FLAG, print } from '../command.ts';
import { type Flags, parseCount, UsageError } from '../../../targets/command-line/flags.ts';
import { parsePosition, POSITION_NOTES, partitionsOf, resolvePosition } from './start-position.ts';

export const groupCommands: readonly Command[] = [
  { name: 'groups list', summary: 'print the names of the groups', flags: [JSON_FLAG], run: list },
  {
    name: 'groups describe',
    words: 'GROUP',
    wordCount: [1, 1],
    summary: 'print what a group has committed, and how far it lags behind',
    flags: [JSON_FLAG],
    run: describe,
  },
  {
    name: 'groups reset',
    words: 'GROUP',
    wordCount: [1, 1],
    summary: 'set the commits of a group to another position',
    flags: [
      { name: 'topic', short: 't', value: 'TOPIC', help: 'of this topic, may be repeated (default: all of the group)' },
      { name: 'partition', short: 'p', value: 'N', help: 'of this partition, may be repeated (default: all)' },
      { name: 'to', value: 'POSITION', help: 'the position of the next record to read' },
      JSON_FLAG,
    ],
    notes: POSITION_NOTES,
    run: reset,
  },
  {
    name: 'groups delete',
    words: 'GROUP...',
    wordCount: [1, Number.POSITIVE_INFINITY],
    summary: 'forget what groups have committed',
    flags: [],
    run: remove,
  },
];

async function list(context: Context): Promise<number> {
  const names = await (await context.openLog()).listGroups();
  const json = context.flags.has('json');
  await print(context, json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(''));
  return EXIT_DONE;
}

async function describe(context: Context): Promise<number> {
  const group = context.words[0]!;
  checkGroupName(group);
  const log = await context.openLog();
  const partitions = [];
  for (const { topic, partition, offset } of await committedBy(log, group)) {
    const endOffset = (await log.offsets(topic, partition))?.endOffset ?? offset;
    partitions.push({ topic, partition, offset, endOffset, lag: Math.max(0, endOffset - offset) });
  }
  if (context.flags.has('json')) {
    await print(context, `${JSON.stringify({ group, partitions })}\n`);
  } else {
    const rows = partitions.map((row) => [row.topic, row.partition, row.offset, row.endOffset, row.lag]);
    await print(context, table([['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG'], ...rows]));
  }
  return EXIT_DONE;
}

async function reset(context: Context): Promise<number> {
  const { flags, words, openLog } = context;
  const group = words[0]!;
  checkGroupName(group);
  const to = flags.text('to');
  if (to === undefined) throw new UsageError('no position: want --to POSITION');
  const position = parsePosition(to, 'to');
  const chosen = flags.texts('partition').map((text) => parseCount(text, '--partition'));
  const log = await openLog();
  const commits: OffsetCommit[] = [];
  for (const topic of await topicsOf(log, group, flags)) {
    for (const partition of await partitionsOf(log, topic, chosen)) {
      commits.push({ topic, partition, offset: await resolvePosition(log, topic, partition, position) });
    }
  }
  await log.commitOffsets(group, commits);
  if (flags.has('json')) {
    await print(context, `${JSON.stringify({ group, partitions: commits })}\n`);
  } else {
    const rows = commits.map(({ topic, partition, offset }) => [topic, partition, offset]);
    await print(context, table([['TOPIC', 'PARTITION', 'COMMITTED'], ...rows]));
  }
  return EXIT_DONE;
}

async function topicsOf(log: CommitLog, group: string, flags: Flags): Promise<readonly string[]> {
  if (flags.has('topic')) return flags.texts('topic');
  return [...new Set((await committedBy(log, group)).map(({ topic }) => topic))];
}

async function committedBy(log: CommitLog, group: string) {
  const committed = await log.committedOffsets(group);
  if (committed.length === 0) throw new CommandError(`group ${group} has committed nothing`);
  return committed;
}

async function remove({ words, openLog }: Context): Promise<number> {
  const log = await openLog();
  for (const group of words) await log.deleteGroup(group);
  return EXIT_DONE;
}
