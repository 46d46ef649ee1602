/**
 * What a pass over the records finds out about the keys it is for, and the verdict on each record that follows. One
 * class for each kind of strategy; whoever makes the passes (`plan.ts`) sees no difference.
 */
import type { ConsumerRecord } from '../../commit-log.ts';
import type { KeyHash } from './key-hash.ts';
import type { KeyTable } from './key-table.ts';
import type { Pace } from '../pace.ts';
import type { Spill } from './spill.ts';
import type { CompactionStrategy, EarliestOffsets } from '../strategy.ts';

/** A record that has a key. */
export interface KeyedRecord {
  readonly offset: number;
  readonly isTombstone: boolean;
  readonly key: Uint8Array;
  readonly hash: KeyHash;
  decode(): ConsumerRecord;
}

export interface Tally {
  /**
   * The scans that it is to be fed with, one after the other: over everything, or only over what was not compacted
   * before. Within what was, no record is superseded by another.
   */
  readonly scans: readonly ('dirty' | 'all')[];
  /** Whether every record, from the first input on, has to be shown to `retains` once and in order. */
  readonly judgesInOrder: boolean;
  /** Takes a record of a scan; false when there is no room for its key. */
  take(scan: number, record: KeyedRecord): boolean;
  /** Makes room when this part of a scan is done; false: the tally is to be for fewer keys. */
  makeRoom(part: number): Promise<boolean>;
  /** Ends the scans. */
  finish(): void;
  retains(record: KeyedRecord): boolean;
  close(): void;
}

/**
 * More passes than this take longer than a store to spill to; fewer are better, since they write nothing: a store is
 * about as large as the log, and flash wears.
 */
const MOST_PASSES = 24;

/** The latest record per key: the highest offset of each key that was not compacted before. */
export class LatestTally implements Tally {
  readonly scans = ['dirty'] as const;
  readonly judgesInOrder = false;

  readonly #table: KeyTable;
  readonly #pace: Pace;
  /** Opens a store to spill to, when there may be one. */
  readonly #openSpill: (() => Spill) | null;
  #spill: Spill | null = null;

  constructor(table: KeyTable, pace: Pace, openSpill: (() => Spill) | null) {
    this.#table = table;
    this.#pace = pace;
    this.#openSpill = openSpill;
  }

  take(_scan: number, record: KeyedRecord): boolean {
    const at = this.#table.findOrAdd(record.hash);
    if (at < 0) return false;
    this.#table.setValue(at, record.offset);
    return true;
  }

  async makeRoom(part: number): Promise<boolean> {
    if (this.#openSpill === null || (this.#spill === null && part * MOST_PASSES > 1)) return false;
    this.#spill ??= this.#openSpill();
    await this.#spill.take(this.#table, this.#pace);
    this.#table.clear();
    return true;
  }

  finish(): void {}

  retains(record: KeyedRecord): boolean {
    const at = this.#table.find(record.hash);
    if (at >= 0) return record.offset >= this.#table.value(at);
    return this.#spill === null || record.offset >= this.#spill.find(record.hash);
  }

  close(): void {
    this.#spill?.close();
  }
}

/**
 * The last n records per key, in constant memory per key: how many there are and where among them the last tombstone
 * stands gives how many go from the front. Only keys with new records are counted, but then over everything.
 */
export class CountTally implements Tally {
  readonly scans: readonly ('dirty' | 'all')[];
  readonly judgesInOrder = true;

  readonly #keep: number;
  readonly #table: KeyTable;

  constructor(table: KeyTable, keep: number, everythingIsDirty: boolean) {
    this.scans = everythingIsDirty ? ['all'] : ['dirty', 'all'];
    this.#keep = keep;
    this.#table = table;
  }

  take(scan: number, record: KeyedRecord): boolean {
    const table = this.#table;
    const at = scan === 0 ? table.findOrAdd(record.hash) : table.find(record.hash);
    if (scan < this.scans.length - 1) return at >= 0;
    if (at < 0) return scan > 0;
    const count = table.high(at) + 1;
    table.set(at, count, record.isTombstone ? count : table.low(at));
    return true;
  }

  async makeRoom(): Promise<boolean> {
    return false;
  }

  finish(): void {
    const table = this.#table;
    for (let at = table.nextUsed(0); at >= 0; at = table.nextUsed(table.behind(at))) {
      const beforeTombstone = table.low(at) - 1;
      table.set(at, Math.max(0, table.high(at) - this.#keep, beforeTombstone), 0);
    }
  }

  retains(record: KeyedRecord): boolean {
    const at = this.#table.find(record.hash);
    if (at < 0) return true;
    const toGo = this.#table.high(at);
    if (toGo > 0) this.#table.set(at, toGo - 1, 0);
    return toGo === 0;
  }

  close(): void {}
}

/** A developer's strategy. */
export class StrategyTally implements Tally {
  readonly scans = ['all'] as const;
  readonly judgesInOrder = false;

  readonly #strategy: CompactionStrategy;
  readonly #state: unknown;
  #earliest: EarliestOffsets | null = null;

  constructor(strategy: CompactionStrategy) {
    this.#strategy = strategy;
    this.#state = strategy.init();
  }

  take(_scan: number, record: KeyedRecord): boolean {
    return !this.#strategy.reduce(this.#state, record.key, record.decode());
  }

  async makeRoom(): Promise<boolean> {
    return false;
  }

  finish(): void {
    this.#earliest = this.#strategy.collect(this.#state);
  }

  retains(record: KeyedRecord): boolean {
    return record.offset >= (this.#earliest?.get(record.key) ?? 0);
  }

  close(): void {}
}
