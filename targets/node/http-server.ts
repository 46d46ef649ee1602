/**
 * An HTTP server on Node for an application that is a function from Request to Response: what Node's server must be
 * told so that the clients of this service are served well, what it must refuse, and how it stops.
 */
import { createServer, type IncomingMessage, STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { acceptListMethod } from './method-rewrite.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** `env` is what hono hands on as `c.env`. */
  readonly fetch: (request: Request, env: HttpEnv) => Response | Promise<Response>;
  /** The JSON body of a refusal that the application does not get to see. */
  readonly refusal: (status: number) => string;
  /** A few more are told so with 503; beyond those there is no answer at all. */
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  /** Whether clients may use the method LIST, which costs a little of every request. */
  readonly hasListMethod: boolean;
}

export interface HttpEnv {
  /** The body of a GET, which a Request cannot carry; null when it is above the limit. */
  readonly readBody?: (limit: number) => Promise<Uint8Array | null>;
  readonly remoteAddress: string;
}

export interface HttpServer {
  readonly address: { readonly host: string; readonly port: number };
  /**
   * Accepts nothing new, lets the requests under way finish for `graceMs`, and drops what is left. Whoever streams
   * must have been told to end. Resolves when no connection is left.
   */
  stop(graceMs: number): Promise<void>;
}

/** Clients keep idle connections for up to 90 s; one that we close first meets a request that is on its way. */
const keepAliveTimeoutMs = 120_000;
const headersTimeoutMs = 30_000;
/** A body whose length is known must keep coming. (Those without may be streams that pause as they like.) */
const stalledBodyMs = 60_000;
const keepAliveProbeMs = 30_000;
/** How often connections that have become idle are closed while the server stops. */
const idleCheckMs = 100;
/** How many connections above the limit may wait for their refusal. */
const spareConnections = 16;

/** Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const serve = getRequestListener((request, { incoming }) => options.fetch(request, envOf(incoming)), {
    hostname: options.host,
    errorHandler: () => refuse(options, 400),
  });
  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      requestTimeout: 0,
      maxHeaderSize: options.maxHeaderBytes,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveProbeMs,
    },
    (incoming, outgoing) => {
      if (surplus.has(incoming.socket)) return void incoming.socket.end(refusalBytes(options, 503));
      watchBody(incoming);
      void serve(incoming, outgoing as ServerResponse);
    },
  );
  server.maxConnections = options.maxConnections + spareConnections;
  const surplus = markSurplus(server, options.maxConnections);
  const answering = countAnswers(server);
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    const status = statusOf(error);
    // Half a reply is out already, or nobody is there to read one.
    if (!socket.writable || status === null || answering.has(socket)) socket.destroy();
    else socket.end(refusalBytes(options, status));
  });
  if (options.hasListMethod) acceptListMethod(server);
  await listen(server, options);
  const { address: host, port } = server.address() as AddressInfo;
  return { address: { host, port }, stop: (graceMs) => stop(server, graceMs) };
}

function envOf(incoming: unknown): HttpEnv {
  const request = incoming as IncomingMessage;
  const remoteAddress = request.socket.remoteAddress ?? '';
  return request.method === 'GET'
    ? { remoteAddress, readBody: (limit) => readBody(request, limit) }
    : { remoteAddress };
}

async function readBody(incoming: IncomingMessage, limit: number): Promise<Uint8Array | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function watchBody(incoming: IncomingMessage): void {
  if ((incoming.headers['content-length'] ?? '0') === '0') return;
  incoming.socket.setTimeout(stalledBodyMs);
  incoming.once('end', () => incoming.socket.setTimeout(0));
}

/** The connections that are too many. */
function markSurplus(server: Server, most: number): { has(socket: Socket): boolean } {
  const surplus = new WeakSet<Socket>();
  let open = 0;
  server.on('connection', (socket: Socket) => {
    if (open >= most) return surplus.add(socket);
    open += 1;
    return socket.once('close', () => {
      open -= 1;
    });
  });
  return surplus;
}

/** The connections with a reply under way. */
function countAnswers(server: Server): ReadonlySet<Socket> {
  const answering = new Set<Socket>();
  server.prependListener('request', ({ socket }: IncomingMessage, outgoing: ServerResponse) => {
    answering.add(socket);
    outgoing.once('close', () => answering.delete(socket));
    if (!server.listening) outgoing.shouldKeepAlive = false;
  });
  return answering;
}

/** Null: not worth an answer. */
function statusOf(error: NodeJS.ErrnoException & { rawPacket?: Buffer }): number | null {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 431;
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  if (!error.code?.startsWith('HPE_')) return null;
  const isRequest = /^[A-Z-]+ \S+ HTTP\/1\.[01]\r\n/.test(error.rawPacket?.subarray(0, 8192).toString('latin1') ?? '');
  return error.code === 'HPE_INVALID_METHOD' && isRequest ? 405 : 400;
}

function refuse({ refusal }: HttpServerOptions, status: number): Response {
  return new Response(refusal(status), { status, headers: { 'content-type': 'application/json' } });
}

function refusalBytes({ refusal }: HttpServerOptions, status: number): string {
  const body = refusal(status);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // Connections that look idle may have a request in the kernel that is not read yet: not at once, as `close` of the
    // HTTP server itself does.
    const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
    const grace = setTimeout(() => server.closeAllConnections(), graceMs);
    NetServer.prototype.close.call(server, () => {
      clearInterval(idle);
      clearTimeout(grace);
      resolve();
    });
  });
}
