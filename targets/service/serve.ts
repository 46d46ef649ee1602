/**
 * `streambed serve`, on every target: takes the data directory, opens the log, serves the parts each on its listener
 * until a signal comes, and stops in the order that loses nothing: waits and streams end, requests finish, the log
 * is closed, the directory is let go.
 */
import { FileLog } from '../../logged/file-log.ts';
import type { NetAddress } from '../host.ts';
import { checkVolatile, takeDirectory } from './data-directory.ts';
import { explain, explainListen } from './failure.ts';
import type { Journal } from './journal.ts';
import { openKafkaPart } from './kafka-part.ts';
import type { OpenPart, Part } from './part.ts';
import type { Platform, Server } from './platform.ts';
import type { ServeOptions } from './serve-options.ts';
import { Stopping } from './stopping.ts';

/** How long requests under way may take to finish after a signal. */
const graceMs = 10_000;
const parts: readonly OpenPart[] = [openKafkaPart];

/** What the steps of serving are given. */
interface Service {
  readonly platform: Platform;
  readonly options: ServeOptions;
  readonly journal: Journal;
}

export async function serve(service: Service): Promise<void> {
  const { platform, options, journal } = service;
  const { host } = platform;
  const { dataDirectory } = options;
  const signalled = nextSignal(service);
  const warning = checkVolatile(host, dataDirectory, options.allowVolatile);
  const lock = takeDirectory(host.files, dataDirectory, (line) => journal.say(line, 'warn'));
  try {
    const log = await FileLog.open(host, { root: dataDirectory, report: (event) => journal.event(event) });
    const stopping = new Stopping();
    try {
      const shared = { host, log, options, stopping, journal, readOpenApi: () => platform.readOpenApi() };
      const opened = parts.map((open) => open(shared));
      await serveParts(service, opened, async () => {
        if (warning !== null) journal.say(warning, 'warn');
        journal.say(`${await signalled}: stopping`);
        stopping.abort();
      });
    } finally {
      await log.close();
    }
  } finally {
    lock?.release();
    journal.close();
  }
  journal.say('stopped');
}

/** Serves them from when all listen until `ended`. */
async function serveParts(service: Service, opened: readonly Part[], ended: () => Promise<void>): Promise<void> {
  const servers: Server[] = [];
  try {
    for (const part of opened) {
      const server = await startPart(service, part);
      servers.push(server);
      service.journal.say(`serving ${part.title} on ${urlOf(server.address)}, log in ${service.options.dataDirectory}`);
    }
    await ended();
  } finally {
    await Promise.all(servers.map((server) => server.stop(graceMs)));
  }
}

async function startPart({ platform, options, journal }: Service, part: Part): Promise<Server> {
  const { address, fetch, refusal, hasListMethod } = part;
  const { maxConnections, maxHeaderBytes } = options;
  const report = (error: unknown): void => journal.tell('error', 'request', explain(error));
  try {
    return await platform.startServer({
      address,
      fetch,
      refusal,
      report,
      maxConnections,
      maxHeaderBytes,
      hasListMethod,
    });
  } catch (error) {
    throw explainListen(error, address);
  }
}

function urlOf({ host, port }: NetAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The first SIGTERM or SIGINT; another one after it ends the process at once. */
function nextSignal({ platform, journal }: Service): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false;
    platform.onSignal((name) => {
      if (isStopping) {
        journal.say(`${name}: stopped by force`);
        platform.exit(130);
      }
      isStopping = true;
      resolve(name);
    });
  });
}
