/**
 * One field of a JSON object, found in its text and replaced there: the rest of a line stays as it was, to the byte, and
 * numbers keep digits that no number of this language has.
 */

export interface FoundField {
  /** Where its value stands in the text. */
  readonly start: number;
  readonly end: number;
  readonly value: string | null;
}

/** What is wrong with a line. It may go to a terminal: nothing of the line is in it. */
export class LineError extends Error {}

/** The value, a string or null, of a field of the outermost object. Errors: `LineError`. */
export function findField(text: string, name: string): FoundField {
  checkObject(text);
  let found: FoundField | null = null;
  let depth = 0;
  let isKeyNext = false;
  for (let at = 0; at < text.length; ) {
    const character = text[at];
    if (character === '{' || character === '[') depth += 1;
    if (character === '}' || character === ']') depth -= 1;
    if (character === '{' || character === ',') isKeyNext = depth === 1;
    if (character !== '"') {
      at += 1;
      continue;
    }
    const end = stringEnd(text, at);
    if (isKeyNext && JSON.parse(text.slice(at, end)) === name) {
      if (found !== null) throw new LineError(`has two fields ${name}`);
      found = readValue(text, valueStart(text, end), name);
      at = found.end;
    } else at = end;
    isKeyNext = false;
  }
  if (found === null) throw new LineError(`has no field ${name}`);
  return found;
}

/** What the parser says of a text quotes it. */
function checkObject(text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LineError('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new LineError('is no JSON object');
}

function readValue(text: string, start: number, name: string): FoundField {
  if (text.startsWith('null', start)) return { start, end: start + 4, value: null };
  if (text[start] !== '"') throw new LineError(`field ${name} is no string`);
  const end = stringEnd(text, start);
  return { start, end, value: JSON.parse(text.slice(start, end)) as string };
}

function valueStart(text: string, keyEnd: number): number {
  let at = text.indexOf(':', keyEnd) + 1;
  while (' \t\r\n'.includes(text[at] ?? '')) at += 1;
  return at;
}

/** Behind the closing quote of the string that begins here. */
function stringEnd(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); ; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text[at - 1 - escapes] === '\\') escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
}
