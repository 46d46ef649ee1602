/**
 * The plan of a compaction: which records of some sealed segments go, found out before anything is written.
 *
 * A pass is for a range of the keys' hashes, at first for all of them: it feeds a tally with one or more scans and then
 * asks it about every record. When the tally has no room for the keys of the range, the pass is made again for half of
 * it, and then more of them for what is left. The verdicts are kept as one bit per record. As many segments as there are
 * bits for are planned, and then replaced, at a time; a segment that alone has more records gets the bits it needs. So
 * the number of keys costs time, and neither memory nor writes.
 */
import { CLEANED_BYTES, FRAME_HEADER_BYTES } from '../storage/format/frame.ts';
import type { FrameScanner } from '../storage/reading/frame-scanner.ts';
import type { Drops } from './drops.ts';
import { bytesOf, type Input, type InputReader } from './inputs.ts';
import type { KeyHash } from './keys/key-hash.ts';
import { ALL_HASHES, type HashRange, inRange, KeyTable } from './keys/key-table.ts';
import { type Spill, SpillFailed } from './keys/spill.ts';
import { CountTally, LatestTally, StrategyTally, type Tally } from './keys/tally.ts';
import { type PartitionName, RecordCursor } from './record-cursor.ts';
import type { Compaction } from './strategy.ts';
import type { Tombstones } from './tombstones.ts';

/** By how much a range is narrowed for which there was no room: half of it would too often be less than there is room for. */
const NARROWER = 0.7;

export interface PlanSetup {
  readonly reader: InputReader;
  readonly name: PartitionName;
  readonly inputs: readonly Input[];
  /** In the inputs before this one no record supersedes another. */
  readonly dirtyFrom: number;
  readonly compaction: Compaction;
  readonly tombstones: Tombstones;
  readonly hash: KeyHash;
  /** Memory for a `KeyTable`. */
  readonly table: Uint32Array;
  readonly drops: Drops;
  /** Null: nothing to spill to. */
  readonly openSpill: (() => Spill) | null;
}

export interface InputPlan {
  readonly input: Input;
  /** Its records were not gathered, only judged. */
  readonly passesForClean: boolean;
  /** The bit of its first record. */
  readonly firstBit: number;
  records: number;
  dropped: number;
  /** The frames of what survives. */
  survivingBytes: number;
  /** True when it is not to stay as it is, were it written by compaction. */
  changes: boolean;
  /** When the first tombstone in it may go that does not go now. */
  tombstoneDueAt: number;
}

export interface WindowPlan {
  readonly inputs: readonly InputPlan[];
  readonly drops: Drops;
}

/**
 * In what passes for clean there is a tombstone of which it is not known since when nothing is left of what it deletes:
 * a segment before it could not be read, or the clock was not set. To be planned again with everything as dirty.
 */
export class CleanDoubted extends Error {}

interface Window {
  readonly first: number;
  /** Undefined: as far as there are bits. */
  readonly count: number | undefined;
  readonly drops: Drops;
}

function newPlan(input: Input, passesForClean: boolean, firstBit: number): InputPlan {
  return {
    input,
    passesForClean,
    firstBit,
    records: 0,
    dropped: 0,
    survivingBytes: 0,
    changes: false,
    tombstoneDueAt: Number.POSITIVE_INFINITY,
  };
}

export class Planner {
  readonly #setup: PlanSetup;
  readonly #cursor: RecordCursor;
  #maySpill = true;

  constructor(setup: PlanSetup) {
    this.#setup = setup;
    this.#cursor = new RecordCursor(setup.reader.host.bytes, setup.name, setup.compaction, setup.hash);
  }

  /** Plans some of the inputs from that one on. Throws `InputProblem`, `CleanDoubted`, `Cancelled`, and what a strategy throws. */
  async plan(first: number): Promise<WindowPlan> {
    const { drops } = this.#setup;
    drops.clear();
    let planned: InputPlan[] | null = null;
    let width = ALL_HASHES.to;
    for (let from = 0; from < ALL_HASHES.to; ) {
      const range = { from, to: Math.min(ALL_HASHES.to, from + width) };
      const tally = this.#newTally(range);
      try {
        if (await this.#gather(tally, range)) {
          planned = await this.#judge(tally, range, { first, count: planned?.length, drops });
          from = range.to;
        } else if (width > 1) {
          width = Math.floor(width * NARROWER);
        } else {
          throw new Error('the compaction strategy has no room for a single key');
        }
      } catch (error) {
        if (!(error instanceof SpillFailed)) throw error;
        this.#maySpill = false;
      } finally {
        tally.close();
      }
    }
    return { inputs: planned ?? [], drops };
  }

