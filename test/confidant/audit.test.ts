/** The audit: every request and what came of it, and nothing secret in it. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { fromUtf8 } from '../support/text.ts';
import { TestServer } from './support/server.ts';

const test = suite('audit');

class Sink {
  readonly lines: string[] = [];
  isBroken = false;

  async append(record: Uint8Array): Promise<void> {
    if (this.isBroken) throw new Error('no room');
    this.lines.push(fromUtf8(record));
  }
}

async function audited(onFailure: 'open' | 'closed') {
  const sink = new Sink();
  const server = await TestServer.start({ audit: { sink, onFailure } });
  return { sink, server };
}

test('requests and answers stand in it, secrets do not', async () => {
  const { sink, server } = await audited('closed');
  await server.write('secret/data/a', {
    data: { password: 'marker-of-a-secret', deep: [{ x: 'marker-of-a-secret' }] },
  });
  await server.read('secret/data/a');
  await server.write('auth/token/create', { policies: ['x'], meta: { m: 'marker-of-meta' } });
  await server.refusal('read', 'secret/data/none', {}, { token: 'marker-of-a-token' });
  const whole = sink.lines.join('\n');
  assert.not.match(whole, /marker-of/);
  assert.not.ok(whole.includes(server.rootToken));
  const records = sink.lines.map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
  assert.equal(
    records.map(({ type }) => String(type)),
    ['request', 'response', 'request', 'response', 'request', 'response', 'request', 'response'],
  );
  assert.is(records[2]?.['request']?.['path'], 'secret/data/a');
  assert.is(records[2]?.['request']?.['remote_address'], '10.0.0.1');
  assert.is(String(records.at(-1)?.['error']), 'forbidden');
  assert.equal(records[3]?.['auth']?.['policies'], ['root']);
});

test('what monitors ask again and again does not stand in it, and needs no room', async () => {
  const { sink, server } = await audited('closed');
  const { length } = sink.lines;
  sink.isBroken = true;
  for (const path of ['sys/health', 'sys/seal-status', 'sys/leader']) await server.read(path, {}, { token: null });
  assert.is(sink.lines.length, length);
  await server.refusal('update', 'sys/health', {}, { token: null });
  sink.isBroken = false;
  await server.refusal('update', 'sys/health', {}, { token: null });
  assert.is(sink.lines.length, length + 2);
});

test('the same value has the same hash, so that it can be followed', async () => {
  const { sink, server } = await audited('closed');
  await server.read('auth/token/lookup-self');
  await server.read('auth/token/lookup-self');
  const tokens = sink.lines.map(
    (line) => (JSON.parse(line) as { request: { client_token: string } }).request.client_token,
  );
  assert.is(new Set(tokens).size, 1);
  assert.match(tokens[0] ?? '', /^hmac-blake2b:[\da-f]{32}$/);
});

test('without its record no request is answered when it is to fail closed', async () => {
  const { sink, server } = await audited('closed');
  sink.isBroken = true;
  assert.is((await server.refusal('update', 'secret/data/a', { data: { x: 1 } })).code, 'host-failed');
  sink.isBroken = false;
  assert.is((await server.refusal('read', 'secret/data/a')).code, 'absent');
});

test('when it is to fail open, requests go on and the operator is told', async () => {
  const { sink, server } = await audited('open');
  sink.isBroken = true;
  await server.write('secret/data/a', { data: { x: 1 } });
  assert.ok(server.reports.some((line) => line.startsWith('audit:')));
});

test('numbers are hashed too, tokens in paths as well, and a record has a bounded size', async () => {
  const { sink, server } = await audited('closed');
  const fields = (): Record<string, unknown> => Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`f${i}`, 1]));
  const nested = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`n${i}`, fields()]));
  await server.write('secret/data/a', { data: { pin: 48_151_623, nested } });
  await server.refusal('read', `auth/token/lookup/${server.rootToken}`);
  await server.refusal('read', 'auth/token/lookup/hvs.of-somebody');
  const whole = sink.lines.join('\n');
  assert.not.match(whole, /48151623|of-somebody/);
  assert.not.ok(whole.includes(server.rootToken));
  for (const line of sink.lines) assert.ok(line.length < 20_000, `${line.length}`);
});
