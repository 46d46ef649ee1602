/**
 * Makes sure that opening a store can only succeed: where mdb_env_open fails, the `lmdb` package (3.5.6) uses freed
 * memory and may take the process down, as it does for a foreign file, a full disk or a file system without shared
 * mappings. And where the file is shorter than it says, reading it ends in SIGBUS.
 *
 * The store is never synced, so a power cut may leave anything: a file beside it names the boot in which it was made,
 * and a store of another boot is refused.
 */
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { endianness } from 'node:os';
import { fileSystemName } from '../service/linux/file-system-name.ts';
import { errorCode, hostError } from './host-error.ts';

export const dataFile = 'data.mdb';
export const lockFile = 'lock.mdb';
export const bootFile = 'boot';

/** Those that are known to map files shared and writable, which LMDB needs for its lock file. */
const mappable = new Set(['ext4', 'tmpfs', 'xfs', 'btrfs', 'f2fs', 'ubifs', 'overlayfs', 'zfs']);

/** What a new store takes at once, written beforehand: a full disk is found here and not under a mapping. */
const firstBytes = 64 * 1024;
const lockBytes = 8 * 1024;

export function prepareStore(directory: string): void {
  makeDirectory(directory);
  const fileSystem = fileSystemUnder(directory);
  if (!mappable.has(fileSystem)) throw hostError('ENOTSUP', `no store on ${fileSystem}, '${directory}'`);
  const data = fs.openSync(`${directory}/${dataFile}`, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
  let lock: number | null = null;
  try {
    lock = fs.openSync(`${directory}/${lockFile}`, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
    if (fs.fstatSync(lock).size < lockBytes) writeZeros(lock, lockBytes);
    if (fs.fstatSync(data).size === 0) beginStore(directory, data);
    else checkStore(directory, data);
  } finally {
    fs.closeSync(data);
    if (lock !== null) fs.closeSync(lock);
  }
}

function makeDirectory(directory: string): void {
  try {
    fs.mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

function beginStore(directory: string, data: number): void {
  try {
    writeZeros(data, firstBytes);
  } finally {
    fs.ftruncateSync(data, 0);
  }
  fs.writeFileSync(`${directory}/${bootFile}`, bootId(), { mode: 0o600 });
}

function checkStore(directory: string, data: number): void {
  const path = `${directory}/${dataFile}`;
  if (readText(`${directory}/${bootFile}`) !== bootId()) {
    throw hostError('EINVAL', `written before the last boot or on another machine, '${path}'`);
  }
  const fileBytes = fs.fstatSync(data).size;
  const fault = metaFault(data, 0, fileBytes) ?? metaFault(data, readWords(data, 0, pageSizeAt), fileBytes);
  if (fault !== null) throw hostError('EINVAL', `${fault}, '${path}'`);
}

// The first two pages of a file in the package's format 2, whose words are those of the CPU: a page header (number,
// transaction, 4 16-bit fields), then MDB_meta as in its mdb.c.
const wordBytes = ['arm', 'ia32', 'mips', 'mipsel'].includes(process.arch) ? 4 : 8;
const magicAt = 2 * wordBytes + 8;
const versionAt = magicAt + 4;
const pageSizeAt = magicAt + 8 + 2 * wordBytes;
const lastPageAt = pageSizeAt + 2 * (8 + 5 * wordBytes);
const magic = 0xbeefc0de;
const version = 2;

function metaFault(data: number, position: number, fileBytes: number): string | null {
  if (fileBytes < position + lastPageAt + wordBytes) return 'file too short';
  if (readWords(data, position, magicAt) !== magic) return 'no LMDB file';
  if (readWords(data, position, versionAt) !== version) return 'another format of LMDB';
  const usedBytes = (readWords(data, position, lastPageAt) + 1) * readWords(data, position, pageSizeAt);
  return usedBytes > fileBytes ? 'file too short' : null;
}

/** The low 32 bits of a number in the CPU's byte order; page numbers beyond 2^32 would be a file of 16 TiB. */
function readWords(data: number, position: number, at: number): number {
  const bytes = new Uint32Array(1);
  const low = endianness() === 'BE' && at === lastPageAt ? wordBytes - 4 : 0;
  fs.readSync(data, bytes, 0, 4, position + at + low);
  return bytes[0] as number;
}

function writeZeros(descriptor: number, lengthBytes: number): void {
  const zeros = new Uint8Array(lengthBytes);
  for (let at = 0; at < lengthBytes; ) at += fs.writeSync(descriptor, zeros, at, lengthBytes - at, at);
}

/** The file system that takes the writes: with overlayfs the upper one, where it can be seen. */
function fileSystemUnder(directory: string): string {
  const name = fileSystemName(fs.statfsSync(directory).type);
  if (name !== 'overlayfs') return name;
  const upper = upperDirectory(fs.realpathSync(directory));
  return upper !== null && fs.existsSync(upper) ? fileSystemName(fs.statfsSync(upper).type) : name;
}

/** From proc(5): "36 35 98:0 / /mount rw,noatime master:1 - overlay device rw,upperdir=/upper,workdir=/work". */
function upperDirectory(directory: string): string | null {
  let found = { mount: '', upper: null as string | null };
  for (const line of (readText('/proc/self/mountinfo') ?? '').split('\n')) {
    const mount = line.split(' ')[4] ?? '';
    const holds = mount === '/' || directory === mount || directory.startsWith(`${mount}/`);
    if (!holds || mount.length < found.mount.length) continue;
    found = { mount, upper: /[ ,]upperdir=([^, ]+)/.exec(line)?.[1] ?? null };
  }
  return found.upper;
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id') ?? randomUUID();
}

function readText(path: string): string | null {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}
