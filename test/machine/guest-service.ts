/** A service that runs inside of the emulated machine, and what the load driver beside it can do to it. */
import type { Machine } from '../../scripts/machine/machine.ts';

/** In kB, as the kernel of the machine counts. */
export interface Memory {
  readonly VmRSS: number;
  readonly VmHWM: number;
  readonly RssAnon: number;
  readonly PSS: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  readonly ms: number;
  /** Records that came over streams. */
  readonly streamed: number;
  /** At three quarters of the way. */
  readonly memory: Memory | null;
}

/** Of one login, and of the questions that were answered while it was under way. */
export interface LoginResult {
  readonly status: number;
  readonly ms: number;
  readonly answers: number;
  /** That one of the answers was waited for. */
  readonly longestMs: number;
}

export type LoadOptions = Readonly<Record<string, string | number>>;

export class GuestService {
  readonly #machine: Machine;
  readonly log: string;
  readonly port: number;
  readonly pid: number;
  readonly msToFirstAnswer: number;

  private constructor(machine: Machine, log: string, port: number, { pid, ms }: { pid: number; ms: number }) {
    this.#machine = machine;
    this.log = log;
    this.port = port;
    this.pid = pid;
    this.msToFirstAnswer = ms;
  }

  /** Resolves when it has answered a request with 200. */
  static async start(machine: Machine, port: number, command: string): Promise<GuestService> {
    const log = `/tmp/service-${port}.log`;
    const started = await machine.run(`load start port=${port} log=${log} -- ${command} || { cat ${log}; false; }`);
    return new GuestService(machine, log, port, JSON.parse(started) as { pid: number; ms: number });
  }

  async memory(): Promise<Memory> {
    return JSON.parse(await this.#machine.run(`load memory pid=${this.pid}`)) as Memory;
  }

  /** From now on `VmHWM` is the most since now. */
  async forgetPeak(): Promise<void> {
    await this.#machine.run(`echo 5 >/proc/${this.pid}/clear_refs`);
  }

  async load(options: LoadOptions): Promise<LoadResult> {
    const output = await this.#drive('run', { port: this.port, pid: this.pid, ...options });
    const result = JSON.parse(output.split('\n').at(-2) ?? '') as LoadResult;
    if (result.failed > 0) throw new Error(`${result.failed} of ${result.requests} requests failed: ${output}`);
    return result;
  }

  /** One request by hand, which has to succeed: the reply. `options`: another port, and a token. */
  async post(path: string, body: unknown, options: LoadOptions = {}): Promise<string> {
    return this.#drive('post', { port: this.port, path, body: JSON.stringify(body), ...options });
  }

  /** One login at the secret store on that port, with questions on another connection until its reply is there. */
  async login(port: number, path: string, body: unknown): Promise<LoginResult> {
    return JSON.parse(await this.#drive('login', { port, path, body: JSON.stringify(body) })) as LoginResult;
  }

  /** What the service said since it was started. */
  async readLog(): Promise<string> {
    return this.#machine.run(`cat ${this.log}`);
  }

  /** Ends it between two instructions, and waits until nothing of it is left. */
  kill(): Promise<void> {
    return this.#end('-KILL');
  }

  /** Asks it to stop, and waits until it has. */
  stop(): Promise<void> {
    return this.#end('-TERM');
  }

  async #end(signal: string): Promise<void> {
    await this.#machine.run(`kill ${signal} ${this.pid}; while kill -0 ${this.pid} 2>/dev/null; do sleep 0.1; done`);
  }

  #drive(command: string, options: LoadOptions): Promise<string> {
    const words = Object.entries(options).map(([name, value]) => `${name}='${value}'`);
    return this.#machine.run(`load ${command} ${words.join(' ')}`);
  }
}
