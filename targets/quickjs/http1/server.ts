/** An HTTP/1.1 server over the host's net, for an application that is a function from Request to Response. */
import type { Clock, Connection, Listener, Net, NetAddress, Timer } from '../../host.ts';
import type { WebRequest, WebResponse } from '../web/messages.ts';
import { Exchange } from './exchange.ts';
import { Turns } from './turns.ts';

/** What hono hands on as `c.env`. */
export interface HttpEnv {
  readonly remoteAddress: string;
  /** The whole body, whatever the method; null when it is above the limit. */
  readonly readBody: (limit: number) => Promise<Uint8Array | null>;
}

export interface HttpServerOptions {
  readonly address: NetAddress;
  readonly fetch: (request: WebRequest, env: HttpEnv) => WebResponse | Promise<WebResponse>;
  /** The JSON body of a refusal that the application does not get to see. */
  readonly refusal: (status: number) => string;
  /** Is told what the application threw. */
  readonly report: (error: unknown) => void;
  /** A few more are told so with 503; beyond those there is no answer at all. */
  readonly maxConnections: number;
  /**
   * How many requests whose bodies have come are with the application at a time. The others wait, which takes far less
   * memory: they are a few bytes of a connection then.
   */
  readonly maxAtOnce: number;
  readonly maxHeaderBytes: number;
  readonly net: Net;
  readonly clock: Clock;
  readonly encodeUtf8: (text: string) => Uint8Array;
  readonly decodeLatin1: (bytes: Uint8Array, start?: number, end?: number) => string;
}

export interface ServerContext extends HttpServerOptions {
  /** For requests without a Host. */
  readonly fallbackHost: string;
  readonly turns: Turns;
  date(): string;
}

/** How often those who wait for too long are looked for. */
const checkMs = 5_000;
/** How many connections above the limit may wait for their refusal. */
const spareConnections = 16;

export class HttpServer {
  readonly #context: ServerContext;
  readonly #exchanges = new Set<Exchange>();
  /** Those of them that are above the limit. */
  #surplus = 0;
  readonly #listener: Listener;
  #check: Timer | null = null;
  #emptied: (() => void) | null = null;
  #date = { second: -1, text: '' };

  private constructor(options: HttpServerOptions, listener: Listener) {
    const { host, port } = listener.address;
    this.#listener = listener;
    this.#context = {
      ...options,
      turns: new Turns(options.maxAtOnce),
      fallbackHost: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      date: () => this.#printDate(),
    };
  }

  /** Errors: those of `Net.listen`. */
  static async start(options: HttpServerOptions): Promise<HttpServer> {
    let server: HttpServer | null = null;
    const listener = await options.net.listen(options.address, (connection) => {
      if (server === null) connection.close();
      else server.#accept(connection);
    });
    server = new HttpServer(options, listener);
    return server;
  }

  get address(): NetAddress {
    return this.#listener.address;
  }

  /**
   * Accepts nothing new, lets the requests under way finish for `graceMs`, and drops what is left. Whoever streams
   * must have been told to end. Resolves when no connection is left.
   */
  async stop(graceMs: number): Promise<void> {
    await this.#listener.close();
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
      if (this.#exchanges.size === 0) resolve();
    });
    for (const exchange of this.#exchanges) exchange.stop();
    const timer = this.#context.clock.timer(graceMs, () => {
      for (const exchange of this.#exchanges) exchange.close();
    });
    await emptied;
    timer.cancel();
    this.#check?.cancel();
  }

  #accept(connection: Connection): void {
    const { maxConnections } = this.#context;
    const isSurplus = this.#exchanges.size - this.#surplus >= maxConnections;
    if (isSurplus && this.#surplus >= spareConnections) {
      connection.close();
      return;
    }
    const exchange = new Exchange(this.#context, connection, isSurplus);
    this.#surplus += Number(isSurplus);
    this.#exchanges.add(exchange);
    this.#check ??= this.#checkLater();
    void exchange.run().then(() => {
      this.#surplus -= Number(isSurplus);
      this.#exchanges.delete(exchange);
      if (this.#exchanges.size === 0) this.#emptied?.();
    });
  }

  #checkLater(): Timer {
    return this.#context.clock.timer(checkMs, () => {
      const nowMs = this.#context.clock.monotonic();
      for (const exchange of this.#exchanges) exchange.check(nowMs);
      this.#check = this.#exchanges.size === 0 ? null : this.#checkLater();
    });
  }

  #printDate(): string {
    const second = Math.floor(this.#context.clock.now() / 1000);
    if (second !== this.#date.second) this.#date = { second, text: new Date(second * 1000).toUTCString() };
    return this.#date.text;
  }
}
