/** A program of many commands: which of them a command line names, with what flags and words. */
import { type Dashes, type Flag, Flags, nearest, readFlags, UsageError } from './flags.ts';

/** What a program says of one of its commands. */
export interface CommandEntry {
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
}

export interface Program<C extends CommandEntry> {
  readonly name: string;
  /** What it is, in one line. */
  readonly title: string;
  readonly commands: readonly C[];
  /** The flags of all commands. */
  readonly globals: readonly Flag[];
  /** How long flags begin. */
  readonly dashes: Dashes;
  /** The help's paragraph. */
  readonly exitCodes: string;
}

export interface CommandLine<C extends CommandEntry> {
  /** Of the command, or of a group, or empty. */
  readonly name: string;
  readonly command: C | undefined;
  readonly flags: Flags;
  readonly words: readonly string[];
}

/** Errors: `UsageError`. */
export function readCommandLine<C extends CommandEntry>(program: Program<C>, args: readonly string[]): CommandLine<C> {
  const { commands, globals, dashes } = program;
  const flags = new Flags();
  const { name, rest } = readName(program, args, flags);
  const command = commands.find((candidate) => candidate.name === name);
  const { words } = readFlags(rest, [...(command?.flags ?? []), ...globals], flags, { dashes });
  return { name, command, flags, words };
}

/** Errors: `UsageError` when there is no command, or not as many words as it wants. */
export function checkedCommand<C extends CommandEntry>({ name, command, words }: CommandLine<C>): C {
  if (!command) throw name === '' ? new UsageError('no command') : new UsageError(`no command behind ${name}`);
  const [from, to] = command.wordCount ?? [0, 0];
  if (words.length > to) throw new UsageError(`${name}: unexpected ${withoutValue(words[to]!)}`);
  if (words.length < from) throw new UsageError(`${name}: want ${command.words}`);
  return command;
}

/** The name of the command, or what there is of it, with the global flags in front of it and between its words. */
function readName<C extends CommandEntry>(program: Program<C>, args: readonly string[], flags: Flags) {
  const { commands, globals, dashes } = program;
  let name = '';
  let rest = args;
  while (!commands.some((command) => command.name === name)) {
    const read = readFlags(rest, globals, flags, { dashes, wordLimit: 1 });
    rest = read.rest;
    const word = read.words[0];
    if (word === undefined) break;
    const longer = name === '' ? word : `${name} ${word}`;
    if (!commands.some((command) => `${command.name} `.startsWith(`${longer} `)))
      throw unknownCommand(longer, commands);
    name = longer;
  }
  return { name, rest };
}

function unknownCommand(name: string, commands: readonly CommandEntry[]): UsageError {
  const names = commands.map((command) => command.name);
  const groups = names.map((candidate) => candidate.split(' ')[0]!);
  const hint = nearest(name, [...names, ...groups]);
  return new UsageError(`unknown command ${withoutValue(name)}${hint === null ? '' : `, did you mean ${hint}?`}`);
}

/** What stands behind a `=` may be a secret that came to the wrong place. */
export function withoutValue(word: string): string {
  const at = word.indexOf('=');
  return at < 0 ? word : `${word.slice(0, at)}=...`;
}
