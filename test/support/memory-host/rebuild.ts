/** Builds the disk that comes back after a power cut. */
import { Content } from './content.ts';
import { applyToContent, applyToEntries, DirectoryNode, type DiskNode, FileNode, type Operation } from './nodes.ts';
import { type CutChoice, type KeptOperation, keptOperations, keptStore } from './power-cut.ts';
import { SeededRandom } from './random.ts';

/**
 * Copies what `from` has on the medium, with what the choice keeps of `pending`, into the empty directory `into`, and
 * returns the bytes that the files take. Everything that comes back is on the medium.
 */
export function rebuildAfterCut(
  from: DirectoryNode,
  into: DirectoryNode,
  pending: readonly Operation[],
  choice: CutChoice,
  newDirectory: () => DirectoryNode,
): number {
  const kept = new Map<DiskNode, KeptOperation[]>();
  for (const operation of keptOperations(pending, choice)) {
    const node = operation.kind === 'entry' ? operation.directory : operation.node;
    const operations = kept.get(node);
    if (operations === undefined) kept.set(node, [operation]);
    else operations.push(operation);
  }
  const rebuild = new Rebuild(kept, choice, newDirectory);
  rebuild.directory(from, into);
  return rebuild.usedBytes;
}

class Rebuild {
  usedBytes = 0;
  readonly #kept: ReadonlyMap<DiskNode, readonly KeptOperation[]>;
  readonly #choice: CutChoice;
  readonly #random: SeededRandom;
  readonly #newDirectory: () => DirectoryNode;
  /** A file may come back under two names. */
  readonly #files = new Map<FileNode, FileNode>();

  constructor(
    kept: ReadonlyMap<DiskNode, readonly KeptOperation[]>,
    choice: CutChoice,
    newDirectory: () => DirectoryNode,
  ) {
    this.#kept = kept;
    this.#choice = choice;
    this.#random = new SeededRandom('seed' in choice ? choice.seed : 1);
    this.#newDirectory = newDirectory;
  }

  directory(from: DirectoryNode, into: DirectoryNode): DirectoryNode {
    let entries: ReadonlyMap<string, DiskNode> = from.durable;
    const kept = this.#kept.get(from);
    if (kept !== undefined) {
      const changed = new Map(from.durable);
      for (const operation of kept) if (operation.kind === 'entry') applyToEntries(changed, operation);
      entries = changed;
    }
    for (const [name, node] of entries) {
      // What is on tmpfs begins empty, and `into` has it already.
      if (node.isVolatile) continue;
      const copy = node.kind === 'directory' ? this.directory(node, this.#newDirectory()) : this.#file(node);
      copy.names += 1;
      into.entries.set(name, copy);
      into.durable.set(name, copy);
    }
    return into;
  }

  #file(from: FileNode): FileNode {
    const known = this.#files.get(from);
    if (known !== undefined) return known;
    const content = from.durable.copy();
    for (const operation of this.#kept.get(from) ?? []) applyKept(content, operation);
    const file = new FileNode(false, content);
    if (from.store !== null) file.store = from.store.afterPowerCut(keptStore(this.#choice, this.#random));
    this.#files.set(from, file);
    this.usedBytes += content.lengthBytes + (file.store?.sizeBytes ?? 0);
    return file;
  }
}

function applyKept(content: Content, operation: KeptOperation): void {
  if (operation.kind === 'extend') content.truncate(Math.max(content.lengthBytes, operation.lengthBytes));
  else if (operation.kind !== 'entry') applyToContent(content, operation);
}
