/**
 * The one place that every request passes: finds the route, asks token and policies whether it may be answered, has
 * it audited, runs it, and wraps the reply where that was asked. No engine answers anybody by another way.
 */
import type { TokenEntry } from '../identity/token-entry.ts';
import type { Tokens } from '../identity/tokens.ts';
import type { Acl } from '../policy/acl.ts';
import { isSudoPath } from '../policy/sudo-paths.ts';
import {
  type Authority,
  type Operation,
  type SecretServer,
  SecretStoreError,
  type StoreReply,
  type StoreRequest,
} from '../secret-store.ts';
import { parseSeconds } from '../wire/durations.ts';
import type { Audit } from './audit.ts';
import { Input } from './input.ts';
import type { MountTable } from './mount-table.ts';
import type { PolicySet } from './policy-set.ts';
import type { Call, Caller, Engine } from './route.ts';
import { matchRoute, type RouteMatch } from './route-table.ts';
import { gone, WRAPPING_POLICY, type Wrapping } from './wrapping.ts';

const LONGEST_PATH = 1024;
const REPLACED = "Endpoint replaced the value of these parameters with the values captured from the endpoint's path";
/** Of the values in a request: what is deeper overflows the stack somewhere. */
const DEEPEST = 64;

/** What there is only while the store is unsealed. */
export interface Unsealed {
  readonly tokens: Tokens;
  readonly policies: PolicySet;
  readonly wrapping: Wrapping;
}

export interface RequestCoreParts {
  readonly mounts: MountTable;
  /** Errors: `sealed`, `uninitialized`. */
  readonly unsealed: () => Unsealed;
  readonly audit: Audit | null;
}

interface Target {
  readonly path: string;
  readonly found: { readonly mount: string; readonly engine: Engine } | null;
  readonly match: RouteMatch | null;
}

