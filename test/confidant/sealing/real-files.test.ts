/** What only a real file system has: symbolic links, modes and owners. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import * as assert from 'uvu/assert';
import { Barrier } from '../../../confidant/sealing/barrier.ts';
import type { SealedFiles } from '../../../confidant/sealing/sealed-files.ts';
import { makeTestDirectory, realHost, removeTree } from '../../support/real-host.ts';
import { suite } from '../../support/suite.ts';
import { codeOf, rejection, staticSeal } from './stores.ts';

const test = suite('sealed files on a real file system');

interface RealStore {
  /** A directory for what is none of the store's. */
  readonly outside: string;
  readonly root: string;
  readonly barrier: Barrier;
  readonly files: SealedFiles;
}

function withStore(title: string, body: (store: RealStore) => Promise<void>): void {
  test(title, async () => {
    const directory = makeTestDirectory();
    try {
      const [outside, root] = [`${directory}/outside`, `${directory}/deep/store`];
      mkdirSync(outside, { mode: 0o700 });
      const barrier = await Barrier.open(realHost(), root, staticSeal('k'));
      await barrier.init({ shares: 0, threshold: 0 });
      await barrier.unseal(null);
      await body({ outside, root, barrier, files: barrier.files });
      await barrier.close();
    } finally {
      removeTree(directory);
    }
  });
}

/** Every name below a directory; links are not followed. */
function tree(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
}

withStore('what is written is read', async ({ root, files }) => {
  await files.writeJson('a/b', 'one');
  await files.writeJson('a', 'two');
  await files.writeJson('größe/😀 %', 'three');
  assert.equal([files.readJson('a/b'), files.readJson('a'), files.readJson('größe/😀 %')], ['one', 'two', 'three']);
  assert.equal(tree(root), [
    'files',
    'files/a',
    'files/a/b~sealed',
    'files/a~sealed',
    'files/gr%C3%B6%C3%9Fe',
    'files/gr%C3%B6%C3%9Fe/%F0%9F%98%80%20%25~sealed',
    'keyring',
    'staging',
    'writer.lock',
  ]);
  await files.remove('größe/😀 %');
  assert.equal(files.list(''), ['a', 'a/']);
});

withStore('everything is for the owner alone', async ({ root, files }) => {
  await files.writeJson('a/b', 1);
  for (const path of ['.', ...tree(root)]) {
    const stats = statSync(`${root}/${path}`);
    assert.is((stats.mode & 0o777).toString(8), stats.isDirectory() ? '700' : '600', path);
  }
});

withStore('longest names', async ({ files }) => {
  const names = ['x'.repeat(200), `${'ü'.repeat(33)}/${'y'.repeat(200)}/${'z'.repeat(200)}`, `${'a/'.repeat(255)}b`];
  for (const name of names) {
    await files.writeJson(name, name);
    assert.is(files.readJson(name), name);
    await files.remove(name);
  }
  assert.equal(files.list(''), []);
});

withStore('links are not followed', async ({ outside, root, files }) => {
  for (const name of ['leaf', 'dir/x', 'kept/y']) await files.writeJson(name, name);
  const sealed = `${root}/files`;
  renameSync(`${sealed}/leaf~sealed`, `${outside}/leaf~sealed`);
  symlinkSync(`${outside}/leaf~sealed`, `${sealed}/leaf~sealed`);
  renameSync(`${sealed}/dir`, `${outside}/dir`);
  symlinkSync(`${outside}/dir`, `${sealed}/dir`);
  symlinkSync('/etc/passwd', `${sealed}/passwd~sealed`);
  symlinkSync('/', `${sealed}/slash`);
  symlinkSync('loop', `${sealed}/loop`);
  symlinkSync(`${outside}/none`, `${sealed}/dangling~sealed`);
  const before = tree(outside);
  const content = readFileSync(`${outside}/leaf~sealed`);
  for (const name of ['leaf', 'dir/x', 'dir/new', 'passwd', 'slash/etc/passwd', 'slash/x', 'loop/x', 'dangling']) {
    assert.is(
      codeOf(() => files.read(name)),
      'damaged',
      name,
    );
    assert.is(
      codeOf(() => files.exists(name)),
      'damaged',
      name,
    );
    assert.is((await rejection(files.writeJson(name, 'new'))).code, 'damaged', name);
    assert.is((await rejection(files.update(name, () => null))).code, 'damaged', name);
  }
  for (const name of ['dir', 'slash', 'loop'])
    assert.is(
      codeOf(() => files.list(name)),
      'damaged',
      name,
    );
  for (const name of ['dir/x', 'slash/x', 'loop/x'])
    assert.is((await rejection(files.remove(name))).code, 'damaged', name);
  assert.equal(files.list(''), ['dangling', 'dir/', 'kept/', 'leaf', 'loop/', 'passwd', 'slash/']);
  assert.is(files.readJson('kept/y'), 'kept/y', 'everything else goes on');
  await files.remove('leaf');
  assert.equal(tree(outside), before, 'a link is removed, not what it leads to');
  assert.equal(readFileSync(`${outside}/leaf~sealed`), content);
  await files.writeJson('leaf', 'again');
  assert.is(files.readJson('leaf'), 'again');
  assert.equal(readFileSync(`${outside}/leaf~sealed`), content);
});

