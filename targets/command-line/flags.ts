/**
 * The flags of a command line. A flag with a value takes whatever stands behind it, also when that begins with a dash
 * (`--file -`, `--from -5`), and no value is turned into anything but the text that it is.
 */
export interface Flag {
  readonly name: string;
  /** One letter, for a single dash. */
  readonly short?: string;
  /** What the help calls its value; a flag without one is a switch. */
  readonly value?: string;
  readonly help: string;
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {}

export class Flags {
  readonly #values = new Map<string, string[]>();

  add(name: string, value: string): void {
    this.#values.set(name, [...this.texts(name), value]);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** All values of a flag that may be repeated. */
  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The last value. */
  text(name: string): string | undefined {
    return this.texts(name).at(-1);
  }

  count(name: string, min: number): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseCount(text, `--${name}`, min);
  }
}

export function parseCount(text: string, what: string, min = 0): number {
  const count = /^\d+$/.test(text) ? Number(text) : -1;
  if (count >= min && Number.isSafeInteger(count)) return count;
  throw new UsageError(`${what} is ${text}: want a whole number, at least ${min}`);
}

/** How a long flag may begin; with `one or two` there are no letters behind a letter, nor a value. */
export type Dashes = 'two' | 'one or two';

export interface FlagRules {
  readonly dashes?: Dashes;
  /** Default: all. */
  readonly wordLimit?: number;
}

/**
 * Reads flags into `flags` until `wordLimit` words, which are no flags, were met. Returns them and what is left.
 * Behind `--` everything is a word.
 */
export function readFlags(args: readonly string[], known: readonly Flag[], flags: Flags, rules: FlagRules = {}) {
  const { dashes = 'two', wordLimit = Number.MAX_VALUE } = rules;
  const rest = [...args];
  const words: string[] = [];
  while (rest.length > 0 && words.length < wordLimit) {
    const arg = rest.shift()!;
    if (arg === '--') words.push(...rest.splice(0));
    else if (arg.startsWith('--')) readLong(arg.slice(2), rest, known, flags);
    else if (dashes === 'one or two' && /^-../s.test(arg)) readLong(arg.slice(1), rest, known, flags);
    else if (arg.startsWith('-') && arg !== '-') readShort(arg.slice(1), rest, known, flags);
    else words.push(arg);
  }
  return { words, rest };
}

function readLong(text: string, rest: string[], known: readonly Flag[], flags: Flags): void {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  const flag = known.find((candidate) => candidate.name === name);
  if (!flag) throw unknownFlag(name, known);
  if (flag.value !== undefined) flags.add(name, at < 0 ? valueBehind(`--${name}`, flag, rest) : text.slice(at + 1));
  else if (at < 0) flags.add(name, '');
  else throw new UsageError(`--${name} takes no value`);
}

/** `-e`, `-c 5`, `-c5`, and switches together. */
function readShort(letters: string, rest: string[], known: readonly Flag[], flags: Flags): void {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at]!;
    const flag = known.find((candidate) => candidate.short === letter);
    if (!flag) throw new UsageError(`unknown flag -${letter}`);
    if (flag.value !== undefined) {
      const attached = letters.slice(at + 1);
      flags.add(flag.name, attached === '' ? valueBehind(`-${letter}`, flag, rest) : attached);
      return;
    }
    flags.add(flag.name, '');
  }
}

function valueBehind(name: string, flag: Flag, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw new UsageError(`${name} needs a value: ${name} ${flag.value}`);
  return value;
}

function unknownFlag(name: string, known: readonly Flag[]): UsageError {
  const hint = nearest(
    name,
    known.map((flag) => flag.name),
  );
  return new UsageError(`unknown flag --${name}${hint === null ? '' : `, did you mean --${hint}?`}`);
}

/** The word that was meant, or null when none is near. */
export function nearest(word: string, words: readonly string[]): string | null {
  const ranked = words.map((candidate) => ({ candidate, edits: editsBetween(word, candidate) }));
  const best = ranked.sort((a, b) => a.edits - b.edits)[0];
  return best && best.edits < word.length && best.edits <= Math.max(2, word.length / 3) ? best.candidate : null;
}

/** Levenshtein's distance. */
function editsBetween(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
