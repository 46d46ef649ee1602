/** The HTTP server of the QuickJS target, byte by byte over loopback. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { receiveAll, type Seen, send, type Use, withServer as serve } from './http1-server.ts';
import { decodeLatin1, host } from './runtime.ts';

const test = suite('http1');
const withServer = (use: Use) => serve({ ...host, decodeLatin1 }, use);

/** What one connection brings for these bytes, which come whole and then byte by byte: it must be the same. */
async function exchange(text: string): Promise<{ readonly replies: string; readonly seen: Seen }> {
  const replies: string[] = [];
  const all: Seen[] = [];
  for (const pieces of [[text], [...text]]) {
    await withServer(async (connect, seen) => {
      const connection = await connect();
      const received = receiveAll(connection);
      for (const piece of pieces) await send(connection, piece).catch(() => {});
      connection.end();
      replies.push(await received);
      connection.close();
      all.push(seen);
    });
  }
  assert.is(replies[0], replies[1]);
  return { replies: replies[0] ?? '', seen: all[0] as Seen };
}

const get = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const replyTo = (body: string) => `HTTP/1.1 201 Created\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const refusal = (status: number, reason: string) =>
  `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 11\r\n\r\nrefused ${status}`;

test('a connection serves one request after the other, also pipelined', async () => {
  const post = 'POST /b HTTP/1.1\r\nhost: h:1\r\ncontent-length: 3\r\n\r\nabc';
  const { replies, seen } = await exchange(`\r\n\r\n${get}${post}\r\n${get}`);
  assert.is(replies, replyTo('/a ') + replyTo('/b abc') + replyTo('/a '));
  assert.equal(seen.requests, ['GET http://h/a', 'POST http://h:1/b', 'GET http://h/a']);
});

test('a chunked body is put together, with extensions and trailers', async () => {
  const chunks = '3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n';
  const { replies } = await exchange(
    `POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n${chunks}${get}`,
  );
  assert.is(replies, replyTo('/c abc0123456789') + replyTo('/a '));
});

test('HTTP/1.0 and close end the connection behind the reply', async () => {
  for (const head of ['GET /a HTTP/1.0\r\n\r\n', 'GET /a HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n']) {
    const { replies } = await exchange(head + get);
    assert.is(replies, replyTo('/a ').replace('content-length', 'connection: close\r\ncontent-length'));
  }
  const { replies } = await exchange(`GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n${get}`);
  const kept = replyTo('/a ').replace('content-length', 'connection: keep-alive\r\ncontent-length');
  assert.is(replies, kept + replyTo('/a '));
});

test('what could be understood differently is refused, and nothing behind it is served', async () => {
  const h = 'Host: h\r\n';
  const bad = [
    'GET /a HTTP/1.1\r\n\r\n',
    `GET /a HTTP/1.1\r\n${h}${h}\r\n`,
    'GET /a HTTP/1.1\r\nHost: a b\r\n\r\n',
    `GET /a HTTP/1.1\n${h}\r\n`,
    `GET  /a HTTP/1.1\r\n${h}\r\n`,
    `GET /a HTTP/2.0\r\n${h}\r\n`,
    `GET /a\r\n${h}\r\n`,
    `GET a HTTP/1.1\r\n${h}\r\n`,
    `G@T /a HTTP/1.1\r\n${h}\r\n`,
    `POST /a HTTP/1.1\r\n${h}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${h}Content-Length: 3, 3\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${h}Content-Length: +3\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${h}Content-Length: 0x3\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${h}Content-Length:\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}Content-Length : 3\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${h}Content-Length: \xa03\r\n\r\nabc`,
    `POST /a HTTP/1.1\r\n${h}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /a HTTP/1.0\r\n${h}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}X: a\r\n b\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}X: a\0b\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}X: a\rb\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}X: a\nb: c\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}: empty\r\n\r\n`,
    `POST /a HTTP/1.1\r\n${h}no colon\r\n\r\n`,
    'GET /a HTT',
  ];
  for (const text of bad) {
    const { replies, seen } = await exchange(text.endsWith('HTT') ? text : text + get);
    assert.is(replies, refusal(400, 'Bad Request'), JSON.stringify(text));
    assert.equal(seen.requests, [], JSON.stringify(text));
  }
});

test('a malformed chunked body is refused', async () => {
  const chunked = 'POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';
  const bad = [
    'g\r\n',
    '-1\r\n',
    '0x1\r\na\r\n',
    '1\na',
    '1\r\nab\r\n',
    ' 1\r\na\r\n',
    '\r\n',
    `${'0'.repeat(999)}\r\n`,
  ];
  for (const body of [
    ...bad,
    '1;\0\r\na\r\n',
    '1 ;x\r\na\r\n',
    '0\r\nbad trailer\r\n\r\n',
    '0\r\n x: y\r\n\r\n',
    '0\r\nContent-Length: 3\r\n\r\n',
  ]) {
    const { replies } = await exchange(`${chunked}${body}${get}`);
    assert.is(replies, refusal(400, 'Bad Request'), JSON.stringify(body));
  }
});

test('heads have a limit', async () => {
  const { replies } = await exchange(`GET /a HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(2048)}\r\n\r\n`);
  assert.is(replies, refusal(431, ''));
});

test('a stream goes out in chunks, to old clients until the end, and not at all for HEAD', async () => {
  const chunks = '7\r\nchunk 1\r\n7\r\nchunk 2\r\n7\r\nchunk 3\r\n0\r\n\r\n';
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
  const request = async (head: string): Promise<string> => {
    let text = '';
    await withServer(async (connect) => {
      const connection = await connect();
      await send(connection, head);
      text = await receiveAll(connection);
      connection.close();
    });
    return text.replace('connection: close\r\n', '');
  };
  assert.is(await request('GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'), `${chunked}${chunks}`);
  for (const head of ['', 'Host: h\r\n', 'Host: h\r\nConnection: keep-alive\r\n']) {
    const whole = 'HTTP/1.1 200 OK\r\n\r\nchunk 1chunk 2chunk 3';
    assert.is(await request(`GET /stream HTTP/1.0\r\n${head}\r\n`), whole);
  }
  assert.is(await request('HEAD /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'), 'HTTP/1.1 200 OK\r\n\r\n');
});

test('a client is told to go on only when its body is wanted', async () => {
  const head = (path: string) =>
    `POST ${path} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`;
  await withServer(async (connect) => {
    const wanted = await connect();
    await send(wanted, head('/b'));
    assert.is(decodeLatin1((await wanted.read()) as Uint8Array), 'HTTP/1.1 100 Continue\r\n\r\n');
    await send(wanted, 'abc');
    wanted.end();
    assert.is(await receiveAll(wanted), replyTo('/b abc'));
    const unwanted = await connect();
    await send(unwanted, head('/ignore'));
    assert.match(await receiveAll(unwanted), /^HTTP\/1\.1 200 OK\r\nconnection: close\r\n/);
    wanted.close();
    unwanted.close();
  });
});

test('what the application throws is a 500 and a report, and a header cannot be made by its value', async () => {
  const { replies, seen } = await exchange(`GET /throw HTTP/1.1\r\nHost: h\r\n\r\n${get}`);
  assert.match(replies, /^HTTP\/1\.1 500 Internal Server Error\r\n[^]*refused 500HTTP\/1\.1 201/);
  assert.is(seen.errors.length, 1);
  const injected = await exchange('GET /inject HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.is(injected.replies, refusal(500, 'Internal Server Error'));
});

test('who waits for a client that has gone is told', async () => {
  const { replies } = await exchange('GET /gone HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.match(replies, /\r\n\r\ngone$/);
});

test('a GET may have a body, up to a limit', async () => {
  const request = (body: string) => `GET /g HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const { replies } = await exchange(`${request('abc')}${request('x'.repeat(100))}`);
  assert.is(replies, replyTo('/g abc') + replyTo('/g too long'));
});

