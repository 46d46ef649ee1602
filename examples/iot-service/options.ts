/** The command line: `[--data DIR] [--listen HOST:PORT] [--keep N]`. */
import type { AppTerminal } from 'streambed/app';

export interface Options {
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly keep: number;
}

export class UsageError extends Error {}

export function parseOptions({ args }: AppTerminal): Options {
  const given = new Map([
    ['--data', './iot-data'],
    ['--listen', '127.0.0.1:8083'],
    ['--keep', '10'],
  ]);
  for (let at = 0; at < args.length; at += 2) {
    const [name = '', value] = args.slice(at, at + 2);
    if (!given.has(name) || value === undefined) throw new UsageError(`${name}: want ${[...given.keys()].join(', ')}`);
    given.set(name, value);
  }
  const [, host, port] = /^([\d.]+):(\d{1,5})$/.exec(given.get('--listen') ?? '') ?? [];
  if (host === undefined) throw new UsageError('--listen: want an address and a port, such as 127.0.0.1:8083');
  const keep = Number(given.get('--keep'));
  if (!Number.isInteger(keep) || keep < 1 || keep > 1024) throw new UsageError('--keep: want a number from 1 to 1024');
  return { data: given.get('--data') ?? '', listen: { host, port: Number(port) }, keep };
}
