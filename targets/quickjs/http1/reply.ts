/** Writes a reply: whole, with its length, or as a stream in chunks. */
import type { BodyStream, WebResponse } from '../web/messages.ts';
import { BadRequest } from './head.ts';

export interface ReplyContext {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Is told why a stream of the application broke. */
  readonly report: (error: unknown) => void;
  readonly encodeUtf8: (text: string) => Uint8Array;
  /** The value of `Date`. */
  readonly date: string;
  readonly method: string;
  readonly closes: boolean;
  /** To HTTP/1.0, which knows no chunks: the end of the connection ends the body. */
  readonly isOld: boolean;
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  207: 'Multi-Status',
  400: 'Bad Request',
  404: 'Not Found',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
/** Of a header as the application set it. */
const illegal = /[^\t\x20-\x7e\x80-\xff]/;

/** The head without its last line, so that more may follow. Throws `BadRequest` before anything is written. */
function headOf(context: ReplyContext, response: WebResponse): string {
  let head = `HTTP/1.1 ${response.status} ${reasons[response.status] ?? ''}\r\ndate: ${context.date}\r\n`;
  response.headers.forEach((value, name) => {
    if (illegal.test(value)) throw new BadRequest(500, `reply header ${name} has an illegal value`);
    head += `${name}: ${value}\r\n`;
  });
  if (context.closes) return `${head}connection: close\r\n`;
  return context.isOld ? `${head}connection: keep-alive\r\n` : head;
}

/** Whether a reply with this status or to this method has a body. */
export function hasBody({ method }: { readonly method: string }, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

export async function writeReply(context: ReplyContext, response: WebResponse): Promise<void> {
  const { write, encodeUtf8 } = context;
  const { content } = response;
  const head = headOf(context, response);
  if (!hasBody(context, response.status)) {
    if (content !== null && typeof content === 'object' && 'getReader' in content) await content.cancel();
    await write(encodeUtf8(`${head}\r\n`));
  } else if (content === null || typeof content === 'string') {
    await write(wholeText(encodeUtf8, head, content ?? ''));
  } else if (content instanceof Uint8Array) {
    await write(encodeUtf8(`${head}content-length: ${content.length}\r\n\r\n`));
    await write(content);
  } else {
    await writeStream(context, head, content);
  }
}

/** Head and text in one piece. The length is that of the text when it is ASCII, which its encoding shows. */
function wholeText(encodeUtf8: ReplyContext['encodeUtf8'], head: string, text: string): Uint8Array {
  const start = `${head}content-length: ${text.length}\r\n\r\n`;
  const bytes = encodeUtf8(start + text);
  if (bytes.length === start.length + text.length) return bytes;
  return encodeUtf8(`${head}content-length: ${encodeUtf8(text).length}\r\n\r\n${text}`);
}

async function writeStream({ write, encodeUtf8, isOld, report }: ReplyContext, head: string, body: BodyStream) {
  await write(encodeUtf8(`${head}${isOld ? '' : 'transfer-encoding: chunked\r\n'}\r\n`));
  const reader = body.getReader();
  const read = () =>
    reader.read().catch((error: unknown) => {
      report(error);
      throw error;
    });
  try {
    for (let next = await read(); !next.done; next = await read()) {
      const { value } = next;
      if (value === undefined || value.length === 0) continue;
      await write(isOld ? value : chunkOf(encodeUtf8, value));
    }
  } catch (error) {
    await reader.cancel(error);
    throw error;
  }
  if (!isOld) await write(encodeUtf8('0\r\n\r\n'));
}

function chunkOf(encodeUtf8: ReplyContext['encodeUtf8'], value: Uint8Array): Uint8Array {
  const size = encodeUtf8(`${value.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + value.length + 2);
  chunk.set(size);
  chunk.set(value, size.length);
  chunk[chunk.length - 2] = 13;
  chunk[chunk.length - 1] = 10;
  return chunk;
}