test('a body that nobody wants does not hide the next request', async () => {
  const { replies } = await exchange(`POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nGET /evil${get}`);
  assert.is(replies, `HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nignored${replyTo('/a ')}`);
});

test('a stream that breaks is reported, and the connection ends without the end of the stream', async () => {
  await withServer(async (connect, seen) => {
    const connection = await connect();
    await send(connection, `GET /broken HTTP/1.1\r\nHost: h\r\n\r\n${get}`);
    const begun = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n';
    assert.is(await receiveAll(connection), begun);
    connection.close();
    assert.match(String(seen.errors[0]), 'broken on purpose');
  });
});

test('a client that ends its side after a request gets its reply', async () => {
  await withServer(async (connect, seen) => {
    const connection = await connect();
    await send(connection, 'POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc');
    connection.end();
    assert.is(await receiveAll(connection), replyTo('/b abc'));
    connection.close();
    assert.equal(seen.errors, []);
  });
});

test('beyond the most connections a few get a 503, and stopping ends idle ones', async () => {
  await withServer(async (connect, seen, server) => {
    const connections = await Promise.all([connect(), connect(), connect(), connect()]);
    for (const connection of connections) {
      await send(connection, get);
      assert.ok((await connection.read()) !== null);
    }
    const surplus = [];
    for (let count = 0; count < 16; count += 1) surplus.push(await connect());
    for (const connection of surplus.slice(1)) await send(connection, get);
    for (const connection of surplus.slice(1)) {
      assert.is(await receiveAll(connection), refusal(503, 'Service Unavailable'));
    }
    assert.is(seen.requests.length, 4, 'the application heard of none of them');
    connections.shift()?.close();
    while (true) {
      const next = await connect();
      await send(next, get);
      const reply = await next.read();
      connections.push(next);
      if (decodeLatin1(reply as Uint8Array).startsWith('HTTP/1.1 201')) break;
    }
    await server.stop(1e9);
    for (const connection of connections) assert.is(await connection.read().catch(() => null), null);
    for (const connection of [...connections, ...surplus]) connection.close();
  });
});
