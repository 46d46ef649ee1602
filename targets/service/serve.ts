/**
 * `streambed serve`, on every target: takes the data directory, opens the log, serves the parts each on its listener
 * until a signal comes, and stops in the order that loses nothing: waits and streams end, requests finish, the log
 * is closed, the directory is let go.
 */
import { FileLog } from '../../logged/file-log.ts';
import type { NetAddress } from '../host.ts';
import { takeDirectory } from './data-directory.ts';
import { explain, explainListen } from './failure.ts';
import { openKafkaPart } from './kafka-part.ts';
import type { OpenPart, Part } from './part.ts';
import type { Platform, Server } from './platform.ts';
import type { ServeOptions } from './serve-options.ts';
import { Stopping } from './stopping.ts';

/** How long requests under way may take to finish after a signal. */
const graceMs = 10_000;
const parts: readonly OpenPart[] = [openKafkaPart];

type Say = (line: string) => void;

export async function serve(platform: Platform, options: ServeOptions, say: Say): Promise<void> {
  const stopping = new Stopping();
  const signalled = nextSignal(platform, say);
  const { host } = platform;
  const lock = takeDirectory(host.files, options.dataDirectory, say);
  try {
    const log = await FileLog.open(host, {
      root: options.dataDirectory,
      report: ({ event, ...details }) => say(`${event}: ${JSON.stringify(details)}`),
    });
    try {
      const shared = { host, log, options, stopping, say, readOpenApi: () => platform.readOpenApi() };
      await serveParts(
        platform,
        options,
        say,
        parts.map((open) => open(shared)),
        async () => {
          say(`${await signalled}: stopping`);
          stopping.abort();
        },
      );
    } finally {
      await log.close();
    }
  } finally {
    lock?.release();
  }
  say('stopped');
}

/** Serves them from when all listen until `ended`. */
async function serveParts(
  platform: Platform,
  options: ServeOptions,
  say: Say,
  opened: readonly Part[],
  ended: () => Promise<void>,
): Promise<void> {
  const servers: Server[] = [];
  try {
    for (const part of opened) {
      const server = await startPart(platform, options, say, part);
      servers.push(server);
      say(`serving ${part.title} on ${urlOf(server.address)}, log in ${options.dataDirectory}`);
    }
    warnOfMemory(platform, options.dataDirectory, say);
    await ended();
  } finally {
    await Promise.all(servers.map((server) => server.stop(graceMs)));
  }
}

async function startPart(platform: Platform, options: ServeOptions, say: Say, part: Part): Promise<Server> {
  const { address, fetch, refusal, hasListMethod } = part;
  const { maxConnections, maxHeaderBytes } = options;
  const report = (error: unknown): void => say(explain(error));
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

/** `/var` and `/tmp` of a router are such a place, and nothing that is promised about power cuts holds there. */
function warnOfMemory({ host }: Platform, directory: string, say: Say): void {
  const { fileSystem } = host.files.space(directory);
  if (fileSystem !== 'tmpfs' && fileSystem !== 'ramfs') return;
  say(`${directory} is in memory (${fileSystem}): all of it is lost when the machine stops`);
}

function urlOf({ host, port }: NetAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The first SIGTERM or SIGINT; another one after it ends the process at once. */
function nextSignal(platform: Platform, say: Say): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false;
    platform.onSignal((name) => {
      if (isStopping) {
        say(`${name}: stopped by force`);
        platform.exit(130);
      }
      isStopping = true;
      resolve(name);
    });
  });
}
