/** The `confidant` command: finds the command, runs it, and turns what goes wrong into words and exit codes. */
import { CommandError } from '../../targets/command-line/command-error.ts';
import { type Flag, UsageError } from '../../targets/command-line/flags.ts';
import { helpText } from '../../targets/command-line/help.ts';
import { checkedCommand, readCommandLine } from '../../targets/command-line/program.ts';
import type { Terminal } from '../../targets/command-line/terminal.ts';
import type { Host } from '../../targets/host.ts';
import { SecretStoreError } from '../secret-store.ts';
import {
  type Command,
  type ConfidantBuild,
  EXIT_DAMAGED,
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_REFUSED,
  type OpenStore,
  print,
} from './command.ts';
import { keyCommands } from './commands/keys.ts';
import { loginCommands } from './commands/logins.ts';
import { payloadCommands } from './commands/payloads.ts';
import { policyCommands } from './commands/policies.ts';
import { secretCommands } from './commands/secrets.ts';
import { tokenCommands } from './commands/tokens.ts';
import { verifyCommand } from './commands/verify.ts';
import { StandardInput } from './standard-input.ts';
import { openSession } from './store-session.ts';

const COMMANDS: readonly Command[] = [
  ...payloadCommands,
  ...secretCommands,
  ...loginCommands,
  ...policyCommands,
  ...tokenCommands,
  ...keyCommands,
  verifyCommand,
];

const PROGRAM = {
  name: 'confidant',
  title: 'an encrypted secret store in a directory, while no service has it open',
  commands: COMMANDS,
  dashes: 'one or two',
  exitCodes: `Whoever has the root key may do everything: no token is asked for. Long flags begin with one dash or two.

Exit codes:
  0    done; also when nobody reads the output any more
  1    failed: the command line, the input, a file, or another process has the store open
  2    the store refused: nothing at that path, not that version, no such policy
  3    damage was found
  130  encrypt or decrypt was interrupted
`,
} as const;

function globalFlags(defaultRoot: string): readonly Flag[] {
  const root = `the data directory of the service (default: environment ROOT_PATH, else ${defaultRoot})`;
  return [
    { name: 'root-path', value: 'DIR', help: root },
    { name: 'credentials-directory', value: 'DIR', help: 'its file root-secret holds 32 hex characters, or 64' },
    { name: 'root-key-file', value: 'FILE', help: 'the root key, as of streambed serve' },
    { name: 'previous-root-key-file', value: 'FILE', help: 'the one before it, while it is being replaced' },
    { name: 'allow-volatile', help: 'begin a store in memory (tmpfs) too; or STREAMBED_ALLOW_VOLATILE=1' },
    { name: 'help', short: 'h', help: 'print help, also of a command' },
    { name: 'version', short: 'V', help: 'print the version' },
  ];
}

/** Runs the command line of `terminal` and returns the exit code. */
export async function runConfidant(terminal: Terminal, host: Host, build: ConfidantBuild): Promise<number> {
  const opened: OpenStore[] = [];
  try {
    try {
      return await runCommand(terminal, host, build, opened);
    } finally {
      for (const store of opened) await store.close();
    }
  } catch (error) {
    return report(terminal, error);
  }
}

async function runCommand(terminal: Terminal, host: Host, build: ConfidantBuild, opened: OpenStore[]) {
  const program = { ...PROGRAM, globals: globalFlags(build.defaultRoot) };
  const line = readCommandLine(program, terminal.args);
  const { flags, words } = line;
  // With a value it is what `get` calls so.
  if (flags.text('version') === '') return printed(terminal, host, `confidant ${build.version}\n`);
  if (flags.has('help')) return printed(terminal, host, helpText(program, line.name));
  const command = checkedCommand(line);
  const root = flags.text('root-path') || terminal.env('ROOT_PATH') || build.defaultRoot;
  const input = new StandardInput(terminal, host.bytes);
  const rootKeys = () =>
    build.readRootKeys({
      rootKeyFile: flags.text('root-key-file') ?? null,
      previousRootKeyFile: flags.text('previous-root-key-file') ?? null,
      credentialsDirectory: flags.text('credentials-directory') ?? null,
    });
  const context = { terminal, host, build, flags, words, input, root, rootKeys };
  const openStore = async (): Promise<OpenStore> => {
    const store = await openSession(context, command);
    opened.push(store);
    return store;
  };
  return command.run({ ...context, openStore });
}

async function printed(terminal: Terminal, host: Host, text: string): Promise<number> {
  await print({ terminal, host }, text);
  return EXIT_DONE;
}

function report(terminal: Terminal, error: unknown): number {
  const { message, code, stack = '' } = error as Error & { code?: unknown };
  const isExpected = error instanceof UsageError || error instanceof CommandError || typeof code === 'string';
  // On QuickJS the stack does not begin with the message.
  const traced = stack.includes(message) ? stack : `${String(error)}\n${stack}`;
  terminal.warn(`confidant: ${isExpected ? message : traced}\n`);
  if (error instanceof UsageError) terminal.warn('confidant: see confidant --help\n');
  if (code === 'damaged' || code === 'unknown-version') return EXIT_DAMAGED;
  return error instanceof SecretStoreError && code !== 'host-failed' ? EXIT_REFUSED : EXIT_FAILED;
}
