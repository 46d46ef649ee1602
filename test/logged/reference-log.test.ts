/** The reference log keeps the contract, so it may judge others; and the contract suite has something to pass on. */
import * as assert from 'uvu/assert';
import { commitLogContract } from '../contract/commit-log.ts';
import { append, bytes, read, record } from '../contract/commit-log/harness.ts';
import { MemoryClock } from '../support/memory-host/clock.ts';
import { referenceLog } from '../support/reference-log/reference-log.ts';
import { suite } from '../support/suite.ts';

const startMs = 1_700_000_000_000;

commitLogContract({
  name: 'reference log',
  open: (options = {}) => {
    const clock = new MemoryClock(startMs);
    let log = referenceLog({ clock, ...options });
    return Promise.resolve({
      get log() {
        return log;
      },
      now: () => clock.now(),
      advance: (ms) => clock.advance(ms),
      settle: () => clock.settle(),
      reopen: async () => {
        log = await log.reopen();
      },
      dispose: () => log.close(),
    });
  },
});

const test = suite('reference log: compaction and retention');

/** `x3`: key x, value 3; `x-`: a tombstone; `-3`: no key. */
async function fill(...records: string[]) {
  const log = referenceLog({ clock: new MemoryClock(startMs) });
  for (const [key = '', value = ''] of records) {
    const more = { key: key === '-' ? null : bytes(key), ...(value === '-' ? { value: null } : {}) };
    await log.produce(record('a', value, more));
  }
  return log;
}

test('keeps the latest of each key, and what has none', async () => {
  const log = await fill('x1', 'y2', '-3', 'x4', '-5', 'z6', 'y7');
  log.compact('a');
  assert.equal(await read(log, 'a'), ['0/2=3', '0/3=4', '0/4=5', '0/5=6', '0/6=7']);
  assert.equal(await log.offsets('a', 0), { beginningOffset: 2, endOffset: 7, lastOffset: 6 });
});

test('keeps the last few of each key', async () => {
  const log = await fill('x1', 'x2', 'y3', 'x4', 'x5');
  log.compact('a', { keep: 2 });
  assert.equal(await read(log, 'a'), ['0/2=3', '0/3=4', '0/4=5']);
});

test('a tombstone deletes its key, and goes itself when it may', async () => {
  const log = await fill('x1', 'y2', 'x-', 'z3', 'z-', 'z4');
  log.compact('a', { keep: 2 });
  assert.equal(await read(log, 'a'), ['0/1=2', '0/2=(null)', '0/4=(null)', '0/5=4']);
  log.compact('a', { dropTombstone: ({ offset }) => offset < 4 });
  assert.equal(await read(log, 'a'), ['0/1=2', '0/5=4']);
});

test('compacts only below an offset, as if there were nothing above', async () => {
  const log = await fill('x1', 'y2', 'x3', 'x4');
  log.compact('a', { below: [1] });
  assert.equal(await read(log, 'a'), ['0/0=1', '0/1=2', '0/2=3', '0/3=4']);
  log.compact('a', { below: [3] });
  assert.equal(await read(log, 'a'), ['0/1=2', '0/2=3', '0/3=4']);
});

test('offsets go on after everything has expired', async () => {
  const log = await fill('x1', 'y2', 'x3');
  log.expire('a', 0, 2);
  assert.equal(await log.offsets('a', 0), { beginningOffset: 2, endOffset: 3, lastOffset: 2 });
  log.expire('a', 0, 3);
  assert.equal(await log.offsets('a', 0), { beginningOffset: 3, endOffset: 3, lastOffset: null });
  await append(log, 'a', 0, 'new');
  assert.equal(await read(log, 'a'), ['0/3=new']);
});
