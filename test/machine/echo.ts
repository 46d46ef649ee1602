/**
 * What the service's requests per second are compared with: the same engine, the same HTTP server and the same loop
 * around a route that answers with the body it got. `echo PORT` serves until it is killed.
 */
import { quickjsHost } from '../../targets/quickjs/host.ts';
import { HttpServer } from '../../targets/quickjs/http1/server.ts';
import { Loop } from '../../targets/quickjs/loop.ts';
import type { Native } from '../../targets/quickjs/native.ts';
import { WebResponse } from '../../targets/quickjs/web/messages.ts';

declare const native: Native;

const loop = new Loop(native, () => native.exit(1));
const { net, clock } = quickjsHost(native, loop);
const headers = { 'content-type': 'application/json' };

void HttpServer.start({
  address: { host: '127.0.0.1', port: Number(native.arguments[0]) },
  fetch: async (_, { readBody }) => {
    return new WebResponse(await readBody(1 << 20), { headers });
  },
  refusal: () => '{}',
  report: () => native.exit(1),
  maxConnections: 64,
  maxAtOnce: 16,
  maxHeaderBytes: 16_384,
  net,
  clock,
  encodeUtf8: native.encodeUtf8,
  decodeLatin1: native.decodeLatin1,
});
