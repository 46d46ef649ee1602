/**
 * The Vault face: turns HTTP requests into the store's and its replies into Vault's. What is allowed to whom, and all
 * else, is the store's: this file knows no path but for the status of `sys/health`.
 */
import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import { type SecretServer, SecretStoreError, type StoreReply, type StoreRequest } from '../confidant/secret-store.ts';
import type { Bytes, Random } from '../targets/host.ts';
import type { HttpEnv } from './request-body.ts';
import { randomUuid } from './uuid.ts';
import { errorBody, healthStatus, replyBody, replyStatus, statusOf } from './vault/replies.ts';
import { fieldsOf, operationOf, pathOf, tokenOf } from './vault/requests.ts';

export interface VaultDeps {
  readonly server: SecretServer;
  readonly bytes: Bytes;
  readonly random: Random;
  /** The most bytes of a request body: 413. */
  readonly bodyBytes: number;
  /** The longest URL, query included: 414. */
  readonly urlLength: number;
  /** Tells the operator what no client can be told, one line each. Never holds a secret. */
  readonly report: (line: string) => void;
}

export function vaultApp(deps: VaultDeps): Hono {
  const app = new Hono();
  app.all('*', (c) => respond(c, deps));
  app.onError((error, c) => failure(c, error, deps));
  return app;
}

async function respond(c: Context, deps: VaultDeps): Promise<Response> {
  const refusal = refusalOf(c, deps);
  if (refusal !== null) return refusal;
  const query = c.req.query();
  const request: StoreRequest = {
    id: randomUuid(deps.random),
    operation: operationOf(c.req.method, query),
    path: pathOf(new URL(c.req.url).pathname),
    data: await fieldsOf(c, query, deps.bytes, deps.bodyBytes),
    token: tokenOf(c),
    remoteAddress: ((c.env ?? {}) as HttpEnv).remoteAddress ?? '',
    wrapTtl: c.req.header('x-vault-wrap-ttl') ?? null,
  };
  const reply = await deps.server.handle(request);
  const status = request.path === 'sys/health' ? healthStatus(reply.data ?? {}, query) : replyStatus(reply);
  return write(c, status, bodyOf(reply, request));
}

function bodyOf(reply: StoreReply, { path, id }: StoreRequest): string | null {
  return replyBody(reply, path, id, (ms) => new Date(ms).toISOString());
}

/** What is not for the store to decide. */
function refusalOf(c: Context, { urlLength }: VaultDeps): Response | null {
  const refuse = (status: number, text: string): Response => write(c, status, JSON.stringify({ errors: [text] }));
  const { method, url } = c.req;
  if (url.length > urlLength) return refuse(414, `URL is longer than ${urlLength} characters`);
  const origin = c.req.header('origin');
  // Browsers let any page send simple requests to any address, a router's and this machine's own included.
  if (origin !== undefined && origin !== new URL(url).origin)
    return refuse(403, 'pages of other origins are not served');
  const namespace = (c.req.header('x-vault-namespace') ?? '').replace(/^\/|\/$/g, '');
  if (namespace !== '' && namespace !== 'root') return refuse(404, 'no such namespace');
  const encoding = c.req.header('content-encoding');
  if (encoding !== undefined && encoding !== 'identity') return refuse(415, 'content encoding is not understood');
  const type = c.req.header('content-type') ?? '';
  if (method === 'PATCH' && !/^application\/merge-patch\+json\b/i.test(type)) {
    return refuse(415, 'PATCH requests need the content type application/merge-patch+json');
  }
  return null;
}

function failure(c: Context, error: unknown, { report }: VaultDeps): Response {
  if (!(error instanceof SecretStoreError)) {
    report(`${c.req.method}: ${error instanceof Error ? `${error.name} ${error.stack ?? ''}` : 'unknown failure'}`);
    return write(c, 500, JSON.stringify({ errors: ['internal error'] }));
  }
  const status = statusOf(error);
  if (status === 500) report(`${error.code}: ${error.message}${causeOf(error)}`);
  const response = write(c, status, errorBody(error));
  if (error.code === 'busy')
    response.headers.set('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  return response;
}

function causeOf({ cause }: SecretStoreError): string {
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
}

/** The bare type: hvac reads the body of an error only then. */
function write(c: Context, status: number, body: string | null): Response {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
  if (body === null || status === 204 || status === 304) {
    const empty = body === null ? 204 : status;
    return new Response(null, { status: empty, headers: { 'Cache-Control': 'no-store' } });
  }
  return new Response(c.req.method === 'HEAD' ? null : body, { status, headers });
}
