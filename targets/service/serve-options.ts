/** The command line and the environment of `streambed serve`, on every target: no API of any runtime in here. */
import { UsageError } from './failure.ts';

export interface ServeOptions {
  readonly dataDirectory: string;
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
}

interface Option {
  readonly name: string;
  readonly env: string;
  readonly value: string | null;
  readonly otherwise: string | null;
  readonly help: string;
}

const table: readonly Option[] = [
  {
    name: 'data',
    env: 'STREAMBED_DATA',
    value: 'DIR',
    otherwise: null,
    help: 'where the log is kept; made when missing',
  },
  {
    name: 'kafka',
    env: 'STREAMBED_KAFKA',
    value: 'HOST:PORT',
    otherwise: '127.0.0.1:8082',
    help: 'where the Kafka REST API is served',
  },
  {
    name: 'allow-remote',
    env: 'STREAMBED_ALLOW_REMOTE',
    value: null,
    otherwise: null,
    help: 'listen beyond loopback: whoever can connect may read and write everything',
  },
  {
    name: 'advertise',
    env: 'STREAMBED_ADVERTISE',
    value: 'URL',
    otherwise: null,
    help: 'scheme://host:port in the URLs of replies; else what the client called',
  },
  {
    name: 'offsets',
    env: 'STREAMBED_OFFSETS',
    value: 'streambed|confluent',
    otherwise: 'streambed',
    help: "what end_offset is to clients that accept any type: the last record's offset, or the next one",
  },
  {
    name: 'max-body-bytes',
    env: 'STREAMBED_MAX_BODY_BYTES',
    value: 'N',
    otherwise: '8388608',
    help: 'the largest request body',
  },
  {
    name: 'max-records',
    env: 'STREAMBED_MAX_RECORDS',
    value: 'N',
    otherwise: '10000',
    help: 'the most records in one produce request',
  },
  {
    name: 'max-header-bytes',
    env: 'STREAMBED_MAX_HEADER_BYTES',
    value: 'N',
    otherwise: '16384',
    help: 'the most bytes in the head of a request',
  },
  {
    name: 'max-url-length',
    env: 'STREAMBED_MAX_URL_LENGTH',
    value: 'N',
    otherwise: '4096',
    help: 'the longest URL, query included',
  },
  {
    name: 'max-connections',
    env: 'STREAMBED_MAX_CONNECTIONS',
    value: 'N',
    otherwise: '1024',
    help: 'the most connections at once',
  },
  {
    name: 'max-waits',
    env: 'STREAMBED_MAX_WAITS',
    value: 'N',
    otherwise: '256',
    help: 'the most long polls and streams at once',
  },
  {
    name: 'max-consumers',
    env: 'STREAMBED_MAX_CONSUMERS',
    value: 'N',
    otherwise: '256',
    help: 'the most consumer instances',
  },
];

export function serveHelp(): string {
  const rows = table.map(({ name, value, help, otherwise }) => {
    const flag = `  --${name}${value === null ? '' : ` ${value}`}`;
    return `${flag.padEnd(32)}  ${help}${otherwise === null ? '' : ` (${otherwise})`}`;
  });
  return [
    'usage: streambed serve --data DIR [options]',
    '',
    ...rows,
    '',
    `Each also as an environment variable, such as ${table[0]?.env ?? ''}; the command line wins.`,
    '',
  ].join('\n');
}

/** Throws a `UsageError`. */
export function parseServeOptions(args: readonly string[], env: (name: string) => string | undefined): ServeOptions {
  const given = readArgs(args);
  const text = (name: string): string | undefined => {
    const option = table.find((one) => one.name === name);
    return given[name] ?? (env(option?.env ?? '') || undefined) ?? option?.otherwise ?? undefined;
  };
  const dataDirectory = text('data');
  if (dataDirectory === undefined || dataDirectory === '')
    throw new UsageError('say where the log is kept: --data DIR, or STREAMBED_DATA');
  const kafka = parseAddress(text('kafka') ?? '');
  if (!isLoopback(kafka.host) && !parseSwitch(text('allow-remote'))) {
    throw new UsageError(
      `${kafka.host} can be reached from other machines, and there is no access control: --allow-remote if that is meant`,
    );
  }
  return {
    dataDirectory,
    kafka,
    advertisedUrl: parseUrl(text('advertise')),
    wildcardDialect: parseDialect(text('offsets')),
    maxBodyBytes: parseCount('max-body-bytes', text('max-body-bytes')),
    maxRecords: parseCount('max-records', text('max-records')),
    maxHeaderBytes: parseCount('max-header-bytes', text('max-header-bytes')),
    maxUrlLength: parseCount('max-url-length', text('max-url-length')),
    maxConnections: parseCount('max-connections', text('max-connections')),
    maxWaits: parseCount('max-waits', text('max-waits')),
    maxConsumers: parseCount('max-consumers', text('max-consumers')),
  };
}

/** `--name value`, `--name=value`, and `--name` of a switch. */
function readArgs(args: readonly string[]): Readonly<Record<string, string | undefined>> {
  const given: Record<string, string> = {};
  for (let at = 0; at < args.length; at += 1) {
    const [, name = '', inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    const option = table.find((one) => one.name === name);
    if (option === undefined) throw new UsageError(`${args[at]}: unknown; see --help`);
    if (option.value === null && inline !== undefined) throw new UsageError(`--${name} takes no value`);
    const value = option.value === null ? 'true' : (inline ?? args[(at += 1)]);
    if (value === undefined) throw new UsageError(`--${name}: want ${option.value}`);
    given[name] = value;
  }
  return given;
}

function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? (match?.[2] === 'localhost' ? '127.0.0.1' : match?.[2]) ?? '';
  const port = Number(match?.[3]);
  if (isAddress(host) && port <= 65_535) return { host, port };
  throw new UsageError(`--kafka ${text}: want an IP address and a port, such as 127.0.0.1:8082 or [::1]:8082`);
}

/** What looks like an IP address but is none is refused by the system. */
function isAddress(host: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(host) || /^[\da-f.]*:[\da-f:.]*$/i.test(host);
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1' || host.startsWith('::ffff:127.');
}

function parseSwitch(text: string | undefined): boolean {
  if (text === undefined || text === 'false' || text === '0') return false;
  if (text === 'true' || text === '1') return true;
  throw new UsageError(`--allow-remote ${text}: want true or false`);
}

function parseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^https?:\/\/[^\s/?#@]+[^\s?#]*$/i.test(text)) return text.replace(/\/$/, '');
  throw new UsageError(`--advertise ${text}: want a URL, such as http://gateway:8082`);
}

function parseDialect(text: string | undefined): ServeOptions['wildcardDialect'] {
  if (text === 'streambed' || text === 'confluent') return text;
  throw new UsageError(`--offsets ${text}: want streambed or confluent`);
}

function parseCount(name: string, text: string | undefined): number {
  if (text !== undefined && /^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--${name} ${text}: want a whole number from 1 to 999999999`);
}
