import * as assert from 'uvu/assert';
import { askUnseen, TypedLine } from '../../targets/node/unseen-line.ts';
import { suite } from '../support/suite.ts';

const test = suite('lines that are not shown');

test('keys do what they do on a terminal', () => {
  const lines: readonly (readonly [typed: string, line: string, rest: string])[] = [
    ['hunter2\r', 'hunter2', ''],
    ['hunter2\nnext\n', 'hunter2', 'next\n'],
    ['hunté\u007f\b\u007fnger\r', 'hunger', ''],
    ['\u007f\u007fa\r', 'a', ''],
    ['wrong\u0015right\r', 'right', ''],
    ['end of input\u0004', 'end of input', ''],
    ['\r', '', ''],
  ];
  for (const [typed, text, rest] of lines) {
    const line = new TypedLine();
    const bytes = Buffer.from(typed);
    const done = bytes.length - rest.length;
    for (let at = 0; at < done - 1; at += 1) assert.is(line.type(bytes.subarray(at, at + 1)), false, typed);
    assert.is(line.type(bytes.subarray(done - 1)), true);
    assert.equal([line.text(), Buffer.from(line.rest).toString(), line.isInterrupted], [text, rest, false]);
  }
  const interrupted = new TypedLine();
  assert.is(interrupted.type(Buffer.from('hunt\u0003')), true);
  assert.is(interrupted.isInterrupted, true);
});

test('nobody is asked where there is no terminal', async () => {
  assert.is(await askUnseen('password: '), null);
});
