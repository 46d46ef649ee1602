/**
 * The host port: everything that portable code may ask of the machine it runs on.
 *
 * Who implements it: `targets/node`, `targets/quickjs`, and for tests `test/support/memory-host` with a
 * fault-injecting layer on top. Who calls it: `logged`, `confidant`, and the `main.ts` of each target, which is the
 * only place that names an implementation and hands it down. Types only: importing this file costs no code.
 *
 * Rules that hold for every member
 * - Reads and writes are synchronous: they touch the page cache, not the flash. Durability is a promise (`sync`,
 *   `syncDir`), so that one turn of the event loop gathers a batch and a slow flash never blocks the other clients.
 * - Failures are a `HostError`: an `Error` with `code`, spelled as Node spells it. An asynchronous member rejects,
 *   it never throws.
 * - Short reads, short writes, EINTR and EAGAIN of system calls are the adapter's problem.
 * - Paths are absolute or relative to the working directory, separated by `/`, and not normalised.
 * - Files are created with mode 0600 and directories with 0700.
 */
export interface Host {
  readonly files: Files;
  readonly kv: Kv;
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly bytes: Bytes;
  readonly aes: Aes;

  /** Loads the library when it is asked for: only a service that keeps secrets pays for it. */
  sodium(): Promise<Sodium>;
}

/** `ENOENT`, `EEXIST`, `ENOSPC`, `EIO`, `EROFS`, `EACCES`, `EAGAIN`, ... as Node spells them. */
export interface HostError extends Error {
  readonly code: string;
}

/**
 * Files and directories.
 *
 * Durable means: survives a power cut. A file's bytes are durable after `File.sync`; a name (created, renamed or
 * removed) is durable after `syncDir` of the directory that holds it. Neither implies the other. Until then a power
 * cut may keep all, none, or any part of what was done, in any order, and may leave zeros where bytes were to be.
 */
export interface Files {
  /**
   * Opens a regular file. `read`: must exist. `update`: must exist, read and write. `create`: must not exist, read
   * and write. `create-read-only`: the same, and nobody may open it for writing after that (mode 0400). Errors:
   * ENOENT, EEXIST, EISDIR, EACCES, EROFS, ENOSPC, EMFILE, EIO.
   */
  open(path: string, mode: OpenMode): File;

  /** What stands at the path, or null when nothing does. Symbolic links are not followed and are `other`. */
  stat(path: string): FileStat | null;

  /** The names in a directory, in no order, without `.` and `..`. Errors: ENOENT, ENOTDIR, EACCES, EIO. */
  list(directory: string): string[];

  /** Makes one directory. Errors: EEXIST, ENOENT (no parent), EACCES, EROFS, ENOSPC, EIO. */
  makeDir(path: string): void;

  /**
   * Renames a file or a directory within one file system, atomically for every reader; a file at `to` is replaced,
   * and those who have it open keep reading the old one. Errors: ENOENT, ENOTEMPTY or EEXIST (a non-empty directory
   * at `to`), EXDEV, EACCES, EROFS, ENOSPC, EIO.
   */
  rename(from: string, to: string): void;

  /** Removes a file; those who have it open keep it. Errors: ENOENT, EISDIR or EPERM, EACCES, EROFS, EIO. */
  remove(path: string): void;

  /** Removes an empty directory. Errors: ENOENT, ENOTEMPTY, ENOTDIR, EACCES, EROFS, EIO. */
  removeDir(path: string): void;

  /** Makes every earlier create, rename and remove in this directory durable. */
  syncDir(path: string): Promise<void>;

  /**
   * Takes the exclusive lock of a file, which is created when absent and never removed. The lock lives until it is
   * released or the process ends, however it ends: kill -9 needs no clean-up. Never waits: EAGAIN when anybody holds
   * it, this process included.
   */
  lock(path: string): Lock;

  /**
   * Calls back soon after anything changed at the path: a file's bytes, or a directory's names. Changes may be
   * reported together, late by milliseconds, or once too often, never too seldom; nothing is said about what they
   * were. Also reports changes made by other processes. An open watch keeps the process alive. Errors: ENOENT, EMFILE,
   * ENOSPC (watch limit).
   */
  watch(path: string, changed: () => void): Watch;

  /** Room and kind of the file system that holds the path. */
  space(path: string): Space;

