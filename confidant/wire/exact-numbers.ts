/**
 * Finds the number in JSON for the secret store that would be changed by being kept: numbers are doubles here, and what
 * a client writes it must read again. A number is kept when what is written for its double, `String(Number(text))`, is
 * the same decimal number, however it is spelled: `1.10`, `1E2`, 9007199254740992 and 1e23 are; 12345678901234567,
 * 9007199254740993 and 0.1000000000000000055 (all of which come back with other digits), 1e400 and 1e-400 are not.
 *
 * Up to 15 digits without an exponent are always kept, so most texts cost one regular expression.
 */
const SUSPICIOUS = /[[:,\s]-?\d(?:[\d.]{15}|[\d.]*[eE])/;
const NUMBERS = /-?\d(?:[\d.]{15}|[\d.]*[eE])[\d.eE+-]*/g;

/** The first such number of a text that has been parsed, or null. */
export function inexactNumber(json: string): string | null {
  if (!SUSPICIOUS.test(json)) return null;
  // Without escapes each quote begins a string or ends one, and every other piece is outside.
  const pieces = json.replace(/\\./g, '').split('"');
  for (let i = 0; i < pieces.length; i += 2) {
    for (const number of pieces[i]?.match(NUMBERS) ?? []) {
      const kept = String(Number(number));
      if (kept !== number && decimalOf(kept) !== decimalOf(number)) return number;
    }
  }
  return null;
}

/** One spelling for each decimal number but for its sign, which is always kept. */
function decimalOf(text: string): string {
  const [mantissa = '', exponent = '0'] = text.split(/e/i);
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  let [start, end] = [0, digits.length];
  while (digits[start] === '0') start += 1;
  while (end > start && digits[end - 1] === '0') end -= 1;
  if (start === end) return '0';
  return `${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
