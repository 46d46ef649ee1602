/** `logged compact`: compacts topics now, as the service does by itself when it is due. */
import { CommandError } from '../../../targets/command-line/command-error.ts';
import { table } from '../../../targets/command-line/table.ts';
import { type Command, type Context, EXIT_DONE, EXIT_FAILED, JSON_FLAG, print } from '../command.ts';

export const compactCommand: Command = {
  name: 'compact',
  words: 'TOPIC...',
  wordCount: [1, Number.POSITIVE_INFINITY],
  summary: 'remove what later records of the same keys have replaced, now',
  flags: [JSON_FLAG],
  notes: `Only topics whose cleanup.policy says compact are compacted: all of what they hold, however
little that saves. It may be ended at any time: what was done stays done. Bytes are those of
the files that are not appended to any more.
`,
  run: compact,
};

async function compact(context: Context): Promise<number> {
  const { words, flags, openLog } = context;
  const log = await openLog();
  const partitions = [];
  for (const topic of words) {
    const policy = (await log.describeTopic(topic)).config.find(({ name }) => name === 'cleanup.policy')?.value;
    if (!policy?.includes('compact')) {
      throw new CommandError(`topic ${topic}: cleanup.policy is ${policy}, want compact, see logged topics alter`);
    }
    const reports = await log.compact(topic);
    partitions.push(...reports.map((report, partition) => ({ topic, partition, ...report })));
  }
  if (flags.has('json')) {
    await print(context, `${JSON.stringify({ partitions })}\n`);
  } else {
    const rows = partitions.map((row) => [
      row.topic,
      row.partition,
      row.outcome,
      row.bytesBefore,
      row.bytesAfter,
      row.removedRecords,
    ]);
    await print(context, table([['TOPIC', 'PARTITION', 'OUTCOME', 'BYTES', 'AFTER', 'REMOVED'], ...rows]));
  }
  return partitions.every(({ outcome }) => outcome === 'done') ? EXIT_DONE : EXIT_FAILED;
}
