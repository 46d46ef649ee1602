/** The contract of files: bytes, lengths, syncs. */
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.ts';
import {
  ascii,
  asciiText,
  type HostFactory,
  readFile,
  rejectsCode,
  throwsCode,
  withHost,
  writeFile,
} from './harness.ts';

export function fileContract(factory: HostFactory): void {
  const test = withHost(suite(`${factory.name}: files`), factory);

  test('create, then read and update', async ({ host: { files }, root }) => {
    const file = files.open(`${root}/f`, 'create');
    assert.is(file.lengthBytes(), 0);
    file.write(ascii('hello'), 0);
    file.write(ascii('J'), 0);
    file.write(ascii('!'), 5);
    const into = new Uint8Array(10);
    assert.is(file.read(into, 1), 5);
    assert.is(asciiText(into.subarray(0, 5)), 'ello!');
    file.close();
    const update = files.open(`${root}/f`, 'update');
    assert.is(update.lengthBytes(), 6);
    update.write(ascii('y'), 5);
    update.close();
    const read = files.open(`${root}/f`, 'read');
    assert.is(read.read(into, 0), 6);
    assert.is(asciiText(into.subarray(0, 6)), 'Jelloy');
    assert.is(read.read(into, 6), 0);
    assert.is(read.read(into, 100), 0);
    assert.is(read.read(new Uint8Array(0), 0), 0);
    read.close();
  });

  test('opening fails with the code that says why', async ({ host: { files }, root }) => {
    files.open(`${root}/f`, 'create').close();
    files.makeDir(`${root}/d`);
    throwsCode(() => files.open(`${root}/none`, 'read'), 'ENOENT');
    throwsCode(() => files.open(`${root}/none`, 'update'), 'ENOENT');
    throwsCode(() => files.open(`${root}/none/f`, 'create'), 'ENOENT');
    throwsCode(() => files.open(`${root}/f`, 'create'), 'EEXIST');
    throwsCode(() => files.open(`${root}/d`, 'create'), 'EEXIST');
    throwsCode(() => files.open(`${root}/d`, 'read'), 'EISDIR');
    throwsCode(() => files.open(`${root}/d`, 'update'), 'EISDIR');
    throwsCode(() => files.open(`${root}/f/g`, 'read'), 'ENOTDIR');
    assert.equal(files.list(root).sort(), ['d', 'f']);
  });

  test('a file that was opened for reading cannot be written', async ({ host, root }) => {
    writeFile(host, `${root}/f`, 'abc');
    const file = host.files.open(`${root}/f`, 'read');
    throwsCode(() => file.write(ascii('x'), 0), 'EBADF', 'EINVAL');
    throwsCode(() => file.truncate(0), 'EBADF', 'EINVAL');
    file.close();
    assert.is(readFile(host, `${root}/f`), 'abc');
  });

  test('writing and truncating beyond the end leave zeros', async ({ host, root }) => {
    const file = host.files.open(`${root}/f`, 'create');
    file.write(ascii('abcdef'), 0);
    file.truncate(2);
    file.write(ascii('x'), 4);
    assert.is(readFile(host, `${root}/f`), 'ab\0\0x');
    file.truncate(3);
    file.truncate(6);
    assert.is(file.lengthBytes(), 6);
    assert.is(readFile(host, `${root}/f`), 'ab\0\0\0\0');
    file.write(new Uint8Array(0), 9);
    file.close();
    assert.is(readFile(host, `${root}/f`), 'ab\0\0\0\0');
  });

  test('only the view of a larger buffer is written and filled', async ({ host: { files }, root }) => {
    const file = files.open(`${root}/f`, 'create');
    file.write(ascii('0123456789').subarray(3, 6), 0);
    const buffer = ascii('----------');
    assert.is(file.read(buffer.subarray(5, 7), 1), 2);
    assert.is(asciiText(buffer), '-----45---');
    file.close();
  });

  test('the caller may reuse what it wrote', async ({ host, root }) => {
    const file = host.files.open(`${root}/f`, 'create');
    const bytes = ascii('abc');
    file.write(bytes, 0);
    bytes.fill(0);
    await file.sync();
    file.close();
    assert.is(readFile(host, `${root}/f`), 'abc');
  });

  test('a mebibyte goes out and in whole', async ({ host: { files }, root }) => {
    const bytes = new Uint8Array(1 << 20);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = at % 251;
    const file = files.open(`${root}/f`, 'create');
    file.write(bytes, 7);
    const into = new Uint8Array(bytes.length);
    assert.is(file.read(into, 7), bytes.length);
    assert.ok(into.every((byte, at) => byte === at % 251));
    file.close();
  });

  test('all who have a file open see what is written at once', async ({ host, other, root }) => {
    const writer = host.files.open(`${root}/f`, 'create');
    const reader = other.files.open(`${root}/f`, 'read');
    writer.write(ascii('abc'), 0);
    assert.is(reader.lengthBytes(), 3);
    assert.is(readFile(other, `${root}/f`), 'abc');
    writer.close();
    reader.close();
  });

  test('syncs may overlap, and settle though the file is closed meanwhile', async ({ host, root }) => {
    const file = host.files.open(`${root}/f`, 'create');
    file.write(ascii('abc'), 0);
    const first = file.sync();
    file.write(ascii('d'), 3);
    const second = file.sync();
    file.close();
    file.close();
    await Promise.all([first, second]);
    assert.is(readFile(host, `${root}/f`), 'abcd');
  });

  test('a sync is never finished within the call', async ({ host: { files }, root }) => {
    const file = files.open(`${root}/f`, 'create');
    let isDone = false;
    const sync = file.sync().then(() => {
      isDone = true;
    });
    assert.is(isDone, false);
    await sync;
    assert.is(isDone, true);
    file.close();
  });

  test('a closed file refuses everything', async ({ host: { files }, root }) => {
    const file = files.open(`${root}/f`, 'create');
    file.close();
    throwsCode(() => file.lengthBytes(), 'EBADF');
    throwsCode(() => file.read(new Uint8Array(1), 0), 'EBADF');
    throwsCode(() => file.write(ascii('x'), 0), 'EBADF');
    throwsCode(() => file.truncate(0), 'EBADF');
    await rejectsCode(() => file.sync(), 'EBADF');
  });
}
