/** Runs an app (see `targets/app.ts`) in a binary of its own; the main module that `streambed build` writes calls it. */
import type { App, HttpService, HttpServing, Main } from '../app.ts';
import type { Host } from '../host.ts';
import { quickjsHost } from './host.ts';
import { HttpServer, type HttpServerOptions } from './http1/server.ts';
import { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { printError, quickjsTerminal } from './terminal.ts';
import { installWebClasses } from './web/globals.ts';

const MAX_CONNECTIONS = 128;
const MAX_HEADER_BYTES = 16_384;

/** Ends the process with the exit code of `main`. */
export function runApp(native: Native, main: Main): void {
  installWebClasses();
  const warn = (text: string): void => printError(native, `${text}\n`);
  const loop = new Loop(native, (error) => warn(`uncaught: ${explain(error)}`));
  const host = quickjsHost(native, loop);
  const terminal = quickjsTerminal(native, loop, native.arguments);
  const app: App = { host, terminal, serve: (service) => serve(native, host, service, warn) };
  main(app).then(
    (code) => native.exit(code),
    (error: unknown) => {
      warn(explain(error));
      native.exit(1);
    },
  );
}

function serve(
  native: Native,
  host: Host,
  { address, fetch, maxConnections = MAX_CONNECTIONS }: HttpService,
  warn: (text: string) => void,
): Promise<HttpServing> {
  return HttpServer.start({
    address,
    // The application's Request and Response are the classes of this target: they are its globals.
    fetch: fetch as unknown as HttpServerOptions['fetch'],
    refusal: (status) => JSON.stringify({ error: status }),
    report: (error) => warn(explain(error)),
    maxConnections,
    // Whether its requests wait for each other is for the application to know.
    maxAtOnce: maxConnections,
    maxHeaderBytes: MAX_HEADER_BYTES,
    net: host.net,
    clock: host.clock,
    encodeUtf8: native.encodeUtf8,
    decodeLatin1: native.decodeLatin1,
  });
}

function explain(error: unknown): string {
  return error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error);
}
