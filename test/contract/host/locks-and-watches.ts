/** The contract of locks and watches: what holds between processes. */
import * as assert from 'uvu/assert';
import type { Files } from '../../../targets/host.ts';
import { suite } from '../../support/suite.ts';
import { ascii, type HostFactory, throwsCode, withHost, writeFile } from './harness.ts';

/** A watch whose next report can be awaited; reports that nobody waits for are kept. */
function watched(files: Files, path: string): { next(): Promise<void>; close(): void } {
  let reports = 0;
  let wake: (() => void) | null = null;
  const watch = files.watch(path, () => {
    reports += 1;
    wake?.();
  });
  return {
    next: async () => {
      if (reports === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      reports = 0;
      wake = null;
    },
    close: () => watch.close(),
  };
}

export function lockContract(factory: HostFactory): void {
  const test = withHost(suite(`${factory.name}: locks`), factory);

  test('a lock is held by one, and can be taken again when released', async ({ host, other, root }) => {
    const lock = host.files.lock(`${root}/lock`);
    assert.is(host.files.stat(`${root}/lock`)?.kind, 'file');
    throwsCode(() => other.files.lock(`${root}/lock`), 'EAGAIN');
    throwsCode(() => host.files.lock(`${root}/lock`), 'EAGAIN');
    host.files.lock(`${root}/another`).release();
    lock.release();
    const next = other.files.lock(`${root}/lock`);
    lock.release();
    throwsCode(() => host.files.lock(`${root}/lock`), 'EAGAIN');
    next.release();
    assert.is(host.files.stat(`${root}/lock`)?.kind, 'file');
  });

  test('a lock does not touch the bytes of its file', async ({ host, root }) => {
    writeFile(host, `${root}/f`, 'abc');
    host.files.lock(`${root}/f`).release();
    assert.is(host.files.stat(`${root}/f`)?.lengthBytes, 3);
  });

  test('a lock needs a directory', async ({ host, root }) => {
    throwsCode(() => host.files.lock(`${root}/none/lock`), 'ENOENT');
  });
}

export function watchContract(factory: HostFactory): void {
  const test = withHost(suite(`${factory.name}: watches`), factory);

  test('a file’s bytes are watched', async ({ host, other, root }) => {
    const file = other.files.open(`${root}/f`, 'create');
    const watch = watched(host.files, `${root}/f`);
    file.write(ascii('a'), 0);
    await watch.next();
    file.write(ascii('b'), 0);
    await watch.next();
    file.truncate(0);
    await watch.next();
    watch.close();
    watch.close();
    file.close();
  });

  test('a directory’s names are watched', async ({ host, other, root }) => {
    const watch = watched(host.files, root);
    other.files.makeDir(`${root}/d`);
    await watch.next();
    other.files.open(`${root}/f`, 'create').close();
    await watch.next();
    other.files.rename(`${root}/f`, `${root}/g`);
    await watch.next();
    other.files.remove(`${root}/g`);
    await watch.next();
    watch.close();
  });

  test('never within the call that made the change', async ({ host, root }) => {
    let reports = 0;
    const watch = host.files.watch(root, () => {
      reports += 1;
    });
    host.files.makeDir(`${root}/d`);
    assert.is(reports, 0);
    watch.close();
  });

  test('a path stays watched when its file is replaced, also one that is kept open', async ({ host, other, root }) => {
    writeFile(host, `${root}/f`, 'old');
    const kept = other.files.open(`${root}/f`, 'read');
    const watch = watched(host.files, `${root}/f`);
    for (const content of ['new', 'newer']) {
      writeFile(other, `${root}/temp`, content);
      other.files.rename(`${root}/temp`, `${root}/f`);
      await watch.next();
      const file = other.files.open(`${root}/f`, 'update');
      file.write(ascii('X'), 0);
      await watch.next();
      file.close();
    }
    watch.close();
    kept.close();
  });

  test('a path stays watched when its file is removed and comes again', async ({ host, other, root }) => {
    other.files.makeDir(`${root}/d`);
    writeFile(other, `${root}/d/f`, 'x');
    const watch = watched(host.files, `${root}/d/f`);
    other.files.remove(`${root}/d/f`);
    await watch.next();
    writeFile(other, `${root}/d/f`, 'y');
    await watch.next();
    other.files.remove(`${root}/d/f`);
    await watch.next();
    other.files.removeDir(`${root}/d`);
    other.files.makeDir(`${root}/d`);
    writeFile(other, `${root}/d/f`, 'z');
    await watch.next();
    watch.close();
  });

  test('a closed watch reports nothing more', async ({ host, root }) => {
    const closed = host.files.watch(root, () => assert.unreachable());
    const open = watched(host.files, root);
    host.files.makeDir(`${root}/a`);
    closed.close();
    await open.next();
    host.files.makeDir(`${root}/b`);
    await open.next();
    open.close();
  });

  test('nothing to watch is an error', async ({ host, root }) => {
    throwsCode(() => host.files.watch(`${root}/none`, () => {}), 'ENOENT');
  });
}
