/** The contract of the key-value store. */
import * as assert from 'uvu/assert';
import type { Kv, KvStore, KvWriter } from '../../../targets/host.ts';
import { suite } from '../../support/suite.ts';
import { ascii, asciiText, type HostFactory, throwsCode, withHost } from './harness.ts';

const options = { maxBytes: 4 << 20 };

/** All entries from a key on, as `key=value`. */
function entries(store: KvStore, from = ''): string[] {
  const found: string[] = [];
  store.scan(ascii(from), (key, value) => {
    found.push(`${asciiText(key)}=${asciiText(value)}`);
    return true;
  });
  return found;
}

function put(store: KvStore, ...keys: readonly string[]): void {
  store.write((writer) => {
    for (const key of keys) writer.put(ascii(key), ascii(`${key}!`));
  });
}

/** Puts until the store refuses, at most `limit` times; gives what it refused with. */
function fill(store: KvStore, limit: number, valueBytes: number): { puts: number; code: unknown } {
  for (let puts = 0; puts < limit; puts += 1) {
    try {
      store.write((writer) => writer.put(ascii(`fill-${puts}`), new Uint8Array(valueBytes)));
    } catch (error) {
      return { puts, code: (error as { code?: unknown }).code };
    }
  }
  return { puts: limit, code: null };
}

