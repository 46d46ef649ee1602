/** The bound on lines of `confidant encrypt` and `decrypt`: what one has written, the other reads. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { ConfidantSession, outOf } from './confidant-session.ts';

const test = suite('confidant encrypt and decrypt: the bound on lines');

const DEFAULT_BYTES = 1_048_576;
const run = (command: string, ...flags: string[]) => [command, '--file=-', '--path=e/k', ...flags];

/** A line of this many bytes, the fill of which is sealed too; without its end. */
function lineOf(lengthBytes: number): string {
  const empty = '{"value":"","n":""}';
  const room = lengthBytes - empty.length;
  const value = 'AAAA'.repeat(Math.floor(room / 4));
  return `{"value":"${value}","n":"${'é'.repeat((room % 4) / 2)}"}${' '.repeat((room % 4) % 2)}`;
}

for (const [cipher, grows] of [
  ['aead', 60],
  ['streambed', 16],
] as const) {
  test(`${cipher}: decrypt takes with the same bound whatever encrypt takes, by default and by flag`, async () => {
    const session = new ConfidantSession();
    for (const [bound, flags] of [
      [DEFAULT_BYTES, []],
      [200, ['--max-line-len=200']],
    ] as const) {
      let taken = 0;
      for (let length = bound - grows - 4; length <= bound; length += 1) {
        const line = `${lineOf(length)}\n`;
        const sealed = await session.keyed(run('encrypt', `--cipher=${cipher}`, ...flags), { input: [line, line] });
        if (sealed.code === 0) {
          taken += 1;
          const opened = await session.keyed(run('decrypt', `--cipher=${cipher}`, ...flags), { input: [sealed.out] });
          assert.is(opened.err, '', `${length} of ${bound}`);
          assert.ok(opened.out === line + line);
        } else {
          const told = `confidant: line 1: longer than ${bound} bytes once sealed, see --max-line-len\n`;
          assert.equal([sealed.code, sealed.out, sealed.err], [1, '', told]);
        }
        // A megabyte at a time.
        if (bound === DEFAULT_BYTES) length += 15;
      }
      assert.ok(taken > 0 && taken < grows + 5, 'the bound lies in between');
    }
  });
}

test('lines that stay as they are may have all of the bound', async () => {
  const session = new ConfidantSession();
  for (const line of [' '.repeat(40), '{"value":null}'.padEnd(40)]) {
    assert.is(outOf(await session.keyed(run('encrypt', '--max-line-len=40'), { input: [`${line}\n`] })), `${line}\n`);
  }
});
