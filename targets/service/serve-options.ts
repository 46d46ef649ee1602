/** The command line and the environment of `streambed serve`, on every target: no API of any runtime in here. */
import type { NetAddress } from '../host.ts';
import { UsageError } from './failure.ts';
import type { SecretOptions } from './secrets/secret-options.ts';
import { type Format, formats, type Level, levels } from './journal.ts';

export interface ServeOptions {
  readonly dataDirectory: string;
  readonly allowVolatile: boolean;
  readonly logLevel: Level;
  readonly logFormat: Format;
  readonly kafka: { readonly host: string; readonly port: number };
  readonly advertisedUrl: string | undefined;
  readonly wildcardDialect: 'streambed' | 'confluent';
  readonly maxBodyBytes: number;
  readonly maxRecords: number;
  readonly maxHeaderBytes: number;
  readonly maxUrlLength: number;
  readonly maxConnections: number;
  readonly maxWaits: number;
  readonly maxConsumers: number;
  readonly secrets: SecretOptions;
}

interface Option {
  readonly name: string;
  readonly isSwitch?: boolean;
  readonly otherwise?: string;
}

/** What each means is in `help.ts`, which is read only when somebody asks. */
export const serveOptions: readonly Option[] = [
  { name: 'data' },
  { name: 'allow-volatile', isSwitch: true },
  { name: 'kafka', otherwise: '127.0.0.1:8082' },
  { name: 'vault', otherwise: '127.0.0.1:8200' },
  { name: 'allow-remote', isSwitch: true },
  { name: 'kafka-auth', otherwise: 'none' },
  { name: 'root-key-file' },
  { name: 'root-key-fd' },
  { name: 'previous-root-key-file' },
  { name: 'audit', otherwise: 'off' },
  { name: 'ss-ttl-field' },
  { name: 'dev', isSwitch: true },
  { name: 'dev-root-token-id' },
  { name: 'advertise' },
  { name: 'offsets', otherwise: 'streambed' },
  { name: 'log-level', otherwise: 'info' },
  { name: 'log-format', otherwise: 'plain' },
  { name: 'max-body-bytes', otherwise: '8388608' },
  { name: 'max-records', otherwise: '10000' },
  { name: 'max-header-bytes', otherwise: '16384' },
  { name: 'max-url-length', otherwise: '4096' },
  { name: 'max-connections', otherwise: '1024' },
  { name: 'max-waits', otherwise: '256' },
  { name: 'max-consumers', otherwise: '256' },
];

