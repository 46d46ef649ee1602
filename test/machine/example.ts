/**
 * `examples/iot-service` in the emulated machine: built as a developer would build it, fed through a pipe and with
 * datagrams, killed, and started again on what is left on its disk.
 */
import { mkdirSync, statSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { fastDisk, makeExt4, readOnlyDisk } from '../../scripts/machine/disks.ts';
import type { StartFiles } from '../../scripts/machine/initial-files.ts';
import { Machine } from '../../scripts/machine/machine.ts';
import { CPUS } from '../../scripts/targets/cpus.ts';
import { run } from '../../scripts/targets/system.ts';
import { findToolchain } from '../../scripts/targets/toolchain.ts';
import { type IotService, tellStory, until } from '../examples/iot-story.ts';
import type { Memory } from './guest-service.ts';
import type { Report } from './report.ts';

const CPU = 'mipsel_24kc';
const MIB = 1024 * 1024;
const UDP_PORT = 9000;
const PIPE = '/tmp/lines';

interface ExampleOptions {
  readonly report: Report;
  readonly files: StartFiles;
  readonly directory: string;
}

export async function runExample({ report, files, directory }: ExampleOptions): Promise<void> {
  buildPrograms(`${directory}/programs`);
  const size = statSync(`${directory}/programs/iot-service`).size;
  report.print({ runtime: 'example', figure: 'size/binary', value: size, unit: 'bytes' });
  makeExt4(`${directory}/programs.img`, 8 * MIB, `${directory}/programs`);
  makeExt4(`${directory}/data.img`, 32 * MIB, null);
  const disks = [readOnlyDisk(`${directory}/programs.img`), fastDisk(`${directory}/data.img`)];
  const machine = await Machine.boot({ directory, files, disks });
  const chapter = async (title: string, body: () => Promise<void>): Promise<void> => {
    await body();
    report.check('example', `example/${title}`, []);
  };
  try {
    await machine.run('mount -t ext4 -o ro /dev/vda /prog && mount -t ext4 /dev/vdb /data');
    await machine.run(`mkfifo ${PIPE}`);
    await tellStory(() => startOnPipe(machine), chapter);
    const last = await startOnDatagrams(machine);
    await chapter('lines come in datagrams', () => takeDatagrams(machine, last));
    const memory = JSON.parse(await machine.run(`load memory pid=${last.pid}`)) as Memory;
    for (const name of ['VmRSS', 'VmHWM'] as const) {
      report.print({
        runtime: 'example',
        figure: `memory/after-3000-readings/${name}`,
        value: memory[name],
        unit: 'kB',
      });
    }
  } finally {
    await machine.powerOff();
  }
}

/** The example by the command that people use, from the package as it is built in `dist`. */
function buildPrograms(directory: string): void {
  mkdirSync(directory, { recursive: true });
  const build = ['streambed', 'build', 'examples/iot-service/app.ts', '--target', CPU];
  run('npx', [...build, '--output', `${directory}/iot-service`]);
  const flags = [...(CPUS.find(({ name }) => name === CPU)?.flags ?? []), '-Os', '-Wall', '-Wextra', '-Werror'];
  const output = ['-D_GNU_SOURCE', '-static', '-s', '-o', `${directory}/datagrams`];
  findToolchain().cc([...flags, 'test/examples/datagrams.c', ...output]);
}

/** What is written goes through a pipe with a name, which the machine's shell alone holds open for writing. */
async function startOnPipe(machine: Machine): Promise<GuestIotService> {
  await machine.run(`exec 7<>${PIPE}`);
  return GuestIotService.start(machine, '/tmp/iot.log', (command) => `${command} <${PIPE} 7>&-`);
}

async function startOnDatagrams(machine: Machine): Promise<GuestIotService> {
  const receive = `/prog/datagrams receive ${UDP_PORT}`;
  return GuestIotService.start(machine, '/tmp/iot-udp.log', (command) => `${receive} | ${command}`);
}

async function takeDatagrams(machine: Machine, service: IotService): Promise<void> {
  const send = `/prog/datagrams send ${UDP_PORT}`;
  await machine.run(`printf 'wind 3.5 7000\\nwind 4 8000\\n' | ${send} && printf 'rain 0 9000\\n' | ${send}`);
  await until(service, '/sensors/rain', ({ length }) => length === 1);
  const readings = (await service.get('/sensors/wind')) as { value: number; at: number }[];
  assert.equal(
    readings.map(({ value, at }) => [value, at]),
    [
      [3.5, 7000],
      [4, 8000],
    ],
  );
}

class GuestIotService implements IotService {
  readonly #machine: Machine;
  readonly #log: string;
  readonly #port: number;
  readonly pid: number;

  private constructor(machine: Machine, log: string, pid: number, port: number) {
    this.#machine = machine;
    this.#log = log;
    this.pid = pid;
    this.#port = port;
  }

  /** `feed` makes a command line that has something on standard input. */
  static async start(machine: Machine, log: string, feed: (command: string) => string): Promise<GuestIotService> {
    const command = feed(`/prog/iot-service --data /data/iot --listen 127.0.0.1:0 2>${log}`);
    const pid = Number(await machine.run(`: >${log}; ${command} & echo $!`));
    await waitForLine(machine, log, pid, 'serving http://');
    const [, port] = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(await machine.run(`cat ${log}`)) ?? [];
    return new GuestIotService(machine, log, pid, Number(port));
  }

  async get(path: string, status = 200, method = 'GET'): Promise<object> {
    const head = `${method} ${path} HTTP/1.1\\r\\nHost: machine\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n`;
    const reply = await this.#machine.run(`printf '${head.replaceAll('%', '%%')}' | nc 127.0.0.1 ${this.#port}`);
    const [, got, body = ''] = /^HTTP\/1\.1 (\d+) .*?\r\n\r\n(.*)$/s.exec(reply) ?? [];
    assert.is(Number(got), status, `${path}: ${reply}`);
    return JSON.parse(body) as object;
  }

  async write(text: string): Promise<void> {
    await this.#machine.run(`printf '${text.replaceAll('\n', '\\n')}' >&7`);
  }

  async endInput(): Promise<void> {
    await this.#machine.run('exec 7>&-');
  }

  async said(text: string): Promise<void> {
    await waitForLine(this.#machine, this.#log, this.pid, text);
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const status = await this.#machine.run(`kill -${signal.slice(3)} ${this.pid}; wait ${this.pid}; echo $?`);
    return Number(status) >= 128 ? null : Number(status);
  }
}

/** A service that has ended is a zombie, which has no command line: what it said stays. */
async function waitForLine(machine: Machine, log: string, pid: number, text: string): Promise<void> {
  const isThere = `grep -qF '${text}' ${log}`;
  await machine.run(
    `until ${isThere}; do grep -q . /proc/${pid}/cmdline || ${isThere} || { cat ${log}; exit 1; }; done`,
  );
}
