/** The web's Request and Response, of which hono and the HTTP server use this much. */
import { type HeadersInput, WebHeaders } from './headers.ts';

/** The part of AbortSignal that is used. */
export class WebSignal {
  readonly #listeners = new Set<() => void>();
  aborted = false;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** What a body is read from: a ReadableStream, or what looks like one. */
export interface BodyStream {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
    releaseLock(): void;
  };
  cancel(reason?: unknown): Promise<void>;
}

export interface WebRequestInit {
  readonly method?: string;
  readonly headers?: HeadersInput;
  readonly body?: BodyStream | null;
  readonly signal?: WebSignal;
  /** How the whole body is read, where there is a shorter way than by its stream. */
  readonly readAll?: () => Promise<Uint8Array>;
}

export class WebRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: WebHeaders;
  readonly body: BodyStream | null;
  readonly signal: WebSignal;
  readonly #readAll: () => Promise<Uint8Array>;

  constructor(url: string, init: WebRequestInit = {}) {
    this.url = url;
    this.method = init.method ?? 'GET';
    this.headers = init.headers instanceof WebHeaders ? init.headers : new WebHeaders(init.headers);
    this.body = init.body ?? null;
    this.signal = init.signal ?? new WebSignal();
    this.#readAll = init.readAll ?? (async () => new Uint8Array(0));
  }

  async arrayBuffer(): Promise<ArrayBufferLike> {
    const bytes = await this.#readAll();
    if (bytes.length === bytes.buffer.byteLength) return bytes.buffer;
    return bytes.slice().buffer;
  }
}

export type ResponseBody = string | Uint8Array | BodyStream | null;

interface WebResponseInit {
  readonly status?: number | undefined;
  readonly headers?: HeadersInput | WebHeaders | undefined;
}

export class WebResponse {
  readonly status: number;
  /** As it was given: a server has no use for the stream that `body` is to others. */
  readonly content: ResponseBody;
  #headers: HeadersInput;

  constructor(body: ResponseBody = null, { status = 200, headers = {} }: WebResponseInit = {}) {
    this.status = status;
    this.content = body;
    this.#headers = headers;
  }

  get headers(): WebHeaders {
    const headers = this.#headers instanceof WebHeaders ? this.#headers : new WebHeaders(this.#headers);
    this.#headers = headers;
    return headers;
  }

  /** Only hands on what was given: replies are read by the server, not by the application. */
  get body(): ResponseBody {
    return this.content;
  }
}
