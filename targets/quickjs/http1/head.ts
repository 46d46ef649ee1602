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
const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const illegal = /[^\t\x20-\x7e\x80-\xff]/;
const hostPattern = /^[0-9A-Za-z.!$&'()*+,;=_~%:[\]-]*$/;
/** Of these a second one is an attack or an error. */
const single = ['host', 'content-length', 'transfer-encoding', 'content-type', 'expect'];

/** `text` ends before the empty line. Throws `BadRequest`. */
export function parseHead(text: string): RequestHead {
  const lines = text.split('\r\n');
  const [, method = '', target = '', minor] = requestLine.exec(lines[0] ?? '') ?? fail('request line');
  const headers = new Map<string, string>();
  for (let at = 1; at < lines.length; at += 1) addField(headers, lines[at] as string);
  const isOld = minor === '0';
  const host = headers.get('host');
  if (host === undefined ? !isOld : !hostPattern.test(host)) fail('host');
  if (!target.startsWith('/') && !/^https?:\/\/[^/]/i.test(target)) fail('target');
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

function addField(headers: Map<string, string>, line: string): void {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon).toLowerCase();
  if (colon < 1 || !token.test(name) || illegal.test(line)) fail('header');
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
  const options = connection.split(',').map(trimmed);
  return isOld ? options.includes('keep-alive') : !options.includes('close');
}

/** Not by `trim`, for which a no-break space is one as well. */
function trimmed(text: string): string {
  return text.replace(/^[\t ]+|[\t ]+$/g, '');
}

function fail(what: string): never {
  throw new BadRequest(400, `malformed ${what}`);
}
