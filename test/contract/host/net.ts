/** The contract of TCP, on loopback. */
import * as assert from 'uvu/assert';
import type { Connection, Host, Listener } from '../../../targets/host.ts';
import { suite } from '../../support/suite.ts';
import { ascii, asciiText, type HostFactory, rejectsCode, withHost } from './harness.ts';

const loopback = '127.0.0.1';

interface Pair {
  readonly listener: Listener;
  readonly client: Connection;
  readonly server: Connection;
}

async function connectPair(host: Host, other: Host): Promise<Pair> {
  let take: (connection: Connection) => void = () => {};
  const accepted = new Promise<Connection>((resolve) => {
    take = resolve;
  });
  const listener = await host.net.listen({ host: loopback, port: 0 }, take);
  const client = await other.net.connect(listener.address);
  return { listener, client, server: await accepted };
}

async function readAll(connection: Connection): Promise<string> {
  let text = '';
  for (let bytes = await connection.read(); bytes !== null; bytes = await connection.read()) text += asciiText(bytes);
  return text;
}

export function netContract(factory: HostFactory): void {
  const base = withHost(suite(`${factory.name}: net`), factory);
  const test = (title: string, body: (pair: Pair, host: Host) => Promise<void>): void => {
    base(title, async ({ host, other }) => {
      const pair = await connectPair(host, other);
      try {
        await body(pair, host);
      } finally {
        pair.client.close();
        pair.server.close();
        await pair.listener.close();
      }
    });
  };

  test('bytes go both ways, and each side ends on its own', async ({ client, server }) => {
    await client.write(ascii('question'));
    client.end();
    assert.is(await readAll(server), 'question');
    assert.is(await server.read(), null);
    await server.write(ascii('answer'));
    server.end();
    assert.is(await readAll(client), 'answer');
  });

  test('both sides know each other', async ({ listener, client, server }) => {
    assert.equal(client.remote, listener.address);
    assert.ok(listener.address.port > 0);
    assert.is(server.remote.host, loopback);
    assert.ok(server.remote.port > 0 && server.remote.port !== listener.address.port);
  });

  test('a read waits for the next bytes', async ({ client, server }) => {
    const reading = server.read();
    await client.write(ascii('x'));
    assert.is(asciiText((await reading) as Uint8Array), 'x');
  });

  test('a writer waits for a reader that does not keep up, and nothing is lost', async ({ client, server }, {
    clock,
  }) => {
    const chunk = new Uint8Array(1 << 20).fill(97);
    let written = 0;
    const writing = (async () => {
      for (; written < 64; written += 1) await client.write(chunk);
      client.end();
    })();
    const first = await server.read();
    let readBytes = first?.length ?? 0;
    // More turns than it takes to read it all without being asked.
    for (let turn = 0; turn < 3000; turn += 1) await new Promise<void>((resolve) => clock.soon(resolve));
    assert.ok(written < 64, `${written} MiB were written while ${readBytes} bytes were read`);
    for (let bytes = await server.read(); bytes !== null; bytes = await server.read()) readBytes += bytes.length;
    await writing;
    assert.is(readBytes, 64 << 20);
  });

  test('after its own end a side cannot write', async ({ client }) => {
    client.end();
    await rejectsCode(() => client.write(ascii('x')), 'EPIPE');
  });

  test('a dropped connection is at its end for both', async ({ client, server }) => {
    const reading = server.read().then(
      (bytes) => bytes,
      (error: { code?: string }) => error.code,
    );
    client.close();
    const seen = await reading;
    assert.ok(seen === null || seen === 'ECONNRESET', String(seen));
    await rejectsCode(() => client.write(ascii('x')), 'EPIPE', 'ECONNRESET');
    await rejectsCode(() => client.read(), 'ECONNRESET');
  });

  test('whoever writes to a peer that is gone hears of it', async ({ client, server }) => {
    server.close();
    await rejectsCode(
      async () => {
        for (let tries = 0; tries < 10_000; tries += 1) await client.write(new Uint8Array(65_536));
      },
      'EPIPE',
      'ECONNRESET',
    );
  });

  base('a port is taken by one listener, and free when it is closed', async ({ host, other }) => {
    const { listener, client, server } = await connectPair(host, other);
    await rejectsCode(() => other.net.listen(listener.address, () => {}), 'EADDRINUSE');
    await listener.close();
    await rejectsCode(() => other.net.connect(listener.address), 'ECONNREFUSED');
    await client.write(ascii('still there'));
    client.end();
    assert.is(await readAll(server), 'still there');
    server.close();
    const again = await other.net.listen(listener.address, () => {});
    assert.equal(again.address, listener.address);
    await again.close();
  });

  base('names are not resolved', async ({ host }) => {
    await rejectsCode(() => host.net.listen({ host: 'localhost', port: 0 }, () => {}), 'EINVAL');
    await rejectsCode(() => host.net.connect({ host: 'localhost', port: 1 }), 'EINVAL');
  });
}
