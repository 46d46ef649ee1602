/** `streambed doctor` on a memory host: each thing that can be wrong, and nothing left behind. */
import * as assert from 'uvu/assert';
import { FileLog } from '../../../logged/file-log.ts';
import { suite } from '../../support/suite.ts';
import { Machine } from './machine.ts';

const test = suite('doctor');

const now = Date.UTC(2026, 10, 21);

function machine(): Machine {
  const made = new Machine();
  made.disk.clock.setNow(now);
  made.disk.capacityBytes = 3 * 2 ** 30;
  made.write('/proc/meminfo', 'MemTotal:         124000 kB\nMemFree:     1 kB\nMemAvailable:     102400 kB\n');
  made.host.files.makeDir('/data');
  return made;
}

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { name: string; ok: boolean; text: string; details: Record<string, unknown> }[];
}

async function report(on: Machine, ...args: string[]): Promise<Report> {
  on.output = '';
  const code = await on.run('doctor', '--json', ...args);
  const found = JSON.parse(on.output) as Report;
  assert.is(code, found.ok ? 0 : 1);
  assert.is(
    found.ok,
    found.checks.every(({ ok }) => ok),
  );
  return found;
}

/** What is wrong, when only that is. */
async function wrongOf(on: Machine, directory = '/data'): Promise<string[]> {
  const { checks } = await report(on, '--data', directory);
  return checks.filter(({ ok }) => !ok).map(({ name, text }) => `${name}: ${text}`);
}

test('all is well, in words and as JSON, and nothing is left behind', async () => {
  const on = machine();
  assert.is(await on.run('doctor', '--data', '/data'), 0);
  assert.equal(on.output.split('\n'), [
    'ok     byte order   little-endian z80, key-value store: none',
    'ok     memory       100.0 MiB of 121.1 MiB available, no limit',
    'ok     clock        2026-11-21T00:00:00.000Z',
    'ok     file system  ext4, 3.0 GiB of 3.0 GiB free',
    'ok     directory    /data: mode 0700, owned by user 1000',
    'ok     lock         free',
    'ok     fsync        a file and its directory in 0 ms',
    '',
  ]);
  assert.equal(on.host.files.list('/data'), []);
  assert.equal(on.lines, []);
  on.env = { STREAMBED_DATA: '/data' };
  const { checks } = await report(on);
  assert.equal(
    checks.map(({ name }) => name),
    ['byte order', 'memory', 'clock', 'file system', 'directory', 'lock', 'fsync'],
  );
  assert.equal(checks[3]?.details['fileSystem'], 'ext4');
});

test('without a directory it looks at the machine alone; a directory may still have to be made', async () => {
  const on = machine();
  assert.is((await report(on)).checks.length, 3);
  const { ok, checks } = await report(on, '--data=/a/b');
  assert.ok(ok);
  assert.match(checks[4]?.text ?? '', 'not there yet');
  assert.is(on.host.files.stat('/a'), null);
});

test('wrong calls', async () => {
  for (const args of [['--dta', '/data'], ['--data'], ['--data='], ['/data']]) {
    const on = machine();
    assert.is(await on.run('doctor', ...args), 2, args.join(' '));
    assert.is(on.lines.length, 1);
  }
});

test('a directory in memory, on a full medium, on one that takes no changes, that is none', async () => {
  const on = machine();
  assert.match((await wrongOf(on, '/run/data')).join(), /^file system: tmpfs, .*in memory \(tmpfs\)/);
  on.disk.capacityBytes = 1024 * 1024 - 1;
  assert.match((await wrongOf(on)).join(), /^file system: ext4, .* free; want at least 1\.0 MiB$/);
  on.disk.capacityBytes = 2 ** 40;
  on.disk.isReadOnly = true;
  assert.match((await wrongOf(on)).join(), /^fsync: EROFS/);
  assert.match((await wrongOf(on, '/proc/meminfo')).join(), /^directory: \/proc\/meminfo: no directory/);
});

test('others who may look in, another owner', async () => {
  const on = machine();
  on.mode = 0o40750;
  assert.equal(await wrongOf(on), ['directory: /data: mode 0750 lets other users in: chmod 0700']);
  on.mode = 0o40700;
  on.user = 1;
  assert.equal(await wrongOf(on), ['directory: /data: owned by user 1000, not by user 1']);
  on.user = 0;
  assert.equal(await wrongOf(on), [], 'root may ask for others');
});

test('a clock that is not set, and one behind what was written', async () => {
  const on = machine();
  const log = await FileLog.open(on.host, { root: '/data' });
  await log.produce({ topic: 't', key: null, value: new Uint8Array(1) });
  await log.close();
  assert.equal(await wrongOf(on), []);
  on.disk.clock.setNow(now - 61_000);
  assert.match((await wrongOf(on)).join(), /^clock: 2026-11-20T23:58:59.000Z is before the newest segment was begun/);
  on.disk.clock.setNow(0);
  assert.equal(await wrongOf(on), ['clock: 1970-01-01T00:00:00.000Z cannot be: is it set (by NTP)?']);
});

test('too little memory, by itself or by a limit', async () => {
  const limits = 'Limit  Soft  Hard  Units\nMax address space         4194304   unlimited  bytes\n';
  for (const [path, text] of [
    ['/proc/self/limits', limits],
    ['/sys/fs/cgroup/memory.max', '4194304\n'],
  ] as const) {
    const on = machine();
    on.write('/proc/self/cgroup', '0::/\n');
    on.write(path === '/proc/self/limits' ? path : '/sys/fs/cgroup//memory.max', text);
    assert.match((await wrongOf(on)).join(), /^memory: 100\.0 MiB .*limit 4\.0 MiB, want at least 8\.0 MiB$/, path);
  }
  const unlimited = machine();
  unlimited.write('/proc/self/limits', limits.replace('4194304', 'unlimited'));
  unlimited.write('/sys/fs/cgroup/memory.max', 'max\n');
  assert.equal(await wrongOf(unlimited), []);
});

test('who holds the directory', async () => {
  const on = machine();
  const held = on.host.files.lock('/data/service.lock');
  const lockOf = async () => (await report(on, '--data', '/data')).checks[5];
  assert.equal(await lockOf(), {
    name: 'lock',
    ok: true,
    text: 'held by a running service',
    details: { held: true, process: null },
  });
  on.write(
    '/proc/locks',
    '1: POSIX  ADVISORY  WRITE 7 fe:00:255 0 EOF\n2: FLOCK  ADVISORY  WRITE 4711 fe:00:255 0 EOF\n',
  );
  assert.equal((await lockOf())?.text, 'held by a running service', 'who took it is gone');
  on.write('/proc/4711/comm', 'streambed\n');
  assert.equal((await lockOf())?.details, { held: true, process: 4711 });
  held.release();
  assert.equal((await lockOf())?.text, 'free');
});
