/** Positions in a partition on the command line: for `subscribe --from` and `groups reset --to`. */
import type { CommitLog } from '../../commit-log.ts';
import { parseTime } from '../../codecs/rfc3339.ts';
import { CommandError } from '../../../targets/command-line/command-error.ts';
import {} from '../command.ts';
import { UsageError } from '../../../targets/command-line/flags.ts';

export type Position =
  | 'beginning'
  | 'end'
  | { readonly offset: number }
  /** So many offsets before the end. */
  | { readonly last: number }
  | { readonly timestamp: number };

export const POSITION_NOTES = `A POSITION is one of
  beginning, end     of each partition
  N                  offset N
  -N                 N offsets before the end
  @TIME              the first record at or after a time: @2022-05-25T05:22:24Z, or
                     milliseconds since 1970, @1653456144000
`;

export function parsePosition(text: string, flag: string): Position {
  if (text === 'beginning' || text === 'end') return text;
  if (text.startsWith('@')) {
    const timestamp = /^@\d+$/.test(text) ? Number(text.slice(1)) : parseTime(text.slice(1));
    if (timestamp !== null) return { timestamp };
  } else if (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) {
    return text.startsWith('-') ? { last: Number(text.slice(1)) } : { offset: Number(text) };
  }
  throw new UsageError(`--${flag} is ${text}: want beginning, end, N, -N or @time`);
}

/** The offset of the next record to read. */
export async function resolvePosition(
  log: CommitLog,
  topic: string,
  partition: number,
  position: Position,
): Promise<number> {
  const offsets = await log.offsets(topic, partition);
  if (offsets === null) throw new CommandError(`topic ${topic} has no partition ${partition}`);
  const { beginningOffset, endOffset } = offsets;
  if (position === 'beginning') return beginningOffset;
  if (position === 'end') return endOffset;
  if ('offset' in position) return position.offset;
  if ('last' in position) return Math.max(beginningOffset, endOffset - position.last);
  return (await log.offsetForTime(topic, partition, position.timestamp)) ?? endOffset;
}

/** The partitions that flags name, else all of the topic. */
export async function partitionsOf(
  log: CommitLog,
  topic: string,
  chosen: readonly number[],
): Promise<readonly number[]> {
  if (chosen.length > 0) return chosen;
  const { partitions } = await log.describeTopic(topic);
  return Array.from({ length: partitions }, (_, partition) => partition);
}
