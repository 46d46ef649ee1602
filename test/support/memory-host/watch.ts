/** Watching a path of the memory disk, across all processes on it. */
import type { Watch } from '../../../targets/host.ts';
import type { DiskNode, NodeWatcher } from './nodes.ts';
import type { MemoryProcess } from './process.ts';
import { pathNames } from './tree.ts';

export class PathWatch implements Watch, NodeWatcher {
  readonly #process: MemoryProcess;
  readonly #names: readonly string[];
  readonly #changed: () => void;
  readonly #release: () => void;
  /** The directories on the way, and last what stands at the path, if anything does. */
  #nodes: DiskNode[] = [];
  #isReporting = false;
  #isClosed = false;

  constructor(process: MemoryProcess, path: string, changed: () => void) {
    this.#process = process;
    this.#names = pathNames(path);
    this.#changed = changed;
    this.#attach();
    this.#release = process.own(() => {
      this.#isClosed = true;
      this.#detach();
    });
  }

  event(node: DiskNode): void {
    const watched = this.#watched();
    if (node !== watched) {
      this.#detach();
      this.#attach();
      if (this.#watched() === watched) return;
    }
    this.#report();
  }

  close(): void {
    this.#release();
  }

  #watched(): DiskNode | null {
    return this.#nodes[this.#names.length] ?? null;
  }

  #attach(): void {
    let node: DiskNode | undefined = this.#process.disk.root;
    for (let depth = 0; node !== undefined; depth += 1) {
      this.#nodes.push(node);
      node.watchers ??= new Set();
      node.watchers.add(this);
      const name = this.#names[depth];
      node = name === undefined || node.kind !== 'directory' ? undefined : node.entries.get(name);
    }
  }

  #detach(): void {
    for (const node of this.#nodes) {
      node.watchers?.delete(this);
      if (node.watchers?.size === 0) node.watchers = null;
    }
    this.#nodes = [];
  }

  #report(): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    this.#process.soon(() => {
      this.#isReporting = false;
      if (!this.#isClosed) this.#changed();
    });
  }
}
