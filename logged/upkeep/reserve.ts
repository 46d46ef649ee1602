/**
 * A few hundred kilobytes that are kept occupied, so that there is room to make room: compaction writes before it can
 * remove. When the medium is full it is lent to compaction or retention; meanwhile nothing is appended (the log asks
 * `isLent`), so that producers do not eat it up, and afterwards it is made anew.
 */
import type { File, Host } from '../../targets/host.ts';
import { hostCode } from '../storage/host-failure.ts';
import { UNFINISHED } from '../storage/segment-file.ts';

export const DEFAULT_RESERVE_BYTES = 262_144;

const CHUNK_BYTES = 16384;

export class Reserve {
  /** While it is lent appends fail with `no-space`. */
  isLent = false;

  readonly bytes: number;
  readonly #host: Host;
  readonly #root: string;
  readonly #path: string;

  /** `bytes`: 0 for no reserve. */
  constructor(host: Host, root: string, bytes: number) {
    this.#host = host;
    this.#root = root;
    this.#path = `${root}/reserve`;
    this.bytes = bytes;
  }

  /** Gives the room to whoever is to make more; false when there was nothing to give. */
  async lend(): Promise<boolean> {
    const { files } = this.#host;
    if (this.isLent || files.stat(this.#path) === null) return false;
    this.isLent = true;
    try {
      files.remove(this.#path);
      // Some file systems give the blocks back only with this.
      await files.syncDir(this.#root);
    } catch (error) {
      if (hostCode(error) === '') throw error;
    }
    return true;
  }

  /** Ends the loan and occupies the room again, unless there is none; false then. To be tried again now and then. */
  async restore(): Promise<boolean> {
    try {
      return await this.#occupy();
    } catch (error) {
      if (hostCode(error) === '') throw error;
      return false;
    } finally {
      this.isLent = false;
    }
  }

  async #occupy(): Promise<boolean> {
    const { files } = this.#host;
    const there = files.stat(this.#path)?.lengthBytes;
    if (there === this.bytes || (there === undefined && this.bytes === 0)) return true;
    if (there !== undefined) files.remove(this.#path);
    if (this.bytes === 0) return true;
    const unfinished = `${this.#path}${UNFINISHED}`;
    if (files.stat(unfinished) !== null) files.remove(unfinished);
    const file = files.open(unfinished, 'create');
    try {
      this.#fill(file);
      await file.sync();
      files.rename(unfinished, this.#path);
    } catch (error) {
      files.remove(unfinished);
      throw error;
    } finally {
      file.close();
    }
    return true;
  }

  /** With noise, since there are file systems that compress. */
  #fill(file: File): void {
    const noise = new Uint8Array(CHUNK_BYTES);
    for (let at = 0; at < this.bytes; at += CHUNK_BYTES) {
      this.#host.random.fill(noise);
      file.write(noise.subarray(0, Math.min(CHUNK_BYTES, this.bytes - at)), at);
    }
  }
}
