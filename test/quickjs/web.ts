/**
 * The web classes of the QuickJS target, with what tests ask of them beyond what the server does: requests that are
 * made from text or bytes, and responses that are read.
 */
import { type BodyStream, WebRequest, WebResponse, WebSignal } from '../../targets/quickjs/web/messages.ts';
import { type HeadersInput, WebHeaders } from '../../targets/quickjs/web/headers.ts';
import { WebReadableStream } from '../../targets/quickjs/web/readable-stream.ts';
import { WebUrl } from '../../targets/quickjs/web/url.ts';
import { bytes } from './platform.ts';

type Body = string | Uint8Array | BodyStream | null;

interface TestRequestInit {
  readonly method?: string;
  readonly headers?: HeadersInput;
  readonly body?: Body;
  readonly signal?: WebSignal;
}

class TestRequest extends WebRequest {
  constructor(url: string, { body = null, ...init }: TestRequestInit = {}) {
    const stream = streamOf(body);
    super(url, { ...init, body: stream, readAll: () => readAll(stream) });
  }
}

class TestResponse extends WebResponse {
  #body: BodyStream | null | undefined;

  override get body(): BodyStream | null {
    this.#body ??= streamOf(this.content);
    return this.#body;
  }

  async text(): Promise<string> {
    return bytes.decodeUtf8(await readAll(this.body));
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

class TestAbortController {
  readonly signal = new WebSignal();

  abort(): void {
    this.signal.abort();
  }
}

function streamOf(body: Body): BodyStream | null {
  if (body === null || (typeof body === 'object' && 'getReader' in body)) return body;
  const chunk = typeof body === 'string' ? bytes.encodeUtf8(body) : body;
  return new WebReadableStream<Uint8Array>({
    start: (controller) => {
      if (chunk.length > 0) controller.enqueue(chunk);
      controller.close();
    },
  }) as BodyStream;
}

async function readAll(stream: BodyStream | null): Promise<Uint8Array> {
  const parts: number[] = [];
  const reader = stream?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done) return Uint8Array.from(parts);
    for (const byte of value ?? []) parts.push(byte);
  }
}

Object.assign(globalThis, {
  AbortController: TestAbortController,
  Headers: WebHeaders,
  ReadableStream: WebReadableStream,
  Request: TestRequest,
  Response: TestResponse,
  URL: WebUrl,
});
