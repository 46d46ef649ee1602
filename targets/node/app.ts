/** Runs an app (see `targets/app.ts`) on Node, as `streambed build` does in a binary. */
import type { App, HttpService, Main } from '../app.ts';
import { nodeHost } from './host.ts';
import { startHttpServer } from './http-server.ts';
import { nodeTerminal } from './terminal.ts';

const MAX_CONNECTIONS = 128;
const MAX_HEADER_BYTES = 16_384;

/** Ends the process with the exit code of `main`. */
export async function runApp(main: Main): Promise<never> {
  const terminal = nodeTerminal();
  const app: App = { host: nodeHost(), terminal, serve: (service) => serve(service, (text) => terminal.warn(text)) };
  // What waits for records of other processes waits for a watch, and that alone keeps no process alive.
  setInterval(() => {}, 2 ** 30);
  try {
    process.exit(await main(app));
  } catch (error) {
    terminal.warn(`${explain(error)}\n`);
    process.exit(1);
  }
}

function serve({ address, fetch, maxConnections = MAX_CONNECTIONS }: HttpService, warn: (text: string) => void) {
  return startHttpServer({
    ...address,
    fetch: async (request) => {
      try {
        return await fetch(request);
      } catch (error) {
        warn(`${request.method} ${new URL(request.url).pathname}: ${explain(error)}\n`);
        return new Response(refusal(500), { status: 500, headers: { 'content-type': 'application/json' } });
      }
    },
    refusal,
    maxConnections,
    maxHeaderBytes: MAX_HEADER_BYTES,
    hasListMethod: false,
  });
}

function refusal(status: number): string {
  return JSON.stringify({ error: status });
}

function explain(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
