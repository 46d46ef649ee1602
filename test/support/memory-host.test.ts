/** The model of a disk that forgets: each row of the table of what real file systems did, and no better than they. */
import * as assert from 'uvu/assert';
import type { Host } from '../../targets/host.ts';
import { MemoryDisk } from './memory-host/disk.ts';
import { type CutChoice, cutChoices } from './memory-host/power-cut.ts';
import { suite } from './suite.ts';
import { fromUtf8 } from './text.ts';

const test = suite('memory host');

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function createFile(host: Host, path: string, content: Uint8Array): ReturnType<Host['files']['open']> {
  const file = host.files.open(path, 'create');
  file.write(content, 0);
  return file;
}

/** The content of a file after a cut, or null when there is none. */
function contentOf(disk: MemoryDisk, path: string): string | null {
  const { files } = disk.host();
  if (files.stat(path) === null) return null;
  const file = files.open(path, 'read');
  const bytes = new Uint8Array(file.lengthBytes());
  file.read(bytes, 0);
  file.close();
  return fromUtf8(bytes);
}

/** All that may come back under the path, over many seeds. */
function outcomes(disk: MemoryDisk, path: string, describe = (content: string): string => content): Set<string> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) {
    for (const choice of cutChoices(disk.pendingCount, seed)) {
      const content = contentOf(disk.powerCut(choice), path);
      seen.add(content === null ? 'absent' : describe(content));
    }
  }
  return seen;
}

function describeReplaced(content: string): string {
  if (content === 'old'.repeat(5000) || content === 'new'.repeat(5000)) return content.slice(0, 3);
  return content === '' ? 'empty' : 'partial';
}

/** A disk with a durable file `/file` that is about to be replaced. */
async function diskWithOldFile(): Promise<{ disk: MemoryDisk; host: Host }> {
  const disk = new MemoryDisk();
  const host = disk.host();
  const file = createFile(host, '/file', text('old'.repeat(5000)));
  await file.sync();
  await host.files.syncDir('/');
  assert.is(disk.pendingCount, 0);
  return { disk, host };
}

test('a replacement without any sync may come back old, new, empty or in part', async () => {
  const { disk, host } = await diskWithOldFile();
  createFile(host, '/temp', text('new'.repeat(5000)));
  host.files.rename('/temp', '/file');
  assert.equal([...outcomes(disk, '/file', describeReplaced)].sort(), ['empty', 'new', 'old', 'partial']);
});

test('a replacement with the file synced but not the directory is old or new, never in part', async () => {
  const { disk, host } = await diskWithOldFile();
  await createFile(host, '/temp', text('new'.repeat(5000))).sync();
  host.files.rename('/temp', '/file');
  assert.equal([...outcomes(disk, '/file', describeReplaced)].sort(), ['new', 'old']);
});

test('a replacement with both synced is new', async () => {
  const { disk, host } = await diskWithOldFile();
  await createFile(host, '/temp', text('new'.repeat(5000))).sync();
  host.files.rename('/temp', '/file');
  await host.files.syncDir('/');
  assert.equal([...outcomes(disk, '/file', describeReplaced)], ['new']);
  assert.equal([...outcomes(disk, '/temp')], ['absent']);
});

test('a new file that is synced may be absent until its directory is', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  host.files.makeDir('/d');
  await createFile(host, '/d/file', text('x')).sync();
  assert.equal([...outcomes(disk, '/d/file')].sort(), ['absent', 'x']);
  await host.files.syncDir('/d');
  assert.equal([...outcomes(disk, '/d/file')].sort(), ['absent', 'x']); // the directory itself has no durable name
  await host.files.syncDir('/');
  assert.equal([...outcomes(disk, '/d/file')], ['x']);
});

test('a synced directory does not make the bytes durable', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  createFile(host, '/file', text('x'));
  await host.files.syncDir('/');
  assert.is(contentOf(disk.powerCut({ kind: 'lose' }), '/file'), '');
});

test('a removal may be undone until the directory is synced', async () => {
  const { disk, host } = await diskWithOldFile();
  host.files.remove('/file');
  assert.equal([...outcomes(disk, '/file', describeReplaced)].sort(), ['absent', 'old']);
  await host.files.syncDir('/');
  assert.equal([...outcomes(disk, '/file')], ['absent']);
});

test('a rename between two directories may persist on one side, on both or on none', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  for (const path of ['/a', '/b']) host.files.makeDir(path);
  await createFile(host, '/a/file', text('x')).sync();
  for (const path of ['/a', '/']) await host.files.syncDir(path);
  host.files.rename('/a/file', '/b/file');
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed += 1) {
    const cut = disk.powerCut({ kind: 'subset', seed });
    seen.add(`${contentOf(cut, '/a/file')} ${contentOf(cut, '/b/file')}`);
  }
  assert.equal([...seen].sort(), ['null null', 'null x', 'x null', 'x x']);
  await host.files.syncDir('/b');
  assert.is(contentOf(disk.powerCut({ kind: 'lose' }), '/b/file'), 'x');
  assert.is(contentOf(disk.powerCut({ kind: 'lose' }), '/a/file'), 'x');
});