  #newTally(range: HashRange): Tally {
    const { compaction, dirtyFrom, reader, openSpill } = this.#setup;
    if (!('count' in compaction)) return new StrategyTally(compaction);
    const table = new KeyTable(range, this.#setup.table);
    if (compaction.count > 1) return new CountTally(table, compaction.count, dirtyFrom === 0);
    return new LatestTally(table, reader.pace, this.#maySpill ? openSpill : null);
  }

  /** Feeds the tally; false when it has no room. */
  async #gather(tally: Tally, range: HashRange): Promise<boolean> {
    for (let scan = 0; scan < tally.scans.length; scan++) {
      if (!(await this.#feed(tally, scan, range))) return false;
    }
    tally.finish();
    return true;
  }

  async #feed(tally: Tally, scan: number, range: HashRange): Promise<boolean> {
    const { reader, inputs, dirtyFrom } = this.#setup;
    const fed = tally.scans[scan] === 'all' ? inputs : inputs.slice(dirtyFrom);
    const allBytes = bytesOf(fed);
    let doneBytes = 0;
    let hasRoom = true;
    for (const input of fed) {
      await reader.scan(input, (scanner) => {
        this.#cursor.enter(scanner);
        if (this.#takeFrame(tally, scan, range)) return 'on';
        return this.#takeRest(tally, scan, range, (doneBytes + scanner.position) / allBytes).then((taken) => {
          hasRoom = taken;
          return taken ? 'on' : 'enough';
        });
      });
      if (!hasRoom) return false;
      doneBytes += input.fileBytes;
    }
    return true;
  }

  /** Takes the records behind the cursor; false when it stands on one for which there is no room. */
  #takeFrame(tally: Tally, scan: number, range: HashRange): boolean {
    const cursor = this.#cursor;
    while (cursor.next()) {
      if (cursor.hasKey && inRange(range, cursor.hash) && !tally.take(scan, cursor)) return false;
    }
    return true;
  }

  /** Makes room for the record under the cursor and goes on behind it. */
  async #takeRest(tally: Tally, scan: number, range: HashRange, part: number): Promise<boolean> {
    do {
      if (!(await tally.makeRoom(part)) || !tally.take(scan, this.#cursor)) return false;
    } while (!this.#takeFrame(tally, scan, range));
    return true;
  }

  /** Asks the tally about the records, and works out what survives. */
  async #judge(tally: Tally, range: HashRange, window: Window): Promise<InputPlan[]> {
    const { reader, inputs, dirtyFrom } = this.#setup;
    const { first, count = inputs.length - first, drops } = window;
    const plans: InputPlan[] = [];
    let nextBit = 0;
    for (let i = tally.judgesInOrder ? 0 : first; i < first + count; i++) {
      const plan = newPlan(inputs[i] as Input, i < dirtyFrom, nextBit);
      await reader.scan(plan.input, (scanner) => {
        this.#cursor.enter(scanner);
        if (i < first) this.#passFrame(tally, range);
        else this.#judgeFrame(tally, range, plan, scanner, drops);
        return nextBit > 0 && plan.firstBit + plan.records > drops.capacity ? 'enough' : 'on';
      });
      nextBit += plan.records;
      if (nextBit > drops.capacity) break;
      if (i >= first) plans.push(plan);
    }
    return plans;
  }

  #passFrame(tally: Tally, range: HashRange): void {
    const cursor = this.#cursor;
    while (cursor.next()) if (cursor.hasKey && inRange(range, cursor.hash)) tally.retains(cursor);
  }

  #judgeFrame(tally: Tally, range: HashRange, plan: InputPlan, scanner: FrameScanner, drops: Drops): void {
    const { tombstones } = this.#setup;
    const { allBeforeAreIn } = plan.input;
    const { cleanedAt } = scanner;
    const areDue = tombstones.areDue(cleanedAt, allBeforeAreIn);
    const cursor = this.#cursor;
    let survivingBytes = 0;
    let someTombstone = false;
    let someWithoutValue = false;
    while (cursor.next()) {
      const bit = plan.firstBit + plan.records++;
      if (bit >= drops.capacity) {
        if (plan.firstBit > 0) continue;
        drops.grow();
      }
      if (cursor.hasKey && inRange(range, cursor.hash)) {
        const isRetained = tally.retains(cursor);
        if (!isRetained || (areDue && cursor.isTombstone)) drops.add(bit);
      }
      if (drops.has(bit)) {
        plan.dropped++;
        continue;
      }
      survivingBytes += cursor.recordBytes;
      if (cursor.hasValue) continue;
      someWithoutValue = true;
      if (cursor.hasKey) someTombstone = true;
    }
    if (survivingBytes === 0) return;
    const time = someWithoutValue ? tombstones.timeFor(cleanedAt, allBeforeAreIn) : null;
    if (plan.passesForClean && someTombstone && cleanedAt === null && time !== null) throw new CleanDoubted();
    if (time !== cleanedAt) plan.changes = true;
    if (someTombstone) plan.tombstoneDueAt = Math.min(plan.tombstoneDueAt, tombstones.dueAt(time, allBeforeAreIn));
    plan.survivingBytes += FRAME_HEADER_BYTES + (time === null ? 0 : CLEANED_BYTES) + survivingBytes;
  }
}
