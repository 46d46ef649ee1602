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
  user = 1000;
  /** Of everything. */
  mode = 0o40700;
  env: Readonly<Record<string, string>> = {};
  /** Thrown by the next start of a server. */
  listenFailure: Error | null = null;
  readonly #told: ((name: string) => void)[] = [];
  #served: () => void = () => {};

  /** Begins to serve the log alone; resolves once it is served, to the promise of the exit code. */
  async serve(...args: string[]): Promise<{ readonly ended: Promise<number> }> {
    const served = new Promise<void>((resolve) => {
      this.#served = resolve;
    });
    const ended = this.run('serve', '--vault', 'off', ...args);
    await Promise.race([served, ended]);
    await this.disk.clock.settle();
    return { ended };
  }

  /** Resolves to the exit code. */
  run(...args: string[]): Promise<number> {
    this.#told.length = 0; // one process ends before the next begins
    return runStreambed(this.#platform(), args);
  }

  signal(name: 'SIGTERM' | 'SIGINT'): void {
    for (const told of this.#told) told(name);
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
      readDescriptor: async () => new Uint8Array(0),
      print: async (text) => {
        this.output += text;
        return true;
      },
      warn: (text) => {
        this.lines.push(text.slice(0, -1));
      },
      onSignal: (told) => this.#told.push(told),
      user: this.user,
      look: (path) => {
        const found = this.host.files.stat(path);
        if (found === null) return null;
        return { isDirectory: found.kind === 'directory', mode: this.mode, owner: 1000, identity: '2a-ff' };
      },
      exit: (code) => {
        throw new Error(`exit ${code}`);
      },
      startServer: async (options) => {
        if (this.listenFailure !== null) throw this.listenFailure;
        this.servers.push(options);
        this.#served();
        return {
          address: options.address,
          stop: async () => {
            this.servers.splice(this.servers.indexOf(options), 1);
          },
        };
      },
      kafkaLimits: {},
      readOpenApi: async () => '{}',
    };
  }
}
