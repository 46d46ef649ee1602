/** What a command of `logged` is, what it gets, and how the help shows it. */
import type { Host } from '../../targets/host.ts';
import type { CommitLog } from '../commit-log.ts';
import type { CompactionReport } from '../compaction/compactor.ts';
import type { Flag, Flags } from '../../targets/command-line/flags.ts';
import type { Terminal } from '../../targets/command-line/terminal.ts';

export interface Command {
  /** One word, or two with the group first: `topics create`. */
  readonly name: string;
  /** What stands behind the flags, for the help. */
  readonly words?: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Said behind the flags. */
  readonly notes?: string;
  /** How many words it takes: from and to. */
  readonly wordCount?: readonly [from: number, to: number];
  /** Returns the exit code. */
  run(context: Context): Promise<number>;
}

/** What a log can do for its operator beyond the contract: `FileLog` can. */
export interface OperableLog extends CommitLog {
  /** Compacts all of a topic; one report per partition. */
  compact(topic: string): Promise<readonly CompactionReport[]>;
}

export interface Context {
  readonly terminal: Terminal;
  readonly host: Host;
  readonly flags: Flags;
  readonly words: readonly string[];
  /** The directory of the log, for commands that look into it themselves; fails when it is not there. */
  existingRoot(): string;
  /** To be called once; the log is closed when the command has ended. */
  openLog(): Promise<OperableLog>;
}

/** It cannot be done, through no fault of the log: exit code 1. */
export class CommandError extends Error {}

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_DAMAGED = 3;
/** As shells count an end by SIGINT. */
export const EXIT_INTERRUPTED = 130;

export const TOPIC_FLAG: Flag = { name: 'topic', short: 't', value: 'TOPIC', help: 'the topic' };
export const VOLATILE_FLAG: Flag = {
  name: 'allow-volatile',
  help: 'in memory (tmpfs) too, where all is lost in the end; or STREAMBED_ALLOW_VOLATILE=1',
};
export const JSON_FLAG: Flag = { name: 'json', help: 'print JSON, for programs' };

/** Prints to standard output; what nobody reads is no error. */
export async function print({ terminal, host }: Context, text: string): Promise<void> {
  await terminal.write(host.bytes.encodeUtf8(text));
}

/** Columns with two spaces between them. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
    });
  }
  const lines = rows.map((row) =>
    row
      .map((cell, i) => String(cell).padEnd(widths[i]! + 2))
      .join('')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
