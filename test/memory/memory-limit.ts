/**
 * A limit on the memory of one process, as hard as this machine lets us make it: a control group of our own with no
 * swap, below the group that we are in or one above it. Where none can be made (no such right, or no such kernel), what
 * the process has resident is looked at, and it is killed when that was ever above the limit.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryLimit {
  readonly kind: 'cgroup v2' | 'cgroup v1' | 'watchdog';
  /** What the command of the process stands behind, so that the limit holds from its first instruction on. */
  readonly prefix: readonly string[];
  /** Called with the process when it runs. */
  watch(pid: number): void;
  /** The most that was ever charged, page cache and kernel's buffers included; null: nobody counts that. */
  peakBytes(): number | null;
  /** How often something was killed for it. */
  kills(): number;
  remove(): void;
}

const ENTER = ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"'] as const;
const WATCH_MS = 10;
const MOST_TRIES = 100;
const TRY_MS = 10;

export function limitMemory(bytes: number, allowsGroups = true): MemoryLimit {
  return (allowsGroups ? (limitByGroup2(bytes) ?? limitByGroup1(bytes)) : null) ?? new Watchdog(bytes);
}

/** The lines of /proc/self/cgroup are `number:controllers:path`. */
function ownGroup(controllers: string): string | null {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  return lines.map((line) => line.split(':')).find(([, names]) => names?.split(',').includes(controllers))?.[2] ?? null;
}

function limitByGroup2(bytes: number): MemoryLimit | null {
  const group = ownGroup('');
  if (group === null) return null;
  for (let parent = group; ; parent = join(parent, '..')) {
    const controllers = readOr(join('/sys/fs/cgroup', parent, 'cgroup.subtree_control'), '');
    if (controllers.split(/\s/).includes('memory')) {
      const limits = { 'memory.max': bytes, 'memory.swap.max': 0 };
      const made = makeGroup(join('/sys/fs/cgroup', parent), limits);
      if (made !== null) {
        const kills = (): number => numberIn(join(made, 'memory.events'), 'oom_kill');
        return new Group('cgroup v2', made, join(made, 'memory.peak'), kills);
      }
    }
    if (parent === '/') return null;
  }
}

function limitByGroup1(bytes: number): MemoryLimit | null {
  const group = ownGroup('memory');
  if (group === null) return null;
  const limits = { 'memory.limit_in_bytes': bytes, 'memory.memsw.limit_in_bytes': bytes };
  const made = makeGroup(join('/sys/fs/cgroup/memory', group), limits);
  if (made === null) return null;
  const kills = (): number => numberIn(join(made, 'memory.oom_control'), 'oom_kill');
  return new Group('cgroup v1', made, join(made, 'memory.max_usage_in_bytes'), kills);
}

/** Null where we may not. Limits on swap are missing where the kernel keeps no count of it. */
function makeGroup(parent: string, limits: Readonly<Record<string, number>>): string | null {
  const group = join(parent, `streambed-memory-${process.pid}-${(made += 1)}`);
  try {
    mkdirSync(group);
  } catch {
    return null;
  }
  try {
    for (const [name, value] of Object.entries(limits)) {
      const path = join(group, name);
      if (existsSync(path) || !name.includes('sw')) writeFileSync(path, String(value));
    }
    return group;
  } catch {
    rmdirSync(group);
    return null;
  }
}

let made = 0;

class Group implements MemoryLimit {
  readonly kind: 'cgroup v2' | 'cgroup v1';
  readonly prefix: readonly string[];
  readonly #path: string;
  readonly #peak: string;
  readonly kills: () => number;
  readonly #onExit = (): void => this.remove();

  constructor(kind: 'cgroup v2' | 'cgroup v1', path: string, peak: string, kills: () => number) {
    this.kind = kind;
    this.prefix = [...ENTER, path];
    this.#path = path;
    this.#peak = peak;
    this.kills = kills;
    process.on('exit', this.#onExit);
  }

  watch(): void {}

  peakBytes(): number | null {
    const text = readOr(this.#peak, '');
    return text === '' ? null : Number(text);
  }

  /** What was killed may take a moment to be gone. */
  remove(): void {
    process.off('exit', this.#onExit);
    for (let tries = 0; existsSync(this.#path) && tries < MOST_TRIES; tries += 1) {
      try {
        rmdirSync(this.#path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_MS);
      }
    }
  }
}

/** Looks at the most that was ever resident, which the kernel keeps: nothing is missed between two looks. */
class Watchdog implements MemoryLimit {
  readonly kind = 'watchdog';
  readonly prefix = [];
  readonly #limit: number;
  #timer: NodeJS.Timeout | null = null;
  #kills = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  watch(pid: number): void {
    this.#timer = setInterval(() => {
      if (numberIn(`/proc/${pid}/status`, 'VmHWM:') * 1024 <= this.#limit) return;
      this.remove();
      this.#kills += 1;
      process.kill(pid, 'SIGKILL');
    }, WATCH_MS);
    this.#timer.unref();
  }

  peakBytes(): null {
    return null;
  }

  kills(): number {
    return this.#kills;
  }

  remove(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

/** The number behind a name at the beginning of a line; 0 where there is none. */
function numberIn(path: string, name: string): number {
  const line = readOr(path, '')
    .split('\n')
    .find((one) => one.split(/\s/)[0] === name);
  return Number(line?.split(/\s+/)[1] ?? 0);
}
