/**
 * The web classes that hono needs and that `http-api` may therefore use, and of them only the members that are used.
 * Portable code is compiled with these and without the DOM library; in programs that have @types/node this file is
 * left out.
 */
interface Headers {
  get(name: string): string | null;
  has(name: string): boolean;
  set(name: string, value: string): void;
}
declare var Headers: { new (init?: Record<string, string>): Headers };

interface URL {
  readonly href: string;
  readonly origin: string;
  readonly pathname: string;
}
declare var URL: { new (url: string, base?: string): URL };

type ReadableStreamReadResult<R> =
  | { readonly done: false; readonly value: R }
  | { readonly done: true; readonly value?: R | undefined };

interface ReadableStreamDefaultReader<R = unknown> {
  read(): Promise<ReadableStreamReadResult<R>>;
  cancel(reason?: unknown): Promise<void>;
  releaseLock(): void;
}

interface ReadableStreamDefaultController<R = unknown> {
  readonly desiredSize: number | null;
  enqueue(chunk: R): void;
  close(): void;
  error(reason?: unknown): void;
}

interface ReadableStream<R = unknown> {
  getReader(): ReadableStreamDefaultReader<R>;
  cancel(reason?: unknown): Promise<void>;
}

interface UnderlyingSource<R> {
  start?(controller: ReadableStreamDefaultController<R>): void | Promise<void>;
  pull?(controller: ReadableStreamDefaultController<R>): void | Promise<void>;
  cancel?(reason?: unknown): void | Promise<void>;
}

declare var ReadableStream: {
  new <R = unknown>(source?: UnderlyingSource<R>, strategy?: { highWaterMark?: number }): ReadableStream<R>;
};

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  readonly signal: AbortSignal;
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
}

interface RequestInit {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream | null;
}
declare var Request: { new (url: string, init?: RequestInit): Request };

/** Only as `Request.signal`: nothing here makes one. */
interface AbortSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface Response {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  text(): Promise<string>;
  json(): Promise<unknown>;
}

interface ResponseInit {
  status?: number;
  headers?: Record<string, string>;
}
declare var Response: {
  new (body?: string | Uint8Array | ReadableStream | null, init?: ResponseInit): Response;
};
