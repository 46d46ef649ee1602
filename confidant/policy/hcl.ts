/**
 * Reads the text of policies: the part of HCL that they are written in, and JSON, which starts with `{` and is read by
 * the same walk into the same tree. Knows nothing of what a policy says; `policy.ts` does.
 *
 *     items  = { item [ "," ] }
 *     item   = name { name } "{" items "}"  |  name "=" value       (JSON: string ":" value)
 *     value  = string | heredoc | number | "true" | "false" | "[" { value "," } "]" | "{" items "}"
 *     name   = string | letter or "_", then letters, digits, "_", "-", "."
 *
 * with `#`, `//` and comments between `/*` and its end wherever a space may stand. There is no expression, and
 * no null but as the value of an item of JSON, which counts as absent.
 * What is too large, too deep or not of this form is refused with its line and column, and one character of it at most.
 */
import { SecretStoreError } from '../secret-store.ts';

export type HclValue = string | number | boolean | readonly HclValue[] | HclBody;

export interface HclBody {
  readonly items: readonly HclItem[];
}

export interface HclItem {
  readonly keys: readonly string[];
  readonly value: HclValue;
  /** Where the item starts in the text. */
  readonly at: number;
}

export const MAX_POLICY_LENGTH = 65_536;
/** Items and elements of lists; each takes memory. */
export const MAX_POLICY_VALUES = 4096;
const MAX_DEPTH = 16;

const ESCAPED = 'abfnrtv"\\/';
const UNESCAPED = '\x07\b\f\n\r\t\v"\\/';

/** Errors: `invalid`, `too-large`. */
export function parseHcl(text: string): HclBody {
  if (text.length > MAX_POLICY_LENGTH) {
    throw new SecretStoreError('too-large', `failed to parse policy: longer than ${MAX_POLICY_LENGTH} characters`);
  }
  return new HclReader(text).read();
}

/** The line of a place in the text, the first is 1. */
export function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

