/**
 * `streambed serve`, on every target: takes the data directory, opens the log, serves the parts each on its listener
 * until a signal comes, and stops in the order that loses nothing: waits and streams end, requests finish, the log
 * is closed, the directory is let go.
 */
import { FileLog } from '../../logged/file-log.ts';
import type { NetAddress } from '../host.ts';
import { checkVolatile, takeDirectory } from './data-directory.ts';
import { explain, explainListen, Unusable } from './failure.ts';
import { Journal } from './journal.ts';
import { openKafkaPart } from './kafka-part.ts';
import type { Part, Shared } from './part.ts';
import type { Platform, Server } from './platform.ts';
import { parseServeOptions, type ServeOptions } from './serve-options.ts';
import type { SecretOptions } from './secrets/secret-options.ts';
import { Stopping } from './stopping.ts';

/** How long requests under way may take to finish after a signal. */
const graceMs = 10_000;

/** What the steps of serving are given. */
interface Service {
  readonly platform: Platform;
  readonly options: ServeOptions;
  readonly journal: Journal;
}

/** Returns the exit code. Errors: `UsageError`; all others are told in the journal. */
export async function runServe(platform: Platform, args: readonly string[]): Promise<number> {
  const parsed = parseServeOptions(args, (name) => platform.env(name));
  const { logLevel: level, logFormat: format } = parsed;
  const write = (line: string): void => platform.warn(line);
  const journal = new Journal({ level, format, clock: platform.host.clock, write });
  try {
    const options = { ...parsed, secrets: await withRootKey(platform, parsed) };
    await serve({ platform, options, journal });
    return 0;
  } catch (error) {
    journal.fail(explain(error));
    return 1;
  }
}

/** A root key in hex or base64 has no more bytes. */
const rootKeyBytes = 256;

/** With the root key from its descriptor. Errors: `Unusable`. */
async function withRootKey(
  { host, look, readDescriptor }: Platform,
  { secrets, dataDirectory }: ServeOptions,
): Promise<SecretOptions> {
  const { rootKeyDescriptor: descriptor, rootKeyFile } = secrets;
  if (secrets.vault === null) return secrets;
  VAULT: if (rootKeyFile !== null) {
    const { isInside, KEY_INSIDE } = await import('./secrets/inside.ts');
    if (isInside(look, rootKeyFile, dataDirectory)) throw new Unusable(`${rootKeyFile}: ${KEY_INSIDE}`);
  }
  if (descriptor === null) return secrets;
  try {
    return { ...secrets, rootKey: host.bytes.decodeUtf8(await readDescriptor(descriptor, rootKeyBytes)).trim() };
  } catch (error) {
    throw new Unusable(`--root-key-fd ${descriptor}: ${explain(error)}`);
  }
}

async function serve(service: Service): Promise<void> {
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
      const { kafkaLimits } = platform;
      const shared = { host, log, options, stopping, journal, kafkaLimits, readOpenApi: () => platform.readOpenApi() };
      await withParts(shared, (opened) =>
        serveParts(service, opened, async () => {
          if (warning !== null) journal.say(warning, 'warn');
          journal.say(`${await signalled}: stopping`);
          stopping.abort();
        }),
      );
    } finally {
      await log.close();
    }
  } finally {
    lock?.release();
    journal.close();
  }
  journal.say('stopped');
}

/** Opens the parts, and closes what they keep when they have been used. The code of the secret store is read on demand. */
async function withParts(shared: Shared, use: (opened: readonly Part[]) => Promise<void>): Promise<void> {
  const { vault, kafkaAuth } = shared.options.secrets;
  VAULT: if (vault !== null) {
    const { openSecrets } = await import('./secrets/open-secrets.ts');
    const { vaultPart } = await import('./secrets/vault-part.ts');
    const secrets = await openSecrets(shared);
    try {
      return await use([openKafkaPart(shared, secrets.store), vaultPart(shared, secrets, vault)]);
    } finally {
      await secrets.close();
    }
  }
  if (kafkaAuth === 'token') throw new Unusable('--kafka-auth token: this build has no secret store');
  return use([openKafkaPart(shared, null)]);
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
