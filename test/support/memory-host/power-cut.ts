/**
 * What a power cut keeps of the pending operations. A choice is plain data, so that a failing one can be printed and
 * tried again.
 */
import type { EntryOperation, FileNode, FileOperation, Operation, WriteOperation } from './nodes.ts';
import { SeededRandom } from './random.ts';

/**
 * - `lose`: nothing pending. `keep`: everything.
 * - `names`: all names, no bytes (ext4 and UBIFS after a rename without a sync). `data`: all bytes, no names.
 * - `prefix`: the first `count` operations, of the whole disk, in the order they were made.
 * - `subset`: some of the operations, names and bytes in any mixture: the medium was written in another order.
 * - `torn`: everything up to one write, of that a part that ends at a multiple of `unitBytes` in the file.
 * - `pages`: all names, and of every write some blocks of `unitBytes`, with zeros where a block before is missing.
 * - `zeros`: all names, the first writes, and for the rest the length only, with zeros for bytes (UBIFS, ext4).
 */
export type CutChoice =
  | { readonly kind: 'lose' | 'keep' | 'names' | 'data' }
  | { readonly kind: 'prefix'; readonly count: number }
  | { readonly kind: 'subset' | 'zeros'; readonly seed: number }
  | { readonly kind: 'torn' | 'pages'; readonly unitBytes: number; readonly seed: number };

/** The cuts worth trying when `pendingCount` operations are pending: a dozen and a half, fewer when that is few. */
export function cutChoices(pendingCount: number, seed: number): readonly CutChoice[] {
  if (pendingCount === 0) return [{ kind: 'lose' }];
  const random = new SeededRandom(seed);
  const counts = new Set([pendingCount - 1, 1 + random.below(pendingCount), random.below(pendingCount)]);
  counts.delete(0);
  counts.delete(pendingCount);
  return [
    ...(['lose', 'keep', 'names', 'data'] as const).map((kind) => ({ kind })),
    ...Array.from(counts, (count) => ({ kind: 'prefix' as const, count })),
    ...[1, 2, 3].map(() => ({ kind: 'subset' as const, seed: random.next() })),
    ...[1, 512, 2048, 4096].map((unitBytes) => ({ kind: 'torn' as const, unitBytes, seed: random.next() })),
    ...[64, 4096].map((unitBytes) => ({ kind: 'pages' as const, unitBytes, seed: random.next() })),
    ...[1, 2].map(() => ({ kind: 'zeros' as const, seed: random.next() })),
  ];
}

/** What is to be done to the durable state, in this order. */
export type KeptOperation = FileOperation | EntryOperation | ExtendOperation;

/** The file's length without the bytes. */
export interface ExtendOperation {
  readonly kind: 'extend';
  readonly node: FileNode;
  readonly lengthBytes: number;
}

export function keptOperations(pending: readonly Operation[], choice: CutChoice): KeptOperation[] {
  switch (choice.kind) {
    case 'lose':
      return [];
    case 'keep':
      return [...pending];
    case 'names':
      return pending.filter((operation) => operation.kind === 'entry');
    case 'data':
      return pending.filter((operation) => operation.kind !== 'entry');
    case 'prefix':
      return withRequired(pending.slice(0, choice.count), pending);
    case 'subset':
      return keepSubset(pending, new SeededRandom(choice.seed));
    case 'zeros':
      return keepLengths(pending, new SeededRandom(choice.seed));
    case 'torn':
      return tear(pending, choice.unitBytes, new SeededRandom(choice.seed));
    case 'pages':
      return keepPages(pending, choice.unitBytes, new SeededRandom(choice.seed));
  }
}

/** What became of a key-value store: never to be relied upon, so anything goes. */
export function keptStore(choice: CutChoice, random: SeededRandom): 'kept' | 'stale' | 'damaged' {
  if (choice.kind === 'keep' || choice.kind === 'data') return 'kept';
  if (choice.kind === 'lose') return 'stale';
  return (['kept', 'stale', 'damaged'] as const)[random.below(3)] ?? 'kept';
}

/** Drops what must not be kept alone; two that require each other fall together. */
function withRequired(kept: readonly Operation[], pending: readonly Operation[]): Operation[] {
  const isPending = new Set(pending);
  let remaining = [...kept];
  for (;;) {
    const isKept = new Set(remaining);
    const next = remaining.filter(
      (operation) =>
        operation.kind !== 'entry' ||
        operation.requires === null ||
        isKept.has(operation.requires) ||
        !isPending.has(operation.requires),
    );
    if (next.length === remaining.length) return next;
    remaining = next;
  }
}

/** Names and bytes each with a probability of their own, which may be 0 or 1. */
function keepSubset(pending: readonly Operation[], random: SeededRandom): Operation[] {
  const entriesOfFour = random.below(5);
  const bytesOfFour = random.below(5);
  const kept = pending.filter(({ kind }) => random.below(4) < (kind === 'entry' ? entriesOfFour : bytesOfFour));
  return withRequired(kept, pending);
}

function keepLengths(pending: readonly Operation[], random: SeededRandom): KeptOperation[] {
  const whole = random.below(2) === 0 ? 0 : random.below(pending.length);
  return pending.map((operation, index) => {
    return operation.kind === 'write' && index >= whole ? extendFor(operation) : operation;
  });
}

function tear(pending: readonly Operation[], unitBytes: number, random: SeededRandom): KeptOperation[] {
  const writes = pending.flatMap((operation, index) => (operation.kind === 'write' ? [index] : []));
  const last = writes.at(-1);
  if (last === undefined) return [...pending];
  const index = random.below(2) === 0 ? last : (writes[random.below(writes.length)] ?? last);
  const kept: KeptOperation[] = withRequired(pending.slice(0, index), pending);
  const torn = pending[index] as WriteOperation;
  const end = torn.position + torn.bytes.length;
  const first = Math.floor(torn.position / unitBytes) + 1;
  const boundaries = Math.ceil(end / unitBytes) - first;
  if (boundaries > 0) {
    const cutAt = (first + random.below(boundaries)) * unitBytes;
    kept.push({ ...torn, bytes: torn.bytes.subarray(0, cutAt - torn.position) });
  }
  return kept;
}

function keepPages(pending: readonly Operation[], unitBytes: number, random: SeededRandom): KeptOperation[] {
  return pending.flatMap((operation) => {
    if (operation.kind !== 'write') return [operation];
    const kept: KeptOperation[] = [];
    const end = operation.position + operation.bytes.length;
    for (let from = operation.position; from < end; ) {
      const to = Math.min(end, (Math.floor(from / unitBytes) + 1) * unitBytes);
      const bytes = operation.bytes.subarray(from - operation.position, to - operation.position);
      if (random.below(2) === 0) kept.push({ ...operation, position: from, bytes });
      from = to;
    }
    if (random.below(2) === 0) kept.push(extendFor(operation));
    return kept;
  });
}

function extendFor(operation: WriteOperation): ExtendOperation {
  return { kind: 'extend', node: operation.node, lengthBytes: operation.position + operation.bytes.length };
}
