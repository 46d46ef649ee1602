/** What the model test needs of a log under test, beyond the contract. */
import type { CommitLog } from '../../../logged/commit-log.ts';
import type { MemoryClock } from '../../support/memory-host/clock.ts';
import { compacted } from '../../support/reference-log/cleaning.ts';
import { referenceLog } from '../../support/reference-log/reference-log.ts';
import { partitionsOf } from './contents.ts';

export interface Subject {
  /** The log that is open now. */
  readonly log: CommitLog;
  readonly clock: MemoryClock;
  /** Compacts a topic now, and says what that has to leave, from what there was before. */
  compact(topic: string): Promise<Cleaning>;
  /** Rolls, expires and compacts what is due, in all topics. */
  keepHouse(): Promise<Cleaning>;
  reopen(): Promise<void>;
  /** Kills the process and opens again. With a seed the power is cut, too, in one of the ways to lose what was not synced. */
  crash(cutSeed: number | null): Promise<void>;
  /** The same, so many turns after a compaction was begun. */
  crashCompacting(topic: string, turns: number, cutSeed: number | null): Promise<Cleaning>;
  close(): Promise<void>;
}

/** By `topic/partition`. */
export type Cleaning = ReadonlyMap<string, Bounds>;

/** The offsets that have to be left, and those that may be. */
export interface Bounds {
  readonly least: ReadonlySet<number>;
  readonly most: ReadonlySet<number>;
}

/** The reference log, to try the test itself. */
export function referenceSubject(clock: MemoryClock): Subject {
  let log = referenceLog({ clock, rememberedCalls: 16 });
  const reopen = async () => {
    log = await log.reopen();
  };
  const compact = async (topic: string): Promise<Cleaning> => {
    const cleaning = new Map<string, Bounds>();
    for (const { place, records } of await partitionsOf(log, topic)) {
      const left = new Set(compacted(records, {}).map(({ offset }) => offset));
      cleaning.set(place, { least: left, most: left });
    }
    log.compact(topic);
    return cleaning;
  };
  return {
    get log() {
      return log;
    },
    clock,
    compact,
    keepHouse: () => Promise.resolve(new Map()),
    reopen,
    crash: reopen,
    crashCompacting: (topic) => compact(topic),
    close: () => log.close(),
  };
}
