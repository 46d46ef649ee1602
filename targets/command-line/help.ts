/** The help texts of a program, made from the tables of its commands. */
import type { Flag } from './flags.ts';
import type { CommandEntry, Program } from './program.ts';
import { table } from './table.ts';

/** Of a command, of a group, or, without a name, of all. */
export function helpText<C extends CommandEntry>(program: Program<C>, name: string): string {
  const command = program.commands.find((candidate) => candidate.name === name);
  if (command) return commandHelp(program, command);
  return name === '' ? generalHelp(program) : groupHelp(program, name);
}

function generalHelp<C extends CommandEntry>({ name, title, commands, globals, exitCodes }: Program<C>): string {
  return `${name}: ${title}

Usage: ${name} [--root-path DIR] COMMAND ...

Commands:
${commandList(commands)}
Flags of all commands:
${flagList(globals)}
${exitCodes}
See ${name} COMMAND --help for the flags of a command.
`;
}

function groupHelp<C extends CommandEntry>({ name, commands }: Program<C>, group: string): string {
  return `Usage: ${name} ${group} COMMAND ...

Commands:
${commandList(commands.filter((candidate) => candidate.name.startsWith(`${group} `)))}
See ${name} ${group} COMMAND --help for the flags of a command.
`;
}

function commandHelp<C extends CommandEntry>(program: Program<C>, { name, words, summary, flags, notes }: C): string {
  const full = `${program.name} ${name}`;
  const usage = `Usage: ${full}${flags.length > 0 ? ' [FLAGS]' : ''}${words === undefined ? '' : ` ${words}`}`;
  const own = flags.length > 0 ? `Flags:\n${flagList(flags)}\n` : '';
  return `${full}: ${summary}

${usage}

${own}Flags of all commands:
${flagList(program.globals)}${notes === undefined ? '' : `\n${notes}`}`;
}

function commandList(commands: readonly CommandEntry[]): string {
  return table(commands.map(({ name, summary }) => [`  ${name}`, summary]));
}

function flagList(flags: readonly Flag[]): string {
  return table(
    flags.map(({ name, short, value, help }) => {
      const long = `--${name}${value === undefined ? '' : `=${value}`}`;
      return [`  ${short === undefined ? '   ' : `-${short},`} ${long}`, help];
    }),
  );
}
