/** What the model test needs of a log under test, beyond the contract. */
import type { CommitLog } from '../../../logged/commit-log.ts';
import type { MemoryClock } from '../../support/memory-host/clock.ts';
import type { Compaction } from '../../support/reference-log/cleaning.ts';
import { referenceLog } from '../../support/reference-log/reference-log.ts';

export interface Subject {
  /** The log that is open now. */
  readonly log: CommitLog;
  readonly clock: MemoryClock;
  /** Compacts a topic now, and says what that ought to have done; null: nothing. */
  compact(topic: string): Promise<Compaction | null>;
  /** Applies retention to all topics now, and says below which offset each partition ought to be empty. */
  retain(): Promise<readonly Expiry[]>;
  reopen(): Promise<void>;
  /** Kills the process and opens again. With a seed the power is cut, too, in one of the ways to lose what was not synced. */
  crash(cutSeed: number | null): Promise<void>;
  close(): Promise<void>;
}

export interface Expiry {
  readonly topic: string;
  readonly partition: number;
  readonly below: number;
}

/** The reference log, to try the test itself. */
export function referenceSubject(clock: MemoryClock): Subject {
  let log = referenceLog({ clock, rememberedCalls: 8 });
  const reopen = async () => {
    log = await log.reopen();
  };
  return {
    get log() {
      return log;
    },
    clock,
    compact: (topic) => {
      log.compact(topic);
      return Promise.resolve({});
    },
    retain: async () => {
      const expired: Expiry[] = [];
      for (const topic of await log.listTopics()) {
        const end = (await log.offsets(topic, 0))?.endOffset ?? 0;
        const below = end - 3;
        log.expire(topic, 0, below);
        expired.push({ topic, partition: 0, below });
      }
      return expired;
    },
    reopen,
    crash: reopen,
    close: () => log.close(),
  };
}
