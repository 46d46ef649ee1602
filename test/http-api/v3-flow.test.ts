import * as assert from 'uvu/assert';
import { defaultLimits } from '../../http-api/limits.ts';
import { suite } from '../support/suite.ts';
import { producerHeaders, stored, text, type V3, v3 } from './v3-harness.ts';
import { clock } from '../support/platform.ts';

const test = suite('v3 stream flow');

const record = (data: string): string => JSON.stringify({ value: { type: 'STRING', data } });

/** A request whose body is given as it is asked for, and how many bytes that were. */
function streamed(own: V3, next: (asked: number) => string | null, headers: Record<string, string> = {}) {
  const counted = { bytes: 0 };
  let asked = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const piece = next(asked++);
        if (piece === null) return controller.close();
        counted.bytes += piece.length;
        controller.enqueue(new TextEncoder().encode(piece));
      },
    },
    { highWaterMark: 0 },
  );
  const init = { method: 'POST', body, duplex: 'half', headers };
  const response = own.app.request('http://x/v3/clusters/edge-1/topics/t/records', init as RequestInit);
  return { response: Promise.resolve(response), counted };
}

/** Until nothing has changed for many turns of the loop. */
async function settled(counted: { bytes: number }): Promise<number> {
  for (let quiet = 0, before = -1; quiet < 50; quiet++) {
    if (counted.bytes !== before) quiet = 0;
    before = counted.bytes;
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
  return counted.bytes;
}

test('a client that does not read its reports is not read from without bound', async () => {
  const own = v3();
  const piece = record('y'.repeat(20)).repeat(1000);
  const { response, counted } = streamed(own, (asked) => (asked < 1000 ? piece : null));
  const reader = ((await response).body as ReadableStream<Uint8Array>).getReader();
  const before = await settled(counted);
  assert.ok(before < 20 * piece.length, `${before} bytes were read ahead`);
  await reader.read();
  await reader.read();
  assert.ok((await settled(counted)) > before);
  await reader.cancel();
});

test('a log that is slow is not run over: one batch is under way, the next is gathered, up to a bound', async () => {
  const own = v3();
  const calls: { count: number; go: () => void }[] = [];
  const produceBatch = own.log.produceBatch.bind(own.log);
  own.log.produceBatch = async (topic, records, producer) => {
    await new Promise<void>((go) => calls.push({ count: records.length, go }));
    return produceBatch(topic, records, producer);
  };
  const { response, counted } = streamed(own, (asked) => (asked < 10_000 ? record(`${asked}`) : null));
  const answer = (await response).text();
  await settled(counted);
  assert.equal(
    calls.map(({ count }) => count),
    [1],
  );
  const ahead = await settled(counted);
  calls[0]?.go();
  await settled(counted);
  assert.is(calls.length, 2);
  const second = calls[1]?.count ?? 0;
  assert.ok(second > 100 && second < 1000, `${second} records in the second batch`);
  assert.ok(ahead < 1000 * record('1234').length, `${ahead} bytes were read ahead`);
  for (let i = 1; i < calls.length; i++) {
    calls[i]?.go();
    await settled(counted);
  }
  assert.is((await answer).split('\r\n').length, 10_001);
  assert.is((await stored(own, 't')).length, 10_000);
});

test('what is read ahead of a slow log is bounded in bytes, too', async () => {
  const own = v3();
  own.log.produceBatch = () => new Promise(() => {});
  const piece = record('x'.repeat(20_000));
  const { response, counted } = streamed(own, () => piece);
  const { body } = await response;
  const ahead = await settled(counted);
  assert.ok(ahead > 200_000 && ahead < 400_000, `${ahead} bytes were read ahead`);
  await body?.cancel();
});

test('records keep their order when one of a batch is refused by the log', async () => {
  const own = v3();
  await own.log.createTopic('t');
  const big = record('x'.repeat(300_000));
  const { response } = streamed(own, (asked) =>
    asked < 6 ? `${record(`${asked}a`)}${big}${record(`${asked}b`)}` : null,
  );
  const reports = (await (await response).text())
    .trim()
    .split('\r\n')
    .map((report) => JSON.parse(report).error_code);
  assert.equal(reports, Array.from({ length: 6 }, () => [200, 413, 200]).flat());
  const values = (await stored(own, 't')).map(({ value }) => text(value));
  assert.equal(values, Array.from({ length: 6 }, (_, i) => [`${i}a`, `${i}b`]).flat());
});

test('the reply to a client that has gone away takes no more of the request', async () => {
  const own = v3();
  const { response, counted } = streamed(own, () => record('z'.repeat(1000)));
  const reader = ((await response).body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  await reader.cancel();
  const after = await settled(counted);
  await settled(counted);
  assert.is(counted.bytes, after);
});

test('a stream of several batches is repeatable, also where the log refuses one of its records', async () => {
  const own = v3({ rememberedCalls: 100 });
  await own.log.createTopic('t');
  const piece = (asked: number): string => `${record(`${asked}a`)}${record('x'.repeat(300_000))}${record(`${asked}b`)}`;
  const send = async (): Promise<string> => {
    const next = (asked: number): string | null => (asked < 3 ? piece(asked) : null);
    const { response } = streamed(own, next, producerHeaders({ id: 1, sequence: 10 }));
    return (await response).text();
  };
  const first = await send();
  assert.is((await stored(own, 't')).length, 6);
  assert.is(await send(), first);
  assert.is((await stored(own, 't')).length, 6);
});

test('a stream that goes on where its reports broke off stores nothing twice and leaves nothing out', async () => {
  const own = v3({ rememberedCalls: 100 });
  await own.log.createTopic('t', { partitions: 3 });
  const piece = (i: number): string =>
    `{"key":{"type":"STRING","data":"k${i % 7}"},"value":{"type":"STRING","data":"${i}"}}`;
  for (const [from, to, perChunk] of [
    [0, 30, 4],
    [17, 40, 7],
    [3, 50, 1],
    [50, 60, 20],
  ] as const) {
    const next = (asked: number): string | null => {
      const first = from + asked * perChunk;
      const numbers = Array.from({ length: Math.max(0, Math.min(perChunk, to - first)) }, (_, i) => first + i);
      return numbers.length === 0 ? null : numbers.map(piece).join('');
    };
    const { response } = streamed(own, next, producerHeaders({ id: 1, sequence: from }));
    const reports = (await (await response).text())
      .trim()
      .split('\r\n')
      .map((report) => JSON.parse(report));
    assert.is(reports.length, to - from);
    const records = await stored(own, 't');
    const values = records.map(({ value }) => Number(text(value))).sort((a, b) => a - b);
    assert.equal(
      values,
      Array.from({ length: to }, (_, i) => i),
    );
    for (const [i, { partition_id, offset }] of reports.entries()) {
      const found = records.find((one) => one.partition === partition_id && one.offset === offset);
      assert.is(text(found?.value ?? null), String(from + i));
    }
  }
});

test('a stream leaves nothing behind, however it ends', async () => {
  const listeners = new Set<() => void>();
  const stopping = {
    aborted: false,
    addEventListener: (_: 'abort', listener: () => void) => listeners.add(listener),
    removeEventListener: (_: 'abort', listener: () => void) => listeners.delete(listener),
  };
  const own = v3({ stopping, limits: { ...defaultLimits, waits: 1 } });
  const once = (body: string | null) => (asked: number) => (asked === 0 ? body : null);
  for (const body of [null, ' ', '{}', '{}{"a"', '{}x']) {
    for (const cancel of [false, true]) {
      const { response, counted } = streamed(own, once(body));
      const { status, body: reports } = await response;
      assert.is(status, body === null || body === ' ' ? 422 : 200);
      assert.is(listeners.size > 1, false);
      const reader = (reports as ReadableStream<Uint8Array>).getReader();
      if (cancel) await reader.cancel();
      else while (!(await reader.read()).done);
      await settled(counted);
      assert.is(listeners.size, 0);
    }
  }
  const { response, counted } = streamed(own, () => '{}');
  await settled(counted);
  assert.is(listeners.size, 1);
  await ((await response).body as ReadableStream<Uint8Array>).cancel();
  assert.is(listeners.size, 0);
});
