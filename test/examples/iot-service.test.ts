/**
 * The example `examples/iot-service` as its README runs it: on Node, as a binary of this machine, and as one for MIPS
 * under qemu's user emulation.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import * as assert from 'uvu/assert';
import { CPUS } from '../../scripts/targets/cpus.ts';
import { isInstalled } from '../../scripts/targets/system.ts';
import { suite } from '../support/suite.ts';
import { type IotService, tellStory } from './iot-story.ts';

const test = suite('iot-service');
const source = 'examples/iot-service';
const running = new Set<ChildProcess>();
let scratch = '';

test.before(() => {
  scratch = mkdtempSync(`${tmpdir()}/streambed-iot-`);
});

test.after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

test('on Node', () => tell('node', [process.execPath, '--import', 'tsx', `${source}/node.ts`]));

for (const { name, emulator } of CPUS.filter((cpu) => cpu.name !== 'mips_24kc')) {
  const title = `as a binary for ${name}`;
  if (emulator !== null && !isInstalled(emulator)) test.skip(title, `${emulator} is not installed`);
  else test(title, () => tell(name, [...(emulator === null ? [] : [emulator]), buildBinary(name)]));
}

test('a binary goes on from the log that Node has written', async () => {
  const service = await start([`${scratch}/x86_64`], 'node');
  assert.is(Object.keys(await service.get('/sensors')).length, 4);
  assert.is(await service.end('SIGTERM'), 0);
});

function buildBinary(cpu: string): string {
  const output = `${scratch}/${cpu}`;
  const args = ['dist/node/streambed.js', 'build', `${source}/app.ts`, '--target', cpu, '--output', output];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  assert.match(stdout, /: \d+ bytes\n$/);
  return output;
}

function tell(name: string, command: readonly string[]): Promise<void> {
  return tellStory(
    () => start(command, name),
    (_, body) => body(),
  );
}

async function start(command: readonly string[], data: string): Promise<IotService> {
  const [program, ...args] = [...command, '--data', `${scratch}/${data}.log`, '--listen', '127.0.0.1:0'];
  const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'pipe'] });
  running.add(child);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of waiting) look();
  };
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    tell();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve(code);
      tell();
    });
  });
  /** The first line with this text. */
  const said = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = lines.find((one) => one.includes(text));
        if (line !== undefined) resolve(line);
        else if (!running.has(child)) reject(new Error(`it never said '${text}': ${lines.join(' | ')}`));
      };
      waiting.add(look);
      look();
    });
  const url = /http:\/\/[\d.:]+/.exec(await said('serving http://'))?.[0];
  return {
    said: async (text) => void (await said(text)),
    get: async (path, status = 200, method = 'GET') => {
      const reply = await fetch(`${url}${path}`, { method });
      assert.is(reply.status, status, path);
      return (await reply.json()) as object;
    },
    write: async (text) => void child.stdin.write(text),
    endInput: async () => void child.stdin.end(),
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}
