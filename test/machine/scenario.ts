/** One boot of the machine in which a runtime is measured: its service, and the echo program that it is compared with. */
import { mkdirSync } from 'node:fs';
import { fastDisk, makeExt4, readOnlyDisk } from '../../scripts/machine/disks.ts';
import type { StartFiles } from '../../scripts/machine/initial-files.ts';
import { Machine } from '../../scripts/machine/machine.ts';
import { GuestService, type LoadOptions, type LoadResult, type Memory } from './guest-service.ts';
import type { Budget, Report } from './report.ts';

export const DATA_BYTES = 128 * 1024 * 1024;
/** Where services and their data are in the machine. */
export const PROGRAMS = '/prog';

const DATA = '/data/log';
const [PORT, ECHO_PORT, SPARE_PORT] = [8082, 8083, 8084];

export interface Runtime {
  readonly name: string;
  /** The disk that becomes `/prog`. */
  readonly programs: string;
  /** What else has to be done when all is mounted, with the directory of the service. */
  prepare(dataDirectory: string): string;
  /** Starts the service on a directory and a port of loopback. */
  serve(dataDirectory: string, port: number): string;
  /** Starts the echo route of the same runtime; null: there is none to compare with. */
  echo(port: number): string | null;
}

export class Scenario {
  readonly report: Report;
  readonly runtime: Runtime;
  readonly machine: Machine;
  #service: GuestService;
  readonly #echo: GuestService | null;

  private constructor(
    report: Report,
    runtime: Runtime,
    machine: Machine,
    services: readonly [GuestService, GuestService | null],
  ) {
    this.report = report;
    this.runtime = runtime;
    this.machine = machine;
    [this.#service, this.#echo] = services;
  }

  get service(): GuestService {
    return this.#service;
  }

  /** Boots, starts the service on an empty ext4, runs `body`, and ends the machine whatever comes of it. */
  static async run(
    options: {
      readonly report: Report;
      readonly runtime: Runtime;
      readonly files: StartFiles;
      readonly directory: string;
    },
    body: (scenario: Scenario) => Promise<void>,
  ): Promise<void> {
    const { report, runtime, files, directory } = options;
    mkdirSync(directory, { recursive: true });
    makeExt4(`${directory}/data.img`, DATA_BYTES, null);
    const disks = [readOnlyDisk(runtime.programs), fastDisk(`${directory}/data.img`)];
    const machine = await Machine.boot({ directory, files, disks });
    try {
      await machine.run(`mount -t ext4 -o ro /dev/vda ${PROGRAMS} && mount -t ext4 /dev/vdb /data`);
      await machine.run(runtime.prepare(DATA));
      const service = await GuestService.start(machine, PORT, runtime.serve(DATA, PORT));
      const command = runtime.echo(ECHO_PORT);
      const echo = command === null ? null : await GuestService.start(machine, ECHO_PORT, command);
      await body(new Scenario(report, runtime, machine, [service, echo]));
    } finally {
      await machine.powerOff();
    }
  }

  /** Another service on an empty directory; the milliseconds to its first answer. */
  async startAgain(dataDirectory: string): Promise<number> {
    const service = await GuestService.start(this.machine, SPARE_PORT, this.runtime.serve(dataDirectory, SPARE_PORT));
    await service.kill();
    return service.msToFirstAnswer;
  }

  /** Stops the service and starts it again on the same directory. */
  async restart(): Promise<void> {
    await this.#service.stop();
    this.#service = await GuestService.start(this.machine, PORT, this.runtime.serve(DATA, PORT));
  }

  figure(figure: string, value: number, unit: string): void {
    this.report.print({ runtime: this.runtime.name, figure, value, unit });
  }

  expect(figure: string, value: number, unit: string, budget: Budget): void {
    this.report.expect({ runtime: this.runtime.name, figure, value, unit }, budget);
  }

  /** All that was measured, with budgets for some of it. */
  printMemory(when: string, memory: Memory, budgets: Partial<Record<keyof Memory, number>>): void {
    for (const name of ['VmRSS', 'VmHWM', 'RssAnon', 'PSS'] as const) {
      const budget = budgets[name];
      const figure = `memory/${when}/${name}`;
      if (budget === undefined) this.figure(figure, memory[name], 'kB');
      else this.expect(figure, memory[name], 'kB', { atMost: budget });
    }
  }

  /**
   * Loads service and echo route in turns, so that both meet the same moments of this machine, and prints the median
   * of what each turn gave.
   */
  async measureRate(name: string, turns: number, load: LoadOptions, budget: Budget | null): Promise<LoadResult[]> {
    const results: LoadResult[] = [];
    const ratios: number[] = [];
    const requests = Number(load['requests']);
    const records = load['records'] ?? 1;
    for (let turn = 0; turn < turns; turn += 1) {
      const first = turn * requests * Number(records) + Number(load['first'] ?? 0);
      const result = await this.service.load({ ...load, first });
      results.push(result);
      if (this.#echo === null) continue;
      const { connections = 1 } = load;
      const bare = await this.#echo.load({ kind: 'echo', connections, records, requests: Math.ceil(requests / 2) });
      ratios.push(rateOf(result) / rateOf(bare));
    }
    const figure = {
      runtime: this.runtime.name,
      figure: `requests/${name}`,
      value: median(results.map(rateOf)),
      unit: 'requests/s',
      ...(ratios.length === 0 ? {} : { ratio: median(ratios) }),
    };
    if (budget === null) this.report.print(figure);
    else this.report.expect(figure, budget);
    return results;
  }
}

function rateOf({ requests, ms }: LoadResult): number {
  return (requests * 1000) / ms;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >>> 1] ?? Number.NaN;
}
