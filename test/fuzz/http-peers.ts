/** The two HTTP servers that get the same bytes, in memory, and what each makes of them. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { Duplex } from 'node:stream';
import { nodeBytes } from '../../targets/node/bytes.ts';
import { HttpServer } from '../../targets/quickjs/http1/server.ts';
import { WebResponse } from '../../targets/quickjs/web/messages.ts';
import { latin1, send } from '../quickjs/http1-server.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';

export const maxHeaderBytes = 4096;

/** A request whose body came whole. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface Outcome {
  readonly requests: readonly Received[];
  /** Whether something behind them was refused, a request that ends early too; not so what comes behind a last one. */
  readonly isRefused: boolean;
}

const fallbackHost = '127.0.0.1:49152';

export async function askOurs(pieces: readonly string[]): Promise<Outcome> {
  const requests: Received[] = [];
  const { net, clock } = new MemoryDisk().host();
  const server = await HttpServer.start({
    address: { host: '127.0.0.1', port: 49152 },
    fetch: async (request, { readBody }) => {
      const body = request.method === 'GET' ? await readBody(1e6) : await request.arrayBuffer();
      const { method, url, headers } = request;
      requests.push({ method, url, headers: [...headers], body: latin1(new Uint8Array((body ?? []) as ArrayBuffer)) });
      return new WebResponse('');
    },
    refusal: () => '',
    report: () => {},
    maxConnections: 1,
    maxAtOnce: 1,
    maxHeaderBytes,
    net,
    clock,
    encodeUtf8: nodeBytes.encodeUtf8,
    decodeLatin1: latin1,
  });
  const connection = await net.connect(server.address);
  const replies = readAll(() => connection.read().catch(() => null));
  for (const piece of pieces) await send(connection, piece).catch(() => {});
  connection.end();
  const isRefused = /HTTP\/1\.1 [45]/.test(await replies);
  connection.close();
  await server.stop(0);
  return { requests, isRefused };
}

async function readAll(read: () => Promise<Uint8Array | null>): Promise<string> {
  let text = '';
  for (let bytes = await read(); bytes !== null; bytes = await read()) text += latin1(bytes);
  return text;
}

export async function askNode(pieces: readonly string[]): Promise<Outcome> {
  const requests: Received[] = [];
  let isRefused = false;
  let isOver = false;
  let isStopped = false;
  // Later, as what came before it is still on its way to the listeners of its request.
  const refuse = (socket: Duplex): void => {
    isStopped = true;
    setImmediate(() => {
      isRefused ||= !isOver;
      socket.destroy();
    });
  };
  const server = createServer({ insecureHTTPParser: false, requireHostHeader: true, maxHeaderSize: maxHeaderBytes });
  const receive: RequestListener = (incoming, outgoing) => {
    if (isStopped) return;
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => {});
    incoming.on('end', () => {
      if (!isOver) requests.push(receivedBy(incoming, Buffer.concat(chunks)));
      isOver ||= !outgoing.shouldKeepAlive;
      outgoing.end();
    });
  };
  server.on('request', receive);
  server.on('checkContinue', receive);
  server.on('checkExpectation', ({ socket }: IncomingMessage) => refuse(socket));
  server.on('connect', (_incoming, socket: Duplex) => refuse(socket));
  server.on('clientError', (_error, socket: Duplex) => refuse(socket));
  const socket = new Duplex({
    read: () => {},
    write: (reply: Buffer, _encoding, done) => {
      isRefused ||= reply.toString('latin1').startsWith('HTTP/1.1 4');
      done();
    },
  });
  const closed = once(socket, 'close');
  socket.on('error', () => {});
  server.emit('connection', socket);
  for (const piece of pieces) {
    socket.push(piece, 'latin1');
    await turn();
  }
  for (let turns = 0; turns < 5; turns += 1) await turn();
  socket.push(null);
  await closed;
  return { requests, isRefused };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The header fields as the Node target hands them on: those of one name in one. */
function receivedBy({ method = '', url = '', rawHeaders }: IncomingMessage, body: Buffer): Received {
  const headers = new Map<string, string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    const before = headers.get(name);
    const value = rawHeaders[at + 1] ?? '';
    headers.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  const origin = url.startsWith('/') ? `http://${headers.get('host') || fallbackHost}` : '';
  return { method, url: `${origin}${url}`, headers: [...headers], body: body.toString('latin1') };
}
