/** The command `streambed` on QuickJS: hands the host, the HTTP server and the process to what all targets share. */
import * as facts from 'streambed:build';
import type { Platform } from '../service/platform.ts';
import { runStreambed } from '../service/streambed.ts';
import { quickjsHost } from './host.ts';
import type { HttpServerOptions } from './http1/server.ts';
import { lookAt } from './look.ts';
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { onSignals, printError, printOutput, readDescriptor } from './terminal.ts';

export function runStreambedCommand(native: Native, loop: Loop, args: readonly string[]): Promise<number> {
  const host = quickjsHost(native, loop);
  const platform: Platform = {
    host,
    facts,
    env: (name) => native.getVariable(name),
    readDescriptor: (descriptor, mostBytes) => readDescriptor(native, loop, descriptor, mostBytes),
    print: (text) => printOutput(native, loop, text),
    warn: (text) => printError(native, text),
    onSignal: (told) => onSignals(native, loop, told),
    // A reply is in memory several times over: as records, as text and as bytes.
    kafkaLimits: { pollBytes: 256 * 1024, streamBytes: 2 * 1024 },
    user: native.effectiveUser(),
    look: (path) => lookAt(native, path),
    exit: (code) => native.exit(code),
    startServer: async ({ fetch, ...options }) => {
      const { startHttpServer } = await import('./http-server.ts');
      // The application's Request and Response are the classes of this target: they are its globals.
      return startHttpServer(native, host, { ...options, fetch: fetch as unknown as HttpServerOptions['fetch'] });
    },
    readOpenApi: async () => {
      OPENAPI: return (await import('./openapi-document.ts')).openApiDocument();
    },
  };
  return runStreambed(platform, args);
}
