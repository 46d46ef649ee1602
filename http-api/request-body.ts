/** Reading the body of a request as a whole, up to a limit, for every face. */
import type { Context } from 'hono';

/** What a server hands down beside the request, as hono's `env`. */
export interface HttpEnv {
  /**
   * The whole body; null when it is longer. There for the body of a GET, which Confluent's clients send and the web's
   * Request cannot carry, and wherever a server has a shorter way to it than by a Request.
   */
  readonly readBody?: ((limit: number) => Promise<Uint8Array | null>) | undefined;
  /** The IP address of the client. */
  readonly remoteAddress?: string;
}

/** Null: it is larger than the limit. */
export function readBody(c: Context, limit: number): Promise<Uint8Array | null> {
  const { readBody: readShort } = (c.env ?? {}) as HttpEnv;
  return readShort === undefined ? readRequest(c, limit) : readShort(limit);
}

async function readRequest(c: Context, limit: number): Promise<Uint8Array | null> {
  if (c.req.method === 'GET') return new Uint8Array(0);
  const declared = c.req.header('content-length');
  if (declared !== undefined) {
    // The HTTP server holds the client to the length that it declared.
    return Number(declared) > limit ? null : new Uint8Array(await c.req.raw.arrayBuffer());
  }
  const body = c.req.raw.body;
  return body === null ? new Uint8Array(0) : readStream(body.getReader(), limit);
}

async function readStream(reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (value === undefined) continue;
    length += value.length;
    if (length > limit) {
      reader.releaseLock();
      return null;
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
