/**
 * The command `streambed` on QuickJS: puts log, HTTP face and host together and runs them. Exit codes as on Node: 0
 * after a graceful stop, 1 when something failed, 2 when it was called wrongly, 130 when it was stopped by force.
 */
import { kafkaApp } from '../../http-api/kafka-app.ts';
import { plainError, printError as printHttpError } from '../../http-api/kafka/errors.ts';
import { registerStreambed } from '../../http-api/kafka/streambed/routes.ts';
import { registerStreams } from '../../http-api/kafka/streams/routes.ts';
import { registerV2 } from '../../http-api/kafka/v2/routes.ts';
import { registerV3 } from '../../http-api/kafka/v3/routes.ts';
import { defaultLimits } from '../../http-api/limits.ts';
import { CommitLogError } from '../../logged/commit-log.ts';
import { FileLog } from '../../logged/file-log.ts';
import type { Host, HostError, Lock } from '../host.ts';
import { parseServeOptions, serveHelp, type ServeOptions, UsageError } from '../node/serve-options.ts';
import { errorCode } from './host-error.ts';
import { quickjsHost } from './host.ts';
import { HttpServer, type HttpServerOptions } from './http1/server.ts';
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { onSignals, quickjsTerminal } from './terminal.ts';
import { WebHeaders } from './web/headers.ts';
import { WebRequest, WebResponse, WebSignal } from './web/messages.ts';
import { WebReadableStream } from './web/readable-stream.ts';
import { WebUrl } from './web/url.ts';

/** How long requests under way may take to finish after a signal. */
const graceMs = 10_000;
const dialects = [registerStreambed, registerV2, registerV3, registerStreams];

type Say = (line: string) => void;

/** The data directory cannot be served, in words for people. */
class Unusable extends Error {}

export async function runStreambedCommand(
  native: Native,
  loop: Loop,
  say: Say,
  command: string | undefined,
  args: readonly string[],
): Promise<number> {
  try {
    if (command === '--version') await print(native, loop, `${STREAMBED_VERSION}\n`);
    else if (command === '--help' || args.includes('--help')) await print(native, loop, serveHelp());
    else if (command === 'serve') {
      const options = parseServeOptions(args, (name) => native.getVariable(name));
      await serve(native, loop, say, options);
    } else throw new UsageError(`${command ?? 'no command'}: the commands are serve and logged; see --help`);
    return 0;
  } catch (error) {
    say(explain(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function print(native: Native, loop: Loop, text: string): Promise<void> {
  await quickjsTerminal(native, loop, []).write(native.encodeUtf8(text));
}

async function serve(native: Native, loop: Loop, say: Say, options: ServeOptions): Promise<void> {
  Object.assign(globalThis, {
    Headers: WebHeaders,
    ReadableStream: WebReadableStream,
    Request: WebRequest,
    Response: WebResponse,
    URL: WebUrl,
  });
  const stopping = new WebSignal();
  const signalled = nextSignal(native, loop, say);
  const host = quickjsHost(native, loop);
  const log = await FileLog.open(host, {
    root: options.dataDirectory,
    report: ({ event, ...details }) => say(`${event}: ${JSON.stringify(details)}`),
  });
  let lock: Lock | null = null;
  try {
    lock = lockDirectory(host, options.dataDirectory, say);
    const app = appOf(host, log, options, stopping, say);
    const server = await HttpServer.start({ ...serverParts(native, host, options, say), fetch: app });
    say(`serving Kafka REST on ${urlOf(server.address)}, log in ${options.dataDirectory}`);
    warnOfMemory(host, options.dataDirectory, say);
    say(`${await signalled}: stopping`);
    stopping.abort();
    await server.stop(graceMs);
  } finally {
    await log.close();
    lock?.release();
  }
  say('stopped');
}

function appOf(host: Host, log: FileLog, options: ServeOptions, stopping: WebSignal, say: Say) {
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
      stopping,
      report: say,
      wildcardDialect: options.wildcardDialect,
      clusterId: 'streambed',
      advertisedUrl: options.advertisedUrl,
    },
    dialects,
  );
  // The application's Request and Response are the classes of this target: they are its globals.
  return fetch as unknown as HttpServerOptions['fetch'];
}

function serverParts(native: Native, host: Host, options: ServeOptions, say: Say) {
  return {
    address: options.kafka,
    refusal: (status: number) => printHttpError(plainError(status)),
    report: (error: unknown) => say(explain(error)),
    maxConnections: options.maxConnections,
    maxHeaderBytes: options.maxHeaderBytes,
    net: host.net,
    clock: host.clock,
    encodeUtf8: native.encodeUtf8,
    decodeLatin1: native.decodeLatin1,
  };
}

/** Two services would share out the partitions of one group twice. Null: none can be taken there, but it can be read. */
function lockDirectory({ files }: Host, directory: string, say: Say): Lock | null {
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
function warnOfMemory({ files }: Host, directory: string, say: Say): void {
  const { fileSystem } = files.space(directory);
  if (fileSystem !== 'tmpfs' && fileSystem !== 'ramfs') return;
  say(`${directory} is in memory (${fileSystem}): all of it is lost when the machine stops`);
}

function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The first SIGTERM or SIGINT; another one after it ends the process at once. */
function nextSignal(native: Native, loop: Loop, say: Say): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false;
    onSignals(native, loop, (name) => {
      if (isStopping) {
        say(`${name}: stopped by force`);
        native.exit(130);
      }
      isStopping = true;
      resolve(name);
    });
  });
}

/** What went wrong, for people: what they can do something about in words, everything else with its stack. */
function explain(error: unknown): string {
  if (error instanceof UsageError || error instanceof Unusable || error instanceof CommitLogError) return error.message;
  if (errorCode(error) !== null) return (error as Error).message;
  return error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error);
}
