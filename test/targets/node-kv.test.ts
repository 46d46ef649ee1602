/** What only the store of the Node adapter has: the package may be missing, and must never be let fail to open. */
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { nodeHost } from '../../targets/node/host.ts';
import { ascii, throwsCode } from '../contract/host/harness.ts';
import { suite } from '../support/suite.ts';

const { kv } = nodeHost();
const options = { maxBytes: 1 << 20 };
let directory = '';

const test = suite('node key-value store');
test.before.each(() => {
  directory = `${fs.mkdtempSync(`${tmpdir()}/streambed-kv-`)}/kv`;
});
test.after.each(() => fs.rmSync(directory.slice(0, -'/kv'.length), { recursive: true }));

function makeStore(): void {
  const store = kv.open(directory, options);
  store.write((writer) => {
    for (let key = 0; key < 1000; key += 1) writer.put(ascii(`key-${key}`), new Uint8Array(100));
  });
  store.close();
}

test('a store of another boot is refused', () => {
  makeStore();
  fs.writeFileSync(`${directory}/boot`, '01234567-89ab-cdef-0123-456789abcdef\n');
  throwsCode(() => kv.open(directory, options), 'EINVAL');
  fs.rmSync(`${directory}/boot`);
  throwsCode(() => kv.open(directory, options), 'EINVAL');
  kv.remove(directory);
  makeStore();
});

test('a store that is cut short at any page is refused, or empty when nothing is left', () => {
  makeStore();
  const bytes = fs.readFileSync(`${directory}/data.mdb`);
  for (let length = bytes.length - 4096; length > 0; length -= 4096) {
    fs.truncateSync(`${directory}/data.mdb`, length);
    throwsCode(() => kv.open(directory, options), 'EINVAL');
  }
  fs.truncateSync(`${directory}/data.mdb`, 0);
  const store = kv.open(directory, options);
  assert.is(store.get(ascii('key-1')), null);
  store.close();
});

test('another format, byte order or word size is refused', () => {
  makeStore();
  const path = `${directory}/data.mdb`;
  const bytes = fs.readFileSync(path);
  for (const position of [24, 27, 28, 4096 + 24, 4096 + 28]) {
    const changed = Buffer.from(bytes);
    changed[position] = (changed[position] ?? 0) ^ 0x10;
    fs.writeFileSync(path, changed);
    throwsCode(() => kv.open(directory, options), 'EINVAL');
  }
  fs.writeFileSync(path, bytes);
  kv.open(directory, options).close();
});

test('a file system without shared mappings is refused', () => {
  throwsCode(() => kv.open('/sys/kernel', options), 'ENOTSUP');
});

test('closing leaves nothing mapped or open', () => {
  makeStore();
  assert.not.match(fs.readFileSync('/proc/self/maps', 'utf8'), directory);
  const links = fs.readdirSync('/proc/self/fd').map((name) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return ''; // The descriptor that read the list.
    }
  });
  assert.equal(
    links.filter((link) => link.startsWith(directory)),
    [],
  );
});

test('a store survives the kill of its process', () => {
  const hostUrl = new URL('../../targets/node/host.ts', import.meta.url).href;
  const code = `import { nodeHost } from '${hostUrl}';
    const store = nodeHost().kv.open('${directory}', { maxBytes: 1 << 20 });
    store.write((writer) => writer.put(Uint8Array.of(1), Uint8Array.of(2)));
    process.kill(process.pid, 'SIGKILL');`;
  const { signal } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
  assert.is(signal, 'SIGKILL');
  const store = kv.open(directory, options);
  assert.equal(store.get(Uint8Array.of(1)), Uint8Array.of(2));
  store.close();
});

test('without the package there is no store, and everything else', () => {
  const hostUrl = new URL('../../targets/node/host.ts', import.meta.url).href;
  const code = `import Module from 'node:module';
    const load = Module._load;
    Module._load = (name, ...rest) => { if (name === 'lmdb') throw new Error('no native part'); return load(name, ...rest); };
    const { nodeHost } = await import('${hostUrl}');
    const host = nodeHost();
    try { host.kv.open('${directory}', { maxBytes: 1 << 20 }); } catch (error) { console.log(error.code); }
    console.log(host.files.stat('${directory}'));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
  assert.is(stdout.toString(), 'ENOTSUP\nnull\n', stderr.toString());
});
