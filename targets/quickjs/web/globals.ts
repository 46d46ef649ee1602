/** The web classes as globals, where hono and applications look for them. */
import { WebHeaders } from './headers.ts';
import { WebRequest, WebResponse } from './messages.ts';
import { WebReadableStream } from './readable-stream.ts';
import { WebUrl } from './url.ts';

export function installWebClasses(): void {
  Object.assign(globalThis, {
    Headers: WebHeaders,
    ReadableStream: WebReadableStream,
    Request: WebRequest,
    Response: WebResponse,
    URL: WebUrl,
  });
}
