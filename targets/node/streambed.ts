/**
 * The command `streambed` on Node: puts log, HTTP face and host together and runs them. Exit codes: 0 after a
 * graceful stop, 1 when something failed, 2 when it was called wrongly, 130 when it was stopped by force.
 */
import { readFileSync } from 'node:fs';
import { setMaxListeners } from 'node:events';
import { kafkaApp } from '../../http-api/kafka-app.ts';
import { plainError, printError } from '../../http-api/kafka/errors.ts';
import { openApi } from '../../http-api/kafka/openapi.ts';
import { registerStreambed } from '../../http-api/kafka/streambed/routes.ts';
import { registerStreams } from '../../http-api/kafka/streams/routes.ts';
import { registerV2 } from '../../http-api/kafka/v2/routes.ts';
import { registerV3 } from '../../http-api/kafka/v3/routes.ts';
import { defaultLimits } from '../../http-api/limits.ts';
import { CommitLogError } from '../../logged/commit-log.ts';
import { FileLog } from '../../logged/file-log.ts';
import type { Host, HostError, Lock } from '../host.ts';
import { nodeHost } from './host.ts';
import { startHttpServer } from './http-server.ts';
import { parseServeOptions, serveHelp, type ServeOptions, UsageError } from './serve-options.ts';

/** How long requests under way may take to finish after a signal. */
const graceMs = 10_000;
const dialects = [registerStreambed, registerV2, registerV3, registerStreams, openApi(readOpenApi)];

/** One line per event, for a supervisor's log. */
function say(line: string): void {
  process.stderr.write(`streambed: ${line.replaceAll(/\s*\n\s*/g, ' | ')}\n`);
}

async function serve(options: ServeOptions): Promise<void> {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const signalled = nextSignal();
  const host = nodeHost();
  const log = await FileLog.open(host, {
    root: options.dataDirectory,
    report: ({ event, ...details }) => say(`${event}: ${JSON.stringify(details)}`),
  });
  const lock = lockDirectory(host, options.dataDirectory);
  const { fetch } = kafkaApp(
    {
      log,
      clock: host.clock,
      random: host.random,
      bytes: host.bytes,
      limits: {
        ...defaultLimits,
        bodyBytes: options.maxBodyBytes,
        recordsPerRequest: options.maxRecords,
        urlLength: options.maxUrlLength,
        waits: options.maxWaits,
        consumerInstances: options.maxConsumers,
      },
      stopping: stopping.signal,
      report: say,
      wildcardDialect: options.wildcardDialect,
      clusterId: 'streambed',
      advertisedUrl: options.advertisedUrl,
    },
    dialects,
  );
  try {
    const server = await startHttpServer({
      ...options.kafka,
      fetch,
      refusal: (status) => printError(plainError(status)),
      maxConnections: options.maxConnections,
      maxHeaderBytes: options.maxHeaderBytes,
      hasListMethod: false,
    });
    say(`serving Kafka REST on ${urlOf(server.address)}, log in ${options.dataDirectory}`);
    warnOfMemory(host, options.dataDirectory);
    say(`${await signalled}: stopping`);
    stopping.abort();
    await server.stop(graceMs);
  } finally {
    await log.close();
    lock?.release();
  }
  say('stopped');
}

/** Two services would share out the partitions of one group twice. Null: none can be taken there, but it can be read. */
function lockDirectory({ files }: Host, directory: string): Lock | null {
  try {
    return files.lock(`${directory}/service.lock`);
  } catch (error) {
    const { code, message } = error as HostError;
    if (code === 'EAGAIN') throw new Unusable(`${directory}: another streambed serves it`);
    if (code !== 'EROFS' && code !== 'ENOSPC' && code !== 'EIO') throw new Unusable(`${directory}: ${message}`);
    say(`${directory}: ${message}: what can be read is served`);
    return null;
  }
}

/** `/var` and `/tmp` of a router are such a place, and nothing that is promised about power cuts holds there. */
function warnOfMemory({ files }: Host, directory: string): void {
  const { fileSystem } = files.space(directory);
  if (fileSystem !== 'tmpfs' && fileSystem !== 'ramfs') return;
  say(`${directory} is in memory (${fileSystem}): all of it is lost when the machine stops`);
}

/** The data directory cannot be served, in words for people. */
class Unusable extends Error {}

function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The first SIGTERM or SIGINT; another one after it ends the process at once. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        if (isStopping) {
          say(`${name}: stopped by force`);
          process.exit(130);
        }
        isStopping = true;
        resolve(name);
      });
    }
  });
}

/** A file of the package: seen from the source of this file and from what is built of it, it is in the same place. */
function readPackageFile(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

function readOpenApi(): string | null {
  try {
    return readPackageFile('dist/openapi.json');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function version(): string {
  return (JSON.parse(readPackageFile('package.json')) as { version: string }).version;
}

/** What went wrong, for people: what they can do something about in words, everything else with its stack. */
function explain(error: unknown): string {
  if (error instanceof UsageError || error instanceof Unusable || error instanceof CommitLogError) return error.message;
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE') return `${address}:${port} is in use: another program listens there`;
  if (code === 'EADDRNOTAVAIL') return `${address} is no address of this machine`;
  if (code === 'EACCES' && port !== undefined) return `${address}:${port}: not permitted to listen there`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function main([command, ...args]: readonly string[]): Promise<number> {
  if (command === '--version') process.stdout.write(`${version()}\n`);
  else if (command === '--help' || args.includes('--help')) process.stdout.write(serveHelp());
  else if (command !== 'serve') throw new UsageError(`${command ?? 'no command'}: the command is serve; see --help`);
  else await serve(parseServeOptions(args, (name) => process.env[name]));
  return 0;
}

// Whoever reads the log lines may go away; that ends no service.
process.stderr.on('error', () => {});

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(explain(error));
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
