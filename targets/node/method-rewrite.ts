/**
 * Lets clients use the method LIST, which Vault's do. Node's HTTP parser refuses it before anybody is asked, so the
 * four letters become LINK, which it takes, on their way from the socket to the parser; the lengths stay what they
 * are. The request handler gets to see LIST again.
 *
 * Only the first bytes of a request are touched: bytes that come while no earlier request of the connection is
 * unfinished. A LIST that a client sends in one packet behind another request, without waiting for its reply, is not
 * found: the connection ends, and the earlier reply may be lost with it. No known client does so.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

const LIST = Buffer.from('LIST ');
const LINK = Buffer.from('LINK ');

interface Line {
  /** The request that came last. */
  request: IncomingMessage | null;
  /** Whether the next request was a LIST. */
  isList: boolean;
  /** The first bytes of a request, when they are too few to tell. */
  held: Buffer | null;
}

/** Before `server` listens. */
export function acceptListMethod(server: Server): void {
  const lines = new WeakMap<Socket, Line>();
  server.on('connection', (socket: Socket) => {
    const line: Line = { request: null, isList: false, held: null };
    lines.set(socket, line);
    const push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      const bytes = chunk === null ? line.held : rewrite(line, chunk);
      line.held = chunk === null ? null : line.held;
      const goesOn = bytes === null || push(bytes, encoding);
      return chunk === null ? push(null) : goesOn;
    };
    // The parser reads from the descriptor itself unless somebody listens for data.
    socket.on('data', () => {});
  });
  server.prependListener('request', (request: IncomingMessage) => {
    const line = lines.get(request.socket);
    if (line === undefined) return;
    line.request = request;
    if (line.isList) request.method = 'LIST';
    line.isList = false;
  });
}

/** The bytes to pass on, or null when they have to wait for more. */
function rewrite(line: Line, chunk: Buffer): Buffer | null {
  if (line.held === null) {
    if (chunk[0] !== LIST[0] || line.request?.complete === false) return chunk;
  }
  const bytes = line.held === null ? chunk : Buffer.concat([line.held, chunk]);
  line.held = null;
  const known = Math.min(bytes.length, LIST.length);
  if (bytes.compare(LIST, 0, known, 0, known) !== 0) return bytes;
  if (known < LIST.length) {
    line.held = Buffer.from(bytes);
    return null;
  }
  line.isList = true;
  LINK.copy(bytes);
  return bytes;
}
