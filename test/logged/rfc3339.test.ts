import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { parseTime, printTime } from '../../logged/codecs/rfc3339.ts';
import { suite } from '../support/suite.ts';

const test = suite('rfc3339');

test('times are read with their zone and to the microsecond', () => {
  const read: readonly (readonly [string, number])[] = [
    ['1970-01-01T00:00:00Z', 0],
    ['2022-05-25T05:22:24.138956Z', 1653456144138.956],
    ['2022-05-25T05:22:24.138956789Z', 1653456144138.956],
    ['2022-05-25t07:22:24.5+02:00', 1653456144500],
    ['2022-05-24 23:52:24z', 1653436344000],
    ['2022-05-25T00:22:24-05:00', 1653456144000],
    ['1969-12-31T23:59:59.999999Z', -0.001],
    ['2016-12-31T23:59:60Z', 1483228800000],
    ['0001-01-01T00:00:00Z', -62135596800000],
    ['2024-02-29T12:00:00Z', 1709208000000],
  ];
  for (const [text, time] of read) assert.is(parseTime(text), time, text);
});

test('what is no time is none', () => {
  const wrong = [
    '',
    '2022-05-25',
    '2022-05-25T05:22:24',
    '2022-05-25T05:22Z',
    '2022-13-01T00:00:00Z',
    '2022-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2022-01-01T24:00:00Z',
    '2022-01-01T00:60:00Z',
    '2022-01-01T00:00:61Z',
    '2022-01-01T00:00:00.Z',
    '2022-01-01T00:00:00+24:00',
    '2022-01-01T00:00:00+01:60',
    '2022-01-01T00:00:00+0100',
    ' 2022-01-01T00:00:00Z',
    '1653456144',
  ];
  for (const text of wrong) assert.is(parseTime(text), null, text);
});

test('times are printed as chrono prints them', () => {
  assert.is(printTime(1653456144138.956), '2022-05-25T05:22:24.138956Z');
  assert.is(printTime(1653456144138), '2022-05-25T05:22:24.138Z');
  assert.is(printTime(1653456144000), '2022-05-25T05:22:24Z');
  assert.is(printTime(-0.001), '1969-12-31T23:59:59.999999Z');
  assert.is(printTime(1000.0006), '1970-01-01T00:00:01.000001Z');
  assert.is(printTime(1999.9999), '1970-01-01T00:00:02Z');
  assert.is(printTime(1e300), null);
});

test('every microsecond of our time survives the way out and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), fc.integer({ min: 0, max: 999_999 }), (seconds, micros) => {
      const time = (seconds * 1_000_000 + micros) / 1000;
      assert.is(parseTime(printTime(time)!), time);
    }),
  );
});
