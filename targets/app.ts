/**
 * The contract of an app: a service of your own that runs on Node while you write it, and that `streambed build` turns
 * into one static binary for a router. Types only.
 *
 * An app is a module that exports `main`. `main` gets everything it may ask of the machine, and its promise is the
 * life of the process: what it resolves to is the exit code; when it rejects, the reason goes to standard error and the
 * exit code is 1. Nothing else keeps the process alive or ends it, except a second signal.
 *
 * ```ts
 * import type { Main } from 'streambed/app';
 * import { FileLog } from 'streambed/logged';
 *
 * export const main: Main = async ({ host, terminal }) => {
 *   const log = await FileLog.open(host, { root: terminal.args[0] ?? 'data' });
 *   await log.produce({ topic: 'starts', key: null, value: host.bytes.encodeUtf8(String(host.clock.now())) });
 *   await log.close();
 *   return 0;
 * };
 * ```
 *
 * What an app may use beside the language (ES2023): `streambed/...`, modules of its own, and packages that need neither
 * a module of Node nor its globals. Of the web there are `Headers`, `Request`, `Response`, `URL` and `ReadableStream`,
 * and of these the members that an HTTP service needs. There is no `process`, `Buffer`, `fetch`, `TextEncoder` or
 * `setTimeout`: `terminal`, `host.bytes` and `host.clock` take their places.
 */
import type { Host, NetAddress } from './host.ts';

export type Main = (app: App) => Promise<number>;

export interface App {
  readonly host: Host;
  readonly terminal: AppTerminal;

  /** Answers HTTP/1.1 from now on. Errors: those of `Net.listen`. */
  serve(service: HttpService): Promise<HttpServing>;
}

export interface AppTerminal {
  /** Without the name of the program. */
  readonly args: readonly string[];

  env(name: string): string | undefined;

  /** The next bytes of standard input; null at its end, and as soon as `interrupted` is aborted. One call at a time. */
  read(): Promise<Uint8Array | null>;

  /** Writes to standard output. Resolves when more may follow: to false once nobody reads it any more. */
  write(bytes: Uint8Array): Promise<boolean>;

  /** Writes to standard error; what nobody reads is lost, and is no failure. */
  warn(text: string): void;

  /** Aborted by the first SIGINT or SIGTERM, upon which `main` is to come to its end. A second one ends the process. */
  readonly interrupted: Interruption;
}

/** The part of the web's `AbortSignal` that is used. */
export interface Interruption {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface HttpService {
  /** Port 0 takes any free one. */
  readonly address: NetAddress;

  /** A hono application's `fetch` is one. What it throws is a 500 for the client and a line on standard error. */
  readonly fetch: (request: Request) => Response | Promise<Response>;

  /** Default: 128. */
  readonly maxConnections?: number | undefined;
}

export interface HttpServing {
  readonly address: NetAddress;

  /** Accepts nothing new, lets requests under way finish for `graceMs`, and drops what is left. */
  stop(graceMs: number): Promise<void>;
}
