/**
 * The example `examples/iot-service` as its README runs it: on Node, as a binary of this machine, and as one for MIPS
 * under qemu's user emulation. The same story on each, since it is the same service.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import * as assert from 'uvu/assert';
import { CPUS } from '../../scripts/targets/cpus.ts';
import { isInstalled } from '../../scripts/targets/system.ts';
import { suite } from '../support/suite.ts';

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

test('on Node', () => tellStory('node', [process.execPath, '--import', 'tsx', `${source}/node.ts`]));

for (const { name, emulator } of CPUS.filter((cpu) => cpu.name !== 'mips_24kc')) {
  const title = `as a binary for ${name}`;
  if (emulator !== null && !isInstalled(emulator)) test.skip(title, `${emulator} is not installed`);
  else test(title, () => tellStory(name, [...(emulator === null ? [] : [emulator]), buildBinary(name)]));
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

async function tellStory(name: string, command: readonly string[]): Promise<void> {
  const first = await start(command, name);
  assert.equal(await first.get('/sensors'), {});
  first.write('soil/1 31.5 1000\n# noise\nair 20 ');
  first.write('2000\n\nair -2.125e1 3000\n');
  await first.until('/sensors/air', (readings) => (readings as unknown[]).length === 2);
  assert.equal(await first.get('/sensors'), {
    air: { value: -21.25, at: 3000, offset: 2 },
    'soil/1': { value: 31.5, at: 1000, offset: 0 },
  });
  assert.equal(await first.get('/sensors/soil%2F1'), [{ value: 31.5, at: 1000, offset: 0 }]);
  await first.said('1 lines were not understood');
  assert.equal(await first.get('/sensors/fire', 404), { error: '/sensors/fire is not known' });
  assert.equal(await first.get('/sensors/%zz', 404), { error: '/sensors/%zz is not known' });

  for (let round = 0; round < 3000; round += 1) first.write(`t${round % 2} ${round} ${round}\n`);
  await first.until('/sensors/t1', (readings) => (readings as { value: number }[]).at(-1)?.value === 2999);
  const [report] = (await first.get('/compaction', 200, 'POST')) as { bytesBefore: number; bytesAfter: number }[];
  assert.ok(report && report.bytesAfter < report.bytesBefore / 2, JSON.stringify(report));
  const state = await first.get('/sensors/t1');
  assert.equal(
    (state as { value: number }[]).map(({ value }) => value),
    [2981, 2983, 2985, 2987, 2989, 2991, 2993, 2995, 2997, 2999],
  );
  await first.end('SIGKILL');

  const second = await start(command, name);
  await second.said('behind offset 3002');
  assert.equal(await second.get('/sensors/t1'), state);
  assert.is(((await second.get('/sensors')) as { air: { value: number } }).air.value, -21.25);
  second.write('air 1 1');
  second.endInput();
  await second.until('/sensors/air', (readings) => (readings as unknown[]).length === 3);
  assert.is(await second.end('SIGTERM'), 0);
  await second.said('stopped');
}

async function start(command: readonly string[], data: string) {
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
  const get = async (path: string, status = 200, method = 'GET'): Promise<object> => {
    const reply = await fetch(`${url}${path}`, { method });
    assert.is(reply.status, status, path);
    return (await reply.json()) as object;
  };
  return {
    said,
    get,
    /** Asks until the answer is as wanted. */
    until: async (path: string, isWanted: (answer: object) => boolean): Promise<void> => {
      for (;;) {
        const reply = await fetch(`${url}${path}`);
        const answer = (await reply.json()) as object;
        if (reply.status === 200 && isWanted(answer)) return;
      }
    },
    write: (text: string): void => void child.stdin.write(text),
    endInput: (): void => void child.stdin.end(),
    end: (signal: NodeJS.Signals): Promise<number | null> => {
      child.kill(signal);
      return ended;
    },
  };
}
