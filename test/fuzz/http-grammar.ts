/**
 * What a client may send over one connection, as arbitraries: requests in a row, every part of which is now and then as
 * it should not be, and then some bytes changed. Characters are bytes.
 */
import fc from 'fast-check';
import { bodies, bytes, evil, type Mostly } from './http-bodies.ts';

const carefully =
  (care: number): Mostly =>
  (usual, others) =>
    fc.oneof(
      { arbitrary: fc.constantFrom(...usual), weight: care },
      { arbitrary: fc.constantFrom(...others), weight: 1 },
    );

function lines(mostly: Mostly) {
  const method = mostly(
    ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'],
    ['get', 'G@T', '', 'FOO', 'LIST', 'CONNECT', 'PRI', '"GET"', 'GET\0', 'SOURCE', 'M-SEARCH', 'LIN'],
  );
  const target = mostly(
    ['/', '/a', '/topics/t?x=1&y=%2F', '/a//b/../c', "/a:b;c,d@e!$'()*+~", 'http://h/a', 'http://h:80/?q'],
    [
      ...['*', 'h:80', 'https://h', 'http:///a', 'ftp://h/', 'a', '//h', '/#f', '/\x7f', '/\xe9', '/"<>\\^`{|}', '?'],
      ...['http://', '', '/\t', '/\0', 'http://u:p@h/', 'HTTP://H/', 'http://[::1]/', 'http://h?q'],
    ],
  );
  const version = mostly(
    [...Array<string>(9).fill('HTTP/1.1'), 'HTTP/1.0'],
    ['HTTP/2.0', 'HTTP/1.2', 'HTTP/0.9', 'http/1.1', 'HTTP/1.1 ', 'HTTP/11', 'HTTP/1.', 'RTSP/1.0', '', 'HTTP/1.10'],
  );
  const space = mostly([' '], ['  ', '\t', '', ' \t', '\xa0', '\v']);
  return fc.tuple(method, space, target, space, version).map((parts) => parts.join(''));
}

type Field = readonly [name: string, value: string];

function fields(mostly: Mostly): fc.Arbitrary<Field> {
  const name = mostly(
    ['X-A', 'x-b', 'Accept', 'User-Agent', 'Cookie', '__proto__', 'constructor', 'Authorization', 'Trailer'],
    ['', 'X A', 'X\xe9', 'X(', '\0', 'X:', ' X', 'Host', 'Content-Type', 'Content-Length', 'Transfer-Encoding', 'Te'],
  );
  const value = mostly(
    ['x', '', 'a, b', 'a\tb', '\xe9\xff', 'x '.repeat(60), '"q\\"q"', 'x \t '],
    ['a\rb', 'a\nb: c', 'a\r\n b', 'a\r\n\tb', 'a\r\n ', 'a\0', '\x7f', '\xa0x\xa0', '\x01', 'x'.repeat(5000)],
  );
  const connection = fc.constantFrom('close', 'keep-alive', 'Close', 'x, close', 'keep-alive, close', 'upgrade', 'x,,');
  const options: fc.Arbitrary<Field> = fc.oneof(
    fc.tuple(fc.constant('Connection'), connection),
    fc.tuple(fc.constant('Connection'), mostly(['keep-alive'], ['close\xa0', 'closed', 'close;x', '"close"'])),
    fc.tuple(fc.constant('Expect'), mostly(['100-continue', '100-Continue'], ['x', '', '100-continue, x'])),
    fc.tuple(fc.constant('Upgrade'), fc.constantFrom('websocket', 'h2c')),
  );
  return fc.oneof(
    { arbitrary: fc.tuple(name, fc.oneof({ arbitrary: value, weight: 9 }, bytesOf(mostly))), weight: 4 },
    options,
  );
}

/** Any bytes, where the client is careless. */
function bytesOf(mostly: Mostly): fc.Arbitrary<string> {
  return mostly([false], [true]).chain((isAny) => (isAny ? bytes : fc.constant('y')));
}

function requests(mostly: Mostly): fc.Arbitrary<string> {
  const host = mostly([['h'], ['h:80'], ['[::1]:8082']], [[], [''], ['h', 'h'], ['a b'], ['h/x'], ['a@b'], ['\xe9']]);
  const lineEnd = mostly(['\r\n'], ['\n', '\r', '\r\r\n', '\r\n\r\n', '\n\r', '\v\r\n', '']);
  const colon = mostly([': ', ':', ':  ', ':\t'], [' : ', ' ', '', ': \x0b', ':\xa0', ':\r\n ', ': \0', '\t:']);
  const before = mostly(['', '', '', '\r\n'], ['\r\n\r\n', '\n', ' ', '\r', '\0']);
  const rest = fc.tuple(host, fc.array(fields(mostly), { maxLength: 3 }), bodies(mostly), colon);
  return fc
    .tuple(before, lines(mostly), lineEnd, rest, fc.tuple(lineEnd, lineEnd))
    .map(([start, line, end, [hosts, others, { fields: framing, body }, between], [last, empty]]) => {
      const all: Field[] = [...hosts.map((one) => ['Host', one] as const), ...others, ...framing];
      const head = all.map(([name, value], at) =>
        at === all.length - 1 ? `${name}${between}${value}${last}` : `${name}: ${value}\r\n`,
      );
      return `${start}${line}${end}${head.join('')}${empty}${body}`;
    });
}

type Change = (text: string, at: number) => string;

/** At a place between 0 and 1 of the text. */
const changes: fc.Arbitrary<(text: string) => string> = fc
  .tuple(
    fc.oneof(
      fc.constantFrom<Change>(
        (text, at) => text.slice(0, at) + text.slice(at + 1),
        (text, at) => text.slice(0, at) + text.slice(at, at + 7) + text.slice(at),
        (text, at) => text.slice(0, at),
        (text, at) => text.slice(0, at) + evil + text.slice(at),
      ),
      fc
        .constantFrom(...'\r\n :,;\t0\0\x7f\x80\xff\v"a(')
        .map<Change>((by) => (text, at) => text.slice(0, at) + by + text.slice(at)),
      fc
        .constantFrom(...'\r\n :,;\t0\0\x7f\x80\xff\v"a(')
        .map<Change>((by) => (text, at) => text.slice(0, at) + by + text.slice(at + 1)),
    ),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map(
    ([how, place]) =>
      (text: string) =>
        how(text, Math.floor(place * text.length)),
  );

const inARow = (care: number) =>
  fc.array(requests(carefully(care)), { minLength: 1, maxLength: 4 }).map((all) => all.join(''));

/** The bytes of a connection: without a fault, with some, or changed by chance. */
export const stream: fc.Arbitrary<string> = fc.oneof(
  inARow(5000),
  { arbitrary: inARow(60), weight: 3 },
  inARow(10),
  fc.tuple(inARow(5000), changes).map(([text, change]) => change(text)),
  fc.tuple(inARow(60), changes, changes).map(([text, first, second]) => second(first(text))),
);

/** In which pieces they come: at once, byte by byte, or cut at some places between 0 and 1. */
export const cuts: fc.Arbitrary<(text: string) => string[]> = fc.oneof(
  fc.constant((text: string) => [text]),
  fc.constant((text: string) => [...text]),
  fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 })
    .map((places) => (text: string) => {
      const ends = [...places.map((place) => Math.floor(place * text.length)), text.length].sort((a, b) => a - b);
      return ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end)).filter((piece) => piece !== '');
    }),
);
