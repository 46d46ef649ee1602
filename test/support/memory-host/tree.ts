/** Finding nodes of the memory disk by path. The working directory is `/`. */
import { hostError } from './host-error.ts';
import type { DirectoryNode, DiskNode } from './nodes.ts';

/** The place a path names, whether anything stands there or not. */
export interface Place {
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: DiskNode | null;
}

/** The same paths are asked for over and over, hundreds of thousands of times in a crash matrix. */
const known = new Map<string, readonly string[]>();
const MOST_KNOWN = 1000;

export function pathNames(path: string): readonly string[] {
  const found = known.get(path);
  if (found !== undefined) return found;
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(path, names);
  return names;
}

export function findNode(root: DirectoryNode, path: string): DiskNode | null {
  let node: DiskNode = root;
  for (const name of pathNames(path)) {
    const next: DiskNode | undefined = node.kind === 'directory' ? node.entries.get(name) : undefined;
    if (next === undefined) return null;
    node = next;
  }
  return node;
}

/** Errors: ENOENT when a directory on the way is missing, ENOTDIR when it is none, EBUSY for the root. */
export function findPlace(root: DirectoryNode, path: string, call: string): Place {
  const names = pathNames(path);
  const name = names.at(-1);
  if (name === undefined) throw hostError(path === '' ? 'ENOENT' : 'EBUSY', call, path);
  let directory = root;
  for (const step of names.slice(0, -1)) {
    const next = directory.entries.get(step);
    if (next === undefined) throw hostError('ENOENT', call, path);
    if (next.kind !== 'directory') throw hostError('ENOTDIR', call, path);
    directory = next;
  }
  return { directory, name, node: directory.entries.get(name) ?? null };
}

/** Errors: ENOENT, ENOTDIR. */
export function findDirectory(root: DirectoryNode, path: string, call: string): DirectoryNode {
  const node = pathNames(path).length === 0 && path !== '' ? root : findPlace(root, path, call).node;
  if (node === null) throw hostError('ENOENT', call, path);
  if (node.kind !== 'directory') throw hostError('ENOTDIR', call, path);
  return node;
}
