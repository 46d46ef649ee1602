/** What `streambed --help` prints. */
import { serveOptions, variableOf } from './serve-options.ts';

/** By option: what its value is called, and what it does. */
const texts: Readonly<Record<string, readonly [value: string, help: string]>> = {
  data: ['DIR', 'where the log is kept; made when missing'],
  'allow-volatile': ['', 'also in memory (tmpfs), where all is lost when the machine stops'],
  kafka: ['HOST:PORT', 'where the Kafka REST API is served'],
  vault: ['HOST:PORT|off', 'where the Vault API of the secret store is served; off: no secret store'],
  'allow-remote': ['', 'listen beyond loopback without tokens: whoever can connect may read and write the log'],
  'kafka-auth': ['none|token', 'token: Kafka requests need a token of the secret store, whose policies decide'],
  'root-key-file': ['FILE', 'the key that the secret store is opened with (mode 0400); else it is unsealed by shares'],
  'root-key-fd': ['N', 'the key is read from this descriptor, which is open already, instead of a file'],
  'previous-root-key-file': ['FILE', 'the key before it, while it is being replaced'],
  audit: ['off|open|closed', 'secret requests in the topic audit; when that fails: open serves on, closed refuses'],
  'ss-ttl-field': ['NAME', 'the field of a secret that says how long it may be kept, such as 1m'],
  dev: ['', 'a secret store in development mode: empty, open, lost at the end'],
  'dev-root-token-id': ['TOKEN', 'the root token of --dev'],
  advertise: ['URL', 'scheme://host:port in the URLs of replies; else what the client called'],
  offsets: [
    'streambed|confluent',
    "what end_offset is to clients that accept any type: the last record's offset, or the next one",
  ],
  'log-level': ['LEVEL', 'what is written to standard error: error, warn, info or debug, and what is worse'],
  'log-format': ['plain|systemd', 'systemd: each line begins with its priority, such as <4>, for journald'],
  'max-body-bytes': ['N', 'the largest request body; of Vault at most 1048576'],
  'max-records': ['N', 'the most records in one produce request'],
  'max-header-bytes': ['N', 'the most bytes in the head of a request'],
  'max-url-length': ['N', 'the longest URL, query included'],
  'max-connections': ['N', 'the most connections at once'],
  'max-waits': ['N', 'the most long polls and streams at once'],
  'max-consumers': ['N', 'the most consumer instances'],
};

export function helpText(): string {
  const rows = serveOptions.map(({ name, otherwise }) => {
    const [value, help] = texts[name] ?? ['', ''];
    const flag = `  --${name}${value === '' ? '' : ` ${value}`}`;
    return `${flag.padEnd(32)}  ${help}${otherwise === undefined ? '' : ` (${otherwise})`}`;
  });
  return [
    'usage: streambed serve --data DIR [options]',
    '       streambed init --help',
    '       streambed doctor [--data DIR] [--json]',
    '       streambed --version',
    '',
    ...rows,
    '',
    `Each also as an environment variable, such as ${variableOf('data')}; the command line wins.`,
    '',
  ].join('\n');
}
