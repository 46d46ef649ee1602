/**
 * The key-value store of Node: LMDB by the `lmdb` package, which is loaded when the first store is opened, so that a
 * machine without its native part lacks nothing but the store. Only synchronous transactions are used; none waits for
 * the disk.
 */
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type { RootDatabase } from 'lmdb';
import type { Kv, KvOptions, KvStore, KvWriter } from '../host.ts';
import { errorCode, hostError } from './host-error.ts';
import { bootFile, dataFile, lockFile, prepareStore } from './kv-guard.ts';
import { KvRoom } from './kv-room.ts';

type Lmdb = typeof import('lmdb');
type Database = RootDatabase<Buffer, Uint8Array>;

const maxKeyBytes = 511;

export const nodeKv: Kv = { open, remove };

function open(directory: string, options: KvOptions): KvStore {
  const lmdb = loadLmdb();
  prepareStore(directory);
  try {
    return new LmdbStore(openDatabase(lmdb, directory, options), directory, options.maxBytes);
  } catch (error) {
    throw asHostError(error, directory);
  }
}

function remove(directory: string): void {
  for (const name of [dataFile, lockFile, bootFile]) fs.rmSync(`${directory}/${name}`, { force: true });
  try {
    fs.rmdirSync(directory);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Null where the store cannot be had. */
export function kvVersion(): string | null {
  try {
    const { version } = loadLmdb() as unknown as { readonly version: { readonly versionString: string } };
    return version.versionString.replace(/:.*/, '');
  } catch {
    return null; // `open` says why.
  }
}

function loadLmdb(): Lmdb {
  try {
    return createRequire(import.meta.url)('lmdb') as Lmdb;
  } catch (error) {
    throw hostError('ENOTSUP', 'the lmdb package cannot be loaded', error);
  }
}

function openDatabase(lmdb: Lmdb, directory: string, { maxBytes }: KvOptions): Database {
  const options = {
    path: directory,
    noSubdir: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    noSync: true,
    overlappingSync: false,
    mapSize: maxBytes,
    maxReaders: 4,
    maxDbs: 1,
    permissionsMode: 0o600,
  } as const;
  return lmdb.open<Buffer, Uint8Array>(options);
}

class LmdbStore implements KvStore {
  readonly #database: Database;
  readonly #directory: string;
  readonly #room: KvRoom;
  #isClosed = false;

  constructor(database: Database, directory: string, maxBytes: number) {
    this.#database = database;
    this.#directory = directory;
    this.#room = new KvRoom(database, maxBytes);
  }

  get(key: Uint8Array): Uint8Array | null {
    this.#mustBeOpen();
    const value = this.#database.getBinary(this.#checkedKey(key));
    return value === undefined ? null : plain(value);
  }

  write(change: (writer: KvWriter) => void): void {
    this.#mustBeOpen();
    const room = this.#room;
    // Outside of a transaction the package would write later, by itself.
    let isOpen = true;
    const checked = (key: Uint8Array): Uint8Array => {
      if (!isOpen) throw hostError('EBADF', `the transaction has ended, '${this.#directory}'`);
      return this.#checkedKey(key);
    };
    const writer: KvWriter = {
      put: (key, value) => {
        this.#database.putSync(checked(key), value as Buffer);
        room.countPut(value.length);
      },
      remove: (key) => {
        this.#database.removeSync(checked(key));
        room.countRemoval();
      },
    };
    try {
      this.#database.transactionSync(() => {
        room.begin();
        change(writer);
        if (!room.fits()) throw hostError('ENOSPC', `the store has reached its largest size, '${this.#directory}'`);
      });
    } catch (error) {
      throw asHostError(error, this.#directory);
    } finally {
      isOpen = false;
    }
  }

  scan(from: Uint8Array, visit: (key: Uint8Array, value: Uint8Array) => boolean): void {
    this.#mustBeOpen();
    // There is no empty key, and the package takes one for none.
    const start = from.length === 0 ? Uint8Array.of(0) : from;
    for (const { key, value } of this.#database.getRange({ start })) {
      if (!visit(plain(key), plain(value))) return;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Nothing is under way, so it is closed when this returns; the promise is one that is resolved already.
    void this.#database.close();
  }

  #checkedKey(key: Uint8Array): Uint8Array {
    if (key.length > 0 && key.length <= maxKeyBytes) return key;
    throw hostError('EINVAL', `a key has 1 to ${maxKeyBytes} bytes, not ${key.length}, '${this.#directory}'`);
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw hostError('EBADF', `the store is closed, '${this.#directory}'`);
  }
}

/** The package gives buffers of their own memory, whose `slice` would share it. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** LMDB's errors have numbers: those of the system, or negative ones of its own. */
function asHostError(error: unknown, directory: string): unknown {
  const number = (error as { code?: unknown } | null)?.code;
  if (typeof number !== 'number') return error;
  const { message } = error as Error;
  return hostError(
    number > 0 ? getSystemErrorName(-number) : ownCode(number),
    `${message}, lmdb '${directory}'`,
    error,
  );
}

// From lmdb.h.
const mapFull = -30792;
const transactionFull = -30788;

function ownCode(number: number): string {
  return number === mapFull || number === transactionFull ? 'ENOSPC' : 'EINVAL';
}
