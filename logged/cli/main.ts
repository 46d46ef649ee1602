/** The `logged` command: finds the command, runs it, and turns what goes wrong into words and exit codes. */
import type { Host } from '../../targets/host.ts';
import { CommitLogError } from '../commit-log.ts';
import {
  type Command,
  type Context,
  EXIT_DAMAGED,
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_USAGE,
  type OperableLog,
  print,
  VOLATILE_FLAG,
} from './command.ts';
import { compactCommand } from './commands/compact.ts';
import { dumpCommand } from './commands/dump.ts';
import { groupCommands } from './commands/groups.ts';
import { produceCommand } from './commands/produce.ts';
import { subscribeCommand } from './commands/subscribe.ts';
import { topicCommands } from './commands/topics.ts';
import { verifyCommand } from './commands/verify.ts';
import { CommandError } from '../../targets/command-line/command-error.ts';
import { type Flag, type Flags, UsageError } from '../../targets/command-line/flags.ts';
import { helpText } from '../../targets/command-line/help.ts';
import { checkedCommand, readCommandLine } from '../../targets/command-line/program.ts';
import type { Terminal } from '../../targets/command-line/terminal.ts';

const COMMANDS: readonly Command[] = [
  produceCommand,
  subscribeCommand,
  ...topicCommands,
  ...groupCommands,
  compactCommand,
  verifyCommand,
  dumpCommand,
];

const PROGRAM = {
  name: 'logged',
  title: 'an append-only commit log in a directory',
  commands: COMMANDS,
  dashes: 'two',
  exitCodes: `Exit codes:
  0    done; also when nobody reads the output any more
  1    failed
  2    the command line is wrong
  3    damage was found
  130  produce was interrupted; what it had read is stored
`,
} as const;

/** `defaultRoot` is what the program was built with. */
function globalFlags(defaultRoot: string): readonly Flag[] {
  const root = `the directory of the log (default: environment ROOT_PATH, else ${defaultRoot})`;
  return [
    { name: 'root-path', value: 'DIR', help: root },
    { name: 'help', short: 'h', help: 'print help, also of a command' },
    { name: 'version', short: 'V', help: 'print the version' },
  ];
}

/** These may begin a log; all others want one that is there. */
const BEGINNERS = ['produce', 'topics create'];

/** What the main file of a target decides. */
export interface LoggedBuild {
  readonly version: string;
  /** Where the log is when nobody says. */
  readonly defaultRoot: string;
  /** What kind of memory holds the directory, be it there or still to be made; null: none. */
  memoryOf(root: string): string | null;
  openLog(root: string): Promise<OperableLog>;
}

/** Runs the command line of `terminal` and returns the exit code. */
export async function runLogged(terminal: Terminal, host: Host, build: LoggedBuild): Promise<number> {
  const opened: OperableLog[] = [];
  const openLog = async (root: string): Promise<OperableLog> => {
    const log = await build.openLog(root);
    opened.push(log);
    return log;
  };
  try {
    try {
      return await runCommand(terminal, host, { ...build, openLog });
    } finally {
      for (const log of opened) await log.close();
    }
  } catch (error) {
    return report(terminal, error);
  }
}

async function runCommand(terminal: Terminal, host: Host, build: LoggedBuild): Promise<number> {
  const program = { ...PROGRAM, globals: globalFlags(build.defaultRoot) };
  const line = readCommandLine(program, terminal.args);
  const { name, flags, words } = line;
  const root = flags.text('root-path') || terminal.env('ROOT_PATH') || build.defaultRoot;
  const existingRoot = () => {
    if (host.files.stat(root)?.kind === 'directory') return root;
    throw new CommandError(`no log at ${root}, see --root-path`);
  };
  const lastingRoot = () => {
    const memory = isVolatileAllowed(terminal, flags) ? null : build.memoryOf(root);
    if (memory === null) return root;
    throw new CommandError(`${root} is in memory (${memory}), lost when the machine stops: --allow-volatile if meant`);
  };
  const openLog = async () => build.openLog(BEGINNERS.includes(name) ? lastingRoot() : existingRoot());
  const context: Context = { terminal, host, flags, words, existingRoot, openLog };

  if (flags.has('version')) return printed(context, `logged ${build.version}\n`);
  if (flags.has('help')) return printed(context, helpText(program, name));
  return checkedCommand(line).run(context);
}

function isVolatileAllowed(terminal: Terminal, flags: Flags): boolean {
  return flags.has(VOLATILE_FLAG.name) || ['true', '1'].includes(terminal.env('STREAMBED_ALLOW_VOLATILE') ?? '');
}

async function printed(context: Context, text: string): Promise<number> {
  await print(context, text);
  return EXIT_DONE;
}

const HINTS: Readonly<Record<string, string>> = {
  'invalid-record': 'logged produce --help shows what a line may be; plain text needs --topic',
  locked: 'stop the other process, or go through its service',
  'unknown-topic': 'logged topics list shows those that are there',
};

function report(terminal: Terminal, error: unknown): number {
  const { message, code, stack = '' } = error as Error & { code?: unknown };
  const isExpected = error instanceof UsageError || error instanceof CommandError || typeof code === 'string';
  // On QuickJS the stack does not begin with the message.
  const traced = stack.includes(message) ? stack : `${String(error)}\n${stack}`;
  terminal.warn(`logged: ${isExpected ? message : traced}\n`);
  if (error instanceof UsageError) {
    terminal.warn('logged: see logged --help\n');
    return EXIT_USAGE;
  }
  if (!(error instanceof CommitLogError)) return EXIT_FAILED;
  const hint = HINTS[error.code];
  if (hint !== undefined) terminal.warn(`logged: hint: ${hint}\n`);
  const { place } = error;
  if (place?.resumeOffset !== null && place !== null) {
    terminal.warn(`logged: hint: what follows can be read with --from=${place.resumeOffset}\n`);
  }
  return error.code === 'damaged' ? EXIT_DAMAGED : EXIT_FAILED;
}