test('a rename within a directory never loses the file', async () => {
  const { disk, host } = await diskWithOldFile();
  host.files.rename('/file', '/other');
  for (let seed = 0; seed < 100; seed += 1) {
    const cut = disk.powerCut({ kind: 'subset', seed });
    assert.ok(contentOf(cut, '/file') !== null || contentOf(cut, '/other') !== null, `seed ${seed}`);
  }
});

test('the rename of a directory is kept as a whole, wherever it is synced', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  for (const path of ['/a', '/b', '/a/d']) host.files.makeDir(path);
  for (const path of ['/a', '/']) await host.files.syncDir(path);
  host.files.rename('/a/d', '/b/d');
  for (let seed = 0; seed < 50; seed += 1) {
    const { files } = disk.powerCut({ kind: 'subset', seed }).host();
    assert.is((files.stat('/a/d') === null) !== (files.stat('/b/d') === null), true, `seed ${seed}`);
  }
  await host.files.syncDir('/a');
  const { files } = disk.powerCut({ kind: 'lose' }).host();
  assert.equal([files.stat('/a/d'), files.stat('/b/d')?.kind], [null, 'directory']);
});

test('a prefix keeps operations of the whole disk in the order they were made', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  const a = host.files.open('/a', 'create');
  const b = host.files.open('/b', 'create');
  await host.files.syncDir('/');
  a.write(text('1'), 0);
  b.write(text('2'), 0);
  a.write(text('3'), 1);
  const seen = [0, 1, 2, 3].map((count) => {
    const cut = disk.powerCut({ kind: 'prefix', count });
    return `${contentOf(cut, '/a')},${contentOf(cut, '/b')}`;
  });
  assert.equal(seen, [',', '1,', '1,2', '13,2']);
});

test('a torn write ends at a boundary of the file', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  const file = createFile(host, '/file', new Uint8Array(300).fill(1));
  await file.sync();
  await host.files.syncDir('/');
  file.write(new Uint8Array(10_000).fill(2), 300);
  for (const unitBytes of [1, 512, 2048, 4096]) {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 50; seed += 1) {
      const cut = disk.powerCut({ kind: 'torn', unitBytes, seed });
      const length = cut.host().files.stat('/file')?.lengthBytes ?? -1;
      assert.ok(length === 300 || (length % unitBytes === 0 && length > 300 && length < 10_300), `length ${length}`);
      lengths.add(length);
    }
    assert.ok(lengths.size > 1, `unit ${unitBytes}`);
  }
});

test('zeros: the new length, the old bytes, and nothing behind them', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  const file = createFile(host, '/file', text('abcd'));
  await file.sync();
  await host.files.syncDir('/');
  file.write(text('EFGH'), 2);
  const seen = new Set<string>();
  for (let seed = 0; seed < 20; seed += 1) seen.add(contentOf(disk.powerCut({ kind: 'zeros', seed }), '/file') ?? '');
  assert.equal([...seen], ['abcd\0\0']);
});

test('pages: some blocks of a write, zeros in the holes', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  const file = host.files.open('/file', 'create');
  await host.files.syncDir('/');
  file.write(text('aabbcc'), 0);
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed += 1) {
    seen.add(contentOf(disk.powerCut({ kind: 'pages', unitBytes: 2, seed }), '/file') ?? 'absent');
  }
  const expected = ['', 'aa', '\0\0bb', 'aabb', '\0\0\0\0cc', 'aa\0\0cc', '\0\0bbcc', 'aabbcc'];
  for (const content of expected) assert.ok(seen.has(content), JSON.stringify(content));
  assert.ok(seen.has('\0\0\0\0\0\0'));
});

test('what is written while a sync is under way is not part of it', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  const file = createFile(host, '/file', text('a'));
  await host.files.syncDir('/');
  const sync = file.sync();
  file.write(text('b'), 1);
  await sync;
  assert.is(contentOf(disk.powerCut({ kind: 'lose' }), '/file'), 'a');
  assert.is(contentOf(disk.powerCut({ kind: 'keep' }), '/file'), 'ab');
});

test('a cut leaves the disk it was taken of as it is', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  const file = createFile(host, '/file', text('abc'));
  await file.sync();
  await host.files.syncDir('/');
  const cut = disk.powerCut({ kind: 'lose' });
  const other = cut.host().files.open('/file', 'update');
  other.write(text('X'), 1);
  file.write(text('d'), 3);
  file.write(text('Y'), 2);
  other.truncate(2);
  other.truncate(4);
  assert.is(contentOf(disk, '/file'), 'abYd');
  assert.is(contentOf(cut, '/file'), 'aX\0\0');
  assert.is(contentOf(disk.powerCut({ kind: 'lose' }), '/file'), 'abc');
});

