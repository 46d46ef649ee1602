/**
 * Compaction strategies: which records of a topic are still worth keeping. The contract for developers who write their
 * own, and the two that are built in.
 *
 * Compaction looks at the records of one partition that are no longer appended to, from the oldest to the newest. A
 * strategy gives each of them a key, or none; a record without a key is *excluded*: it is kept whatever happens. Of each
 * key it then says from which offset on its records are to be retained; those below are removed. Compaction never
 * changes a record, never reorders, and never touches what has not been sealed.
 *
 * **Built in.** `keepLast(n)` retains the last n records per key. A record without a value is a tombstone: what its key
 * had before goes whatever n is, and the tombstone itself goes when it has stood for `delete.retention.ms` with nothing
 * of its key before it, so that whoever reads the topic meanwhile learns of the deletion. That time is measured by the
 * wall clock of the writer, from the compaction that first removed what the tombstone deletes, and is stored in the log;
 * a clock that jumps shortens or lengthens it by the jump, and while the clock was never set (before 2020) no tombstone
 * goes. The memory is bounded whatever the number of keys.
 *
 * **Your own.** A `CompactionStrategy` is asked in passes. A pass is for a part of the keys, usually for all of them:
 * `init` begins it, `reduce` is called with every record that has one of those keys, in the order of the offsets, and
 * `collect` ends it. Its state is therefore to be by key and of that pass only. `key` is called for every record, more
 * than once, and must give the same key each time. Segments are written after the passes were made, a part of them at a
 * time when there are many records, with new passes for the next part: a strategy must come to the same result when what
 * it did not retain is gone.
 *
 * - *Memory* is the strategy's own matter: when its state becomes too large, `reduce` returns true, the state is thrown
 *   away, and the pass is made again for fewer keys. A strategy that never returns true is asked once for all.
 * - *Bytes* of keys and records are good during the call only; `KeyMap` copies its keys.
 * - *Tombstones* are records like others. A strategy that wants one to go collects an offset above it.
 * - *Errors* that a strategy throws end the compaction, which changes nothing and rejects with them.
 * - *Changing* the strategy or n of a topic takes effect on records that were compacted before with the next compaction
 *   of everything (`logged compact`), except that your own strategies are always asked about everything.
 */
import type { ConsumerRecord } from '../commit-log.ts';

export interface CompactionStrategy<KeyState = unknown, State = unknown> {
  /** State for finding keys, made once per compaction. */
  keyInit(): KeyState;

  /** The key by which the record is compacted, not necessarily its own; null excludes it. */
  key(state: KeyState, record: ConsumerRecord): Uint8Array | null;

  /** An empty state, for one pass. */
  init(): State;

  /** Takes a record into account. True: there is no room for more keys. */
  reduce(state: State, key: Uint8Array, record: ConsumerRecord): boolean;

  /** The earliest offset to retain of each key; without one all its records are retained. */
  collect(state: State): EarliestOffsets;
}

/** A `KeyMap<number>` is one. */
export interface EarliestOffsets {
  get(key: Uint8Array): number | undefined;
}

/** The built-in strategy: the last `count` records per key, 1 or more. */
export interface KeepLast {
  readonly count: number;
  /** The key by which a record is compacted, instead of its own; null excludes it. The same for the same record. */
  readonly key?: ((record: ConsumerRecord) => Uint8Array | null) | undefined;
}

export type Compaction = KeepLast | CompactionStrategy;

export function keepLast(count = 1, key?: KeepLast['key']): KeepLast {
  return { count, key };
}

/** A map by the bytes of keys. */
export class KeyMap<Value> {
  readonly #values = new Map<string, Value>();

  get size(): number {
    return this.#values.size;
  }

  get(key: Uint8Array): Value | undefined {
    return this.#values.get(textOf(key));
  }

  set(key: Uint8Array, value: Value): void {
    this.#values.set(textOf(key), value);
  }
}

/** One character per byte: short, and different for different bytes, whatever they are. */
function textOf(key: Uint8Array): string {
  let text = '';
  for (let i = 0; i < key.length; i++) text += String.fromCharCode(key[i] as number);
  return text;
}
