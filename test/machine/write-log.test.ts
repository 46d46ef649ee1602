/** Which writes a cut of the power may take, by the log that qemu keeps of them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { readWriteLog, replayWrites } from '../../scripts/machine/write-log.ts';
import { suite } from '../support/suite.ts';

const SECTOR_BYTES = 512;
const [WRITE, FLUSH, FORCED, DISCARD] = [0, 1, 2, 4];
const test = suite('write-log');

/** An entry, and for a write one sector of data that is all of one letter. */
function entry(sector: number, flags: number, letter: string): Buffer {
  const head = Buffer.alloc(SECTOR_BYTES);
  const hasData = flags === WRITE || flags === FORCED;
  head.writeBigUInt64LE(BigInt(sector), 0);
  head.writeBigUInt64LE(flags === FLUSH ? 0n : 1n, 8);
  head.writeBigUInt64LE(BigInt(flags), 16);
  return hasData ? Buffer.concat([head, Buffer.alloc(SECTOR_BYTES, letter)]) : head;
}

function withLog(entries: readonly Buffer[], body: (log: string, image: string) => void): void {
  const directory = mkdtempSync(`${tmpdir()}/streambed-write-log-`);
  try {
    writeFileSync(`${directory}/log`, Buffer.concat([Buffer.alloc(SECTOR_BYTES), ...entries]));
    writeFileSync(`${directory}/before`, Buffer.alloc(4 * SECTOR_BYTES, '.'));
    body(`${directory}/log`, `${directory}/before`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A letter per sector. */
function replay(entries: readonly Buffer[], keep: (bytes: Uint8Array) => Uint8Array): string {
  let letters = '';
  withLog(entries, (log, before) => {
    const after = `${before}.after`;
    replayWrites(before, readWriteLog(log), after, keep);
    const image = readFileSync(after, 'latin1');
    letters = [0, 1, 2, 3].map((sector) => image.charAt(sector * SECTOR_BYTES)).join('');
    assert.is(image.length, 4 * SECTOR_BYTES);
  });
  return letters;
}

const none = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, 0);
const all = (bytes: Uint8Array): Uint8Array => bytes;

test('what was flushed is kept, what came later is in the hand of the cache', async () => {
  const entries = [entry(0, WRITE, 'a'), entry(0, FLUSH, ''), entry(1, WRITE, 'b')];
  assert.is(replay(entries, none), 'a...');
  assert.is(replay(entries, all), 'ab..');
});

test('the last write of a sector counts, and an older one that was flushed shows when the newer one is lost', async () => {
  const entries = [entry(2, WRITE, 'a'), entry(0, FLUSH, ''), entry(2, WRITE, 'b')];
  assert.is(replay(entries, none), '..a.');
  assert.is(replay(entries, all), '..b.');
});

test('a forced write needs no flush', async () => {
  assert.is(replay([entry(3, FORCED, 'f'), entry(0, WRITE, 'b')], none), '...f');
});

test('a discard has no data, and what follows it is found', async () => {
  const entries = [entry(0, DISCARD, ''), entry(1, WRITE, 'b'), entry(0, FLUSH, '')];
  assert.is(replay(entries, none), '.b..');
});

test('an entry that was being written when the emulator ended is left out', async () => {
  const whole = [entry(0, WRITE, 'a'), entry(0, FLUSH, '')];
  const torn = entry(1, WRITE, 'b').subarray(0, SECTOR_BYTES + 100);
  assert.is(replay([...whole, torn], all), 'a...');
  assert.is(replay([...whole, Buffer.alloc(4 * SECTOR_BYTES)], all), 'a...');
});
