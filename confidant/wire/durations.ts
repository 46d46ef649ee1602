/**
 * Durations as Vault takes and prints them: seconds as a number or as text, or Go's `1h30m`, also with days. What is
 * none is null.
 */

/** How many seconds a unit has, and how many of it a second has: both whole, so that whole results are exact. */
const UNITS: readonly (readonly [string, number, number])[] = [
  ['ns', 1, 1e9],
  ['us', 1, 1e6],
  ['µs', 1, 1e6],
  ['μs', 1, 1e6],
  ['ms', 1, 1e3],
  ['s', 1, 1],
  ['m', 60, 1],
  ['h', 3600, 1],
  ['d', 86_400, 1],
];

/** Go's limit: what fits in 63 bits of secondseconds. */
const MAX_SECONDS = 2 ** 63 / 1e9;

/** Whole seconds, what is left of one is dropped; the empty text is 0, as Vault has it. */
export function parseDuration(value: number | string): number | null {
  const seconds = parseSeconds(value);
  return seconds === null ? null : Math.trunc(seconds) + 0;
}

/** The same with fractions of a second. */
export function parseSeconds(value: number | string): number | null {
  const seconds = typeof value === 'number' ? value : parseText(value);
  return Math.abs(seconds) <= MAX_SECONDS ? seconds : null;
}

function parseText(text: string): number {
  if (text === '') return 0;
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text;
  if (rest.length === countOf(rest, isDigit) && rest !== '') return sign * Number(rest);
  let seconds = rest === '' ? Number.NaN : 0;
  while (rest !== '') {
    const digits = countOf(rest, (char) => isDigit(char) || char === '.');
    const unit = rest.slice(digits, digits + countOf(rest.slice(digits), (char) => !isDigit(char) && char !== '.'));
    const [, times = Number.NaN, per = 1] = UNITS.find(([name]) => name === unit) ?? [];
    const number = rest.slice(0, digits);
    // `Number` takes the empty text for 0; `.` alone and a second point are NaN already.
    seconds += number === '' ? Number.NaN : (Number(number) * times) / per;
    rest = rest.slice(digits + unit.length);
    if (Number.isNaN(seconds)) break;
  }
  return sign * seconds;
}

function countOf(text: string, matches: (char: string) => boolean): number {
  let count = 0;
  while (count < text.length && matches(text.charAt(count))) count += 1;
  return count;
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

/** As Go prints it: `1h30m0s`, `20m0s`, `1.5s`, `250ms`, `0s`. Whole milliseconds count. */
export function formatDuration(seconds: number): string {
  const ms = Math.round(Math.abs(seconds) * 1000);
  const sign = seconds < 0 && ms > 0 ? '-' : '';
  if (ms > 0 && ms < 1000) return `${sign}${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const parts = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : '';
  return `${sign}${parts}${(ms % 60_000) / 1000}s`;
}