  /**
   * A directory on a memory file system that belongs to `directory`: the same for every process that names the same
   * directory, gone after a reboot, writable without wear. Created when absent. Null where there is none that can be
   * trusted (no tmpfs, or the place is owned by somebody else than the owner of `directory`).
   */
  volatileDir(directory: string): string | null;
}

export type OpenMode = 'read' | 'update' | 'create' | 'create-read-only';

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other';
  readonly lengthBytes: number;
  /** Owned by the user of this process, with no rights for group and others. */
  readonly isPrivate: boolean;
}

export interface File {
  /** The current length in bytes. */
  lengthBytes(): number;

  /** Fills `into` from `position`, short only at the end of the file, and returns the number of bytes read. */
  read(into: Uint8Array, position: number): number;

  /**
   * Writes all of `bytes` at `position`, extending the file as needed. When it throws (ENOSPC, EIO, EROFS, EDQUOT,
   * EFBIG) any part of the bytes may have been written.
   */
  write(bytes: Uint8Array, position: number): void;

  /** Cuts or zero-extends the file. */
  truncate(lengthBytes: number): void;

  /**
   * Makes all earlier writes and truncations of this file durable (fdatasync). A rejection is reported once: what was
   * pending may be lost although a later `sync` resolves, so nobody may sync again and believe it.
   */
  sync(): Promise<void>;

  /** Closes; a `sync` under way still settles. Closing twice does nothing. */
  close(): void;
}

export interface Lock {
  release(): void;
}

export interface Watch {
  close(): void;
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** `ext4`, `jffs2`, `ubifs`, `f2fs`, `tmpfs`, `overlayfs`, `squashfs`, ..., else the magic number in hex. */
  readonly fileSystem: string;
}

/**
 * An ordered key-value store on disk (LMDB) for state that can be rebuilt or is thrown away: nothing that was
 * acknowledged may depend on it. Its files are bound to word size and byte order of the CPU.
 */
export interface Kv {
  /**
   * Opens the store in a directory, which is created when absent, for this process alone. Errors: ENOTSUP (no such
   * store on this host, or not on this file system), EINVAL (foreign or damaged: remove it and begin anew), ENOSPC,
   * EIO.
   */
  open(directory: string, options: KvOptions): KvStore;

  /** Removes a closed store with its files; nothing happens when there is none. */
  remove(directory: string): void;
}

export interface KvOptions {
  /** The most bytes that the store's file may take; ENOSPC or EFBIG beyond it. */
  readonly maxBytes: number;
}

export interface KvStore {
  /** The value, a copy of its own, or null. Keys are 1 to 511 bytes. */
  get(key: Uint8Array): Uint8Array | null;

  /** Runs `change` as one transaction: all of its writes are there, or, when it throws, none. Not durable. */
  write(change: (writer: KvWriter) => void): void;

  /** Visits entries from `from` (included) in the order of unsigned bytes until `visit` returns false. */
  scan(from: Uint8Array, visit: (key: Uint8Array, value: Uint8Array) => boolean): void;

  close(): void;
}

/** What is put is copied: the caller may use its buffers again at once. */
export interface KvWriter {
  put(key: Uint8Array, value: Uint8Array): void;
  remove(key: Uint8Array): void;
}

/** TCP on IP literals; names are not resolved. */
export interface Net {
  /** Begins to listen; port 0 takes any free one. Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES. */
  listen(address: NetAddress, accept: (connection: Connection) => void): Promise<Listener>;

  /** Errors: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH. */
  connect(address: NetAddress): Promise<Connection>;
}

export interface NetAddress {
  readonly host: string;
  readonly port: number;
}

export interface Listener {
  readonly address: NetAddress;

  /** Stops accepting. Connections live on. Resolves when the port is free. */
  close(): Promise<void>;
}

export interface Connection {
  readonly remote: NetAddress;

  /** The next bytes, or null once the peer has ended its side. One call at a time. Rejects with ECONNRESET. */
  read(): Promise<Uint8Array | null>;

  /** Resolves once the bytes are on their way and the next may follow. Rejects with EPIPE or ECONNRESET. */
  write(bytes: Uint8Array): Promise<void>;

  /** Ends this side after what was written; the peer may still send. */
  end(): void;

