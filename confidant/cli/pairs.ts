/** `key=value`, `key=@file`, `key=-`, and for all of it `@file` or `-` with JSON: the words of the Vault command line. */
import { CommandError } from '../../targets/command-line/command-error.ts';
import { UsageError } from '../../targets/command-line/flags.ts';
import { fileSource } from '../../targets/command-line/line-reader.ts';
import type { SecretData } from '../secret-store.ts';
import { inexactNumber } from '../wire/exact-numbers.ts';
import type { Context } from './command.ts';
import { readText, withoutLineEnd } from './standard-input.ts';

export const PAIRS_NOTES = `Values: NAME=VALUE; NAME=@FILE is what the file holds, NAME=- what comes from standard input, or what a
person types there, unseen; NAME=\\@VALUE begins with an @. Alone, @FILE or - is a JSON object of them all.
Other users of the machine can see a command line: secrets are better read from elsewhere.
`;

/** `whole`: as it is read, else without the line end that editors and \`echo\` add. Errors: `UsageError`, `CommandError`. */
export async function readPairs(
  context: Context,
  words: readonly string[],
  line: 'whole' | 'trimmed',
): Promise<SecretData> {
  const pairs = new Map<string, unknown>();
  for (const word of words) {
    for (const [name, value] of await readWord(context, word, line)) {
      if (pairs.has(name)) throw new UsageError(`${name} is given twice`);
      pairs.set(name, value);
    }
  }
  return Object.fromEntries(pairs);
}

async function readWord(context: Context, word: string, line: 'whole' | 'trimmed') {
  if (word === '-' || word.startsWith('@')) return Object.entries(parseObject(await readValue(context, word, 'JSON')));
  const at = word.indexOf('=');
  // What it is instead may be a secret.
  if (at < 1) throw new UsageError('want NAME=VALUE, @FILE or -');
  const [name, text] = [word.slice(0, at), word.slice(at + 1)];
  const value = await readValue(context, text, name);
  return [[name, line === 'whole' || value === text ? value : withoutLineEnd(value)] as const];
}

/** What `@FILE` or `-` stands for; every other text is itself. */
export async function readValue({ host, input }: Context, text: string, use: string): Promise<string> {
  if (text === '-') return input.secret(use);
  if (text.startsWith('\\@')) return text.slice(1);
  return text.startsWith('@') ? readText(host.bytes, fileSource(host.files, text.slice(1)), text.slice(1)) : text;
}

/** What the parser says quotes the text, and a number may be a secret, too. */
function parseObject(text: string): SecretData {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CommandError('what stands for all values is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CommandError('what stands for all values is no JSON object');
  }
  if (inexactNumber(text) === null) return value as SecretData;
  throw new CommandError('what stands for all values has a number that cannot be kept exactly: send it as a string');
}
