/** Bodies of requests with the fields that say where they end, as arbitraries: by length, in chunks, or both. */
import fc from 'fast-check';

/** One of the first, or once in a while, by how careful the client is, one of the others. */
export type Mostly = <T>(usual: readonly T[], others: readonly T[]) => fc.Arbitrary<T>;

/** In a body it is no request. */
export const evil = 'GET /evil HTTP/1.1\r\nHost: evil\r\n\r\n';

export const bytes = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 })
  .map((codes) => String.fromCharCode(...codes));

export interface Framing {
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const content = fc.oneof(fc.constantFrom('', 'a', 'abc', evil, '\r\n', '0\r\n\r\n', 'x'.repeat(300)), bytes);

/** How a length is written. */
type Writing = (length: number) => string;

const wrongLengths: readonly Writing[] = [
  (length) => `+${length}`,
  (length) => `-${length}`,
  (length) => `0x${length}`,
  (length) => `${length}, ${length}`,
  (length) => `${length}.0`,
  () => '',
  (length) => `${length}e0`,
  (length) => `${length}${'0'.repeat(20)}`,
  (length) => ` ${length}  `,
  (length) => `\xa0${length}`,
  (length) => `00${length}`,
  (length) => String(length + 1),
  (length) => `${length} ${length}`,
];

function byLength(mostly: Mostly): fc.Arbitrary<Framing> {
  const count = mostly([1], [2]);
  return fc.tuple(content, mostly<Writing>([String], wrongLengths), count).map(([body, write, times]) => ({
    fields: Array.from({ length: times }, () => ['Content-Length', write(body.length)] as const),
    body,
  }));
}

const hex = (length: number): string => length.toString(16);

const wrongSizes: readonly Writing[] = [
  (length) => `0${hex(length)}`,
  (length) => `0x${hex(length)}`,
  (length) => `+${hex(length)}`,
  (length) => `-${hex(length)}`,
  () => '',
  (length) => `g${hex(length)}`,
  (length) => ` ${hex(length)}`,
  (length) => `${hex(length)} `,
  (length) => `${hex(length)};a`,
  (length) => `${hex(length)} ; a=b`,
  (length) => `${hex(length)};a="b;\\"c"`,
  (length) => `${hex(length)};\x01`,
  (length) => `${hex(length)};\n`,
  (length) => `${hex(length)};\r`,
  () => 'f'.repeat(17),
  (length) => hex(length).toUpperCase(),
];

function inChunks(mostly: Mostly): fc.Arbitrary<Framing> {
  const coding = mostly(
    ['chunked', 'Chunked'],
    [
      ...['identity', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'xchunked', 'chunked\xa0', '', 'chunked;x'],
      ...[' chunked ', 'chunked,', ',chunked', '"chunked"', 'chunked\x0b', 'chu\r\n nked'],
    ],
  );
  const lineEnd = mostly(['\r\n'], ['\n', '\r', '\r\r\n', '\n\r', '']);
  const data = content.filter((text) => text !== '');
  const chunk = fc
    .tuple(data, mostly<Writing>([hex], wrongSizes), lineEnd, lineEnd)
    .map(([text, write, first, last]) => `${write(text.length)}${first}${text}${last}`);
  const end = mostly(['0\r\n'], ['00\r\n', '0;x\r\n', '0 \r\n', '', '0\n', '000000000000000000\r\n']);
  const trailer = mostly(
    ['\r\n', '\r\n', 'X-T: 1\r\n\r\n'],
    [
      '',
      '\n',
      'bad\r\n\r\n',
      ' x: y\r\n\r\n',
      'Content-Length: 5\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\n',
      'Host: x\r\n\r\n',
      'X: \0\r\n\r\n',
      'X: a\r\n b\r\n\r\n',
    ],
  );
  return fc.tuple(coding, fc.array(chunk, { maxLength: 3 }), end, trailer).map(([how, chunks, zero, rest]) => ({
    fields: [['Transfer-Encoding', how] as const],
    body: `${chunks.join('')}${zero}${rest}`,
  }));
}

export function bodies(mostly: Mostly): fc.Arbitrary<Framing> {
  const none = fc.constant<Framing>({ fields: [], body: '' });
  const [length, chunks] = [byLength(mostly), inChunks(mostly)];
  const both = fc.tuple(length, chunks, fc.boolean()).map(([one, other, isFirst]) => ({
    fields: isFirst ? [...one.fields, ...other.fields] : [...other.fields, ...one.fields],
    body: other.body,
  }));
  return mostly([none, length, chunks], [both]).chain((framing) => framing);
}
