/**
 * What stands in for hono's Context and HonoRequest in the service's own programs, as far as its handlers use them.
 * Hono's are made of closures over themselves, a dozen for each request: cycles, which the engine finds only by looking
 * through all that it has. A developer's own program has hono's.
 */
import { getQueryParam, tryDecodeURIComponent } from 'hono/utils/url';
import type { WebRequest, WebResponse } from './messages.ts';

/** As hono's routers give them: the handlers that match, each with its parameters as they stand in the path. */
type MatchResult = readonly [readonly (readonly [handler: unknown, parameters: Readonly<Record<string, string>>])[]];

class LeanRequest {
  readonly raw: WebRequest;
  readonly path: string;
  /** Which of the handlers has its turn. */
  routeIndex = 0;
  readonly #matchResult: MatchResult;

  constructor(raw: WebRequest, path: string, matchResult: MatchResult) {
    this.raw = raw;
    this.path = path;
    this.#matchResult = matchResult;
  }

  get url(): string {
    return this.raw.url;
  }

  get method(): string {
    return this.raw.method;
  }

  header(name: string): string | undefined {
    return this.raw.headers.get(name) ?? undefined;
  }

  param(): Readonly<Record<string, string>>;
  param(name: string): string | undefined;
  param(name?: string): string | undefined | Readonly<Record<string, string>> {
    const found = this.#matchResult[0][this.routeIndex]?.[1] ?? {};
    if (name !== undefined) return found[name] === undefined ? undefined : tryDecodeURIComponent(found[name]);
    return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, tryDecodeURIComponent(value)]));
  }

  query(): Record<string, string>;
  query(name: string): string | undefined;
  query(name?: string): string | undefined | Record<string, string> {
    return name === undefined ? getQueryParam(this.url) : getQueryParam(this.url, name);
  }
}

interface ContextOptions {
  readonly path: string;
  readonly matchResult: MatchResult;
  readonly env: unknown;
}

/** By hono's name, for whose module this one is taken. */
export class Context {
  readonly req: LeanRequest;
  readonly env: unknown;
  error: Error | undefined;
  finalized = false;
  #res: WebResponse | undefined;

  constructor(request: WebRequest, { path, matchResult, env }: ContextOptions) {
    this.req = new LeanRequest(request, path, matchResult);
    this.env = env;
  }

  get res(): WebResponse | undefined {
    return this.#res;
  }

  set res(response: WebResponse | undefined) {
    this.#res = response;
    this.finalized = true;
  }
}
