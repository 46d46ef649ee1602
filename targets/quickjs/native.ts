/**
 * What the C host offers, as the object `native`, which only main files look up. It has the calls of the system one by
 * one: descriptors are numbers, what would block gives null, and what fails throws an Error with `code`.
 */

import type { Aes, Sodium } from '../host.ts';

/** What a file is opened for, as files.c counts. */
export const OpenFor = { read: 0, update: 1, create: 2, lock: 3, directory: 4, 'create-read-only': 5 } as const;

/** `identity` tells a file from all others of this machine. */
export type NativeStat = readonly [mode: number, lengthBytes: number, owner: number, identity: string];

/** A store of kv.c. */
export interface NativeStore {
  readonly nativeStore: never;
}

/** The functions of cryptography.c that are members of the port as they are. */
type Ciphers = Aes & Pick<Sodium, 'seal' | 'open' | 'chachaSeal' | 'chachaOpen' | 'equal'>;

export interface Native extends Ciphers {
  readonly arguments: readonly string[];

  // error.c
  errorOf(errorNumber: number, what: string): Error;

  // loop.c
  start(dispatch: (descriptor: number) => void, step: () => number, report: (error: unknown) => void): void;
  exit(code: number): void;

  // clock.c and random.c
  now(): number;
  monotonic(): number;
  fillRandom(into: Uint8Array): void;

  // files.c
  openFile(path: string, purpose: number): number;
  closeFile(descriptor: number): void;
  statDescriptor(descriptor: number): NativeStat;
  fileLength(descriptor: number): number;
  statPath(path: string, follow: boolean): NativeStat | null;
  readAt(descriptor: number, into: Uint8Array, position: number): number;
  writeAt(descriptor: number, bytes: Uint8Array, position: number): void;
  truncateFile(descriptor: number, lengthBytes: number): void;
  lockFile(descriptor: number): void;
  listDirectory(path: string): string[];
  makeDirectory(path: string): void;
  removeDirectory(path: string): void;
  removeFile(path: string): void;
  renamePath(from: string, to: string): void;
  givePath(path: string, owner: number): void;
  fileSystem(path: string): readonly [magic: number, freeBytes: number, totalBytes: number];

  // sync.c
  sync(descriptor: number, isDirectory: boolean, number: number): void;
  doneDescriptor(): number;
  takeDone(): readonly [number: number, errorNumber: number] | null;

  // cryptography.c: not in every build
  plainBlake2b(key: Uint8Array, message: Uint8Array, lengthBytes: number): Uint8Array;
  keyedBlake2b(key: Uint8Array, message: Uint8Array, lengthBytes: number): Uint8Array;
  hmac256(key: Uint8Array, message: Uint8Array): Uint8Array;
  hmac512(key: Uint8Array, message: Uint8Array): Uint8Array;
  beginArgon2id(
    password: Uint8Array,
    salt: Uint8Array,
    into: Uint8Array,
    memoryBytes: number,
    passes: number,
    number: number,
  ): void;

  // watch.c
  openWatches(): number;
  addWatch(descriptor: number, path: string, isDirectory: boolean): number;
  removeWatch(descriptor: number, watch: number): void;
  readWatches(descriptor: number): readonly number[];

  // kv.c
  openStore(directory: string, maxBytes: number): NativeStore;
  closeStore(store: NativeStore): void;
  beginWrite(store: NativeStore): void;
  endWrite(store: NativeStore, commit: boolean): void;
  putEntry(store: NativeStore, key: Uint8Array, value: Uint8Array): void;
  removeEntry(store: NativeStore, key: Uint8Array): void;
  getEntry(store: NativeStore, key: Uint8Array): Uint8Array | null;
  nextEntry(store: NativeStore, key: Uint8Array, behind: boolean): readonly [Uint8Array, Uint8Array] | null;

  // net.c
  listen(host: string, port: number): number;
  connect(host: string, port: number): number;
  accept(listener: number): number | null;
  socketAddress(descriptor: number, ofPeer: boolean): readonly [host: string, port: number] | null;
  socketError(descriptor: number): number;
  /** Empty at the end. */
  receive(descriptor: number): Uint8Array | null;
  send(descriptor: number, bytes: Uint8Array, start: number): number | null;
  endSocket(descriptor: number): void;

  // process.c
  getVariable(name: string): string | undefined;
  readStream(descriptor: number): Uint8Array | null;
  writeStream(descriptor: number, bytes: Uint8Array, start: number): number | null;
  pollStream(descriptor: number): boolean;
  isTerminal(descriptor: number): boolean;
  showInput(descriptor: number, isShown: boolean): boolean;
  openSignals(): number;
  takeSignal(descriptor: number): 'SIGINT' | 'SIGTERM' | null;
  effectiveUser(): number;

  // bytes.c
  crc32c(bytes: Uint8Array, start: number, end: number, previous?: number): number;
  encodeUtf8(text: string): Uint8Array;
  decodeUtf8(bytes: Uint8Array, start?: number, end?: number): string;
  decodeLatin1(bytes: Uint8Array, start?: number, end?: number): string;
  encodeBase64(bytes: Uint8Array): string;
  decodeBase64(text: string): Uint8Array;
  compare(a: Uint8Array, b: Uint8Array): number;
}
