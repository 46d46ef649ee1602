/** The built service as a process: how it is called, what it says, and how it ends. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { programUnderTest } from '../support/program.ts';
import { type Service, said, spawnService, startService } from '../support/service.ts';
import { suite } from '../support/suite.ts';

const test = suite('the service');

let root = '';
const services: Service[] = [];
test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), 'streambed-'));
});
test.after.each(async () => {
  for (const service of services.splice(0)) await service.end('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

async function started(...args: string[]): Promise<Service> {
  const service = await startService(join(root, 'data'), args);
  services.push(service);
  return service;
}

async function called(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { lines, output, ended } = spawnService(args, env);
  const { code } = await ended;
  return { code, error: lines.join('\n'), output: output.join('') };
}

test('wrong calls say what is wrong in one line and exit with 2', async () => {
  for (const [args, message] of [
    [[], /the commands are serve/],
    [['start'], /start: the commands are serve/],
    [['serve'], /say where the log is kept: --data DIR/],
    [['serve', '--data'], /--data/],
    [['serve', '--data', ''], /say where the log is kept: --data DIR/],
    [['serve', '--data', root, '--port', '1'], /--port/],
    [['serve', '--data', root, '--kafka', 'here'], /--kafka here: want an IP address and a port/],
    [['serve', '--data', root, '--kafka', '127.0.0.1:70000'], /--kafka/],
    [
      ['serve', '--data', root, '--kafka', '0.0.0.0:8082'],
      /0\.0\.0\.0 can be reached from other machines.*--allow-remote/,
    ],
    [['serve', '--data', root, '--kafka', '[::]:8082'], /--allow-remote/],
    [['serve', '--data', root, '--offsets', 'both'], /--offsets both/],
    [['serve', '--data', root, '--max-waits', '0'], /--max-waits 0: want a whole number/],
    [['serve', '--data', root, '--advertise', 'gateway'], /--advertise gateway: want a URL/],
  ] as const) {
    const { code, error } = await called(args);
    assert.is(code, 2, error);
    assert.match(error, message);
    assert.is(error.split('\n').length, 1, error);
    assert.match(error, /^streambed: /);
  }
});

test('--help and --version', async () => {
  const help = await called(['serve', '--help']);
  assert.is(help.code, 0);
  assert.match(help.output, /^usage: streambed serve --data DIR/);
  for (const name of ['kafka', 'allow-remote', 'advertise', 'offsets', 'max-body-bytes'])
    assert.match(help.output, `--${name}`);
  assert.equal(await called(['--help']), help);
  const { output } = await called(['--version']);
  assert.match(output, /^streambed \d+\.\d+\.\d+\n(?:[a-z]+: .+\n){4}$/);
  const engine = programUnderTest().name === 'node' ? `Node.js ${process.version}` : 'QuickJS ';
  assert.match(output, `engine: ${engine}`);
  assert.match(output, /^store: LMDB 0\.9\.\d+$/m);
});

test('doctor looks at this machine', async () => {
  const service = await started();
  const { code, output } = await called(['doctor', '--json', '--data', join(root, 'data')]);
  const { ok, checks } = JSON.parse(output) as { ok: boolean; checks: { name: string; ok: boolean; text: string }[] };
  assert.is(code, ok ? 0 : 1);
  // The rest depends on the machine.
  for (const name of ['byte order', 'clock', 'directory', 'lock', 'fsync']) {
    const check = checks.find((one) => one.name === name);
    assert.ok(check?.ok, `${name}: ${check?.text}`);
  }
  // On Node the lock was taken by a process that is gone.
  const holder = programUnderTest().name === 'node' ? 'a running service' : `process ${service.child.pid}`;
  assert.is(checks.find(({ name }) => name === 'lock')?.text, `held by ${holder}`);
  await service.end('SIGTERM');
  assert.match((await called(['doctor', '--data', join(root, 'data')])).output, /^ok +lock +free$/m);
});

test('the environment, and the command line above it', async () => {
  const data = join(root, 'data');
  const env = { STREAMBED_DATA: data, STREAMBED_KAFKA: '0.0.0.0:0' };
  assert.is((await called(['serve'], env)).code, 2);
  assert.is((await called(['serve'], { ...env, STREAMBED_ALLOW_REMOTE: 'maybe' })).code, 2);
  const { child, lines, ended } = spawnService(['serve', '--kafka', '127.0.0.1:0'], env);
  await new Promise<void>((resolve) => child.stderr?.once('data', () => resolve()));
  child.kill('SIGTERM');
  assert.equal(await ended, { code: 0, signal: null });
  assert.match(lines[0] ?? '', `, log in ${data}`);
});

test('the OpenAPI document comes with it', async () => {
  const { url } = await started();
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string };
  assert.match(document.openapi, /^3\.1/);
});

test('a log in memory is refused, or served with a warning', async () => {
  const memory = '/dev/shm';
  if (!existsSync(memory) || statfsSync(memory).type !== 0x01021994) return;
  const directory = mkdtempSync(join(memory, 'streambed-test-'));
  try {
    const refused = await called(['serve', '--data', directory], { STREAMBED_ALLOW_VOLATILE: '' });
    assert.is(refused.code, 1);
    assert.match(refused.error, /is in memory \(tmpfs\): .*; --allow-volatile if that is meant$/);
    assert.equal(readdirSync(directory), []);
    const service = await startService(directory, ['--allow-volatile']);
    services.push(service);
    await service.end('SIGTERM');
    assert.is(
      service.lines[1],
      `streambed: warn: ${directory} is in memory (tmpfs): all of it is lost when the machine stops`,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('beyond loopback when told so, and by another name', async () => {
  const service = await started('--kafka', '0.0.0.0:0', '--allow-remote', '--advertise', 'http://gateway:8082');
  const headers = { 'content-type': 'application/vnd.kafka.v2+json' };
  const created = await fetch(`http://127.0.0.1:${service.port}/consumers/g`, {
    method: 'POST',
    headers,
    body: '{"name":"i"}',
  });
  assert.is(((await created.json()) as { base_uri: string }).base_uri, 'http://gateway:8082/consumers/g/instances/i');
});

test('an address in use, no address, a data directory in use, and none that could be made', async () => {
  const service = await started();
  const address = `127.0.0.1:${service.port}`;
  const inUse = await called(['serve', '--data', join(root, 'other'), '--kafka', address]);
  assert.equal([inUse.code, inUse.error], [1, `streambed: ${address} is in use: another program listens there`]);
  const shared = await called(['serve', '--data', join(root, 'data'), '--kafka', '127.0.0.1:0']);
  assert.equal([shared.code, shared.error], [1, `streambed: ${join(root, 'data')}: another streambed serves it`]);
  const none = await called(['serve', '--data', join(root, 'other'), '--kafka', '192.0.2.1:8082', '--allow-remote']);
  assert.equal([none.code, none.error], [1, 'streambed: 192.0.2.1 is no address of this machine']);
  const nowhere = await called(['serve', '--data', '/proc/streambed', '--kafka', '127.0.0.1:0']);
  assert.is(nowhere.code, 1);
  assert.match(nowhere.error, /streambed: \/proc\/streambed: /);
  await service.end('SIGKILL');
  const again = await started();
  assert.is((await fetch(again.url)).status, 200, 'a kill leaves no lock behind');
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: what was asked is answered, streams end, the process exits with 0`, async () => {
    const service = await started();
    const binary = { 'content-type': 'application/vnd.kafka.binary.v2+json' };
    const produce = () =>
      fetch(`${service.url}/topics/t`, { method: 'POST', headers: binary, body: '{"records":[{"value":"eA=="}]}' });
    assert.is((await produce()).status, 200);
    const stream = await fetch(`${service.url}/streams?topics=t&from=end`);
    const asked = Array.from({ length: 20 }, produce);
    const settling = Promise.allSettled(asked);
    await asked[0];
    const ended = service.end(signal);
    assert.is(await stream.text().then((text) => typeof text), 'string');
    const settled = await settling;
    assert.equal(await ended, { code: 0, signal: null });
    assert.equal(service.lines.slice(-2), [`streambed: ${signal}: stopping`, 'streambed: stopped']);
    const answered = settled.filter((one) => one.status === 'fulfilled' && one.value.status === 200).length;
    const { url } = await started();
    const offsets = await fetch(`${url}/topics/t/partitions/0/offsets`, {
      headers: { accept: 'application/vnd.kafka.v2+json' },
    });
    const { end_offset } = (await offsets.json()) as { end_offset: number };
    assert.ok(end_offset >= answered + 1, `${end_offset} records, ${answered} more answered`);
  });
}

test('a second signal ends it by force', async () => {
  const service = await started();
  const socket = connect(service.port, '127.0.0.1');
  // A request that never ends would hold the stop up for its whole grace.
  socket.write('POST /topics/t HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{');
  await fetch(service.url);
  service.child.kill('SIGTERM');
  await said(service, /stopping/);
  assert.equal(await service.end('SIGINT'), { code: 130, signal: null });
  socket.destroy();
});
