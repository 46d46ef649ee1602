/** How compaction and everything else share the time. */
import * as assert from 'uvu/assert';
import { Pace } from '../../../logged/compaction/pace.ts';
import type { Clock } from '../../../targets/host.ts';
import { suite } from '../../support/suite.ts';

const test = suite('pace of compaction');
const SLICE_BYTES = 65536;

/** A loop whose other callbacks take `othersMs` whenever they get their turn. */
function clockWhere(othersMs: number): Clock & { pass(ms: number): void } {
  let nowMs = 0;
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    soon: (callback) => {
      nowMs += othersMs;
      void Promise.resolve().then(callback);
    },
    timer: (delayMs, callback) => {
      nowMs += delayMs;
      void Promise.resolve().then(callback);
      return { cancel: () => {} };
    },
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

/** How many slices of a millisecond each go by until the others get their turn, after they had one. */
async function slicesBehindATurnOf(othersMs: number, bytesPerSecond = 0): Promise<number> {
  const clock = clockWhere(othersMs);
  const pace = new Pace(clock, bytesPerSecond, null);
  await pace.rest();
  let slices = 0;
  do {
    clock.pass(1);
    slices += 1;
  } while (!pace.spend(SLICE_BYTES));
  return slices;
}

test('a loop that is idle gets its turn after each slice', async () => {
  assert.is(await slicesBehindATurnOf(0), 1);
});

test('among others that are busy, compaction has a fifth of the time', async () => {
  assert.is(await slicesBehindATurnOf(40), 10);
});

test('nobody waits for long', async () => {
  assert.is(await slicesBehindATurnOf(1000), 20);
});

test('a rate that was asked for is kept', async () => {
  assert.is(await slicesBehindATurnOf(40, 1_000_000), 1);
});
