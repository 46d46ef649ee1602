/**
 * The Kafka face as one hono application, put together from the dialects that a build wants:
 * `kafkaApp(deps, [registerStreambed, registerV2, registerV3])`. The order matters where two dialects share a path:
 * a handler that finds the request is not in its dialect calls `next()`.
 *
 * It sees the contract of the log, the clock, randomness and byte work, and never a file or a socket.
 */
import type { Context } from 'hono';
import { HonoBase } from 'hono/hono-base';
import { getPath } from 'hono/utils/url';
import type { Hono } from 'hono/tiny';
import type { SecretServer } from '../confidant/secret-store.ts';
import type { CommitLog, Signal } from '../logged/commit-log.ts';
import type { Bytes, Clock, Random } from '../targets/host.ts';
import { AccessControl } from './kafka/access.ts';
import { KafkaHttpError, plainError, printError, toHttpError } from './kafka/errors.ts';
import { errorType } from './kafka/media-types.ts';
import { WaitGate } from './kafka/wait-gate.ts';
import { jsonReply } from './kafka/wire.ts';
import type { KafkaLimits } from './limits.ts';
import type { HttpEnv } from './request-body.ts';
import { SegmentRouter } from './segment-router.ts';

export interface KafkaDeps {
  readonly log: CommitLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly bytes: Bytes;
  readonly limits: KafkaLimits;
  /** Aborted when the service stops: open streams and long polls end then. */
  readonly stopping: Signal;
  /** Tells the operator about what no client can be told, one line each. */
  readonly report: (line: string) => void;
  /** What `offsets` means to a client that asks for any type: A1.2 of streambed, or Confluent's. */
  readonly wildcardDialect: 'streambed' | 'confluent';
  /** `cluster_id` of v3. */
  readonly clusterId: string;
  /** scheme://host[:port] in absolute URLs; left out: as the request's Host says. */
  readonly advertisedUrl?: string | undefined;
  /** Asked whether a request's token may do what it asks for; null or left out: everybody may do everything. */
  readonly guard?: SecretServer | null | undefined;
  /** Only the service itself writes it, and clients may read it. */
  readonly keptTopic?: string | null | undefined;
}

/** Consumers of a group that are known to this process, for v3's lists. */
export interface GroupMember {
  readonly consumerId: string;
  readonly assignments: readonly { readonly topic: string; readonly partition: number }[];
}

export interface GroupMembers {
  groups(): readonly string[];
  of(group: string): readonly GroupMember[];
}

/** What the dialects share. */
export interface KafkaContext extends KafkaDeps {
  readonly waits: WaitGate;
  readonly access: AccessControl;
  /** Set by the dialect that has consumer instances; nobody before that. */
  members: GroupMembers;
}

export type KafkaDialect = (app: Hono, context: KafkaContext) => void;

const noMembers: GroupMembers = { groups: () => [], of: () => [] };
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];

export function kafkaApp(deps: KafkaDeps, dialects: readonly KafkaDialect[]): Hono {
  const app: Hono = new HonoBase({ router: new SegmentRouter(), getPath: pathOf });
  const access = new AccessControl(deps.guard ?? null, deps.bytes, deps.keptTopic ?? null);
  const context: KafkaContext = { ...deps, waits: new WaitGate(deps.limits.waits), access, members: noMembers };
  app.get('/', () => jsonReply('{}'));
  app.get('/status/ready', () => new Response(null));
  for (const register of dialects) register(app, context);
  app.notFound((c) => errorReply(c, unmatched(app, c)));
  app.onError((error, c) => errorReply(c, toHttpError(error, isV3(c) ? 'v3' : 'v2'), deps.report));
  const route = app.fetch;
  // Not a middleware of hono, which would cost every request more than this.
  app.fetch = (request, ...rest) => {
    const refusal = refusalOf(request, deps);
    if (refusal !== null) return jsonReply(printError(refusal), refusal.status);
    if (!access.isOn) return route(request, ...rest);
    const { remoteAddress = '' } = (rest[0] ?? {}) as HttpEnv;
    return admitted(request, remoteAddress, () => route(request, ...rest));
  };
  async function admitted(
    request: Request,
    remoteAddress: string,
    answer: () => Response | Promise<Response>,
  ): Promise<Response> {
    try {
      await access.admit(request, remoteAddress);
    } catch (error) {
      const refusal = toHttpError(error, 'v2');
      const response = jsonReply(printError(refusal), refusal.status);
      if (refusal.status === 401) response.headers.set('WWW-Authenticate', 'Basic realm="streambed"');
      if (refusal.status >= 500) deps.report(`access: ${causeOf(refusal)}`);
      return response;
    }
    return answer();
  }
  return app;
}

function refusalOf({ url, headers }: Request, { limits, advertisedUrl }: KafkaDeps): KafkaHttpError | null {
  if (url.length > limits.urlLength)
    return new KafkaHttpError(414, `URL is longer than ${limits.urlLength} characters`);
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    return new KafkaHttpError(415, `content encoding ${encoding} is not understood`);
  }
  const origin = headers.get('origin');
  if (origin === null || origin === new URL(url).origin) return null;
  if (advertisedUrl !== undefined && origin === new URL(advertisedUrl).origin) return null;
  // Browsers let any page send simple requests to any address, a router's and this machine's own included.
  return new KafkaHttpError(403, 'pages of other origins are not served');
}

/** Without what Confluent's cloud has in front of `/v3`. */
function pathOf(request: Request): string {
  const path = getPath(request);
  return path.startsWith('/kafka/v3') ? path.slice('/kafka'.length) : path;
}

function isV3(c: Context): boolean {
  return c.req.path.startsWith('/v3');
}

function unmatched(app: Hono, c: Context): KafkaHttpError {
  const path = c.req.path;
  const known = methods.filter((method) => app.router.match(method, path)[0].length > 0);
  if (known.length === 0) return plainError(404);
  // Every dialect of the route has passed it on: it is in none of their types.
  if (known.includes(c.req.method)) return plainError(415);
  return plainError(405);
}

/** The error as the client gets it; what it does not get is reported. */
export function errorReply(c: Context, error: KafkaHttpError, report?: (line: string) => void): Response {
  if (error.status >= 500) report?.(`${c.req.method} ${c.req.path}: ${causeOf(error)}`);
  return jsonReply(printError(error), error.status, isV3(c) ? 'application/json' : errorType(c.req.header('accept')));
}

function causeOf(error: KafkaHttpError): string {
  const { cause } = error;
  // What the log has a code for is no mistake in here: where it came from helps nobody.
  if (!(cause instanceof Error) || 'code' in cause) return error.message;
  const { message, stack = '' } = cause;
  // On QuickJS the stack does not begin with the message.
  return stack.includes(message) ? stack : `${String(cause)}\n${stack}`;
}
