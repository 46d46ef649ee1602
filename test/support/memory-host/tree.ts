/** Finding nodes of the memory disk by path. The working directory is `/`. */
import { hostError } from './host-error.ts';
import type { DirectoryNode, DiskNode } from './nodes.ts';

/** The place a path names, whether anything stands there or not. */
export interface Place {
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: DiskNode | null;
}

export function pathNames(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
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
  const name = names.pop();
  if (name === undefined) throw hostError(path === '' ? 'ENOENT' : 'EBUSY', call, path);
  let directory = root;
  for (const step of names) {
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
