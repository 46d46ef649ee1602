/**
 * The head of an HTTP/1.1 request (RFC 9112), read strictly: whatever two servers could understand differently is
 * refused, so that no proxy in front can be tricked about where a request ends.
 */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Map<string, string>;
  /** HTTP/1.0. */
  readonly isOld: boolean;
  /** Null: chunked. */
  readonly bodyLength: number | null;
  readonly keepsAlive: boolean;
  readonly expectsContinue: boolean;
}

/** What is answered with this status, whereupon the connection is closed. */
export class BadRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const illegal = /[^\t\r\n\x20-\x7e\x80-\xff]/;
const illegalInTarget = /[^\x21-\x7e]/;
const hostPattern = /^[0-9A-Za-z.!$&'()*+,;=_~%:[\]-]*$/;
/** Of these a second one is an attack or an error. */
const single = ['host', 'content-length', 'transfer-encoding', 'content-type', 'expect'];

/** Names of fields as they were sent, all of them tokens, with their lower case: clients keep to theirs. */
const knownNames = new Map<string, string>();
const mostKnownNames = 64;
/** Longer ones nobody sends who means well: they are not kept. */
const mostKeptLength = 64;
/** The one that was found well-formed last. */
let knownHost = '';

/** `text` ends before the empty line. Throws `BadRequest`. */
export function parseHead(text: string): RequestHead {
  const lines = text.split('\r\n');
  // What is left of a line end is no line end.
  if (illegal.test(text) || lines.some((line) => line.includes('\r') || line.includes('\n'))) fail('character');
  const { method, target, isOld } = parseRequestLine(lines[0] as string);
  const headers = new Map<string, string>();
  for (let at = 1; at < lines.length; at += 1) addField(headers, lines[at] as string);
  checkHost(headers.get('host'), isOld);
  const expectation = headers.get('expect')?.toLowerCase();
  if (expectation !== undefined && expectation !== '100-continue') throw new BadRequest(417, `expect: ${expectation}`);
  return {
    method,
    target,
    headers,
    isOld,
    bodyLength: bodyLength(headers, isOld),
    keepsAlive: keepsAlive(headers.get('connection')?.toLowerCase() ?? '', isOld),
    expectsContinue: expectation !== undefined && !isOld,
  };
}

function parseRequestLine(line: string): Pick<RequestHead, 'method' | 'target' | 'isOld'> {
  const first = line.indexOf(' ');
  const last = line.lastIndexOf(' ');
  const version = line.slice(last + 1);
  const isOld = version === 'HTTP/1.0';
  const method = line.slice(0, Math.max(0, first));
  const target = line.slice(first + 1, last);
  if (!isOld && version !== 'HTTP/1.1') fail('request line');
  if (nameOf(method) === '' || target === '' || illegalInTarget.test(target)) fail('request line');
  if (!target.startsWith('/') && !/^https?:\/\/[^/]/i.test(target)) fail('target');
  return { method, target, isOld };
}

function checkHost(host: string | undefined, isOld: boolean): void {
  if (host === undefined ? isOld : host === knownHost) return;
  if (host === undefined || !hostPattern.test(host)) fail('host');
  knownHost = host;
}

/** In lower case; empty when it is no token. */
function nameOf(text: string): string {
  const known = knownNames.get(text);
  if (known !== undefined) return known;
  if (!token.test(text)) return '';
  const name = text.toLowerCase();
  if (knownNames.size < mostKnownNames && text.length <= mostKeptLength) knownNames.set(text, name);
  return name;
}

function addField(headers: Map<string, string>, line: string): void {
  const colon = line.indexOf(':');
  const name = colon < 1 ? '' : nameOf(line.slice(0, colon));
  if (name === '') fail('header');
  const value = trimmed(line.slice(colon + 1));
  const before = headers.get(name);
  if (before !== undefined && single.includes(name)) fail(`second ${name}`);
  const separator = name === 'cookie' ? '; ' : ', ';
  headers.set(name, before === undefined ? value : `${before}${separator}${value}`);
}

function bodyLength(headers: Map<string, string>, isOld: boolean): number | null {
  const coding = headers.get('transfer-encoding');
  const length = headers.get('content-length');
  if (coding !== undefined) {
    if (isOld || length !== undefined || coding.toLowerCase() !== 'chunked') fail('transfer-encoding');
    return null;
  }
  if (length === undefined) return 0;
  if (!/^\d{1,15}$/.test(length)) fail('content-length');
  return Number(length);
}

function keepsAlive(connection: string, isOld: boolean): boolean {
  if (connection === '') return !isOld;
  const options = connection.split(',').map(trimmed);
  return isOld ? options.includes('keep-alive') : !options.includes('close');
}

/** Not by `trim`, for which a no-break space is one as well. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 9 || code === 32;
}

function fail(what: string): never {
  throw new BadRequest(400, `malformed ${what}`);
}
