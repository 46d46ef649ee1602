/**
 * Who may do what on the Kafka side, when the operator asks for tokens of the secret store: its policies decide on
 *
 *   kafka/topics/<topic>   create: produce; read: consume and describe; update: create and alter; delete
 *   kafka/topics/          list: the names of all topics
 *   kafka/groups/<group>   update: consume and commit as one of the group; read: its offsets and lags
 *   kafka/groups/          list: the names of all groups
 *
 * Everything asks for a live token, in `X-Vault-Token`, as Bearer, or as the password of Basic, which is what Kafka's
 * REST clients know. What the URL names is judged before the request reaches its route, what only the body or an
 * instance names by the route (`permit`). A stream that is open goes on when its token ends.
 *
 * A kept topic is written by the service alone: whoever asks, here it can only be read.
 */
import type { Context } from 'hono';
import type { Authority, Operation, SecretServer } from '../../confidant/secret-store.ts';
import { SecretStoreError } from '../../confidant/secret-store.ts';
import type { Bytes } from '../../targets/host.ts';
import { KafkaHttpError } from './errors.ts';

interface Demand {
  readonly path: string;
  readonly operation: Operation;
}

export class AccessControl {
  readonly #guard: SecretServer | null;
  readonly #bytes: Bytes;
  readonly #keptPath: string | null;
  /** Of the requests that are under way. */
  readonly #authorities = new WeakMap<Request, Authority>();

  constructor(guard: SecretServer | null, bytes: Bytes, keptTopic: string | null) {
    this.#guard = guard;
    this.#bytes = bytes;
    this.#keptPath = keptTopic === null ? null : pathOf(keptTopic);
  }

  get isOn(): boolean {
    return this.#guard !== null || this.#keptPath !== null;
  }

  /** Lets a request through, or throws 401, 403, or 503 while the store is sealed. */
  async admit(request: Request, remoteAddress: string): Promise<void> {
    const authority = this.#guard === null ? null : await this.#identify(this.#guard, request, remoteAddress);
    const demand = demandOf(request.method, segmentsOf(request.url));
    if (demand !== null) {
      if (authority !== null && !authority.may(demand.path, demand.operation)) throw forbidden();
      this.#keep(demand);
    }
    if (authority !== null) this.#authorities.set(request, authority);
  }

  async #identify(guard: SecretServer, request: Request, remoteAddress: string): Promise<Authority> {
    const token = tokenOf(request, this.#bytes);
    if (token === null) throw new KafkaHttpError(40101, 'Unauthorized: a token is needed');
    try {
      return await guard.authorize(token, remoteAddress);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** Throws 403 unless the request's token may do this with all of the topics. */
  permit(c: Context, operation: Operation, topics: Iterable<string>): void {
    if (!this.isOn) return;
    for (const topic of topics) {
      const path = pathOf(topic);
      if (this.#guard !== null && !this.#may(c, path, operation)) throw forbidden();
      this.#keep({ path, operation });
    }
  }

  #keep({ path, operation }: Demand): void {
    if (path === this.#keptPath && operation !== 'read') {
      throw new KafkaHttpError(40301, 'Forbidden: the topic is kept by the service, and can only be read');
    }
  }

  permitGroup(c: Context, operation: Operation, group: string): void {
    if (this.#guard !== null && !this.#may(c, `kafka/groups/${group}`, operation)) throw forbidden();
  }

  #may(c: Context, path: string, operation: Operation): boolean {
    return this.#authorities.get(c.req.raw)?.may(path, operation) === true;
  }
}

function pathOf(topic: string): string {
  return `kafka/topics/${topic}`;
}

function forbidden(): KafkaHttpError {
  return new KafkaHttpError(40301, 'Forbidden: no policy of this token allows it');
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof SecretStoreError)) return error;
  if (error.code === 'forbidden') return new KafkaHttpError(40101, 'Unauthorized: the token is not alive', error);
  const isClosed = error.code === 'sealed' || error.code === 'uninitialized';
  return isClosed ? new KafkaHttpError(50302, 'The secret store is sealed', error) : error;
}

function tokenOf({ headers }: Request, { decodeBase64, decodeUtf8 }: Bytes): string | null {
  const own = headers.get('x-vault-token');
  if (own !== null && own !== '') return own;
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? [];
  if (scheme === '') return null;
  if (scheme.toLowerCase() === 'bearer') return value;
  try {
    return /^[^:]*:(.+)$/s.exec(decodeUtf8(decodeBase64(value)))?.[1] ?? null;
  } catch {
    return null;
  }
}

function segmentsOf(url: string): string[] {
  try {
    return new URL(url).pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    throw new KafkaHttpError(400, 'invalid URL escape');
  }
}

/** What the URL asks for; null: nothing that has a name. */
function demandOf(method: string, segments: readonly string[]): Demand | null {
  const isRead = method === 'GET' || method === 'HEAD';
  const v3 = segments[0] === 'kafka' ? segments.slice(1) : segments;
  if (v3[0] === 'v3') return demandOfV3(method, isRead, v3.slice(3));
  const [kind, name, ...rest] = segments;
  if (kind === 'topics') {
    if (name === undefined) return { path: 'kafka/topics/', operation: 'list' };
    return { path: pathOf(name), operation: isRead ? 'read' : 'create' };
  }
  if (kind === 'consumers' && name !== undefined) {
    return { path: `kafka/groups/${name}`, operation: isRead && rest[0] === 'offsets' ? 'read' : 'update' };
  }
  return null;
}

function demandOfV3(method: string, isRead: boolean, [kind, name, ...rest]: readonly string[]): Demand | null {
  if (kind === 'topics') {
    if (name === undefined || name === '-') return isRead ? { path: 'kafka/topics/', operation: 'list' } : null;
    const path = pathOf(name);
    if (isRead) return { path, operation: 'read' };
    if (rest[0]?.startsWith('records') === true) return { path, operation: 'create' };
    return { path, operation: method === 'DELETE' && rest.length === 0 ? 'delete' : 'update' };
  }
  if (kind !== 'consumer-groups') return null;
  if (name === undefined) return { path: 'kafka/groups/', operation: 'list' };
  return { path: `kafka/groups/${name}`, operation: 'read' };
}
