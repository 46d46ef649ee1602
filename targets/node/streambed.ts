/** The command `streambed` on Node: hands the host, the HTTP server and the process to what all targets share. */
import { constants, readFileSync, readlinkSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import type { Platform, ServerOptions } from '../service/platform.ts';
import { runStreambed } from '../service/streambed.ts';
import { runBuildCommand } from './build-command.ts';
import { nodeHost } from './host.ts';
import { startHttpServer } from './http-server.ts';
import { kvVersion } from './kv.ts';
import { look } from './look.ts';
import { writeOutput } from './terminal.ts';

const { O_RDWR } = constants;

const platform: Platform = {
  host: nodeHost(),
  facts: {
    version: (JSON.parse(readPackageFile('package.json')) as { readonly version: string }).version,
    engine: `Node.js ${process.version}`,
    cpu: process.arch,
    byteOrder: endianness() === 'LE' ? 'little' : 'big',
    get store() {
      return kvVersion(); // which loads it
    },
  },
  env: (name) => process.env[name],
  readDescriptor: async (descriptor, mostBytes) => readDescriptor(descriptor, mostBytes),
  print: async (text) => (await writeOutput(text)) && !isOutputClosed(),
  warn: (text) => void process.stderr.write(text),
  onSignal: (told) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => told(name));
  },
  kafkaLimits: {},
  user: process.geteuid?.() ?? -1,
  look,
  exit: (code) => process.exit(code),
  startServer: ({ address, ...options }: ServerOptions) => startHttpServer({ ...address, ...options }),
  readOpenApi: async () => readOpenApi(),
};

/** Waits for who writes it, and nothing else goes on meanwhile: it is done before anything is served. */
function readDescriptor(descriptor: number, mostBytes: number): Uint8Array {
  const bytes = new Uint8Array(mostBytes);
  let length = 0;
  for (let count = 1; count > 0 && length < mostBytes; length += count) {
    count = readSync(descriptor, bytes, length, mostBytes - length, null);
  }
  return bytes.slice(0, length);
}

/** Where standard output was closed Node has put `/dev/null`, and for reading too, as nobody else would. */
function isOutputClosed(): boolean {
  try {
    const [, flags = '0'] = /^flags:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/fdinfo/1', 'utf8')) ?? [];
    return (Number.parseInt(flags, 8) & O_RDWR) !== 0 && readlinkSync('/proc/self/fd/1') === '/dev/null';
  } catch {
    return false; // There is no /proc here.
  }
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

// Whoever reads what is written may go away; that ends no service.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const [command, ...args] = process.argv.slice(2);
if (command === 'build') process.exit(await runBuildCommand(args));
process.exit(await runStreambed(platform, process.argv.slice(2)));
