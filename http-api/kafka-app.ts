/**
 * The Kafka face as one hono application, put together from the dialects that a build wants:
 * `kafkaApp(deps, [registerStreambed, registerV2, registerV3])`. The order matters where two dialects share a path:
 * a handler that finds the request is not in its dialect calls `next()`.
 *
 * It sees the contract of the log, the clock, randomness and byte work, and never a file or a socket.
 */
import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import type { CommitLog, Signal } from '../logged/commit-log.ts';
import type { Bytes, Clock, Random } from '../targets/host.ts';
import { type KafkaHttpError, KafkaHttpError as HttpError, toHttpError } from './kafka/errors.ts';
import { errorType } from './kafka/media-types.ts';
import { WaitGate } from './kafka/wait-gate.ts';
import { jsonReply } from './kafka/wire.ts';
import type { KafkaLimits } from './limits.ts';

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
  /** Set by the dialect that has consumer instances; nobody before that. */
  members: GroupMembers;
}

export type KafkaDialect = (app: Hono, context: KafkaContext) => void;

const noMembers: GroupMembers = { groups: () => [], of: () => [] };
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];

export function kafkaApp(deps: KafkaDeps, dialects: readonly KafkaDialect[]): Hono {
  const app = new Hono();
  const context: KafkaContext = { ...deps, waits: new WaitGate(deps.limits.waits), members: noMembers };
  app.get('/', () => jsonReply('{}'));
  app.get('/status/ready', () => new Response(null));
  for (const register of dialects) register(app, context);
  app.notFound((c) => errorReply(c, unmatched(app, c, deps.limits)));
  app.onError((error, c) => errorReply(c, toHttpError(error, isV3(c) ? 'v3' : 'v2'), deps.report));
  return app;
}

function isV3(c: Context): boolean {
  return c.req.path.startsWith('/v3') || c.req.path.startsWith('/kafka/v3');
}

function unmatched(app: Hono, c: Context, limits: KafkaLimits): KafkaHttpError {
  const path = c.req.path;
  if (path.length > limits.pathLength) return new HttpError(414, `path is longer than ${limits.pathLength} characters`);
  const known = methods.filter((method) => app.router.match(method, path)[0].length > 0);
  if (known.length === 0) return new HttpError(404, 'HTTP 404 Not Found');
  // Every dialect of the route has passed it on: it is in none of their types.
  if (known.includes(c.req.method)) return new HttpError(415, 'HTTP 415 Unsupported Media Type');
  return new HttpError(405, 'HTTP 405 Method Not Allowed');
}

/** The error as the client gets it; what it does not get is reported. */
export function errorReply(c: Context, error: KafkaHttpError, report?: (line: string) => void): Response {
  if (error.status >= 500) report?.(`${c.req.method} ${c.req.path}: ${causeOf(error)}`);
  const body = JSON.stringify({ error_code: error.errorCode, message: error.message });
  return jsonReply(body, error.status, isV3(c) ? 'application/json' : errorType(c.req.header('accept')));
}

function causeOf(error: KafkaHttpError): string {
  return error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message;
}