export class RequestCore implements SecretServer {
  readonly #parts: RequestCoreParts;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(parts: RequestCoreParts) {
    this.#parts = parts;
  }

  /** Resolves when what is asked of the unsealed store by now has been answered. */
  settled(): Promise<unknown> {
    return Promise.allSettled(this.#underWay);
  }

  async handle(request: StoreRequest): Promise<StoreReply> {
    const { audit } = this.#parts;
    if (!isShallow(request.data, DEEPEST)) throw new SecretStoreError('invalid', 'the data are nested too deeply');
    await audit?.asked(request);
    const seen: { entry: TokenEntry | null } = { entry: null };
    let reply: StoreReply;
    try {
      reply = await this.#answer(request, seen);
    } catch (error) {
      await audit?.answered(request, seen.entry, error as Error);
      throw error;
    }
    await audit?.answered(request, seen.entry, reply);
    return reply;
  }

  async authorize(token: string, remoteAddress: string): Promise<Authority> {
    const { tokens, policies } = this.#parts.unsealed();
    const acl = policies.acl((await tokens.use(token, remoteAddress)).policies);
    return { may: (path, operation) => acl.allows({ path: pathOf(path, operation), operation }) };
  }

  async #answer(request: StoreRequest, seen: { entry: TokenEntry | null }): Promise<StoreReply> {
    const target = this.#target(request);
    if (target.match?.route.worksSealed === true) return this.#answerAs(request, seen, target);
    this.#parts.unsealed();
    const answer = this.#answerAs(request, seen, target);
    this.#underWay.add(answer);
    try {
      return await answer;
    } finally {
      this.#underWay.delete(answer);
    }
  }

  async #answerAs(request: StoreRequest, seen: { entry: TokenEntry | null }, target: Target): Promise<StoreReply> {
    const route = target.match?.route;
    const input = new Input(request.data);
    const call = { ...this.#callOf(request, target, input), caller: null };
    if (route?.isOpen === true) return this.#run(request, target, call);
    seen.entry = await this.#use(request, target, input);
    const caller = this.#callerOf(seen.entry);
    const operation = request.operation === 'update' && route?.exists?.(call) === false ? 'create' : request.operation;
    this.#check(request, target, seen.entry, operation);
    return this.#run(request, target, { ...call, operation, caller });
  }

  /** A wrapping token that is over is called that: it may be the first sign that somebody else has unwrapped it. */
  async #use({ token, remoteAddress }: StoreRequest, { path }: Target, input: Input): Promise<TokenEntry> {
    const { tokens } = this.#parts.unsealed();
    const isGiven = token !== null && token !== '';
    if (isGiven && path === 'sys/wrapping/unwrap' && !input.has('token') && tokens.find(token) === null) {
      throw gone();
    }
    return tokens.use(token, remoteAddress);
  }

  /** Errors: `forbidden`. */
  #check(request: StoreRequest, target: Target, entry: TokenEntry, operation: Operation): void {
    const { path, match } = target;
    // A wrapping token is for one thing only, which no policy needs to name.
    const isUnwrapping = entry.policies.includes(WRAPPING_POLICY) && path === 'sys/wrapping/unwrap';
    const isAllowed =
      isUnwrapping ||
      match?.route.isForAll === true ||
      this.#aclOf(entry).allows({
        path: pathOf(path, operation),
        operation,
        isSudoPath: isSudoPath(path),
        parameters: request.data,
        wrapTtl: wrapTtlOf(request),
      });
    if (!isAllowed) throw new SecretStoreError('forbidden', '1 error occurred:\n\t* permission denied\n\n');
  }

  async #run(request: StoreRequest, { path, match }: Target, call: Call): Promise<StoreReply> {
    if (match === null) {
      const message = `no handler for route "${path}". route entry not found.`;
      throw new SecretStoreError('no-route', message);
    }
    const handler = match.route.operations[request.operation === 'create' ? 'update' : request.operation];
    if (handler === undefined) {
      throw new SecretStoreError('unsupported', '1 error occurred:\n\t* unsupported operation\n\n');
    }
    const wrapTtl = wrapTtlOf(request);
    const reply = noted(await handler(call), call);
    const hasContent = reply.data !== null || reply.auth !== undefined;
    if (wrapTtl === null || !hasContent || reply.plain === true || reply.outcome === 'not-found') return reply;
    if (reply.outcome === 'invalid') throw new SecretStoreError('invalid', 'a part has failed, nothing is wrapped');
    const { wrapping } = this.#parts.unsealed();
    return { data: null, wrap: await wrapping.wrap(reply, path, wrapTtl) };
  }

  /** Errors: `bad-path`. */
  #target(request: StoreRequest): Target {
    const path = request.path.replace(/\/{2,}/g, '/').replace(/^\/|\/$/g, '');
    // oxlint-disable-next-line no-control-regex
    if (path.length > LONGEST_PATH || /[\u0000-\u001f\u007f]/.test(path) || /(^|\/)\.\.?(\/|$)/.test(path)) {
      throw new SecretStoreError('bad-path', 'invalid path');
    }
    const found = this.#parts.mounts.find(path);
    if (found === null) return { path, found, match: null };
    const below = path.slice(found.mount.length);
    return { path, found, match: matchRoute(found.engine.routes, below, request.operation === 'list') };
  }

  #callOf(request: StoreRequest, { path, found, match }: Target, input: Input) {
    const { operation, remoteAddress } = request;
    const isWrapped = wrapTtlOf(request) !== null;
    const parameters = match?.parameters ?? {};
    const mount = found?.mount ?? '';
    return { operation, path, mount, parameters, input, remoteAddress, isWrapped, token: request.token ?? '' };
  }

  #aclOf(entry: TokenEntry): Acl {
    return this.#parts.unsealed().policies.acl(entry.policies);
  }

  #callerOf(entry: TokenEntry): Caller {
    let acl: Acl | null = null;
    const get = (): Acl => (acl ??= this.#aclOf(entry));
    return {
      entry,
      may: (path, operation, withSudo = false) =>
        get().allows({ path: pathOf(path, operation), operation, isSudoPath: withSudo }),
      capabilities: (path) => get().capabilitiesOf(path),
      hasAnyBelow: (prefix) => get().hasAnyUnder(prefix),
    };
  }
}

/** Seconds, or null. Errors: `invalid`: nothing that was to be wrapped is told in the clear. */
function wrapTtlOf({ wrapTtl }: StoreRequest): number | null {
  const seconds = wrapTtl === null ? 0 : parseSeconds(wrapTtl);
  if (seconds === 0) return null;
  if (seconds !== null && seconds > 0) return Math.ceil(seconds);
  throw new SecretStoreError('invalid', 'error parsing wrap TTL');
}

/** What came and was passed over is told, as Vault tells it: only where there is something else to say. */
function noted(reply: StoreReply, { input, parameters }: Call): StoreReply {
  const warnings = [...(reply.warnings ?? [])];
  if (reply.plain === true || (reply.data === null && reply.auth === undefined && warnings.length === 0)) return reply;
  const unread = input.unread().filter((name) => input.raw(name) !== '');
  const isReplaced = (name: string): boolean => Object.hasOwn(parameters, name);
  const ignored = unread.filter((name) => !isReplaced(name)).join(' ');
  const replaced = unread.filter(isReplaced).join(' ');
  if (ignored !== '') warnings.push(`Endpoint ignored these unrecognized parameters: [${ignored}]`);
  if (replaced !== '') warnings.push(`${REPLACED}: [${replaced}]`);
  return warnings.length === 0 ? reply : { ...reply, warnings };
}

/** Lists are judged by the path with a `/` at its end. */
function pathOf(path: string, operation: Operation): string {
  return operation === 'list' && !path.endsWith('/') ? `${path}/` : path;
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => isShallow(item, levels - 1));
}
