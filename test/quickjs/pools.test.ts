/** The engine's memory on its own: blocks of every size, on every CPU, and where no address space is to be had for pools. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { CPUS, type Cpu } from '../../scripts/targets/cpus.ts';
import { findSources } from '../../scripts/targets/sources.ts';
import { installMissing } from '../../scripts/targets/system.ts';
import { findToolchain } from '../../scripts/targets/toolchain.ts';
import { suite } from '../support/suite.ts';

const STEPS = 300_000;
const ENGINE = 'targets/quickjs/engine';

const test = suite('memory of the engine');

for (const cpu of CPUS) {
  test(`blocks stay what they are on ${cpu.name}`, () => {
    runOn(cpu, []);
  });
}

test('without address space for pools there are blocks all the same', () => {
  const [cpu] = CPUS;
  assert.ok(cpu);
  runOn(cpu, ['sh', '-c', 'ulimit -v 40000 && exec "$@"', 'sh']);
});

function runOn(cpu: Cpu, prefix: readonly string[]): void {
  if (cpu.emulator !== null) installMissing({ [cpu.emulator]: 'qemu-user' });
  const directory = mkdtempSync(`${tmpdir()}/streambed-pools-`);
  try {
    const files = ['test/quickjs/pools.c', `${ENGINE}/pools.c`, `${ENGINE}/memory.c`];
    const flags = [...cpu.flags, '-Os', '-static', '-I', ENGINE, '-isystem', findSources(undefined).quickjs];
    findToolchain().cc([...flags, '-D_GNU_SOURCE', ...files, '-o', `${directory}/pools`]);
    const seed = Math.floor(Math.random() * 2 ** 31);
    const command = [...prefix, ...(cpu.emulator === null ? [] : [cpu.emulator]), `${directory}/pools`];
    const [first, ...others] = [...command, String(seed), String(STEPS)];
    const { stdout, stderr, signal } = spawnSync(first, others, { encoding: 'utf8' });
    assert.equal({ signal, stdout, stderr }, { signal: null, stdout: 'ok\n', stderr: '' }, `seed ${seed}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
