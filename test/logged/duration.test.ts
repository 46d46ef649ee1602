import * as assert from 'uvu/assert';
import { parseDuration } from '../../logged/codecs/duration.ts';
import { suite } from '../support/suite.ts';

const test = suite('duration');

test('humantime words', () => {
  const read: readonly (readonly [string, number])[] = [
    ['0ms', 0],
    ['100ms', 100],
    ['1m', 60_000],
    ['1h 30m', 5_400_000],
    ['1h30m', 5_400_000],
    [' 2 days  4 hours ', 187_200_000],
    ['1week', 604_800_000],
    ['5sec', 5000],
    ['1year', 31_557_600_000],
    ['1M', 2_630_016_000],
    ['1500us', 1.5],
  ];
  for (const [text, ms] of read) assert.is(parseDuration(text), ms, text);
});

test('what is no duration is none', () => {
  for (const text of ['', ' ', '5', '0', 'ms', '-1s', '1.5s', '1 parsec', '1s 5', '1 s m', 'infinity', '1,5s']) {
    assert.is(parseDuration(text), null, text);
  }
});
