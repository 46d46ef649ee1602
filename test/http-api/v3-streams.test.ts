import { connect, type Socket } from 'node:net';
import * as assert from 'uvu/assert';
import { plainError, printError } from '../../http-api/kafka/errors.ts';
import { defaultLimits } from '../../http-api/limits.ts';
import { startHttpServer } from '../../targets/node/http-server.ts';
import { suite } from '../support/suite.ts';
import { ask, fails, stored, text, type V3, v3 } from './v3-harness.ts';

const test = suite('v3 record streams');

/** Speaks HTTP/1.1 by hand over a socket, so that a test sees what has come before it sends more. */
class Peer {
  readonly #socket: Socket;
  #received = '';
  #ended = false;
  #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (piece: string) => {
      this.#received += piece;
      this.#wake();
    });
    for (const event of ['end', 'close', 'error']) {
      this.#socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  chunk(body: string | Buffer): void {
    const bytes = Buffer.from(body as string);
    this.send(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]));
  }

  /** Resolves with all that was received, once it has this in it; rejects when the server has ended before. */
  async until(found: (received: string) => boolean): Promise<string> {
    while (!found(this.#received)) {
      if (this.#ended) throw new Error(`the server ended after ${JSON.stringify(this.#received)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.#received;
  }

  /** The reports that have come, once there are so many. */
  async reports(count: number): Promise<Record<string, unknown>[]> {
    const received = await this.until((all) => reportsIn(all).length >= count);
    return reportsIn(received);
  }

  async ended(): Promise<string> {
    while (!this.#ended) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#received;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The body without its chunk framing, cut at CR LF. */
function reportsIn(received: string): Record<string, unknown>[] {
  let at = received.indexOf('\r\n\r\n') + 4;
  if (at < 4) return [];
  let body = '';
  for (let line = received.indexOf('\r\n', at); line > 0; line = received.indexOf('\r\n', at)) {
    const length = Number.parseInt(received.slice(at, line), 16);
    body += received.slice(line + 2, line + 2 + length);
    at = line + 2 + length + 2;
  }
  const whole = body.split('\r\n');
  whole.pop();
  return whole.map((report) => JSON.parse(report));
}

const isEnded = (received: string): boolean => received.endsWith('\r\n0\r\n\r\n');
const HEAD = 'POST /v3/clusters/edge-1/topics/t/records HTTP/1.1\r\nHost: edge.example:8082\r\n';
const STREAM = `${HEAD}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
const record = (data: string): string => JSON.stringify({ value: { type: 'STRING', data } });
const offsets = (reports: Record<string, unknown>[]): unknown[] => reports.map(({ offset }) => offset);

async function served(own: V3, use: (open: () => Peer) => Promise<void>): Promise<void> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    fetch: own.app.fetch,
    refusal: (status) => printError(plainError(status)),
    maxConnections: 100,
    maxHeaderBytes: 16 * 1024,
    hasListMethod: false,
  });
  const peers: Peer[] = [];
  try {
    await use(() => {
      const peer = new Peer(server.address.port);
      peers.push(peer);
      return peer;
    });
  } finally {
    for (const peer of peers) peer.close();
    await server.stop(0);
  }
}

test('each record is answered while the request is still open', async () => {
  const own = v3();
  await served(own, async (open) => {
    const peer = open();
    peer.send(STREAM);
    for (let i = 0; i < 5; i++) {
      peer.chunk(record(`value ${i}`));
      const reports = await peer.reports(i + 1);
      assert.equal(offsets(reports), [0, 1, 2, 3, 4].slice(0, i + 1));
      assert.is((await stored(own, 't')).length, i + 1);
    }
    peer.chunk('{"value":{"data":1}}');
    assert.is((await peer.reports(6)).at(-1)?.['error_code'], 400);
    peer.chunk(record('last'));
    assert.is((await peer.reports(7)).at(-1)?.['offset'], 5);
    peer.send('0\r\n\r\n');
    const received = await peer.until(isEnded);
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(received, /\r\ncontent-type: application\/json\r\n/i);
    assert.is(reportsIn(received).length, 7);
  });
});

test('the reply begins with the first byte of a record, and nothing is reported before its end', async () => {
  const own = v3();
  await served(own, async (open) => {
    const peer = open();
    peer.send(STREAM);
    peer.chunk(' \r\n');
    const [first, ...rest] = Buffer.from(record('é😀"\\{'));
    peer.chunk(Buffer.of(first as number));
    const head = await peer.until((received) => received.includes('\r\n\r\n'));
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    for (const byte of rest) {
      assert.equal(reportsIn(await peer.until(() => true)), []);
      peer.chunk(Buffer.of(byte));
    }
    assert.equal(offsets(await peer.reports(1)), [0]);
    assert.equal(
      (await stored(own, 't')).map(({ value }) => text(value)),
      ['é😀"\\{'],
    );
  });
});

test('reports of a long stream are complete and in order', async () => {
  const own = v3();
  const count = 5000;
  await served(own, async (open) => {
    const peer = open();
    peer.send(STREAM);
    const body = Array.from({ length: count }, (_, i) => (i % 7 === 3 ? '{"partition_id":"x"}' : record(`${i}`))).join(
      '\n',
    );
    for (let at = 0; at < body.length; at += 10_007) peer.chunk(body.slice(at, at + 10_007));
    peer.send('0\r\n\r\n');
    const reports = reportsIn(await peer.until(isEnded));
    assert.is(reports.length, count);
    let offset = 0;
    for (const [i, report] of reports.entries()) {
      if (i % 7 === 3) assert.is(report['error_code'], 400);
      else assert.is(report['offset'], offset++);
    }
    const values = (await stored(own, 't')).map(({ value }) => Number(text(value)));
    assert.equal(
      values,
      Array.from({ length: count }, (_, i) => i).filter((i) => i % 7 !== 3),
    );
  });
});

test('broken JSON ends the reply while the request is still open, and the connection with it', async () => {
  const own = v3();
  await served(own, async (open) => {
    const peer = open();
    peer.send(STREAM);
    peer.chunk(record('good'));
    await peer.reports(1);
    peer.chunk(`${record('good')}{"value":}`);
    const reports = reportsIn(await peer.until(isEnded));
    assert.equal(
      reports.map((report) => report['error_code']),
      [200, 200, 400],
    );
    await peer.ended();
    assert.is((await stored(own, 't')).length, 2);
  });
});

test('a record that the request breaks off is a last report with 400', async () => {
  const own = v3();
  await served(own, async (open) => {
    const peer = open();
    peer.send(STREAM);
    peer.chunk(`${record('good')}{"value":{"type":"STR`);
    peer.send('0\r\n\r\n');
    const reports = reportsIn(await peer.until(isEnded));
    assert.equal(
      reports.map((report) => report['error_code']),
      [200, 400],
    );
  });
});

test('an empty stream is 422, and so is one of white space', async () => {
  await served(v3(), async (open) => {
    for (const space of ['', ' \r\n']) {
      const peer = open();
      peer.send(STREAM);
      if (space !== '') peer.chunk(space);
      peer.send('0\r\n\r\n');
      const received = await peer.until((all) => all.endsWith('}'));
      assert.match(received, /^HTTP\/1\.1 422 /);
      assert.match(received, /"error_code":42206/);
    }
  });
});

test('with a length the connection lives on, whether the request is short or long', async () => {
  const own = v3();
  await served(own, async (open) => {
    const peer = open();
    const values = ['short', 'long'.repeat(20_000), 'again'];
    for (const [i, value] of values.entries()) {
      const body = record(value);
      peer.send(`${HEAD}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      await peer.until((received) => received.split('"error_code":200').length === i + 2 && received.endsWith('\r\n'));
    }
    assert.equal(
      (await stored(own, 't')).map(({ value }) => text(value)),
      values,
    );
  });
});

test('a long request with a length is answered record by record, too', async () => {
  const own = v3();
  await served(own, async (open) => {
    const peer = open();
    const [first, second] = [record('1'), record('2'.repeat(50_000))];
    peer.send(`${HEAD}Content-Length: ${first.length + second.length}\r\n\r\n${first}`);
    assert.equal(offsets(await peer.reports(1)), [0]);
    peer.send(second);
    assert.equal(offsets(reportsIn(await peer.until(isEnded))), [0, 1]);
  });
});

test('a client that goes away in the middle takes nothing with it', async () => {
  const own = v3({ limits: { ...defaultLimits, waits: 1 } });
  await served(own, async (open) => {
    const peer = open();
    peer.send(STREAM);
    peer.chunk(`${record('whole')}{"value":`);
    await peer.reports(1);
    peer.close();
    // Its place among the open streams is free again, as soon as the server has noticed.
    for (;;) {
      const next = open();
      next.send(STREAM);
      next.chunk(record('next'));
      const received = await next.until((all) => /"error_code":\d+/.test(all));
      next.close();
      if (received.startsWith('HTTP/1.1 200')) break;
      assert.match(received, /"error_code":42901/);
    }
    const values = (await stored(own, 't')).map(({ value }) => text(value));
    assert.equal(values.slice(0, 2), ['whole', 'next']);
  });
});

test('streams beyond the limit are refused, requests with a length are not', async () => {
  const own = v3({ limits: { ...defaultLimits, waits: 1 } });
  await served(own, async (open) => {
    const peer = open();
    peer.send(STREAM);
    peer.chunk(record('x'));
    await peer.reports(1);
    const other = open();
    other.send(STREAM);
    other.chunk(record('y'));
    assert.match(
      await other.until((received) => received.includes('error_code')),
      /^HTTP\/1\.1 429 .*"error_code":42901/s,
    );
    const third = open();
    third.send(`${HEAD}Content-Length: 2\r\n\r\n{}`);
    assert.match(await third.until((received) => received.includes('error_code')), /"error_code":200/);
  });
});

test('when the service stops, what was read is stored and reported, and the reply ends', async () => {
  const own = v3();
  await served(own, async (open) => {
    const peer = open();
    peer.send(STREAM);
    peer.chunk(record('x'));
    await peer.reports(1);
    const silent = open();
    silent.send(STREAM);
    silent.chunk(' ');
    own.stop();
    const reports = reportsIn(await peer.until(isEnded));
    assert.equal(offsets(reports), [0]);
    assert.match(
      await silent.until((received) => received.includes('error_code')),
      /^HTTP\/1\.1 503 .*"error_code":50302/s,
    );
  });
  fails(await ask(own, 'POST', '/topics/t/records', '{}'), 503, 50302, 'the service is stopping');
});
