/** The HTTP server of QuickJS for an application that wants the web's classes as globals. */
import type { Host } from '../host.ts';
import { HttpServer, type HttpServerOptions } from './http1/server.ts';
import type { Native } from './native.ts';
import { installWebClasses } from './web/globals.ts';

/** What waits for the same write to reach the disk: more at once make no fewer of those writes worth their memory. */
const maxAtOnce = 16;

type OwnOptions = 'maxAtOnce' | 'net' | 'clock' | 'encodeUtf8' | 'decodeLatin1';

export function startHttpServer(
  { encodeUtf8, decodeLatin1 }: Native,
  { net, clock }: Host,
  options: Omit<HttpServerOptions, OwnOptions>,
): Promise<HttpServer> {
  installWebClasses();
  return HttpServer.start({ ...options, maxAtOnce, net, clock, encodeUtf8, decodeLatin1 });
}
