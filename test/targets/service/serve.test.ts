/** `streambed serve` on a memory host: the data directory, the order of stopping, what is refused. */
import * as assert from 'uvu/assert';
import type { ServerOptions } from '../../../targets/service/platform.ts';
import { suite } from '../../support/suite.ts';
import { Machine } from './machine.ts';

const test = suite('serve');

const serving = (directory: string) => `streambed: serving Kafka REST on http://127.0.0.1:8082, log in ${directory}`;
const stopped = ['streambed: SIGTERM: stopping', 'streambed: stopped'];
const inMemory = (directory: string, kind = 'tmpfs') =>
  `${directory} is in memory (${kind}): all of it is lost when the machine stops`;
const refused = (directory: string, kind?: string) =>
  `streambed: ${inMemory(directory, kind)}; --allow-volatile if that is meant`;

/** The lines of a service that is stopped once it serves. */
async function session(machine: Machine, ...args: string[]): Promise<readonly string[]> {
  const { ended } = await machine.serve(...args);
  machine.signal('SIGTERM');
  assert.is(await ended, 0, machine.lines.join('\n'));
  assert.equal(machine.servers, []);
  return machine.lines.splice(0);
}

test('it makes its directory, serves, and lets go of everything', async () => {
  const machine = new Machine();
  for (const directory of ['/a/b/data', '/a/b/data', 'relative/data']) {
    assert.equal(await session(machine, '--data', directory), [serving(directory), ...stopped]);
    machine.host.files.lock(`${directory}/service.lock`).release();
  }
});

test('a directory in memory is refused, and nothing is made there', async () => {
  const machine = new Machine();
  for (const directory of ['/run/data', '/run', '/run/a/b/']) {
    assert.is(await machine.run('serve', '--vault', 'off', '--data', directory), 1);
    assert.equal(machine.lines.splice(0), [refused(directory)]);
  }
  assert.equal(machine.host.files.list('/run'), []);
});

test('a directory in memory is served with a warning when that is meant', async () => {
  const machine = new Machine();
  const expected = [serving('/run/data'), `streambed: warn: ${inMemory('/run/data')}`, ...stopped];
  assert.equal(await session(machine, '--data', '/run/data', '--allow-volatile'), expected);
  machine.env = { STREAMBED_ALLOW_VOLATILE: '1' };
  assert.equal(await session(machine, '--data', '/run/data'), expected);
  machine.env = { STREAMBED_ALLOW_VOLATILE: 'perhaps' };
  assert.is(await machine.run('serve', '--vault', 'off', '--data', '/run/data'), 2);
  assert.equal(machine.lines, ['streambed: --allow-volatile perhaps: want true or false']);
});

test('an overlay counts as what takes its changes', async () => {
  const overlay = (upper: string) =>
    `22 1 0:20 / /dev rw - devtmpfs none rw\n30 1 0:25 / / rw,noatime - overlay overlayfs:/overlay rw,lowerdir=/,upperdir=${upper},workdir=/w\n`;
  for (const [upper, expected] of [
    ['/run/up\\040per', refused('/data', 'tmpfs under overlayfs')],
    ['/run', refused('/data', 'tmpfs under overlayfs')],
    ['/overlay', null],
    ['/nowhere', null],
  ] as const) {
    const machine = new Machine();
    machine.disk.fileSystem = 'overlayfs';
    machine.host.files.makeDir('/overlay');
    machine.host.files.makeDir('/run/up per');
    machine.write('/proc/self/mountinfo', overlay(upper));
    if (expected === null) await session(machine, '--data', '/data');
    else {
      assert.is(await machine.run('serve', '--vault', 'off', '--data', '/data'), 1, upper);
      assert.equal(machine.lines, [expected]);
    }
  }
});

