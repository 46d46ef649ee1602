/** The contract of names: directories, renames, removals. */
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.ts';
import { ascii, type HostFactory, readFile, rejectsCode, throwsCode, withHost, writeFile } from './harness.ts';

export function directoryContract(factory: HostFactory): void {
  const test = withHost(suite(`${factory.name}: directories`), factory);

  test('stat tells what stands there', async ({ host, root }) => {
    const { files } = host;
    writeFile(host, `${root}/f`, 'abc');
    files.makeDir(`${root}/d`);
    assert.equal(files.stat(`${root}/f`), { kind: 'file', lengthBytes: 3, isPrivate: true });
    assert.is(files.stat(`${root}/d`)?.kind, 'directory');
    assert.is(files.stat(`${root}/d`)?.isPrivate, true);
    assert.is(files.stat('/')?.isPrivate, false);
    assert.is(files.stat(`${root}/none`), null);
    assert.is(files.stat(`${root}/none/f`), null);
    assert.is(files.stat(`${root}/f/g`), null);
  });

  test('list gives the names', async ({ host: { files }, root }) => {
    assert.equal(files.list(root), []);
    for (const name of ['b', 'a', 'ü €']) files.makeDir(`${root}/${name}`);
    assert.equal(files.list(root).sort(), ['a', 'b', 'ü €']);
    files.open(`${root}/f`, 'create').close();
    throwsCode(() => files.list(`${root}/f`), 'ENOTDIR');
    throwsCode(() => files.list(`${root}/none`), 'ENOENT');
  });

  test('makeDir makes one directory', async ({ host: { files }, root }) => {
    files.makeDir(`${root}/d`);
    throwsCode(() => files.makeDir(`${root}/d`), 'EEXIST');
    throwsCode(() => files.makeDir(`${root}/none/d`), 'ENOENT');
    files.makeDir(`${root}/d/e`);
    assert.equal(files.list(`${root}/d`), ['e']);
  });

  test('rename replaces a file, and those who have it open keep the old one', async ({ host, root }) => {
    writeFile(host, `${root}/a`, 'new');
    writeFile(host, `${root}/b`, 'old');
    const old = host.files.open(`${root}/b`, 'update');
    host.files.rename(`${root}/a`, `${root}/b`);
    assert.equal(host.files.list(root), ['b']);
    assert.is(readFile(host, `${root}/b`), 'new');
    old.write(ascii('OLDER'), 0);
    assert.is(old.lengthBytes(), 5);
    assert.is(readFile(host, `${root}/b`), 'new');
    old.close();
    host.files.rename(`${root}/b`, `${root}/b`);
    assert.is(readFile(host, `${root}/b`), 'new');
  });

  test('rename moves directories with what is in them', async ({ host, root }) => {
    const { files } = host;
    for (const name of ['a', 'a/deep', 'b', 'full', 'full/x', 'empty']) files.makeDir(`${root}/${name}`);
    writeFile(host, `${root}/a/deep/f`, 'abc');
    files.rename(`${root}/a/deep`, `${root}/b/moved`);
    assert.is(readFile(host, `${root}/b/moved/f`), 'abc');
    assert.equal(files.list(`${root}/a`), []);
    files.rename(`${root}/b`, `${root}/empty`);
    assert.is(readFile(host, `${root}/empty/moved/f`), 'abc');
    throwsCode(() => files.rename(`${root}/empty`, `${root}/full`), 'ENOTEMPTY', 'EEXIST');
    throwsCode(() => files.rename(`${root}/empty`, `${root}/empty/moved/inside`), 'EINVAL');
    assert.is(readFile(host, `${root}/empty/moved/f`), 'abc');
  });

  test('rename refuses what is not there or of another kind', async ({ host, root }) => {
    const { files } = host;
    writeFile(host, `${root}/f`, 'abc');
    files.makeDir(`${root}/d`);
    throwsCode(() => files.rename(`${root}/none`, `${root}/x`), 'ENOENT');
    throwsCode(() => files.rename(`${root}/f`, `${root}/none/x`), 'ENOENT');
    throwsCode(() => files.rename(`${root}/f`, `${root}/d`), 'EISDIR');
    throwsCode(() => files.rename(`${root}/d`, `${root}/f`), 'ENOTDIR');
    assert.equal(files.list(root).sort(), ['d', 'f']);
  });

  test('remove takes the name, not the bytes from those who read', async ({ host, root }) => {
    const { files } = host;
    writeFile(host, `${root}/f`, 'abc');
    const file = files.open(`${root}/f`, 'read');
    files.remove(`${root}/f`);
    assert.is(files.stat(`${root}/f`), null);
    assert.is(file.read(new Uint8Array(3), 0), 3);
    writeFile(host, `${root}/f`, 'x');
    assert.is(file.lengthBytes(), 3);
    file.close();
    throwsCode(() => files.remove(`${root}/none`), 'ENOENT');
    files.makeDir(`${root}/d`);
    throwsCode(() => files.remove(`${root}/d`), 'EISDIR', 'EPERM');
  });

  test('removeDir takes empty directories only', async ({ host: { files }, root }) => {
    files.makeDir(`${root}/d`);
    files.open(`${root}/d/f`, 'create').close();
    throwsCode(() => files.removeDir(`${root}/d`), 'ENOTEMPTY', 'EEXIST');
    throwsCode(() => files.removeDir(`${root}/d/f`), 'ENOTDIR');
    throwsCode(() => files.removeDir(`${root}/none`), 'ENOENT');
    files.remove(`${root}/d/f`);
    files.removeDir(`${root}/d`);
    assert.equal(files.list(root), []);
  });

  test('syncDir resolves, also for several at once, and rejects for none', async ({ host: { files }, root }) => {
    files.makeDir(`${root}/d`);
    await Promise.all([files.syncDir(root), files.syncDir(root), files.syncDir(`${root}/d`)]);
    await rejectsCode(() => files.syncDir(`${root}/none`), 'ENOENT');
    files.open(`${root}/f`, 'create').close();
    await rejectsCode(() => files.syncDir(`${root}/f`), 'ENOTDIR');
  });

  test('space is told with the kind of file system', async ({ host: { files }, root }) => {
    const { freeBytes, totalBytes, fileSystem } = files.space(root);
    assert.ok(freeBytes > 0 && freeBytes <= totalBytes);
    assert.match(fileSystem, /^[a-z0-9]+$/);
    throwsCode(() => files.space(`${root}/none`), 'ENOENT');
  });

  test('a volatile directory is one place for all, or none', async ({ host, other, root }) => {
    host.files.makeDir(`${root}/a`);
    host.files.makeDir(`${root}/b`);
    const place = host.files.volatileDir(`${root}/a`);
    assert.is(other.files.volatileDir(`${root}/b/../a`), place);
    if (place === null) return;
    assert.is(host.files.space(place).fileSystem, 'tmpfs');
    writeFile(host, `${place}/mark`, 'x');
    assert.is(readFile(other, `${other.files.volatileDir(`${root}/a`)}/mark`), 'x');
    host.files.remove(`${place}/mark`);
    assert.is.not(host.files.volatileDir(`${root}/b`), place);
    throwsCode(() => host.files.volatileDir(`${root}/none`), 'ENOENT');
    for (const name of ['a', 'b']) {
      const path = host.files.volatileDir(`${root}/${name}`) as string;
      // A directory that had the same number before may have left something.
      if (host.files.list(path).length === 0) host.files.removeDir(path);
    }
  });
}
