/**
 * The fields of a request, read as leniently as Vault reads them: numbers and booleans may be text, lists may be
 * `a,b`, durations are seconds or `1h30m`, null is absent. What nobody asked for can be listed for a warning.
 */
import { type SecretData, SecretStoreError } from '../secret-store.ts';
import { parseDuration } from '../wire/durations.ts';

export class Input {
  readonly #data: SecretData;
  readonly #asked = new Set<string>();

  constructor(data: SecretData) {
    this.#data = data;
  }

  /** The names that came with a value and that no reader asked for, sorted. */
  unread(): readonly string[] {
    return Object.keys(this.#data)
      .filter((name) => !this.#asked.has(name) && this.#data[name] !== null)
      .sort();
  }

  /** All that came with a value and that no reader asked for; whatever the names are. */
  rest(): SecretData {
    return Object.fromEntries(this.unread().map((name) => [name, this.raw(name)]));
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** The value as it came, undefined when absent or null; of several names the first that has one. */
  raw(...names: readonly string[]): unknown {
    let value: unknown;
    for (const name of names) {
      this.#asked.add(name);
      if (Object.hasOwn(this.#data, name)) value ??= this.#data[name];
    }
    return value ?? undefined;
  }

  text(...names: readonly string[]): string | undefined {
    const value = this.raw(...names);
    if (value === undefined || typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw wrong(names, 'a string');
  }

  boolean(...names: readonly string[]): boolean | undefined {
    const value = this.raw(...names);
    if (value === undefined || typeof value === 'boolean') return value;
    if (value === 'true' || value === '1' || value === 't' || value === 1) return true;
    if (value === 'false' || value === '0' || value === 'f' || value === '' || value === 0) return false;
    throw wrong(names, 'a boolean');
  }

  /** A whole number. */
  integer(...names: readonly string[]): number | undefined {
    const value = this.raw(...names);
    if (value === undefined || value === '') return undefined;
    const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
    throw wrong(names, 'an integer');
  }

  /** Seconds. */
  duration(...names: readonly string[]): number | undefined {
    const value = this.raw(...names);
    if (value === undefined || value === '') return undefined;
    const seconds = typeof value === 'number' || typeof value === 'string' ? parseDuration(value) : null;
    if (seconds === null || seconds < 0) throw wrong(names, 'a duration');
    return seconds;
  }

  /** A list of texts; `a,b` counts as one of two. */
  list(...names: readonly string[]): readonly string[] | undefined {
    const value = this.raw(...names);
    if (value === undefined) return undefined;
    if (typeof value === 'string') return split(value);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number')) {
      return value.map((item) => String(item).trim()).filter((item) => item !== '');
    }
    throw wrong(names, 'a list of strings');
  }

  /** A map as it came; its values may be anything. */
  map(...names: readonly string[]): SecretData | undefined {
    const value = this.raw(...names);
    if (value === undefined) return undefined;
    if (typeof value === 'object' && !Array.isArray(value)) return value as SecretData;
    throw wrong(names, 'a map');
  }
}

function split(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function wrong([name = '']: readonly string[], want: string): SecretStoreError {
  return new SecretStoreError('invalid', `error converting input for field "${name}": want ${want}`);
}
