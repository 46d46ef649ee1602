/** What only the Node adapter has: modes, links, locks across processes, places that cannot be trusted. */
import * as assert from 'uvu/assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { fileSystemName } from '../../targets/service/linux/file-system-name.ts';
import { nodeHost } from '../../targets/node/host.ts';
import { throwsCode } from '../contract/host/harness.ts';
import { suite } from '../support/suite.ts';

const { files } = nodeHost();
const hostUrl = new URL('../../targets/node/host.ts', import.meta.url).href;
let root = '';

const test = suite('node files');
test.before.each(() => {
  root = fs.mkdtempSync(`${tmpdir()}/streambed-files-`);
});
test.after.each(() => fs.rmSync(root, { recursive: true }));

/** A child that runs `code` with `files` and `root`. */
function startChild(code: string, environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const script = `import { nodeHost } from '${hostUrl}'; const { files, kv } = nodeHost(); const root = '${root}'; ${code}`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  assert.is(code, 0, output);
  return output.trim();
}

function modeOf(path: string): string {
  return (fs.statSync(path).mode & 0o777).toString(8);
}

test('files are private from the start', () => {
  files.makeDir(`${root}/d`);
  files.open(`${root}/f`, 'create').close();
  files.lock(`${root}/lock`).release();
  assert.equal([modeOf(`${root}/d`), modeOf(`${root}/f`), modeOf(`${root}/lock`)], ['700', '600', '600']);
});

test('links are not followed', () => {
  files.open(`${root}/f`, 'create').close();
  fs.symlinkSync(`${root}/f`, `${root}/link`);
  fs.symlinkSync(`${root}/none`, `${root}/dangling`);
  assert.equal([files.stat(`${root}/link`)?.kind, files.stat(`${root}/dangling`)?.kind], ['other', 'other']);
  throwsCode(() => files.open(`${root}/link`, 'read'), 'ELOOP');
  throwsCode(() => files.open(`${root}/link`, 'update'), 'ELOOP');
  throwsCode(() => files.open(`${root}/dangling`, 'create'), 'EEXIST');
  throwsCode(() => files.lock(`${root}/dangling`), 'ELOOP');
  assert.is(files.stat(`${root}/none`), null);
});

test('what is no regular file is not opened, and not waited for', () => {
  throwsCode(() => files.open('/dev/null', 'read'), 'EINVAL');
  throwsCode(() => files.open('/dev/null', 'update'), 'EINVAL');
});

test('kill -9 of the holder releases its lock', async () => {
  const child = startChild("files.lock(root + '/lock'); console.log('locked'); setInterval(() => {}, 1000);");
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  throwsCode(() => files.lock(`${root}/lock`), 'EAGAIN');
  child.kill('SIGKILL');
  await once(child, 'close');
  files.lock(`${root}/lock`).release();
});

test('a lock is not inherited by the children of its holder', async () => {
  const lock = files.lock(`${root}/lock`);
  const child = startChild("console.log('up'); setInterval(() => {}, 1000);");
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  lock.release();
  files.lock(`${root}/lock`).release();
  child.kill('SIGKILL');
  await once(child, 'close');
});

test('without a flock utility locking is refused by code', async () => {
  const code = "try { files.lock(root + '/lock'); } catch (error) { console.log(error.code); }";
  assert.is(await outputOf(startChild(code, { PATH: root })), 'ENOTSUP');
});

// BusyBox exits with 1 both for a held lock, in silence, and for a failure, with a message.
for (const [script, expected] of [
  ['exit 1', 'EAGAIN'],
  ['echo "flock: Bad file descriptor" >&2; exit 1', 'ENOLCK'],
  ['[ "$*" = "-n -x 3" ] && : <&3', 'none'],
] as const) {
  test(`a flock utility that does "${script}" means ${expected}`, async () => {
    fs.writeFileSync(`${root}/flock`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const code = "try { files.lock(root + '/lock'); console.log('none'); } catch (error) { console.log(error.code); }";
    assert.is(await outputOf(startChild(code, { PATH: root })), expected);
  });
}

test('an open watch keeps the process alive, a closed one does not', async () => {
  const child = startChild(
    "const watch = files.watch(root, () => { watch.close(); console.log('changed'); }); console.log('up');",
  );
  const output = outputOf(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  files.makeDir(`${root}/d`);
  assert.is(await output, 'up\nchanged');
});

test('a volatile place that is a link, or that others may write, is not trusted', () => {
  const place = `/dev/shm/streambed-${identityOf(root)}`;
  if (files.volatileDir(root) !== place) return; // This machine has no tmpfs there.
  fs.rmSync(place, { recursive: true });
  try {
    fs.symlinkSync(root, place);
    assert.is.not(files.volatileDir(root), place);
    assert.equal(fs.readdirSync(root), []);
    fs.unlinkSync(place);
    fs.mkdirSync(place);
    fs.writeFileSync(`${place}/planted`, '');
    fs.chmodSync(place, 0o777);
    assert.is.not(files.volatileDir(root), place);
    assert.equal(fs.readdirSync(place), ['planted']);
    const left = fs.readdirSync('/dev/shm').filter((name) => name.startsWith(`streambed-${identityOf(root)}.`));
    assert.equal(left, []);
  } finally {
    fs.rmSync(place, { recursive: true, force: true });
  }
});

function identityOf(directory: string): string {
  const { dev, ino } = fs.statSync(directory, { bigint: true });
  return `${dev.toString(16)}-${ino.toString(16)}`;
}

test('file systems have names', () => {
  assert.equal([0xef53, 0x01021994, 0x72b6, 0x24051905].map(fileSystemName), ['ext4', 'tmpfs', 'jffs2', 'ubifs']);
  assert.equal([0xf2f52010 | 0, 0x794c7630, 0x12345].map(fileSystemName), ['f2fs', 'overlayfs', '0x12345']);
});
