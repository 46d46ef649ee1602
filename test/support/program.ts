/**
 * The programs under test: those of the Node package, which `npm test` builds first, or the binary of a CPU, which runs
 * under qemu's user emulation unless it is this machine's. `STREAMBED_PROGRAM` names the CPU, `STREAMBED_BINARIES` the
 * directory with `<cpu>/streambed`.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CPUS } from '../../scripts/targets/cpus.ts';

export interface Program {
  /** `node`, or that of the CPU. */
  readonly name: string;
  readonly isEmulated: boolean;
  /** What the arguments of a command stand behind. */
  readonly streambed: readonly string[];
  readonly logged: readonly string[];
  readonly confidant: readonly string[];
}

const binaries = process.env['STREAMBED_BINARIES'] ?? 'dist/targets';

export function programOf(name: string): Program {
  const cpu = CPUS.find((one) => one.name === name);
  if (cpu === undefined && name !== 'node') throw new Error(`no program for ${name}`);
  const path = resolve(cpu === undefined ? 'dist/node/streambed.js' : `${binaries}/${name}/streambed`);
  if (!existsSync(path)) throw new Error(`${path} is not built: npm run build, or build:targets`);
  if (cpu === undefined) {
    const command = (called: string) => [process.execPath, path.replace('streambed.js', `${called}.js`)];
    const commands = { streambed: command('streambed'), logged: command('logged'), confidant: command('confidant') };
    return { name, isEmulated: false, ...commands };
  }
  const streambed = cpu.emulator === null ? [path] : [cpu.emulator, path];
  const command = (called: string) => [...streambed, called];
  return {
    name,
    isEmulated: cpu.emulator !== null,
    streambed,
    logged: command('logged'),
    confidant: command('confidant'),
  };
}

export function programUnderTest(): Program {
  return programOf(process.env['STREAMBED_PROGRAM'] ?? 'node');
}
