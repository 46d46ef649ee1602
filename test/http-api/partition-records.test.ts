import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { ask, BINARY, face, fails, fill, JSON_V2, ok, started, V2 } from './harness.ts';
import { base64 } from '../support/text.ts';

const test = suite("Redpanda's read without state");

const at = (offset: number, timeout = 1000, maxBytes = 100_000) =>
  `/topics/t/partitions/0/records?offset=${offset}&timeout=${timeout}&max_bytes=${maxBytes}`;

test('reads from an offset, in the format that is asked for', async () => {
  const one = face();
  await fill(one, 't', ['1', '2', '3']);
  const record = (offset: number, value: unknown) => ({ topic: 't', key: null, value, partition: 0, offset });
  ok(await ask(one, 'GET', at(1), undefined, { accept: JSON_V2 }), [record(1, 2), record(2, 3)], JSON_V2);
  for (const accept of [BINARY, V2, '*/*', undefined]) {
    ok(await ask(one, 'GET', at(2), undefined, { accept }), [record(2, base64('3'))], BINARY);
  }
  ok(await ask(one, 'GET', at(0, 0, 1), undefined, { accept: JSON_V2 }), [record(0, 1)], JSON_V2);
  const { json } = await ask(one, 'GET', `${at(2)}&include=timestamp`);
  assert.is(json[0].timestamp, '2024-02-29T12:34:56.789Z');
});

test('waits at the end, as long as it may', async () => {
  const one = face({}, { pollTimeoutMs: 2000 });
  await fill(one, 't', ['1']);
  ok(await ask(one, 'GET', at(1, 0)), [], BINARY);
  const asked = ask(one, 'GET', at(1, 5000));
  const answer = await started(one, asked);
  await one.clock.advance(1999);
  assert.is(answer.value, null);
  await one.clock.advance(1);
  ok(await asked, [], BINARY);
  const second = ask(one, 'GET', at(1, 5000));
  await started(one, second);
  await fill(one, 't', ['2']);
  assert.is((await second).json.length, 1);
});

test('what is missing, unknown, or no number', async () => {
  const one = face();
  await fill(one, 't', ['1']);
  const path = '/topics/t/partitions/0/records';
  for (const query of [
    '',
    '?offset=0',
    '?offset=0&timeout=0',
    '?timeout=0&max_bytes=1',
    '?offset=-1&timeout=0&max_bytes=1',
  ]) {
    fails(await ask(one, 'GET', path + query), 400, 40002);
  }
  fails(await ask(one, 'GET', `${path}?offset=x&timeout=0&max_bytes=1`), 400, 400);
  fails(await ask(one, 'GET', at(2)), 404, 40402);
  fails(await ask(one, 'GET', at(0).replace('/0/', '/1/')), 404, 40402);
  fails(await ask(one, 'GET', at(0).replace('/t/', '/none/')), 404, 40402);
  fails(await ask(one, 'GET', at(0), undefined, { accept: 'application/vnd.kafka.avro.v2+json' }), 406, 406);
});
