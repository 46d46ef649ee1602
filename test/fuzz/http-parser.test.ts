/**
 * The HTTP server of the QuickJS target understands what Node's does: both get the same bytes, cut in the same places.
 * `STREAMBED_RUNS` is how many connections are tried.
 */
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import { suite } from '../support/suite.ts';
import { judge } from './http-differences.ts';
import { cuts, stream } from './http-grammar.ts';
import { askNode, askOurs } from './http-peers.ts';

const test = suite('http parsers');
const numRuns = Number(process.env['STREAMBED_RUNS'] ?? 300);

test('ours and that of Node make the same of the same bytes', async () => {
  let served = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(stream, cuts, async (text, cut) => {
      const pieces = cut(text);
      const [ours, node] = [await askOurs(pieces), await askNode(pieces)];
      served += ours.requests.length;
      refused += Number(ours.isRefused);
      const wrong = judge(text, ours, node);
      assert.is(wrong, null, `${wrong}: ${JSON.stringify({ pieces, ours, node })}`);
    }),
    { numRuns },
  );
  assert.ok(served > numRuns / 2 && refused > numRuns / 4, `${served} served and ${refused} refused of ${numRuns}`);
});

test('a request comes through whole, wherever it is cut', async () => {
  const body = 'GET /evil HTTP/1.1\r\n\r\n';
  const text = [
    `POST /a HTTP/1.1\r\nHost: h\r\nX: \xe9\r\nContent-Length: ${body.length}\r\n\r\n${body}\r\n`,
    `PUT /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)};x\r\n${body}\r\n0\r\nT: t\r\n\r\n`,
    'GET /c HTTP/1.1\r\nHost: h\r\n\r\n',
  ].join('');
  const whole = await askNode([text]);
  assert.is(whole.requests.length, 3);
  for (let cut = 0; cut < text.length; cut += 1) {
    const outcome = await askOurs([text.slice(0, cut), text.slice(cut)]);
    assert.equal(outcome, whole, `cut at ${cut}`);
    const early = await askOurs([text.slice(0, cut)]);
    assert.equal(early.requests, whole.requests.slice(0, early.requests.length), `ended at ${cut}`);
    assert.is(early.requests.length + Number(early.isRefused) > 0, cut > 0, `ended at ${cut}`);
  }
});
