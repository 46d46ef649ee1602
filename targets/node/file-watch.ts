/**
 * Watching a path with inotify. The kernel watches an inode, the caller means a path: after a rename over it, or a
 * removal, the watch moves on to what stands there then, or waits on the nearest directory above.
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { Watch } from '../host.ts';
import { errorCode, hostError } from './host-error.ts';

/** How long to wait when the watch cannot be set up again because the system's watches are used up. */
const retryMs = 1000;

export function watchPath(path: string, changed: () => void): Watch {
  if (fs.lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    throw hostError('ENOENT', `no such file or directory, watch '${path}'`);
  }
  return new PathWatch(path, changed);
}

interface Attached {
  readonly watcher: fs.FSWatcher;
  readonly path: string;
  readonly isDirectory: boolean;
  readonly inode: bigint;
}

class PathWatch implements Watch {
  readonly #path: string;
  readonly #changed: () => void;
  #attached: Attached | null;
  #retry: NodeJS.Timeout | null = null;
  #reporting = false;
  #moved = false;
  #closed = false;

  constructor(path: string, changed: () => void) {
    this.#path = path;
    this.#changed = changed;
    this.#attached = this.#attach();
  }

  close(): void {
    this.#closed = true;
    this.#detach();
  }

  /** Watches the path or, where there is nothing, the nearest directory above that is there. */
  #attach(): Attached {
    for (let at = this.#path; ; ) {
      try {
        const attached = this.#attachTo(at);
        // What was missing may have come before its directory was watched.
        if (at === this.#path || fs.lstatSync(this.#path, { throwIfNoEntry: false }) === undefined) return attached;
        attached.watcher.close();
        at = this.#path;
      } catch (error) {
        const code = errorCode(error);
        const above = dirname(at);
        if ((code !== 'ENOENT' && code !== 'ENOTDIR') || above === at) throw error;
        at = above;
      }
    }
  }

  #attachTo(path: string): Attached {
    // The inode is read first: when it is replaced in between, the next event shows another one.
    const stats = fs.lstatSync(path, { bigint: true });
    const isDirectory = stats.isDirectory();
    const watcher = fs.watch(path, (kind) => this.#event(kind === 'rename'));
    watcher.on('error', () => this.#event(true));
    return { watcher, path, isDirectory, inode: stats.ino };
  }

  #detach(): void {
    this.#attached?.watcher.close();
    this.#attached = null;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  /** Events of one turn of the loop are reported together. */
  #event(moved: boolean): void {
    // A change inside one of a directory's files is none of its names.
    if (this.#attached?.isDirectory && !moved) return;
    this.#moved ||= moved;
    if (this.#reporting || this.#closed) return;
    this.#reporting = true;
    setImmediate(() => this.#report());
  }

  #report(): void {
    this.#reporting = false;
    if (this.#closed) return;
    // Also reached without the inode's removal: a replaced file that somebody has open tells of it by its attributes.
    if (this.#moved || !this.#standsThere()) this.#attachAgain();
    this.#moved = false;
    this.#changed();
  }

  #standsThere(): boolean {
    const attached = this.#attached;
    if (attached === null || attached.path !== this.#path) return false;
    return fs.lstatSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino === attached.inode;
  }

  #attachAgain(): void {
    this.#detach();
    try {
      this.#attached = this.#attach();
    } catch {
      // The system's watches are used up: poll until there is one.
      this.#retry = setTimeout(() => this.#event(true), retryMs);
    }
  }
}