test('what cannot be a data directory is told in one line, and nothing else', async () => {
  const machine = new Machine();
  machine.write('/file', 'text');
  const lock = machine.host.files.lock;
  for (const directory of ['/file', '/file/data']) {
    assert.is(await machine.run('serve', '--vault', 'off', '--data', directory), 1);
    assert.is(machine.lines.length, 1, machine.lines.join('\n'));
    assert.match(machine.lines.splice(0)[0] ?? '', new RegExp(`^streambed: ${directory}: ENOTDIR`));
  }
  machine.host.files.makeDir('/data');
  const held = lock.call(machine.host.files, '/data/service.lock');
  assert.is(await machine.run('serve', '--vault', 'off', '--data', '/data'), 1);
  assert.equal(machine.lines.splice(0), ['streambed: /data: another streambed serves it']);
  held.release();
});

test('what stands on a medium that takes no changes is served; what is not there is not', async () => {
  const machine = new Machine();
  await session(machine, '--data', '/data');
  machine.disk.isReadOnly = true;
  const lines = await session(machine, '--data', '/data');
  assert.ok(lines.includes(serving('/data')), lines.join('\n'));
  assert.is(await machine.run('serve', '--vault', 'off', '--data', '/other'), 1);
  assert.match(machine.lines.join('\n'), /^streambed: \/other: EROFS[^\n]*$/);
});

test('an address that cannot be had ends it, and the directory is free', async () => {
  const machine = new Machine();
  for (const [code, expected] of [
    ['EADDRINUSE', '127.0.0.1:8082 is in use: another program listens there'],
    ['EADDRNOTAVAIL', '127.0.0.1 is no address of this machine'],
    ['EACCES', '127.0.0.1:8082: not permitted to listen there'],
    ['ENFILE', 'it failed'],
  ] as const) {
    machine.listenFailure = Object.assign(new Error('it failed'), { code });
    assert.is(await machine.run('serve', '--vault', 'off', '--data', '/data'), 1);
    assert.equal(machine.lines.splice(0), [`streambed: ${expected}`]);
    machine.host.files.lock('/data/service.lock').release();
  }
});

test('requests are answered until the server has stopped; errors of the program have a stack and one line', async () => {
  const machine = new Machine();
  const { ended } = await machine.serve('--data', '/data', '--log-format', 'systemd');
  const [server] = machine.servers as [ServerOptions];
  const created = await server.fetch(
    new Request('http://h/topics/t', {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.kafka.binary.v2+json' },
      body: '{"records":[{"value":"eA=="}]}',
    }),
    {},
  );
  assert.is(created.status, 200);
  server.report(new TypeError('a\u001b[31m mistake'));
  machine.signal('SIGTERM');
  assert.is(await ended, 0);
  assert.match(machine.lines[1] ?? '', /^<3>error: TypeError: a\?\[31m mistake \| at /);
  assert.equal(
    machine.lines.filter((_, at) => at !== 1),
    [`<6>${serving('/data').slice(11)}`, '<6>SIGTERM: stopping', '<6>stopped'],
  );
});

test('a second signal ends it by force', async () => {
  const machine = new Machine();
  const { ended } = await machine.serve('--data', '/data');
  machine.signal('SIGINT');
  assert.throws(() => machine.signal('SIGTERM'), 'exit 130');
  assert.is(machine.lines.at(-1), 'streambed: SIGTERM: stopped by force');
  assert.is(await ended, 0);
});

test('--version tells what it is and has', async () => {
  const machine = new Machine();
  assert.is(await machine.run('--version'), 0);
  const features = 'kafka-streambed kafka-v2 kafka-v3 kafka-streams openapi vault logged confidant';
  assert.is(
    machine.output,
    `streambed 1.2.3\nengine: Engine 4\ncpu: z80, little-endian\nstore: none\nfeatures: ${features}\n`,
  );
});

test('--log-level says what is written', async () => {
  for (const [level, count] of [
    ['error', 0],
    ['warn', 1],
    ['info', 4],
  ] as const) {
    const machine = new Machine();
    const lines = await session(machine, '--data', '/run/d', '--allow-volatile', '--log-level', level);
    assert.is(lines.length, count, lines.join('\n'));
  }
  const machine = new Machine();
  assert.is(await machine.run('serve', '--vault', 'off', '--data', '/data', '--log-level', 'loud'), 2);
  assert.equal(machine.lines, ['streambed: --log-level loud: want error or warn or info or debug']);
});
