/** An HTTP server of the QuickJS target with an application that does what the path says, for the suites about it. */
import type { Clock, Connection, Host } from '../../targets/host.ts';
import { type HttpEnv, HttpServer } from '../../targets/quickjs/http1/server.ts';
import { type BodyStream, type WebRequest, WebResponse } from '../../targets/quickjs/web/messages.ts';
import { WebReadableStream } from '../../targets/quickjs/web/readable-stream.ts';

/** What the application saw and what it threw. */
export interface Seen {
  readonly requests: string[];
  readonly errors: unknown[];
}

export type Use = (connect: () => Promise<Connection>, seen: Seen, server: HttpServer) => Promise<void>;

export interface Machine extends Pick<Host, 'net' | 'clock' | 'bytes'> {
  readonly decodeLatin1: (bytes: Uint8Array, start?: number, end?: number) => string;
}

/** One character per byte; the C host has its own. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] as number);
  return text;
}

export async function withServer(machine: Machine, use: Use): Promise<void> {
  const { net, clock, bytes, decodeLatin1 } = machine;
  const seen: Seen = { requests: [], errors: [] };
  const server = await HttpServer.start({
    address: { host: '127.0.0.1', port: 0 },
    fetch: (request, env) => answer(machine, request, env, seen),
    refusal: (status) => `refused ${status}`,
    report: (error) => seen.errors.push(error),
    maxConnections: 4,
    maxAtOnce: 2,
    maxHeaderBytes: 2048,
    net,
    clock,
    encodeUtf8: (text) => bytes.encodeUtf8(text),
    decodeLatin1,
  });
  try {
    await use(() => net.connect(server.address), seen, server);
  } finally {
    await server.stop(0);
  }
}

/** Answers with what it got, or does what the path says. */
async function answer(machine: Machine, request: WebRequest, env: HttpEnv, seen: Seen): Promise<WebResponse> {
  const path = request.url.replace(/^http:\/\/[^/]*/, '');
  seen.requests.push(`${request.method} ${request.url}`);
  if (path === '/ignore') return new WebResponse('ignored');
  if (path === '/throw') throw new Error('on purpose');
  if (path === '/inject') return new WebResponse('x', { headers: { 'x-evil': 'a\r\nb: c' } });
  if (path === '/stream') return new WebResponse(streamOf(machine, ['chunk 1', 'chunk 2', 'chunk 3']));
  if (path === '/broken') return new WebResponse(streamOf(machine, ['begun', new Error('broken on purpose')]));
  if (path === '/large') return new WebResponse(new Uint8Array(1_000_000));
  if (path === '/endless') return new WebResponse(streamOf(machine, Array(1000).fill('x'.repeat(1000)) as string[]));
  if (path === '/later') await later(machine.clock);
  if (path === '/gone') {
    await new Promise<void>((resolve) => request.signal.addEventListener('abort', resolve));
    return new WebResponse('gone');
  }
  const body = request.method === 'GET' ? await env.readBody(99) : new Uint8Array(await request.arrayBuffer());
  return new WebResponse(`${path} ${body === null ? 'too long' : machine.decodeLatin1(body)}`, { status: 201 });
}

/** An application that thinks for a quarter of an hour. */
function later(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.timer(900_000, resolve);
  });
}

function streamOf({ bytes }: Machine, chunks: readonly (string | Error)[]): BodyStream {
  let count = 0;
  const stream = new WebReadableStream<Uint8Array>({
    pull: (controller) => {
      const chunk = chunks[count];
      count += 1;
      if (chunk instanceof Error) throw chunk;
      if (chunk === undefined) controller.close();
      else controller.enqueue(bytes.encodeUtf8(chunk));
    },
  });
  return stream as BodyStream;
}

export async function send(connection: Connection, text: string): Promise<void> {
  await connection.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

/** All that comes until the server ends the connection, without the date. */
export async function receiveAll(connection: Connection): Promise<string> {
  let text = '';
  for (let bytes = await connection.read(); bytes !== null; bytes = await connection.read()) text += latin1(bytes);
  return text.replaceAll(/date: .*\r\n/g, '');
}
