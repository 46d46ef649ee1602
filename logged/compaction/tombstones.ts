/**
 * When a tombstone may go. A frame that compaction writes with tombstones in it says since when nothing is left of what
 * they delete (`cleaned` in `storage/format/frame.ts`); from then on they stay for `delete.retention.ms`.
 */

/** 2020-01-01: a clock before it was never set. */
export const CLOCK_SET_MS = 1_577_836_800_000;
/** A time that far ahead was written by a clock that was wrong; one that was off for months may merely lag. */
const WRONG_AHEAD_MS = 366 * 86_400_000;

export class Tombstones {
  readonly #now: number;
  readonly #retentionMs: number;
  readonly #apply: boolean;

  /** `apply`: false where none is to go and none is to begin to wait. */
  constructor(now: number, retentionMs: number, apply: boolean) {
    this.#now = now;
    this.#retentionMs = retentionMs;
    this.#apply = apply && now >= CLOCK_SET_MS;
  }

  /** Whether tombstones go whose frame has this time; `allBeforeAreIn` as in `Input`. */
  areDue(cleanedAt: number | null, allBeforeAreIn: boolean): boolean {
    return this.#apply && allBeforeAreIn && this.#now - this.#since(cleanedAt) >= this.#retentionMs;
  }

  /** The time that a frame with tombstones is to have, or null for none yet. */
  timeFor(cleanedAt: number | null, allBeforeAreIn: boolean): number | null {
    return this.#apply && allBeforeAreIn ? this.#since(cleanedAt) : cleanedAt;
  }

  /** When a tombstone that stays may go, given that time; infinite when that is not known. */
  dueAt(time: number | null, allBeforeAreIn: boolean): number {
    return time === null || !this.#apply || !allBeforeAreIn ? Number.POSITIVE_INFINITY : time + this.#retentionMs;
  }

  #since(cleanedAt: number | null): number {
    return cleanedAt === null || cleanedAt > this.#now + WRONG_AHEAD_MS ? this.#now : cleanedAt;
  }
}
