/**
 * A MIPS 24Kc with 128 MiB of memory and 16 MiB of NOR flash, emulated: boots Debian's kernel in seconds and runs shell
 * commands that come over a channel of their own. Nobody shares it: what happens inside is what the caller asked for.
 * Its clock counts instructions while there are some to execute, so that what else the emulating machine does, and how
 * fast it is, changes no figure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { installMissing } from '../targets/system.ts';
import { FLASH, type StartFiles } from './initial-files.ts';

const MEMORY_BYTES = 128 * 1024 * 1024;
const TOP = MEMORY_BYTES + FLASH.lengthBytes;
const ABOVE_FLASH = FLASH.position + FLASH.lengthBytes;
const DISK_SLOT = 0x13;
const OUTGOING_PORTS = [1, 2];
/**
 * Each instruction takes 2 ** 3 ns: 125 million a second, of a CPU whose clock has 400 to 580 MHz. It must be more than
 * the 6 ns that the CPU's own timer counts in, or that timer hangs qemu 7.2 when it wraps, after 26 seconds.
 */
const INSTRUCTION_SHIFT = 3;
/** Nothing takes as long as that: the emulator hangs, or the program in it. */
const watchdogMs = 600_000;

export interface MachineOptions {
  /** For sockets, logs and the memory's file; must be there, and be used by one machine. */
  readonly directory: string;
  readonly files: StartFiles;
  /** As values of qemu's `-blockdev` without `node-name`: `/dev/vda` and so on. */
  readonly disks: readonly string[];
  /** What the flash holds; erased without it. */
  readonly flash?: Uint8Array;
}

/** The machine is gone, or a command in it failed. */
export class MachineError extends Error {}

export class Machine {
  readonly #directory: string;
  readonly #child: ChildProcess;
  readonly #server: Server;
  #channel: Socket | null = null;
  #received = '';
  #waiting: { readonly resolve: (output: string) => void; readonly reject: (error: Error) => void } | null = null;
  #ended: MachineError | null = null;

  private constructor(directory: string, child: ChildProcess, server: Server) {
    this.#directory = directory;
    this.#child = child;
    this.#server = server;
    child.once('exit', (code, signal) => this.#end(`the machine ended with ${signal ?? code}`));
  }

  /** Resolves when it takes commands. */
  static async boot({ directory, files, disks, flash }: MachineOptions): Promise<Machine> {
    installMissing({ 'qemu-system-mipsel': 'qemu-system-mips' });
    writeFileSync(`${directory}/initial-files`, files.initialFiles);
    writeMemory(`${directory}/memory`, flash);
    const server = createServer();
    const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
    await new Promise<void>((resolve) => server.listen(`${directory}/control`, resolve));
    const child = spawn('qemu-system-mipsel', qemuArguments(directory, files.kernel, disks), {
      stdio: ['ignore', 'ignore', openSync(`${directory}/qemu.log`, 'w')],
    });
    const machine = new Machine(directory, child, server);
    machine.#listen(await Promise.race([connected, machine.#gone()]));
    await machine.run('true');
    return machine;
  }

  /** The output of a shell command; rejects when it fails. One at a time. */
  async run(command: string): Promise<string> {
    if (this.#ended !== null) throw this.#ended;
    const watchdog = setTimeout(() => this.#end(`no answer to: ${command}`), watchdogMs);
    try {
      const output = await new Promise<string>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#channel?.write(`{ ${command}\n} </dev/null 2>&1; echo "@@$?@@"\n`);
      });
      const [, text = '', status] = /^(.*)@@(\d+)@@\n$/s.exec(output) ?? [];
      if (status === '0') return text;
      throw new MachineError(`${command}: exit code ${status}: ${text}`);
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** From one instruction to the next, as when the plug is pulled. What has reached disks and flash stays. */
  async powerOff(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) resolve();
      else this.#child.once('exit', () => resolve());
    });
    this.#child.kill('SIGKILL');
    await gone;
    this.#channel?.destroy();
    this.#server.close();
  }

  /** What is in the flash, also after the power was cut. */
  readFlash(): Buffer {
    const flash = Buffer.alloc(FLASH.lengthBytes);
    const file = openSync(`${this.#directory}/memory`, 'r');
    readSync(file, flash, 0, FLASH.lengthBytes, FLASH.position);
    closeSync(file);
    return flash;
  }

  /** What came through an outgoing port so far: the first is `/dev/vport0p2`. */
  readOutgoing(port: number): string {
    return readFileSync(this.outgoingPath(port), 'utf8');
  }

  outgoingPath(port: number): string {
    return `${this.#directory}/outgoing-${port}`;
  }

  async #gone(): Promise<never> {
    await new Promise((resolve) => this.#child.once('exit', resolve));
    throw this.#ended ?? new MachineError('the machine did not start');
  }

  #listen(channel: Socket): void {
    this.#channel = channel;
    channel.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text;
      if (!/@@\d+@@\n$/.test(this.#received)) return;
      const output = this.#received;
      this.#received = '';
      this.#waiting?.resolve(output);
    });
    channel.on('error', () => {}); // the machine's end tells it
  }

  #end(why: string): void {
    const tail = (name: string) => readFileSync(`${this.#directory}/${name}`, 'latin1').slice(-1500);
    this.#ended ??= new MachineError(`${why}\n${tail('qemu.log')}${tail('console')}`);
    this.#child.kill('SIGKILL');
    this.#waiting?.reject(this.#ended);
  }
}

/** The emulated memory is a file: the part of it that is the flash outlives the machine. */
function writeMemory(path: string, flash: Uint8Array | undefined): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, TOP);
  writeSync(file, flash ?? Buffer.alloc(FLASH.lengthBytes, 0xff), 0, FLASH.lengthBytes, FLASH.position);
  closeSync(file);
}

function qemuArguments(directory: string, kernel: string, disks: readonly string[]): string[] {
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const memory = `mem=${FLASH.position >>> 20}M@0 mem=${(TOP - ABOVE_FLASH) >>> 20}M@${hex(ABOVE_FLASH)}`;
  return [
    // The kernel learns the speed of its timer from the board's clock, so that has to count the same.
    ...['-icount', `shift=${INSTRUCTION_SHIFT}`, '-rtc', 'clock=vm'],
    ...['-M', 'malta,memory-backend=memory', '-cpu', '24Kc', '-m', `${TOP >>> 20}M`],
    ...['-object', `memory-backend-file,id=memory,size=${TOP},mem-path=${directory}/memory,share=on`],
    ...['-kernel', kernel, '-initrd', `${directory}/initial-files`],
    ...['-append', `console=ttyS0 quiet panic=1 rdinit=/init ${memory}`],
    ...['-display', 'none', '-vga', 'none', '-monitor', 'none', '-net', 'none', '-no-reboot'],
    ...['-serial', `file:${directory}/console`],
    ...['-device', 'virtio-serial-pci'],
    ...['-chardev', `socket,id=control,path=${directory}/control`, '-device', 'virtserialport,chardev=control,nr=1'],
    ...OUTGOING_PORTS.flatMap((port) => [
      ...['-chardev', `file,id=outgoing-${port},path=${directory}/outgoing-${port}`],
      ...['-device', `virtserialport,chardev=outgoing-${port},nr=${port + 1}`],
    ]),
    ...disks.flatMap((disk, at) => [
      ...['-blockdev', `${disk},node-name=disk${at}`],
      // The board has interrupts for few slots, so all disks share one.
      ...['-device', `virtio-blk-pci,drive=disk${at},multifunction=on,addr=0x${DISK_SLOT.toString(16)}.${at}`],
    ]),
  ];
}
