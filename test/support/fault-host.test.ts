/** The fault layer: every call counted, stopped or failed as planned, and nothing after a stop reaches the disk. */
import * as assert from 'uvu/assert';
import { FaultHost } from './fault-host/fault-host.ts';
import { failAt, failEach, type HostCall, shortWriteAt, stopAt } from './fault-host/plan.ts';
import { runUntil } from './fault-host/run-until.ts';
import { MemoryDisk } from './memory-host/disk.ts';
import { cutChoices } from './memory-host/power-cut.ts';
import { suite } from './suite.ts';
import { fromUtf8 } from './text.ts';

const test = suite('fault host');

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function contentOf(disk: MemoryDisk, path: string): string | null {
  const { files } = disk.host();
  if (files.stat(path) === null) return null;
  const file = files.open(path, 'read');
  const bytes = new Uint8Array(file.lengthBytes());
  file.read(bytes, 0);
  file.close();
  return fromUtf8(bytes);
}

/** The one safe way to replace a file; seven calls. */
async function replace(host: FaultHost, content: string): Promise<void> {
  const temp = host.files.open('/temp', 'create');
  temp.write(text(content), 0);
  await temp.sync();
  temp.close();
  host.files.rename('/temp', '/file');
  await host.files.syncDir('/');
}

async function diskWithFile(content: string): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await replace(new FaultHost(disk), content);
  return disk;
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  const failure = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  assert.is((failure as { code?: unknown } | null)?.code, code);
}

