/** The help texts of `logged`, made from the tables of its commands. */
import { type Command, table } from './command.ts';
import type { Flag } from '../../targets/command-line/flags.ts';

/** `defaultRoot` is what the program was built with. */
export function globalFlags(defaultRoot: string): readonly Flag[] {
  const root = `the directory of the log (default: environment ROOT_PATH, else ${defaultRoot})`;
  return [
    { name: 'root-path', value: 'DIR', help: root },
    { name: 'help', short: 'h', help: 'print help, also of a command' },
    { name: 'version', short: 'V', help: 'print the version' },
  ];
}

const EXIT_CODES = `Exit codes:
  0    done; also when nobody reads the output any more
  1    failed
  2    the command line is wrong
  3    damage was found
  130  produce was interrupted; what it had read is stored
`;

export function generalHelp(commands: readonly Command[], globals: readonly Flag[]): string {
  return `logged: an append-only commit log in a directory

Usage: logged [--root-path DIR] COMMAND ...

Commands:
${commandList(commands)}
Flags of all commands:
${flagList(globals)}
${EXIT_CODES}
See logged COMMAND --help for the flags of a command.
`;
}

export function groupHelp(group: string, commands: readonly Command[]): string {
  return `Usage: logged ${group} COMMAND ...

Commands:
${commandList(commands)}
See logged ${group} COMMAND --help for the flags of a command.
`;
}

export function commandHelp({ name, words, summary, flags, notes }: Command, globals: readonly Flag[]): string {
  const usage = `Usage: logged ${name}${flags.length > 0 ? ' [FLAGS]' : ''}${words === undefined ? '' : ` ${words}`}`;
  const own = flags.length > 0 ? `Flags:\n${flagList(flags)}\n` : '';
  return `logged ${name}: ${summary}

${usage}

${own}Flags of all commands:
${flagList(globals)}${notes === undefined ? '' : `\n${notes}`}`;
}

function commandList(commands: readonly Command[]): string {
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
