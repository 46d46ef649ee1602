/**
 * What the memory disk is made of: files and directories, each in two states. `content` and `entries` are what every
 * process sees (the page cache); `durable...` is what is on the medium. Between them stand the pending operations.
 */
import { Content } from './content.ts';
import type { KvEntries } from './kv-entries.ts';

export type DiskNode = FileNode | DirectoryNode;

export class FileNode {
  readonly kind = 'file';
  /** On the memory file system: nothing is ever pending, all is gone after a power cut. */
  readonly isVolatile: boolean;
  content: Content;
  durable: Content;
  pending: FileOperation[] = [];
  /** Lost by a failed sync: no later sync makes them durable, although they may have reached the medium. */
  failed: FileOperation[] = [];
  names = 0;
  handles = 0;
  locked = false;
  watchers: Set<NodeWatcher> | null = null;
  /** The file of a key-value store holds this instead of bytes. */
  store: KvEntries | null = null;

  constructor(isVolatile: boolean, content = new Content()) {
    this.isVolatile = isVolatile;
    this.content = content;
    this.durable = content.copy();
  }
}

export class DirectoryNode {
  readonly kind = 'directory';
  readonly isVolatile: boolean;
  /** Identifies the directory, as an inode number does. */
  readonly number: number;
  entries = new Map<string, DiskNode>();
  durable = new Map<string, DiskNode>();
  pending: EntryOperation[] = [];
  names = 0;
  watchers: Set<NodeWatcher> | null = null;

  constructor(isVolatile: boolean, number: number) {
    this.isVolatile = isVolatile;
    this.number = number;
  }
}

export interface NodeWatcher {
  event(node: DiskNode): void;
}

export type FileOperation = WriteOperation | TruncateOperation;

export interface WriteOperation {
  readonly kind: 'write';
  readonly sequence: number;
  readonly node: FileNode;
  readonly position: number;
  readonly bytes: Uint8Array;
}

export interface TruncateOperation {
  readonly kind: 'truncate';
  readonly sequence: number;
  readonly node: FileNode;
  readonly lengthBytes: number;
}

/** A name that was given to a node, or taken away (`node` is null). A rename makes two of them. */
export interface EntryOperation {
  readonly kind: 'entry';
  readonly sequence: number;
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: DiskNode | null;
  /** Kept by a power cut only together with that one. */
  requires: EntryOperation | null;
}

export type Operation = FileOperation | EntryOperation;

export function applyToContent(content: Content, operation: FileOperation): void {
  if (operation.kind === 'write') content.write(operation.bytes, operation.position);
  else content.truncate(operation.lengthBytes);
}

export function applyToEntries(entries: Map<string, DiskNode>, operation: EntryOperation): void {
  if (operation.node === null) entries.delete(operation.name);
  else entries.set(operation.name, operation.node);
}