test('every call is counted and named', async () => {
  const host = new FaultHost(new MemoryDisk());
  const calls: HostCall[] = [];
  host.observer = (call) => calls.push(call);
  await replace(host, 'x');
  host.kv.open('/kv', { maxBytes: 1000 }).write(() => {});
  assert.equal(
    calls.map(({ name, path }) => `${name} ${path}`),
    [
      'create /temp',
      'write /temp',
      'sync /temp',
      'close /temp',
      'rename /temp -> /file',
      'syncDir /',
      'kv.open /kv',
      'kv.write /kv',
    ],
  );
  assert.equal(
    calls.map(({ number }) => number),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.is(host.calls, 8);
});

test('stopped at every call and cut in every way, a safe replacement is old or new', async () => {
  const { calls, stoppedAt } = await runUntil(await diskWithFile('old'), Number.POSITIVE_INFINITY, (host) =>
    replace(host, 'new'),
  );
  assert.equal([calls, stoppedAt], [6, null]);
  const seen = new Set<string>();
  for (let stop = 1; stop <= calls; stop += 1) {
    const disk = await diskWithFile('old');
    const run = await runUntil(disk, stop, (host) => replace(host, 'new'));
    assert.is(run.stoppedAt?.number, stop);
    for (const choice of cutChoices(disk.pendingCount, stop)) {
      seen.add(contentOf(disk.powerCut(choice), '/file') ?? 'absent');
    }
  }
  assert.equal([...seen].sort(), ['new', 'old']);
});

test('the same in one run, with cuts taken by the observer, and the matrix finds an unsafe replacement', async () => {
  const seen = new Set<string>();
  const host = new FaultHost(await diskWithFile('old'));
  host.observer = ({ number }) => {
    for (const choice of cutChoices(host.disk.pendingCount, number)) {
      seen.add(contentOf(host.disk.powerCut(choice), '/file') ?? 'absent');
    }
  };
  const temp = host.files.open('/temp', 'create');
  temp.write(text('new'), 0);
  host.files.rename('/temp', '/file');
  await host.files.syncDir('/');
  temp.close();
  assert.ok(seen.has(''), 'an empty file was found');
});

test('after a stop nothing happens any more', async () => {
  const disk = await diskWithFile('old');
  const host = new FaultHost(disk);
  const file = host.files.open('/file', 'update');
  file.write(text('X'), 0);
  let settled = 0;
  const settle = (): void => {
    settled += 1;
  };
  file.sync().then(settle, settle);
  host.clock.soon(settle);
  host.clock.timer(1, settle);
  host.plan = stopAt(host.calls + 1);
  assert.throws(() => file.write(text('Y'), 1), /power went before call 4, write '\/file'/);
  assert.throws(() => file.write(text('Y'), 1), /power went before call 4/);
  assert.throws(() => host.files.remove('/file'), /power went/);
  assert.throws(() => host.kv.open('/kv', { maxBytes: 1000 }), /power went/);
  file.sync().then(settle, settle);
  host.files.syncDir('/').then(settle, settle);
  host.clock.soon(settle);
  await disk.clock.advance(10);
  assert.is(settled, 0);
  assert.is((await host.stopped).name, 'write');
  assert.is(contentOf(disk, '/file'), 'Xld');
  assert.is(contentOf(disk.powerCut({ kind: 'lose' }), '/file'), 'old');
});

test('a stop in a callback is nobody’s error', async () => {
  const disk = new MemoryDisk();
  const run = await runUntil(disk, 1, async (host) => {
    await new Promise<void>((resolve) => {
      host.clock.soon(() => {
        host.files.makeDir('/d');
        resolve();
      });
    });
  });
  assert.is(run.stoppedAt?.name, 'makeDir');
});

test('a scenario that fails by itself is heard', async () => {
  await rejects(
    runUntil(new MemoryDisk(), 5, async (host) => {
      host.files.open('/missing', 'read');
    }),
    'ENOENT',
  );
});

test('a failed call has no effect', async () => {
  const disk = await diskWithFile('old');
  const host = new FaultHost(disk);
  host.plan = failAt(2, 'ENOSPC');
  const file = host.files.open('/file', 'update');
  assert.throws(
    () => file.write(text('new'), 0),
    (error: { code?: string }) => error.code === 'ENOSPC',
  );
  assert.is(contentOf(disk, '/file'), 'old');
  file.write(text('new'), 0);
  assert.is(contentOf(disk, '/file'), 'new');
});

test('a short write leaves a part', async () => {
  const disk = await diskWithFile('old');
  const host = new FaultHost(disk);
  host.plan = shortWriteAt(2, 2);
  const file = host.files.open('/file', 'update');
  assert.throws(() => file.write(text('new'), 0), /ENOSPC/);
  assert.is(contentOf(disk, '/file'), 'ned');
});

test('what was pending at a failed sync is made durable by no later one', async () => {
  const disk = await diskWithFile('old');
  const host = new FaultHost(disk);
  const file = host.files.open('/file', 'update');
  file.write(text('lost'), 3);
  host.plan = failAt(host.calls + 1, 'EIO');
  await rejects(file.sync(), 'EIO');
  await file.sync();
  file.write(text('kept'), 7);
  await file.sync();
  assert.is(contentOf(disk, '/file'), 'oldlostkept');
  assert.is(contentOf(disk.powerCut({ kind: 'lose' }), '/file'), 'old\0\0\0\0kept');
  assert.is(contentOf(disk.powerCut({ kind: 'keep' }), '/file'), 'oldlostkept');
  file.write(text('again'), 3);
  await file.sync();
  for (const choice of cutChoices(disk.pendingCount, 1)) {
    assert.is(contentOf(disk.powerCut(choice), '/file'), 'oldagainept');
  }
});

test('a directory whose sync failed can be synced again', async () => {
  const disk = new MemoryDisk();
  const host = new FaultHost(disk);
  host.files.makeDir('/d');
  host.plan = failEach('syncDir', 'EIO');
  await rejects(host.files.syncDir('/'), 'EIO');
  assert.is(disk.powerCut({ kind: 'lose' }).host().files.stat('/d'), null);
  host.plan = () => null;
  await host.files.syncDir('/');
  assert.is(disk.powerCut({ kind: 'lose' }).host().files.stat('/d')?.kind, 'directory');
});

test('a plan may name paths', () => {
  const host = new FaultHost(new MemoryDisk());
  host.plan = failEach('create', 'EMFILE', '.log');
  host.files.open('/a.tmp', 'create').close();
  assert.throws(() => host.files.open('/a.log', 'create'), /EMFILE/);
});
