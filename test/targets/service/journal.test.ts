/** The lines for the operator: levels, one line each, and how many of a kind. */
import * as assert from 'uvu/assert';
import { Journal, type Level } from '../../../targets/service/journal.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { suite } from '../../support/suite.ts';

const test = suite('journal');

function start(level: Level = 'debug') {
  const lines: string[] = [];
  const { clock } = new MemoryDisk();
  return { lines, clock, journal: new Journal({ level, format: 'plain', clock, write: (line) => lines.push(line) }) };
}

test('levels are words in the line, but for info', () => {
  const { lines, journal } = start();
  for (const level of ['error', 'warn', 'info', 'debug'] as const) journal.say('text', level);
  assert.equal(lines, [
    'streambed: error: text\n',
    'streambed: warn: text\n',
    'streambed: text\n',
    'streambed: debug: text\n',
  ]);
});

test('what is below the level is not written, nor counted', async () => {
  const { lines, journal, clock } = start('warn');
  for (let i = 0; i < 50; i += 1) journal.tell('info', 'a', 'text');
  journal.say('text', 'debug');
  await clock.advance(60_000);
  journal.close();
  assert.equal(lines, []);
  journal.fail('why it ends');
  assert.equal(lines, ['streambed: why it ends\n']);
});

test('ten of a kind in a minute, then how many more', async () => {
  const { lines, journal, clock } = start();
  for (let i = 0; i < 25; i += 1) journal.tell('warn', 'a', `a ${i}`);
  for (let i = 0; i < 10; i += 1) journal.tell('warn', 'b', `b ${i}`);
  assert.is(lines.length, 20);
  await clock.advance(59_999);
  assert.is(lines.length, 20);
  await clock.advance(1);
  assert.equal(lines.slice(20), ['streambed: warn: a: 15 more in the last minute\n']);
  journal.tell('warn', 'a', 'again');
  assert.is(lines.at(-1), 'streambed: warn: again\n');
});

test('what was left out is told at the end, and no timer is left', async () => {
  const { lines, journal, clock } = start();
  for (let i = 0; i < 11; i += 1) journal.tell('error', 'a', 'text');
  journal.close();
  assert.is(lines.at(-1), 'streambed: error: a: 1 more in the last minute\n');
  const count = lines.length;
  await clock.advance(120_000);
  assert.is(lines.length, count);
});

test('one line, of bounded length, without what terminals obey', () => {
  const { lines, journal } = start();
  journal.say('a\n  b\r\nc\td\u0007\u009be\u2028ü€😀');
  journal.say('x'.repeat(5000));
  assert.is(lines[0], 'streambed: a | b | c?d??e\u2028ü€😀\n');
  assert.ok((lines[1] ?? '').length < 1000);
});

test('what the log reports has a level of its own', () => {
  const { lines, journal } = start();
  const at = { topic: 't', partition: 0 };
  journal.event({ event: 'sync-failed', ...at, message: 'EIO' });
  journal.event({ event: 'offsets-skipped', ...at, from: 1, to: 2 });
  journal.event({ event: 'compacted', ...at, bytesBefore: 2, bytesAfter: 1 });
  assert.equal(lines, [
    'streambed: error: sync-failed: {"topic":"t","partition":0,"message":"EIO"}\n',
    'streambed: warn: offsets-skipped: {"topic":"t","partition":0,"from":1,"to":2}\n',
    'streambed: debug: compacted: {"topic":"t","partition":0,"bytesBefore":2,"bytesAfter":1}\n',
  ]);
});