export function variableOf(name: string): string {
  return `STREAMBED_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Throws a `UsageError`. */
export function parseServeOptions(args: readonly string[], env: (name: string) => string | undefined): ServeOptions {
  const given = readArgs(args);
  const text = (name: string): string | undefined => {
    const option = serveOptions.find((one) => one.name === name);
    return given[name] ?? (env(variableOf(name)) || undefined) ?? option?.otherwise;
  };
  const dataDirectory = text('data');
  if (dataDirectory === undefined || dataDirectory === '')
    throw new UsageError('say where the log is kept: --data DIR, or STREAMBED_DATA');
  const kafka = parseAddress('kafka', text('kafka') ?? '');
  const secrets = parseSecretOptions(text, env);
  checkRemote(kafka, secrets, parseSwitch('allow-remote', text('allow-remote')));
  return {
    dataDirectory,
    allowVolatile: parseSwitch('allow-volatile', text('allow-volatile')),
    logLevel: parseWord('log-level', levels, text('log-level')),
    logFormat: parseWord('log-format', formats, text('log-format')),
    kafka,
    advertisedUrl: parseUrl(text('advertise')),
    wildcardDialect: parseWord('offsets', ['streambed', 'confluent'], text('offsets')),
    maxBodyBytes: parseCount('max-body-bytes', text('max-body-bytes')),
    maxRecords: parseCount('max-records', text('max-records')),
    maxHeaderBytes: parseCount('max-header-bytes', text('max-header-bytes')),
    maxUrlLength: parseCount('max-url-length', text('max-url-length')),
    maxConnections: parseCount('max-connections', text('max-connections')),
    maxWaits: parseCount('max-waits', text('max-waits')),
    maxConsumers: parseCount('max-consumers', text('max-consumers')),
    secrets,
  };
}

type Text = (name: string) => string | undefined;

function parseSecretOptions(text: Text, env: (name: string) => string | undefined): SecretOptions {
  const vault = text('vault') ?? '';
  const isDev = parseSwitch('dev', text('dev'));
  const devRootTokenId = text('dev-root-token-id') ?? null;
  if (devRootTokenId !== null && !isDev) throw new UsageError('--dev-root-token-id: only with --dev');
  const rootKeyFile = text('root-key-file') ?? null;
  const kafkaAuth = parseWord('kafka-auth', ['none', 'token'], text('kafka-auth'));
  if (vault === 'off' && kafkaAuth === 'token') throw new UsageError('--kafka-auth token: needs the secret store');
  return {
    vault: vault === 'off' ? null : parseAddress('vault', vault),
    rootKeyFile,
    rootKeyDescriptor: parseDescriptor(text('root-key-fd'), rootKeyFile),
    rootKey: rootKeyFile === null ? (env(variableOf('root-key')) ?? null) : null,
    previousRootKeyFile: text('previous-root-key-file') ?? null,
    isDev,
    devRootTokenId,
    ttlField: text('ss-ttl-field') ?? null,
    audit: parseWord('audit', ['off', 'open', 'closed'], text('audit')),
    kafkaAuth,
  };
}

/** Those of standard streams are not for keys. */
function parseDescriptor(text: string | undefined, rootKeyFile: string | null): number | null {
  if (text === undefined) return null;
  if (rootKeyFile !== null) throw new UsageError('--root-key-fd: not with --root-key-file');
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) > 2) return Number(text);
  throw new UsageError(`--root-key-fd ${text}: want the number of an open descriptor, 3 or above`);
}

/** What can be reached from other machines must ask who calls, or be meant to be open. */
function checkRemote(kafka: NetAddress, { kafkaAuth, isDev, vault }: SecretOptions, isMeant: boolean): void {
  if (!isLoopback(kafka.host) && kafkaAuth === 'none' && !isMeant) {
    const advice = '--kafka-auth token, or --allow-remote if that is meant';
    throw new UsageError(
      `${kafka.host} can be reached from other machines, and nobody is asked for a token: ${advice}`,
    );
  }
  if (isDev && vault !== null && !isLoopback(vault.host) && !isMeant) {
    throw new UsageError(`--dev is not for ${vault.host}, which other machines can reach`);
  }
}

/** `--name value`, `--name=value`, and `--name` of a switch. */
function readArgs(args: readonly string[]): Readonly<Record<string, string | undefined>> {
  const given: Record<string, string> = {};
  for (let at = 0; at < args.length; at += 1) {
    const [, name = '', inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    const option = serveOptions.find((one) => one.name === name);
    if (option === undefined) throw new UsageError(`${args[at]}: unknown; see --help`);
    if (option.isSwitch && inline !== undefined) throw new UsageError(`--${name} takes no value`);
    const value = option.isSwitch ? 'true' : (inline ?? args[(at += 1)]);
    if (value === undefined) throw new UsageError(`--${name}: want a value; see --help`);
    given[name] = value;
  }
  return given;
}

function parseAddress(name: string, text: string): NetAddress {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? (match?.[2] === 'localhost' ? '127.0.0.1' : match?.[2]) ?? '';
  const port = Number(match?.[3]);
  if (isAddress(host) && port <= 65_535) return { host, port };
  throw new UsageError(`--${name} ${text}: want an IP address and a port, such as 127.0.0.1:8082 or [::1]:8082`);
}

/** What looks like an IP address but is none is refused by the system. */
function isAddress(host: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(host) || /^[\da-f.]*:[\da-f:.]*$/i.test(host);
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1' || host.startsWith('::ffff:127.');
}

function parseSwitch(name: string, text: string | undefined): boolean {
  if (text === undefined || text === 'false' || text === '0') return false;
  if (text === 'true' || text === '1') return true;
  throw new UsageError(`--${name} ${text}: want true or false`);
}

function parseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^https?:\/\/[^\s/?#@]+[^\s?#]*$/i.test(text)) return text.replace(/\/$/, '');
  throw new UsageError(`--advertise ${text}: want a URL, such as http://gateway:8082`);
}

function parseWord<T extends string>(name: string, words: readonly T[], text: string | undefined): T {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} ${text}: want ${words.join(' or ')}`);
}

function parseCount(name: string, text: string | undefined): number {
  if (text !== undefined && /^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--${name} ${text}: want a whole number from 1 to 999999999`);
}
