/**
 * Times as RFC 3339 text, in JSON and on command lines, to and from milliseconds since 1970 with fractions. They are
 * kept to the microsecond: a number of milliseconds holds no more.
 */
const PATTERN = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Milliseconds, or null when the text is no RFC 3339 time. Digits beyond the microsecond are dropped. */
export function parseTime(text: string): number | null {
  const match = PATTERN.exec(text);
  if (!match) return null;
  const [, date, minutes, seconds, fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = match;
  const utc = Date.parse(`${date}T${minutes}:00.000Z`);
  // A date that does not exist comes back as another one, or not at all; 60 is a leap second.
  if (Number.isNaN(utc) || new Date(utc).toISOString().slice(0, 16) !== `${date}T${minutes}`) return null;
  if (Number(seconds) > 60 || Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return null;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -60_000 : 60_000);
  const micros = Number(fraction.slice(0, 6).padEnd(6, '0'));
  return ((utc - offset + Number(seconds) * 1000) * 1000 + micros) / 1000;
}

/** In UTC with a `Z` and none, three or six digits behind the second; null for a time that no calendar has. */
export function printTime(timeMs: number): string | null {
  let seconds = Math.floor(timeMs / 1000);
  let micros = Math.round((timeMs - seconds * 1000) * 1000);
  if (micros === 1_000_000) {
    seconds += 1;
    micros = 0;
  }
  const second = printSecond(seconds);
  if (second === null) return null;
  const digits = micros % 1000 === 0 ? 3 : 6;
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0').slice(0, digits)}`;
  return `${second}${fraction}Z`;
}

/** Records come in the order of their times, many to a second, and the calendar is slow. */
let last: { readonly seconds: number; readonly text: string | null } = { seconds: Number.NaN, text: null };

function printSecond(seconds: number): string | null {
  if (seconds !== last.seconds) {
    const date = new Date(seconds * 1000);
    last = { seconds, text: Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, -5) };
  }
  return last.text;
}
