/** For how long the HTTP server of the QuickJS target waits for its clients: in memory, where a test makes time pass. */
import * as assert from 'uvu/assert';
import type { Connection } from '../../targets/host.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { suite } from '../support/suite.ts';
import { latin1, type Seen, send, withServer } from './http1-server.ts';

const test = suite('http1 patience');

interface Client {
  readonly connection: Connection;
  /** All that came so far; null is the end, or the loss of the connection. */
  readonly received: (string | null)[];
}

interface World {
  readonly seen: Seen;
  open(): Promise<Client>;
  advance(seconds: number): Promise<void>;
}

async function inWorld(use: (world: World) => Promise<void>): Promise<void> {
  const disk = new MemoryDisk();
  const advance = (seconds: number) => disk.clock.advance(seconds * 1000);
  const stopping = withServer({ ...disk.host(), decodeLatin1: latin1 }, async (connect, seen) => {
    const open = async () => {
      const client = { connection: await connect(), received: [] };
      void receive(client);
      return client;
    };
    await use({ seen, open, advance });
  });
  await stopping;
}

async function receive({ connection, received }: Client): Promise<void> {
  let bytes: Uint8Array | null;
  do {
    bytes = await connection.read().catch(() => null);
    received.push(bytes === null ? null : latin1(bytes));
  } while (bytes !== null);
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
const post = (path: string, framing: string) => `POST ${path} HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n`;
const isClosed = ({ received }: Client) => received.at(-1) === null;

test('an idle connection is kept for two minutes, also between requests', async () => {
  await inWorld(async ({ open, advance, seen }) => {
    const [silent, busy] = [await open(), await open()];
    for (let round = 0; round < 3; round += 1) {
      await send(busy.connection, get('/a'));
      await advance(115);
      assert.is(isClosed(silent), round > 0);
    }
    assert.is(isClosed(busy), false);
    await advance(11);
    assert.is(isClosed(busy), true);
    assert.is(seen.requests.length, 3);
  });
});

test('a head must be whole within half a minute, however it drips', async () => {
  await inWorld(async ({ open, advance, seen }) => {
    const client = await open();
    await advance(100);
    for (const character of get('/a').slice(0, 30)) {
      if (isClosed(client)) break;
      await send(client.connection, character).catch(() => {});
      await advance(2);
    }
    assert.equal(client.received, [null]);
    assert.equal(seen.requests, []);
  });
});

test('a body of known length may come slowly but not stop for a minute', async () => {
  await inWorld(async ({ open, advance }) => {
    const [slow, stalled] = [await open(), await open()];
    for (const { connection } of [slow, stalled]) await send(connection, post('/b', 'Content-Length: 9'));
    for (const digit of '123456789') {
      await advance(50);
      await send(slow.connection, digit);
    }
    await advance(0);
    assert.match(slow.received.join(''), /\r\n\r\n\/b 123456789$/);
    assert.equal(stalled.received, [null]);
  });
});

test('a chunked body may pause, but not when nobody listens any more', async () => {
  await inWorld(async ({ open, advance }) => {
    const [heard, unheard] = [await open(), await open()];
    await send(heard.connection, `${post('/b', 'Transfer-Encoding: chunked')}1\r\na\r\n`);
    await send(unheard.connection, `${post('/ignore', 'Transfer-Encoding: chunked')}1\r\na\r\n`);
    await advance(1000);
    await send(heard.connection, '1\r\nb\r\n0\r\n\r\n');
    await advance(0);
    assert.match(heard.received.join(''), /\r\n\r\n\/b ab$/);
    assert.is(unheard.received.length, 2, 'the reply and the end');
    assert.is(isClosed(unheard), true);
  });
});

test('an application may take its time, with or without a body', async () => {
  await inWorld(async ({ open, advance }) => {
    const [asking, sending] = [await open(), await open()];
    await send(asking.connection, get('/later'));
    await send(sending.connection, `${post('/later', 'Content-Length: 3')}abc`);
    await advance(899);
    assert.equal([asking.received, sending.received], [[], []]);
    await advance(2);
    assert.match(asking.received.join(''), /\r\n\r\n\/later $/);
    assert.match(sending.received.join(''), /\r\n\r\n\/later abc$/);
  });
});

test('of requests with bodies two at a time are with the application; those without do not wait for them', async () => {
  await inWorld(async ({ open, advance, seen }) => {
    const [first, second, third, reading] = [await open(), await open(), await open(), await open()];
    await send(first.connection, `${post('/later', 'Content-Length: 3')}abc`);
    await advance(20);
    await send(second.connection, `${post('/later', 'Content-Length: 3')}def`);
    await send(third.connection, `${post('/third', 'Content-Length: 3')}ghi`);
    await send(reading.connection, get('/reading'));
    await advance(850);
    assert.match(reading.received.join(''), /\r\n\r\n\/reading $/);
    assert.is(seen.requests.length, 3);
    await advance(40);
    assert.match(first.received.join(''), /\r\n\r\n\/later abc$/);
    assert.match(third.received.join(''), /\r\n\r\n\/third ghi$/);
    assert.equal(second.received, []);
    await advance(20);
    assert.match(second.received.join(''), /\r\n\r\n\/later def$/);
  });
});

test('a body that has not come takes no turn, and waits for one when it has', async () => {
  await inWorld(async ({ open, advance, seen }) => {
    const [first, second, third, split] = [await open(), await open(), await open(), await open()];
    await send(split.connection, post('/split', 'Content-Length: 3'));
    await advance(0);
    for (const { connection } of [first, second]) await send(connection, `${post('/later', 'Content-Length: 1')}a`);
    await send(third.connection, `${post('/third', 'Content-Length: 1')}b`);
    await advance(20);
    assert.is(seen.requests.length, 3);
    await send(split.connection, 'jkl');
    await advance(850);
    assert.equal(split.received, []);
    await advance(40);
    assert.match(split.received.join(''), /\r\n\r\n\/split jkl$/);
    assert.match(third.received.join(''), /\r\n\r\n\/third b$/);
  });
});

test('who does not take a reply for a minute is dropped, whole or streamed; who takes it slowly is not', async () => {
  for (const path of ['/large', '/endless']) {
    const disk = new MemoryDisk();
    await withServer({ ...disk.host(), decodeLatin1: latin1 }, async (connect, { errors }) => {
      const [stalled, slow] = [await connect(), await connect()];
      await send(stalled, get(path));
      await send(slow, get(path));
      let takenBytes = 0;

      while (takenBytes < 900_000) {
        await disk.clock.advance(path === '/large' ? 50_000 : 1_000);
        const bytes = await slow.read();
        assert.ok(bytes !== null, `${path}: cut off after ${takenBytes} bytes`);
        takenBytes += bytes.length;
      }
      await disk.clock.advance(70_000);
      let bytes: Uint8Array | null = new Uint8Array(0);
      for (takenBytes = 0; bytes !== null; takenBytes += bytes.length) {
        bytes = await stalled.read().catch(() => null);
        if (bytes === null) break;
      }
      assert.ok(takenBytes < 300_000, `${path}: ${takenBytes}`);
      assert.equal(errors, []);
      slow.close();
    });
  }
});

test('a connection above the limit that says nothing is dropped sooner', async () => {
  await inWorld(async ({ open, advance }) => {
    const clients = [];
    for (let count = 0; count < 5; count += 1) clients.push(await open());
    await advance(36);
    assert.equal(clients.map(isClosed), [false, false, false, false, true]);
    assert.equal(clients[4]?.received, [null]);
  });
});

test('a refused client that keeps sending is dropped soon', async () => {
  await inWorld(async ({ open, advance }) => {
    const client = await open();
    await send(client.connection, 'nonsense\r\n\r\n');
    for (let second = 0; second < 8; second += 1) {
      await send(client.connection, 'more').catch(() => {});
      await advance(1);
    }
    assert.match(client.received[0] ?? '', /^HTTP\/1\.1 400 /);
    const { length } = client.received;
    await send(client.connection, 'more').then(
      () => assert.unreachable('it still takes bytes'),
      () => {},
    );
    assert.is(client.received.length, length);
  });
});