test('kill keeps what was written, and drops locks, callbacks and syncs under way', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  const file = createFile(host, '/file', text('x'));
  host.files.lock('/lock');
  let settled = false;
  file.sync().then(
    () => {
      settled = true;
    },
    () => {
      settled = true;
    },
  );
  host.clock.timer(10, () => assert.unreachable());
  disk.kill();
  await disk.clock.advance(20);
  assert.is(settled, false);
  assert.throws(() => host.files.stat('/file'), /killed/);
  const next = disk.host();
  next.files.lock('/lock').release();
  assert.is(contentOf(disk, '/file'), 'x');
  assert.is(contentOf(disk.powerCut({ kind: 'lose' }), '/file'), null);
});

test('a volatile directory is gone after a power cut, not after a kill', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  host.files.makeDir('/data');
  await host.files.syncDir('/');
  const path = host.files.volatileDir('/data') ?? '';
  createFile(host, `${path}/mark`, text('x'));
  assert.is(disk.pendingCount, 0);
  disk.kill();
  assert.is(disk.host().files.volatileDir('/data'), path);
  assert.is(contentOf(disk, `${path}/mark`), 'x');
  const cut = disk.powerCut({ kind: 'keep' });
  assert.is(contentOf(cut, `${cut.host().files.volatileDir('/data')}/mark`), null);
  disk.hasVolatileDir = false;
  assert.is(disk.host().files.volatileDir('/data'), null);
});

test('a full disk takes what fits, and more once a file is removed and closed', async () => {
  const disk = new MemoryDisk();
  disk.capacityBytes = 10;
  const host = disk.host();
  const file = createFile(host, '/file', text('12345678'));
  assert.throws(() => file.write(text('abcd'), 8), codeIs('ENOSPC'));
  assert.is(contentOf(disk, '/file'), '12345678ab');
  file.write(text('XY'), 0);
  assert.throws(() => host.files.open('/other', 'create'), codeIs('ENOSPC'));
  host.files.remove('/file');
  assert.throws(() => host.files.open('/other', 'create'), codeIs('ENOSPC'));
  file.close();
  assert.is(host.files.space('/').freeBytes, 10);
  createFile(host, '/other', text('0123456789'));
  assert.is(disk.powerCut({ kind: 'keep' }).freeBytes, 0);
});

test('a read-only disk refuses every change', async () => {
  const { disk, host } = await diskWithOldFile();
  disk.isReadOnly = true;
  const { files } = host;
  assert.throws(() => files.open('/new', 'create'), codeIs('EROFS'));
  assert.throws(() => files.open('/file', 'update'), codeIs('EROFS'));
  assert.throws(() => files.makeDir('/d'), codeIs('EROFS'));
  assert.throws(() => files.rename('/file', '/x'), codeIs('EROFS'));
  assert.throws(() => files.remove('/file'), codeIs('EROFS'));
  assert.is(contentOf(disk, '/file')?.length, 15_000);
});

test('after a power cut a key-value store may be there, stale, damaged or gone', async () => {
  const disk = new MemoryDisk();
  const host = disk.host();
  const store = host.kv.open('/kv', { maxBytes: 1000 });
  store.write((writer) => writer.put(text('k'), text('v')));
  const seen = new Set<string>();
  for (let seed = 0; seed < 100; seed += 1) {
    for (const choice of cutChoices(disk.pendingCount, seed)) seen.add(storeState(disk.powerCut(choice).host()));
  }
  assert.equal([...seen].sort(), ['EINVAL', 'gone', 'stale', 'value']);
  disk.hasKv = false;
  assert.throws(() => disk.host().kv.open('/kv', { maxBytes: 1000 }), codeIs('ENOTSUP'));
});

function storeState(host: Host): string {
  if (host.files.stat('/kv/data.mdb') === null) return 'gone';
  try {
    return host.kv.open('/kv', { maxBytes: 1000 }).get(text('k')) === null ? 'stale' : 'value';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test('the same seed gives the same cuts', () => {
  assert.equal(cutChoices(7, 42), cutChoices(7, 42));
  assert.not.equal(cutChoices(7, 42), cutChoices(7, 43));
  const kinds = new Set(cutChoices(7, 42).map(({ kind }: CutChoice) => kind));
  assert.equal([...kinds].sort(), ['data', 'keep', 'lose', 'names', 'pages', 'prefix', 'subset', 'torn', 'zeros']);
});

test('time passes only when it is advanced, timer by timer', async () => {
  const disk = new MemoryDisk(1, 1000);
  const host = disk.host();
  const seen: string[] = [];
  const after = (delayMs: number, next?: number): void => {
    host.clock.timer(delayMs, () => {
      seen.push(`${delayMs}@${host.clock.monotonic()}`);
      if (next !== undefined) void Promise.resolve().then(() => after(next));
    });
  };
  after(20);
  after(10, 5);
  host.clock.timer(12, () => assert.unreachable()).cancel();
  await disk.clock.advance(16);
  assert.equal(seen, ['10@10', '5@15']);
  disk.clock.setNow(5);
  await disk.clock.advance(4);
  assert.equal(seen, ['10@10', '5@15', '20@20']);
  assert.equal([host.clock.now(), host.clock.monotonic()], [9, 20]);
});

function codeIs(code: string): (error: unknown) => boolean {
  return (error) => (error as { code?: unknown }).code === code;
}
