/** The `logged` command: finds the command, runs it, and turns what goes wrong into words and exit codes. */
import type { Host } from '../../targets/host.ts';
import { CommitLogError } from '../commit-log.ts';
import {
  type Command,
  CommandError,
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
import { type Flag, Flags, nearest, readFlags, UsageError } from '../../targets/command-line/flags.ts';
import { commandHelp, generalHelp, globalFlags, groupHelp } from './help.ts';
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
  const globals = globalFlags(build.defaultRoot);
  const flags = new Flags();
  const { name, rest } = readName(terminal.args, globals, flags);
  const command = COMMANDS.find((candidate) => candidate.name === name);
  const { words } = readFlags(rest, [...(command?.flags ?? []), ...globals], flags);
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
  if (flags.has('help')) return printed(context, helpOf(name, globals));
  if (!command) throw name === '' ? new UsageError('no command') : new UsageError(`no command behind ${name}`);
  const [from, to] = command.wordCount ?? [0, 0];
  if (words.length > to) throw new UsageError(`${name}: unexpected ${words[to]}`);
  if (words.length < from) throw new UsageError(`${name}: want ${command.words}`);
  return command.run(context);
}

function isVolatileAllowed(terminal: Terminal, flags: Flags): boolean {
  return flags.has(VOLATILE_FLAG.name) || ['true', '1'].includes(terminal.env('STREAMBED_ALLOW_VOLATILE') ?? '');
}

/** The name of the command, or what there is of it, with the global flags in front of it and between its words. */
function readName(args: readonly string[], globals: readonly Flag[], flags: Flags) {
  let name = '';
  let rest = args;
  while (!COMMANDS.some((command) => command.name === name)) {
    const read = readFlags(rest, globals, flags, 1);
    rest = read.rest;
    const word = read.words[0];
    if (word === undefined) break;
    const longer = name === '' ? word : `${name} ${word}`;
    if (!COMMANDS.some((command) => `${command.name} `.startsWith(`${longer} `))) throw unknownCommand(longer);
    name = longer;
  }
  return { name, rest };
}

function unknownCommand(name: string): UsageError {
  const names = COMMANDS.map((command) => command.name);
  const groups = names.map((candidate) => candidate.split(' ')[0]!);
  const hint = nearest(name, [...names, ...groups]);
  return new UsageError(`unknown command ${name}${hint === null ? '' : `, did you mean ${hint}?`}`);
}

function helpOf(name: string, globals: readonly Flag[]): string {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command) return commandHelp(command, globals);
  if (name === '') return generalHelp(COMMANDS, globals);
  const ofGroup = COMMANDS.filter((candidate) => candidate.name.startsWith(`${name} `));
  return groupHelp(name, ofGroup);
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
