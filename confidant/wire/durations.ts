/**
 * Durations as Vault takes and prints them: seconds as a number or as text, or Go's `1h30m`, also with days. What is
 * none is null.
 */

/** In nanoseconds, so that sums of whole ones are exact. */
const UNITS: readonly (readonly [string, number])[] = [
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['μs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3600e9],
  ['d', 86_400e9],
];

/** Go's limit: what fits in 63 bits of nanoseconds. */
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
  let nanos = rest === '' ? Number.NaN : 0;
  while (rest !== '') {
    const digits = countOf(rest, (char) => isDigit(char) || char === '.');
    const unit = rest.slice(digits, digits + countOf(rest.slice(digits), (char) => !isDigit(char) && char !== '.'));
    const factor = UNITS.find(([name]) => name === unit)?.[1] ?? Number.NaN;
    const number = rest.slice(0, digits);
    // `Number` takes the empty text for 0; `.` alone and a second point are NaN already.
    nanos += number === '' ? Number.NaN : Number(number) * factor;
    rest = rest.slice(digits + unit.length);
    if (Number.isNaN(nanos)) break;
  }
  return (sign * nanos) / 1e9;
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
