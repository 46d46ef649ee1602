/** `logged subscribe`: prints records as they come, as JSON lines or by a format. */
import type { Bytes } from '../../../targets/host.ts';
import type { CommitLog, ConsumedOffset, ConsumerRecord, StartPosition } from '../../commit-log.ts';
import { printRecord } from '../../codecs/record-json.ts';
import { checkGroupName } from '../../topics/topic-name.ts';
import { type Command, type Context, EXIT_DONE } from '../command.ts';
import { parseDuration } from '../../codecs/duration.ts';
import { type Flags, parseCount, UsageError } from '../../../targets/command-line/flags.ts';
import { GroupCommits } from './group-commits.ts';
import { openOutput } from '../../../targets/command-line/output.ts';
import { compileFormat, concat, FORMAT_NOTES } from './record-format.ts';
import { parsePosition, type Position, POSITION_NOTES, partitionsOf, resolvePosition } from './start-position.ts';

export const subscribeCommand: Command = {
  name: 'subscribe',
  words: '[TOPIC...]',
  summary: 'print records as they come',
  wordCount: [0, Number.POSITIVE_INFINITY],
  flags: [
    { name: 'subscription', value: 'TOPIC', help: 'a topic to read, may be repeated' },
    { name: 'topic', short: 't', value: 'TOPIC', help: 'the same' },
    { name: 'partition', short: 'p', value: 'N', help: 'read this partition only, may be repeated' },
    {
      name: 'offset',
      value: 'TOPIC,PARTITION,N',
      help: 'begin above offset N, which was read before; may be repeated',
    },
    { name: 'from', short: 'o', value: 'POSITION', help: 'begin there (default beginning)' },
    { name: 'group', short: 'G', value: 'GROUP', help: 'begin at the commit of a group, and commit what was printed' },
    {
      name: 'idle-timeout',
      value: 'DURATION',
      help: 'end when nothing came for so long: 0ms, 5s, 1h 30m (default never)',
    },
    { name: 'exit-at-end', short: 'e', help: 'end when all that is stored was printed, as --idle-timeout=0ms' },
    { name: 'count', short: 'c', value: 'N', help: 'end after N records' },
    { name: 'format', short: 'f', value: 'FORMAT', help: 'print by a format (default: lines of JSON)' },
    { name: 'output', value: 'FILE', help: 'print to this file, - is standard output (default -)' },
  ],
  notes: `${POSITION_NOTES}
${FORMAT_NOTES}
With --group, a partition that the group has no commit for begins at --from, beginning or end.
Commits are made once a second and at the end, also after SIGINT, and name only what was printed.
`,
  run: subscribe,
};

async function subscribe(context: Context): Promise<number> {
  const { terminal, host, flags } = context;
  const print = printerOf(flags, host.bytes);
  const limit = flags.count('count', 1) ?? Number.POSITIVE_INFINITY;
  const options = optionsOf(context);
  const group = flags.text('group');
  if (group !== undefined) checkGroupName(group);
  const position = parsePosition(flags.text('from') ?? 'beginning', 'from');
  const from = startOf(position, group);

  const log = await context.openLog();
  const offsets = options.offsets.concat(await offsetsBeforeEnd(log, options, position));
  const output = openOutput(flags.text('output') ?? '-', terminal, host.files);
  const commits = group === undefined ? null : new GroupCommits(log, host.clock, group, output);
  try {
    const subscription = log.subscribe({ ...options, offsets, from, signal: terminal.interrupted });
    let printed = 0;
    for await (const batch of subscription.batches()) {
      const records = batch.slice(0, limit - printed);
      if (!(await output.write(print(records)))) break;
      printed += records.length;
      commits?.printed(records);
      if (printed >= limit) break;
    }
  } finally {
    await commits?.finish();
    await output.flush();
    output.close();
  }
  return EXIT_DONE;
}

function printerOf(flags: Flags, bytes: Bytes): (records: readonly ConsumerRecord[]) => Uint8Array {
  const format = flags.text('format');
  if (format === undefined) {
    return (records) => bytes.encodeUtf8(records.map((record) => `${printRecord(record, bytes)}\n`).join(''));
  }
  const pieces = compileFormat(format, bytes);
  return (records) => concat(records.flatMap(pieces));
}

function optionsOf({ flags, words }: Context) {
  const topics = [...new Set([...words, ...flags.texts('subscription'), ...flags.texts('topic')])];
  if (topics.length === 0) throw new UsageError('no topic: want --subscription TOPIC');
  const partitions = flags.texts('partition').map((text) => parseCount(text, '--partition'));
  return {
    subscriptions: topics.map((topic) => ({ topic, partitions: partitions.length > 0 ? partitions : undefined })),
    offsets: flags.texts('offset').map(parseConsumedOffset),
    idleTimeoutMs: flags.has('exit-at-end') ? 0 : idleTimeoutOf(flags),
  };
}

function parseConsumedOffset(text: string): ConsumedOffset {
  const match = /^([^,]+),(\d+),(\d+)$/.exec(text);
  if (!match) throw new UsageError(`--offset is ${text}: want TOPIC,PARTITION,OFFSET`);
  const [, topic, partition, offset] = match as unknown as [string, string, string, string];
  return {
    topic,
    partition: parseCount(partition, `partition of --offset ${text}`),
    offset: parseCount(offset, `offset of --offset ${text}`),
  };
}

function startOf(position: Position, group: string | undefined): StartPosition {
  const isEdge = position === 'beginning' || position === 'end';
  if (group === undefined) return isEdge || !('last' in position) ? position : 'beginning';
  if (isEdge) return { group, otherwise: position };
  throw new UsageError('--from with --group: want beginning or end, see logged groups reset');
}

/** The contract knows no position relative to the end: those become offsets that count as read. */
async function offsetsBeforeEnd(
  log: CommitLog,
  options: ReturnType<typeof optionsOf>,
  position: Position,
): Promise<ConsumedOffset[]> {
  if (typeof position === 'string' || !('last' in position)) return [];
  const offsets: ConsumedOffset[] = [];
  for (const { topic, partitions = [] } of options.subscriptions) {
    for (const partition of await partitionsOf(log, topic, partitions)) {
      if (options.offsets.some((given) => given.topic === topic && given.partition === partition)) continue;
      offsets.push({ topic, partition, offset: (await resolvePosition(log, topic, partition, position)) - 1 });
    }
  }
  return offsets;
}

function idleTimeoutOf(flags: Flags): number | undefined {
  const text = flags.text('idle-timeout');
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === null) throw new UsageError(`--idle-timeout is ${text}: want a duration like 100ms, 5s or 1h 30m`);
  return ms;
}
