/**
 * Watching paths with inotify. The kernel watches an inode, the caller means a path: after a rename over it, or a
 * removal, the watch moves on to what stands there then, or waits on the nearest directory above.
 */
import type { Timer, Watch } from '../host.ts';
import { errorCode, hostError } from './host-error.ts';
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';

/** How long to wait when a watch cannot be set up again because the system's watches are used up. */
const retryMs = 1000;
const directoryMode = 0o040000;
const kindMask = 0o170000;

/** All watches of the process: they share one descriptor, and those of one inode share a number. */
export class FileWatches {
  readonly #native: Native;
  readonly loop: Loop;
  readonly #byNumber = new Map<number, Set<PathWatch>>();
  #descriptor: number | null = null;

  constructor(native: Native, loop: Loop) {
    this.#native = native;
    this.loop = loop;
  }

  watch(path: string, changed: () => void): Watch {
    if (this.identityOf(path) === null) throw hostError('ENOENT', `no such file or directory, watch '${path}'`);
    return new PathWatch(this, path, changed);
  }

  identityOf(path: string): string | null {
    return this.#native.statPath(path, false)?.[3] ?? null;
  }

  add(path: string, watch: PathWatch): number {
    const stat = this.#native.statPath(path, false);
    if (stat === null) throw hostError('ENOENT', `no such file or directory, watch '${path}'`);
    this.#descriptor ??= this.#open();
    const number = this.#native.addWatch(this.#descriptor, path, (stat[0] & kindMask) === directoryMode);
    const watches = this.#byNumber.get(number);
    if (watches === undefined) this.#byNumber.set(number, new Set([watch]));
    else watches.add(watch);
    return number;
  }

  remove(number: number, watch: PathWatch): void {
    const watches = this.#byNumber.get(number);
    if (watches?.delete(watch) !== true || watches.size > 0 || this.#descriptor === null) return;
    this.#byNumber.delete(number);
    this.#native.removeWatch(this.#descriptor, number);
  }

  #open(): number {
    const descriptor = this.#native.openWatches();
    this.loop.on(descriptor, () => this.#take(descriptor));
    return descriptor;
  }

  #take(descriptor: number): void {
    for (;;) {
      const events = this.#native.readWatches(descriptor);
      if (events.length === 0) return;
      for (let at = 0; at < events.length; at += 2) this.#tell(events[at] as number, events[at + 1] === 1);
    }
  }

  #tell(number: number, isGone: boolean): void {
    const concerned = number === -1 ? [...this.#byNumber.values()] : [this.#byNumber.get(number) ?? []];
    for (const watches of concerned) for (const watch of watches) watch.event(isGone);
  }
}

class PathWatch implements Watch {
  readonly #watches: FileWatches;
  readonly #path: string;
  readonly #changed: () => void;
  #number: number | null = null;
  /** What is watched: the path's own inode, or that of a directory above. */
  #identity: string | null = null;
  #retry: Timer | null = null;
  #isReporting = false;
  #isGone = false;
  #isClosed = false;

  constructor(watches: FileWatches, path: string, changed: () => void) {
    this.#watches = watches;
    this.#path = path;
    this.#changed = changed;
    this.#attach();
  }

  close(): void {
    this.#isClosed = true;
    this.#detach();
  }

  /** Events of one turn of the loop are reported together. */
  event(isGone: boolean): void {
    this.#isGone ||= isGone;
    if (this.#isReporting || this.#isClosed) return;
    this.#isReporting = true;
    this.#watches.loop.soon(() => this.#report());
  }

  #report(): void {
    this.#isReporting = false;
    if (this.#isClosed) return;
    // Also without the inode's end: a replaced file that somebody has open tells of it by its attributes.
    if (this.#isGone || this.#watches.identityOf(this.#path) !== this.#identity) this.#attachAgain();
    this.#isGone = false;
    this.#changed();
  }

  /** Watches the path or, where there is nothing, the nearest directory above that is there. */
  #attach(): void {
    for (let at = this.#path; ; ) {
      try {
        // Read first: when it is replaced in between, the next event shows another one.
        this.#identity = this.#watches.identityOf(at);
        this.#number = this.#watches.add(at, this);
        // What was missing may have come before its directory was watched.
        if (at === this.#path || this.#watches.identityOf(this.#path) === null) return;
        this.#detach();
        at = this.#path;
      } catch (error) {
        const code = errorCode(error);
        const above = parentOf(at);
        if ((code !== 'ENOENT' && code !== 'ENOTDIR') || above === at) throw error;
        at = above;
      }
    }
  }

  #detach(): void {
    if (this.#number !== null) this.#watches.remove(this.#number, this);
    this.#number = null;
    this.#retry?.cancel();
    this.#retry = null;
  }

  #attachAgain(): void {
    this.#detach();
    try {
      this.#attach();
    } catch {
      // The system's watches are used up: poll until there is one.
      this.#retry = this.#watches.loop.timer(retryMs, () => this.event(true));
    }
  }
}

function parentOf(path: string): string {
  const end = path.replace(/\/+$/, '').lastIndexOf('/');
  if (end === -1) return path === '.' || path.startsWith('/') ? path : '.';
  return path.slice(0, end) || '/';
}
