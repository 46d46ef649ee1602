/** Numbers in JSON for `confidant put`: what is kept is what was given, or nothing is. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { ConfidantSession, outOf } from './confidant-session.ts';

const test = suite('confidant put: numbers');

const REFUSED = 'confidant: what stands for all values has a number that cannot be kept exactly: send it as a string\n';

test('a number that would come back as another is refused, from a file and from standard input', async () => {
  const session = new ConfidantSession();
  outOf(await session.keyed(['put', 'other', 'x=1']));
  for (const number of ['18446744073709551615', '9007199254740993', '1e400', '-1e-400', '0.1000000000000000055']) {
    const json = `{"s":"","deep":[{"n":${number}}]}`;
    session.write('/f.json', json);
    for (const [word, input] of [
      ['@/f.json', []],
      ['-', [json]],
    ] as const) {
      assert.equal(await session.keyed(['put', 'app/j', word], { input }), { code: 1, out: '', err: REFUSED }, number);
    }
  }
  assert.is((await session.keyed(['get', 'app/j'])).code, 2, 'nothing was written');
});

test('what a double keeps is kept, and texts of digits are no numbers', async () => {
  const session = new ConfidantSession();
  const json = '{"a":9007199254740991,"b":-0.1,"c":1.50e3,"d":"18446744073709551615","e":"\\": 1e400","f":1e23}';
  outOf(await session.keyed(['put', 'app/j', '-'], { input: [json] }));
  outOf(await session.keyed(['put', 'app/k', 'n=18446744073709551615']));
  const shown = JSON.parse(outOf(await session.keyed(['get', 'app/j', '-format=json'])));
  assert.equal(shown.data.data, JSON.parse(json));
  assert.is(outOf(await session.keyed(['get', 'app/k', '-field=n'])).trim(), '18446744073709551615');
});
