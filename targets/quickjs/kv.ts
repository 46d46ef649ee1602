/**
 * The key-value store over LMDB. It is never synced, so a power cut may leave anything: a file beside it names the boot
 * in which it was made, and a store of another boot is refused, as is one of another CPU or of the Node target.
 */
import type { Kv, KvStore, KvWriter } from '../host.ts';
import { errorCode, hostError } from './host-error.ts';
import { type Native, type NativeStore, OpenFor } from './native.ts';

const dataFile = 'data.mdb';
const bootFile = 'boot';

export function quickjsKv(native: Native): Kv {
  return {
    open: (directory, { maxBytes }) => {
      ignoring('EEXIST', () => native.makeDirectory(directory));
      checkBoot(native, directory);
      return new LmdbStore(native, directory, native.openStore(directory, maxBytes));
    },
    remove: (directory) => {
      for (const name of [dataFile, 'lock.mdb', bootFile]) {
        ignoring('ENOENT', () => native.removeFile(`${directory}/${name}`));
      }
      ignoring('ENOENT', () => native.removeDirectory(directory));
    },
  };
}

function ignoring(code: string, call: () => void): void {
  try {
    call();
  } catch (error) {
    if (errorCode(error) !== code) throw error;
  }
}

function checkBoot(native: Native, directory: string): void {
  const boot = readText(native, '/proc/sys/kernel/random/boot_id') ?? '';
  const path = `${directory}/${dataFile}`;
  if ((native.statPath(path, false)?.[1] ?? 0) > 0) {
    if (readText(native, `${directory}/${bootFile}`) === boot) return;
    throw hostError('EINVAL', `written before the last boot or on another machine, '${path}'`);
  }
  ignoring('ENOENT', () => native.removeFile(`${directory}/${bootFile}`));
  const descriptor = native.openFile(`${directory}/${bootFile}`, OpenFor.create);
  try {
    native.writeAt(descriptor, native.encodeUtf8(boot), 0);
  } finally {
    native.closeFile(descriptor);
  }
}

function readText(native: Native, path: string): string | null {
  if (native.statPath(path, false) === null) return null;
  const descriptor = native.openFile(path, OpenFor.read);
  try {
    const bytes = new Uint8Array(64);
    return native.decodeLatin1(bytes, 0, native.readAt(descriptor, bytes, 0));
  } finally {
    native.closeFile(descriptor);
  }
}

class LmdbStore implements KvStore {
  readonly #native: Native;
  readonly #directory: string;
  readonly #store: NativeStore;

  constructor(native: Native, directory: string, store: NativeStore) {
    this.#native = native;
    this.#directory = directory;
    this.#store = store;
  }

  get(key: Uint8Array): Uint8Array | null {
    return this.#native.getEntry(this.#store, key);
  }

  write(change: (writer: KvWriter) => void): void {
    const native = this.#native;
    const store = this.#store;
    let isOpen = true;
    const open = (): NativeStore => {
      if (!isOpen) throw hostError('EBADF', `the transaction has ended, '${this.#directory}'`);
      return store;
    };
    native.beginWrite(store);
    let isDone = false;
    try {
      change({
        put: (key, value) => native.putEntry(open(), key, value),
        remove: (key) => native.removeEntry(open(), key),
      });
      isDone = true;
    } finally {
      isOpen = false;
      native.endWrite(store, isDone);
    }
  }

  /** Entry by entry: no transaction is open while the visitor runs, so it may write. */
  scan(from: Uint8Array, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    let entry = this.#native.nextEntry(this.#store, from, false);
    while (entry !== null && visit(entry[0], entry[1])) entry = this.#native.nextEntry(this.#store, entry[0], true);
  }

  close(): void {
    this.#native.closeStore(this.#store);
  }
}
