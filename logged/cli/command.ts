/** What a command of `logged` is, and what it gets. */
import type { Host } from '../../targets/host.ts';
import type { CommitLog } from '../commit-log.ts';
import type { CompactionReport } from '../compaction/compactor.ts';
import type { Flag, Flags } from '../../targets/command-line/flags.ts';
import type { CommandEntry } from '../../targets/command-line/program.ts';
import type { Terminal } from '../../targets/command-line/terminal.ts';

export interface Command extends CommandEntry {
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