export function kvContract(factory: HostFactory): void {
  const base = withHost(suite(`${factory.name}: key-value store`), factory);
  const test = (title: string, body: (store: KvStore, kv: Kv, directory: string) => void): void => {
    base(title, async ({ host, root }) => {
      const directory = `${root}/kv.d`;
      const store = host.kv.open(directory, options);
      try {
        body(store, host.kv, directory);
      } finally {
        store.close();
      }
    });
  };

  test('what was put is there, and a copy', (store) => {
    assert.is(store.get(ascii('a')), null);
    put(store, 'a', 'b');
    const value = store.get(ascii('a')) as Uint8Array;
    assert.is(asciiText(value), 'a!');
    assert.is(value.constructor, Uint8Array);
    value.fill(0);
    assert.is(asciiText(store.get(ascii('a')) as Uint8Array), 'a!');
    store.write((writer) => {
      writer.put(ascii('a'), new Uint8Array(0));
      writer.remove(ascii('b'));
      writer.remove(ascii('none'));
    });
    assert.equal(entries(store), ['a=']);
    assert.equal(store.get(ascii('a')), new Uint8Array(0));
  });

  test('a scan goes in the order of unsigned bytes, from a key on', (store) => {
    const keys = ['\0', '\0\0', 'a', 'a\0', 'ab', '\x7f', '\x80', '\xff', '\xff\0'];
    put(store, ...[...keys].reverse());
    assert.equal(
      entries(store),
      keys.map((key) => `${key}=${key}!`),
    );
    assert.is(entries(store, 'a\0').length, 6);
    assert.is(entries(store, 'aa').length, 5);
    assert.equal(entries(store, '\xff\x01'), []);
    let visits = 0;
    store.scan(ascii('a'), () => {
      visits += 1;
      return visits < 2;
    });
    assert.is(visits, 2);
    assert.throws(() =>
      store.scan(ascii('a'), () => {
        throw new Error('enough');
      }),
    );
    assert.is(entries(store).length, 9);
  });

  test('a transaction that throws has written nothing', (store) => {
    put(store, 'a', 'b');
    const mine = new Error('mine');
    assert.throws(
      () =>
        store.write((writer) => {
          writer.put(ascii('a'), ascii('changed'));
          writer.put(ascii('c'), ascii('new'));
          writer.remove(ascii('b'));
          throw mine;
        }),
      (error: unknown) => error === mine,
    );
    assert.equal(entries(store), ['a=a!', 'b=b!']);
  });

  test('the last write to a key counts', (store) => {
    store.write((writer) => {
      writer.put(ascii('a'), ascii('1'));
      writer.remove(ascii('a'));
      writer.put(ascii('a'), ascii('2'));
      writer.put(ascii('b'), ascii('1'));
      writer.remove(ascii('b'));
    });
    assert.equal(entries(store), ['a=2']);
  });

  test('nothing is written outside of a transaction', (store) => {
    let kept: KvWriter | null = null;
    store.write((writer) => {
      kept = writer;
    });
    throwsCode(() => (kept as KvWriter | null)?.put(ascii('a'), ascii('x')), 'EBADF');
    assert.equal(entries(store), []);
  });

  test('keys have 1 to 511 bytes, values any number', (store) => {
    const longest = new Uint8Array(511).fill(65);
    store.write((writer) => writer.put(longest, new Uint8Array(100_000).fill(7)));
    const value = store.get(longest) as Uint8Array;
    assert.equal([value.length, value[0], value[99_999]], [100_000, 7, 7]);
    for (const key of [new Uint8Array(0), new Uint8Array(512)]) {
      throwsCode(() => store.get(key), 'EINVAL');
      throwsCode(() => store.write((writer) => writer.put(key, ascii('x'))), 'EINVAL');
      throwsCode(() => store.write((writer) => writer.remove(key)), 'EINVAL');
    }
    assert.is(entries(store).length, 1);
  });

  test('what is closed can be opened again with all in it, and removed', (store, kv, directory) => {
    put(store, 'a');
    store.close();
    store.close();
    throwsCode(() => store.get(ascii('a')), 'EBADF');
    throwsCode(() => put(store, 'b'), 'EBADF');
    const again = kv.open(directory, options);
    assert.equal(entries(again), ['a=a!']);
    again.close();
    kv.remove(directory);
    kv.remove(directory);
    const fresh = kv.open(directory, options);
    assert.equal(entries(fresh), []);
    fresh.close();
  });

  test('a full store refuses, keeps what it has and goes on once there is room', (store) => {
    put(store, 'a');
    const { puts, code } = fill(store, 10_000, 1000);
    assert.ok(puts > 500 && puts < 4500, `${puts} puts`);
    assert.ok(code === 'ENOSPC' || code === 'EFBIG', String(code));
    assert.is(entries(store, 'fill-').length, puts);
    assert.is(asciiText(store.get(ascii('a')) as Uint8Array), 'a!');
    for (let at = 0; at < puts; at += 1) store.write((writer) => writer.remove(ascii(`fill-${at}`)));
    assert.equal(entries(store), ['a=a!']);
    assert.ok(fill(store, 300, 1000).puts === 300);
  });

  base('the file stays within its largest size', async ({ host, root }) => {
    const directory = `${root}/kv`;
    const store = host.kv.open(directory, options);
    for (let round = 0; round < 5; round += 1) {
      fill(store, 3000, 900 + 100 * round);
      const lengths = host.files.list(directory).map((name) => host.files.stat(`${directory}/${name}`)?.lengthBytes);
      for (const length of lengths) assert.ok((length ?? 0) <= options.maxBytes, `${length} bytes`);
    }
    store.close();
  });

  base('a foreign file is refused, and can be removed', async ({ host, root }) => {
    const directory = `${root}/kv`;
    host.kv.open(directory, options).close();
    for (const bytes of [ascii('no store'), new Uint8Array(20_000), new Uint8Array(8192).fill(7)]) {
      host.files.remove(`${directory}/data.mdb`);
      const file = host.files.open(`${directory}/data.mdb`, 'create');
      file.write(bytes, 0);
      file.close();
      throwsCode(() => host.kv.open(directory, options), 'EINVAL');
    }
    host.kv.remove(directory);
    assert.is(host.files.stat(directory), null);
  });

  base('a store needs a directory to be in', async ({ host, root }) => {
    throwsCode(() => host.kv.open(`${root}/none/kv`, options), 'ENOENT');
  });
}
