/** Disk images for the emulated machine. */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { installMissing, run } from '../targets/system.ts';

/** An ext4 file system in a file, with the contents of a directory when one is given. Needs no root. */
export function makeExt4(path: string, lengthBytes: number, contents: string | null): void {
  installMissing({ 'mkfs.ext4': 'e2fsprogs' });
  rmSync(path, { force: true });
  closeSync(openSync(path, 'w'));
  const file = openSync(path, 'r+');
  ftruncateSync(file, lengthBytes);
  closeSync(file);
  run('mkfs.ext4', ['-q', '-F', '-E', 'root_owner=0:0', ...(contents === null ? [] : ['-d', contents]), path]);
}

export function readOnlyDisk(path: string): string {
  return `driver=raw,read-only=on,file.driver=file,file.filename=${path}`;
}

/** Flushes cost nothing: what is measured is the machine, not the disk of the one that emulates it. */
export function fastDisk(path: string): string {
  return `driver=raw,cache.no-flush=on,file.driver=file,file.filename=${path}`;
}

/** Every write and flush is also noted in a second file, in their order: see `write-log.ts`. */
export function loggedDisk(path: string, log: string): string {
  closeSync(openSync(log, 'w'));
  return `driver=blklogwrites,log-sector-size=512,file.driver=file,file.filename=${path},log.driver=file,log.filename=${log}`;
}
