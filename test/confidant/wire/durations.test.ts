import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { formatDuration, parseDuration, parseSeconds } from '../../../confidant/wire/durations.ts';
import { suite } from '../../support/suite.ts';

const test = suite('durations on the wire');

test('seconds as numbers and as text, and what Go writes', () => {
  const read: readonly (readonly [number | string, number])[] = [
    [30, 30],
    [0, 0],
    [-5, -5],
    [1.9, 1],
    ['', 0],
    ['30', 30],
    ['-30', -30],
    ['+30', 30],
    ['0', 0],
    ['20m', 1200],
    ['1h30m', 5400],
    ['768h', 2_764_800],
    ['1h0m0.5s', 3600],
    ['1.5h', 5400],
    ['.5m', 30],
    ['2.m', 120],
    ['-1m30s', -90],
    ['90s', 90],
    ['1500ms', 1],
    ['999ms', 0],
    ['1m1000000us', 61],
    ['1m1000000µs', 61],
    ['1m1000000μs', 61],
    ['2000000000ns', 2],
    ['3000000us', 3],
    ['4100ms', 4],
    ['0.1s0.9s', 1],
    ['1d', 86_400],
    ['32d', 2_764_800],
    ['1d12h', 129_600],
  ];
  for (const [text, seconds] of read) assert.is(parseDuration(text), seconds, String(text));
});

test('fractions of a second are kept where they are asked for', () => {
  assert.is(parseSeconds('1500ms'), 1.5);
  assert.is(parseSeconds('0.25s'), 0.25);
  assert.is(parseSeconds(1.5), 1.5);
});

test('what is no duration is null', () => {
  const texts = [
    'abc',
    ' ',
    ' 1',
    '1 ',
    '1 h',
    '1h ',
    'h',
    '.',
    '.h',
    '1.2.3s',
    '1.5',
    '1h30',
    '1w',
    '1H',
    '--1s',
    '-',
    '+',
    '1e3',
    '1h-1m',
  ];
  for (const text of [
    ...texts,
    '0x10',
    '1_0',
    '٣s',
    'constructor',
    '1__proto__',
    '9999999999999999',
    '1e400h',
    '1'.repeat(400),
  ]) {
    assert.is(parseDuration(text), null, text);
  }
  for (const number of [Number.NaN, Number.POSITIVE_INFINITY, 1e10]) assert.is(parseDuration(number), null);
});

test('durations are printed as Go prints them', () => {
  const printed: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [-0, '0s'],
    [1, '1s'],
    [59, '59s'],
    [60, '1m0s'],
    [61, '1m1s'],
    [1200, '20m0s'],
    [3600, '1h0m0s'],
    [5400, '1h30m0s'],
    [2_764_800, '768h0m0s'],
    [12_319, '3h25m19s'],
    [1.5, '1.5s'],
    [0.25, '250ms'],
    [90.125, '1m30.125s'],
    [-90, '-1m30s'],
  ];
  for (const [seconds, text] of printed) assert.is(formatDuration(seconds), text);
});

test('what was printed is read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: -9_000_000_000, max: 9_000_000_000 }), (seconds) => {
      assert.is(parseDuration(formatDuration(seconds)), seconds);
    }),
  );
});

test('any text is a duration or is none', () => {
  const pieces = fc.constantFrom('1', '30', '.', '-', '+', 'h', 'm', 's', 'ms', 'd', 'µs', ' ', 'e', 'x');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((all) => all.join('')),
      ),
      (text) => {
        const seconds = parseDuration(text);
        assert.ok(seconds === null || Number.isInteger(seconds), text);
      },
    ),
  );
});