withStore('links in place of what the store needs', async ({ outside, root, barrier, files }) => {
  await files.writeJson('a', 1);
  for (const name of ['staging', 'files', 'keyring']) {
    renameSync(`${root}/${name}`, `${outside}/${name}`);
    symlinkSync(`${outside}/${name}`, `${root}/${name}`);
  }
  const before = tree(outside);
  assert.is(
    codeOf(() => files.read('a')),
    'damaged',
  );
  assert.is((await rejection(files.writeJson('a', 2))).code, 'damaged');
  assert.is((await rejection(barrier.rotate())).code, 'damaged');
  await barrier.close();
  assert.is((await rejection(Barrier.open(realHost(), root, staticSeal('k')))).code, 'damaged');
  assert.equal(tree(outside), before);
});

withStore('the lock is not taken through a link', async ({ outside, root, barrier }) => {
  await barrier.close();
  renameSync(`${root}/writer.lock`, `${outside}/lock`);
  symlinkSync(`${outside}/lock`, `${root}/writer.lock`);
  assert.is((await rejection(Barrier.open(realHost(), root, staticSeal('k')))).code, 'host-failed');
});

withStore('nothing is served from a directory that others may come to', async ({ root, barrier, files }) => {
  await files.writeJson('a', 1);
  for (const mode of [0o755, 0o750, 0o701, 0o720, 0o777]) {
    chmodSync(root, mode);
    assert.is(
      codeOf(() => files.read('a')),
      'host-failed',
    );
    assert.is(
      codeOf(() => files.list('')),
      'host-failed',
    );
    for (const change of [files.writeJson('a', 2), files.remove('a'), barrier.rotate()]) {
      const error = await rejection(change);
      assert.is(error.code, 'host-failed');
      assert.match(error.message, /is not private: .*mode 0700/);
    }
  }
  await barrier.close();
  const error = await rejection(Barrier.open(realHost(), root, staticSeal('k')));
  assert.is(error.code, 'host-failed');
  chmodSync(root, 0o700);
  const again = await Barrier.open(realHost(), root, staticSeal('k'));
  await again.unseal(null);
  assert.is(again.files.readJson('a'), 1);
  await again.close();
});

withStore('no file and no directory that others may come to is used', async ({ root, barrier, files }) => {
  await files.writeJson('core/a', 1);
  for (const path of ['files', 'files/core', 'files/core/a~sealed', 'staging', 'keyring']) {
    const { mode } = statSync(`${root}/${path}`);
    for (const others of [0o004, 0o040, 0o020, 0o002]) {
      chmodSync(`${root}/${path}`, mode | others);
      const change = path === 'keyring' ? barrier.rotate() : files.writeJson('core/a', 2);
      const error = await rejection(change);
      assert.is(error.code, 'host-failed');
      assert.match(error.message, /is not private: .*mode 0[67]00/);
      if (!path.startsWith('files')) continue;
      assert.is(
        codeOf(() => files.read('core/a')),
        'host-failed',
      );
    }
    chmodSync(`${root}/${path}`, mode);
  }
  await barrier.close();
  chmodSync(`${root}/keyring`, 0o644);
  assert.match((await rejection(Barrier.open(realHost(), root, staticSeal('k')))).message, /keyring is not private/);
});

withStore('the store itself is no link, and no file', async ({ outside, root, barrier }) => {
  await barrier.close();
  symlinkSync(root, `${outside}/link`);
  writeFileSync(`${outside}/file`, '');
  for (const path of [`${outside}/link`, `${outside}/file`]) {
    assert.is((await rejection(Barrier.open(realHost(), path, staticSeal('k')))).code, 'host-failed');
  }
  assert.ok(lstatSync(`${outside}/link`).isSymbolicLink());
});
