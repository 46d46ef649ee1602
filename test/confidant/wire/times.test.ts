import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { formatTime } from '../../../confidant/wire/times.ts';
import { suite } from '../../support/suite.ts';

const test = suite('times on the wire');

test('times have as many digits as say something', () => {
  const printed: readonly (readonly [number, string])[] = [
    [0, '1970-01-01T00:00:00Z'],
    [1_521_685_446_945, '2018-03-22T02:24:06.945Z'],
    [1_521_685_446_940, '2018-03-22T02:24:06.94Z'],
    [1_521_685_446_900, '2018-03-22T02:24:06.9Z'],
    [1_521_685_446_000, '2018-03-22T02:24:06Z'],
    [1_521_685_440_000, '2018-03-22T02:24:00Z'],
    [1_521_685_440_001, '2018-03-22T02:24:00.001Z'],
    [-1, '1969-12-31T23:59:59.999Z'],
    [-62_135_596_800_000, '0001-01-01T00:00:00Z'],
    [253_402_300_799_999, '9999-12-31T23:59:59.999Z'],
  ];
  for (const [time, text] of printed) assert.is(formatTime(time), text);
});

test('no time is the zero time', () => {
  for (const time of [Number.NaN, Number.POSITIVE_INFINITY, 9e15]) assert.is(formatTime(time), '0001-01-01T00:00:00Z');
});

test('a time that was printed is that time', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (time) => {
      const text = formatTime(time);
      assert.is(Date.parse(text), time);
      assert.not.ok(text.endsWith('0Z') && text.includes('.'));
    }),
  );
});
