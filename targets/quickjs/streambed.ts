/** The command `streambed` on QuickJS: hands the host, the HTTP server and the process to what all targets share. */
import type { Platform } from '../service/platform.ts';
import { runStreambed } from '../service/streambed.ts';
import { quickjsHost } from './host.ts';
import { HttpServer, type HttpServerOptions } from './http1/server.ts';
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { onSignals, printError, printOutput } from './terminal.ts';
import { installWebClasses } from './web/globals.ts';

export function runStreambedCommand(native: Native, loop: Loop, args: readonly string[]): Promise<number> {
  installWebClasses();
  return runStreambed(platformOf(native, loop), args);
}

function platformOf(native: Native, loop: Loop): Platform {
  const host = quickjsHost(native, loop);
  return {
    host,
    version: STREAMBED_VERSION,
    env: (name) => native.getVariable(name),
    print: async (text) => void (await printOutput(native, loop, text)),
    warn: (text) => printError(native, text),
    onSignal: (told) => onSignals(native, loop, told),
    exit: (code) => native.exit(code),
    startServer: ({ fetch, ...options }) =>
      HttpServer.start({
        ...options,
        // The application's Request and Response are the classes of this target: they are its globals.
        fetch: fetch as unknown as HttpServerOptions['fetch'],
        net: host.net,
        clock: host.clock,
        encodeUtf8: native.encodeUtf8,
        decodeLatin1: native.decodeLatin1,
      }),
    readOpenApi: () => null,
  };
}