  /** Drops the connection now. */
  close(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump, also backwards: routers have no battery clock. */
  now(): number;

  /** Milliseconds since some moment; never goes back while the process lives. */
  monotonic(): number;

  /** Calls back once, no sooner than after `delayMs`. A pending timer keeps the process alive. */
  timer(delayMs: number, callback: () => void): Timer;

  /** Calls back after the callbacks and promise jobs that are ready now: the end of this turn of the loop. */
  soon(callback: () => void): void;
}

export interface Timer {
  cancel(): void;
}

export interface Random {
  /** Fills with bytes from the system's cryptographic generator. */
  fill(into: Uint8Array): void;
}

/** Byte work that is slow in an interpreter. Ranges are `start` included, `end` excluded. */
export interface Bytes {
  /** CRC-32C (Castagnoli, RFC 3720 B.4: "123456789" gives 0xe3069283), going on from `previous`. */
  crc32c(bytes: Uint8Array, start: number, end: number, previous?: number): number;

  /** UTF-8; a lone surrogate becomes U+FFFD. */
  encodeUtf8(text: string): Uint8Array;

  /** Text of well-formed UTF-8, byte order mark kept; EILSEQ for anything else. */
  decodeUtf8(bytes: Uint8Array, start?: number, end?: number): string;

  /** RFC 4648 base64, padded. */
  encodeBase64(bytes: Uint8Array): string;

  /** Strict: padded, standard alphabet, no white space, zero pad bits; EILSEQ for anything else. */
  decodeBase64(text: string): Uint8Array;

  /** Negative, zero or positive, in the order of unsigned bytes, a prefix first. */
  compare(a: Uint8Array, b: Uint8Array): number;
}

/**
 * Cryptography as libsodium has it. Arguments are read before a call returns and never kept, results are arrays of
 * their own, and what was copied on the way is wiped where the host can. Any message, associated data, password and
 * HMAC key may be empty; a length or number that is not among those named is EINVAL. Who seals must never use a nonce
 * twice with one key: a random nonce is safe for XChaCha20 (24 bytes), and only for so many messages with 12 bytes.
 */
export interface Sodium {
  /** XChaCha20-Poly1305 (IETF draft): the ciphertext, then a tag of 16 bytes. Key 32 bytes, nonce 24. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array;

  /** The plaintext, or null when anything differs from what was sealed. */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | null;

  /** As `seal`, with ChaCha20-Poly1305 of RFC 8439. Key 32 bytes, nonce 12. */
  chachaSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  chachaOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | null;

  /** BLAKE2b (RFC 7693) of 16 to 64 bytes, with or without a key of 16 to 64 bytes. */
  blake2b(message: Uint8Array, lengthBytes: number, key?: Uint8Array): Uint8Array;

  /** HMAC (RFC 2104), with a key of any length. */
  hmac(hash: HmacHash, key: Uint8Array, message: Uint8Array): Uint8Array;

  /**
   * Argon2id 1.3 (RFC 9106) with one lane. It runs beside the event loop and takes seconds on a router: how many run
   * at a time, and so how much memory they take together, is the caller's concern. All of it is given back before the
   * promise settles, or soon after. Salt 16 bytes. Errors: EINVAL, ENOMEM.
   */
  argon2id(password: Uint8Array, salt: Uint8Array, cost: Argon2Cost): Promise<Uint8Array>;

  /** Whether both hold the same bytes; how long it takes depends on their lengths only. */
  equal(a: Uint8Array, b: Uint8Array): boolean;

  /** Overwrites with zeros, also when nobody reads them afterwards. */
  wipe(bytes: Uint8Array): void;
}

export type HmacHash = 'sha2-256' | 'sha2-512';

export interface Argon2Cost {
  /** 8 KiB to 1 GiB; what is not a multiple of 1 KiB counts as the one below. */
  readonly memoryBytes: number;
  /** 1 to 1000. */
  readonly passes: number;
  /** Of the result: 16 to 1024. */
  readonly lengthBytes: number;
}

/**
 * AES for what others have sealed with it, or must be able to open: slow on CPUs without instructions for it, but
 * always in constant time. Keys are 16 or 32 bytes. The rest is as with `Sodium`.
 */
export interface Aes {
  /** AES-GCM (NIST SP 800-38D): the ciphertext, then a tag of 16 bytes. Nonce 12 bytes. */
  gcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array;

  /** The plaintext, or null when anything differs from what was sealed. */
  gcmOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | null;

  /**
   * Counter mode, both ways, as streambed has it: `bytes` XOR the AES of one block after the other, where the first
   * four bytes of a block are a big-endian counter. `block`, 16 bytes, is the first of them.
   */
  ctr(key: Uint8Array, block: Uint8Array, bytes: Uint8Array): Uint8Array;
}