export function isBody(value: HclValue): value is HclBody {
  return typeof value === 'object' && !Array.isArray(value);
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function isLetter(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '_';
}

function isInWord(char: string): boolean {
  return isLetter(char) || isDigit(char) || char === '-' || char === '.' || char === '+';
}

class HclReader {
  readonly #text: string;
  readonly #isJson: boolean;
  #at = 0;
  #depth = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
    this.#isJson = text.trimStart().startsWith('{');
  }

  read(): HclBody {
    if (!this.#isJson) return this.#items('');
    this.#take('{');
    const body = this.#items('}');
    if (!this.#ends('')) this.#fail('expected the end');
    return body;
  }

  #items(end: string): HclBody {
    this.#enter();
    const items: HclItem[] = [];
    let mayGoOn = true;
    while (!this.#ends(end)) {
      if (!mayGoOn) this.#fail('expected , or }');
      this.#count();
      const item = this.#item();
      if (item !== null) items.push(item);
      mayGoOn = this.#take(',') || !this.#isJson;
    }
    this.#depth -= 1;
    return { items };
  }

  #item(): HclItem | null {
    const at = this.#at;
    const keys: string[] = [];
    for (let name = this.#name(); name !== null; name = this.#name()) keys.push(name);
    if (keys.length === 0) this.#fail('expected a name');
    const isPair = keys.length === 1;
    if (isPair && this.#take(this.#isJson ? ':' : '=')) {
      return this.#takeNull() ? null : { keys, value: this.#value(), at };
    }
    if (this.#isJson) this.#fail('expected :');
    if (!this.#take('{')) this.#fail(isPair ? 'expected = or {' : 'expected {');
    return { keys, value: this.#items('}'), at };
  }

  #name(): string | null {
    this.#skip();
    const char = this.#char();
    if (char === '"') return this.#string();
    return isLetter(char) && !this.#isJson ? this.#word() : null;
  }

  #value(): HclValue {
    this.#skip();
    const char = this.#char();
    if (char === '"') return this.#string();
    if (char === '[') return this.#list();
    if (this.#take('{')) return this.#items('}');
    if (char === '<') return this.#heredoc();
    const start = this.#at;
    const word = this.#word();
    if (word === 'true' || word === 'false') return word === 'true';
    const number = Number(word);
    // A zero in front would make it octal in HCL, and nothing in JSON.
    const first = word.startsWith('-') ? 1 : 0;
    const isOctal = word[first] === '0' && isDigit(word.charAt(first + 1));
    if (isDigit(word.charAt(first)) && Number.isFinite(number) && !isOctal) return number;
    this.#at = start;
    return this.#fail('expected a value');
  }

  #takeNull(): boolean {
    this.#skip();
    const start = this.#at;
    if (this.#isJson && this.#word() === 'null') return true;
    this.#at = start;
    return false;
  }

  /** Letters, digits and what else names and numbers are made of. */
  #word(): string {
    const start = this.#at;
    while (isInWord(this.#char())) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #list(): HclValue[] {
    this.#enter();
    this.#at += 1;
    const list: HclValue[] = [];
    let mayGoOn = true;
    while (!this.#take(']')) {
      if (!mayGoOn) this.#fail('expected , or ]');
      this.#count();
      list.push(this.#value());
      mayGoOn = this.#take(',');
    }
    this.#depth -= 1;
    return list;
  }

  #string(): string {
    let string = '';
    for (;;) {
      this.#at += 1;
      const char = this.#char();
      if (char === '' || char === '\n') this.#fail('string not ended');
      if (char === '"') break;
      string += char === '\\' ? this.#escape() : char;
    }
    this.#at += 1;
    return string;
  }

  /** From the backslash to the last character of what follows it. */
  #escape(): string {
    this.#at += 1;
    const char = this.#char();
    const plain = ESCAPED.indexOf(char);
    if (char !== '' && plain >= 0 && (char !== '/' || this.#isJson)) return UNESCAPED.charAt(plain);
    const isOctal = char >= '0' && char <= '7';
    let digits = char === 'x' ? 2 : char === 'u' ? 4 : char === 'U' ? 8 : 0;
    if (isOctal) {
      digits = 3;
      this.#at -= 1;
    }
    let code = digits === 0 ? Number.NaN : 0;
    for (; digits > 0; digits -= 1) {
      this.#at += 1;
      code = code * (isOctal ? 8 : 16) + Number.parseInt(this.#char(), isOctal ? 8 : 16);
    }
    if (!(code <= 0x10ffff)) this.#fail('unknown escape');
    return String.fromCodePoint(code);
  }

  /** `<<NAME` keeps its lines; `<<-NAME` takes from each of them what stands before the closing name. */
  #heredoc(): string {
    const first = this.#line() ?? '';
    const isIndented = first.startsWith('<<-');
    const name = first.slice(isIndented ? 3 : 2).trim();
    if (!first.startsWith('<<') || name === '') this.#fail('expected <<NAME alone on its line');
    const lines: string[] = [];
    let line = this.#line();
    for (; line !== null && line.trim() !== name; line = this.#line()) lines.push(line);
    if (line === null) return this.#fail('heredoc not ended');
    const indent = line.slice(0, line.length - line.trimStart().length);
    const cut = isIndented && lines.every((one) => one.startsWith(indent)) ? indent.length : 0;
    return lines.map((one) => `${one.slice(cut)}\n`).join('');
  }

  /** To the end of the line, and past it; null when there is nothing any more. */
  #line(): string | null {
    if (this.#at >= this.#text.length) return null;
    const end = this.#text.indexOf('\n', this.#at);
    const line = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    return line;
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.#fail('nested too deeply');
  }

  #count(): void {
    this.#values += 1;
    if (this.#values > MAX_POLICY_VALUES) this.#fail('too many values');
  }

  #ends(end: string): boolean {
    if (end !== '') return this.#take(end);
    this.#skip();
    return this.#at >= this.#text.length;
  }

  #take(char: string): boolean {
    this.#skip();
    if (this.#char() !== char) return false;
    this.#at += 1;
    return true;
  }

  #char(): string {
    return this.#text.charAt(this.#at);
  }

  #skip(): void {
    for (;;) {
      const char = this.#char();
      const isBlock = this.#text.startsWith('/*', this.#at);
      if (char === '#' || isBlock || this.#text.startsWith('//', this.#at)) {
        const end = this.#text.indexOf(isBlock ? '*/' : '\n', this.#at + 2 * Number(isBlock));
        if (end < 0 && isBlock) this.#fail('comment not ended');
        this.#at = end < 0 ? this.#text.length : end + 1 + Number(isBlock);
      } else if (char === ' ' || char === '\t' || char === '\n' || char === '\r') {
        this.#at += 1;
      } else return;
    }
  }

  #fail(what: string): never {
    const column = this.#at - this.#text.lastIndexOf('\n', this.#at - 1);
    const got = this.#char() === '' ? 'the end' : JSON.stringify(this.#char());
    const place = `${lineAt(this.#text, this.#at)}:${column}`;
    throw new SecretStoreError('invalid', `failed to parse policy: At ${place}: ${what}, got ${got}`);
  }
}
