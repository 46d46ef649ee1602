/** The command `streambed` in this process, on a memory host: what it says, prints and serves, and how it is told to stop. */
import type { Platform, ServerOptions } from '../../../targets/service/platform.ts';
import { runStreambed } from '../../../targets/service/streambed.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';

export class Machine {
  readonly disk = new MemoryDisk();
  readonly host = this.disk.host();
  /** Of standard error. */
  readonly lines: string[] = [];
  readonly servers: ServerOptions[] = [];
  output = '';
  env: Readonly<Record<string, string>> = {};
  /** Thrown by the next start of a server. */
  listenFailure: Error | null = null;
  readonly #told: ((name: string) => void)[] = [];

  /** Resolves to the exit code. */
  run(...args: string[]): Promise<number> {
    this.#told.length = 0; // one process ends before the next begins
    return runStreambed(this.#platform(), args);
  }

  signal(name: 'SIGTERM' | 'SIGINT'): void {
    for (const told of this.#told) told(name);
  }

  async settle(): Promise<void> {
    await this.disk.clock.settle();
  }

  write(path: string, text: string): void {
    const { files, bytes } = this.host;
    let directory = '';
    for (const name of path.split('/').slice(1, -1)) {
      directory += `/${name}`;
      if (files.stat(directory) === null) files.makeDir(directory);
    }
    const file = files.open(path, 'create');
    file.write(bytes.encodeUtf8(text), 0);
    file.close();
  }

  #platform(): Platform {
    return {
      host: this.host,
      facts: { version: '1.2.3', engine: 'Engine 4', cpu: 'z80', byteOrder: 'little', store: null },
      env: (name) => this.env[name],
      print: async (text) => {
        this.output += text;
      },
      warn: (text) => {
        this.lines.push(text.slice(0, -1));
      },
      onSignal: (told) => this.#told.push(told),
      exit: (code) => {
        throw new Error(`exit ${code}`);
      },
      startServer: async (options) => {
        if (this.listenFailure !== null) throw this.listenFailure;
        this.servers.push(options);
        return {
          address: options.address,
          stop: async () => {
            this.servers.splice(this.servers.indexOf(options), 1);
          },
        };
      },
      readOpenApi: async () => '{}',
    };
  }
}
