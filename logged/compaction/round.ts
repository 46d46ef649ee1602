/** One round of compaction over a partition: plan a window of segments, replace it, go on with the next. */
import type { Host } from '../../targets/host.ts';
import { hostCode } from '../storage/host-failure.ts';
import type { Partition } from '../storage/appending/partition.ts';
import { SEGMENT_HEADER_BYTES } from '../storage/format/segment-header.ts';
import { Drops } from './drops.ts';
import { type Group, groupInputs } from './groups.ts';
import { bytesOf, findInputs, type Input, InputReader } from './inputs.ts';
import { KeyHash } from './keys/key-hash.ts';
import { tableBytes } from './keys/key-table.ts';
import { Spill } from './keys/spill.ts';
import type { Pace } from './pace.ts';
import { CleanDoubted, Planner, type WindowPlan } from './plan.ts';
import { replaceGroup } from './replacement.ts';
import type { Compaction } from './strategy.ts';
import { Tombstones } from './tombstones.ts';

/** What it leaves of the room that there is: producers write meanwhile. */
const ELBOW_ROOM_BYTES = 65536;
/** The fewest bytes of a record with a key: length, delta, flags, length of the key. */
const LEAST_KEYED_BYTES = 13;

export interface RoundSetup {
  readonly host: Host;
  readonly partition: Partition;
  readonly pace: Pace;
  readonly compaction: Compaction;
  /** Looks at what is clean as if it were not. */
  readonly everything: boolean;
  readonly segmentBytes: number;
  readonly memoryBytes: number;
  readonly spillDir: string | null;
  /** Paths of segments to leave as they are. */
  readonly leftOut: ReadonlySet<string>;
  readonly deleteRetentionMs: number;
  readonly tombstonesMayGo: boolean;
}

export class Round {
  removedRecords = 0;
  /** When the next tombstone may go, once a round has been through. */
  tombstoneDueAt = Number.POSITIVE_INFINITY;

  readonly #setup: RoundSetup;
  readonly #reader: InputReader;
  readonly #hash: KeyHash;
  readonly #drops: Drops;
  /** Made when it is known how much is needed. */
  #table: Uint32Array = new Uint32Array(0);
  readonly #now: number;
  /** What is sealed later is for another time. */
  readonly #endOffset: number;
  #everythingIsDirty: boolean;

  constructor(setup: RoundSetup) {
    this.#setup = setup;
    this.#everythingIsDirty = setup.everything;
    this.#reader = new InputReader(setup.host, setup.pace);
    this.#drops = new Drops(Math.ceil(setup.memoryBytes / 8));
    this.#hash = KeyHash.random(setup.host.random);
    this.#now = setup.host.clock.now();
    this.#endOffset = setup.partition.readable().segmentBase;
  }

  /** Compacts everything; false when there was no room. Throws what `replaceGroup` and `Planner.plan` throw. */
  async run(): Promise<boolean> {
    try {
      return await this.#runThrough();
    } catch (error) {
      if (!(error instanceof CleanDoubted)) throw error;
      this.#everythingIsDirty = true;
      return this.#runThrough();
    }
  }

  async #runThrough(): Promise<boolean> {
    const { deleteRetentionMs, tombstonesMayGo, segmentBytes } = this.#setup;
    const tombstones = new Tombstones(this.#now, deleteRetentionMs, tombstonesMayGo);
    let dueAt = Number.POSITIVE_INFINITY;
    for (let window = await this.#plan(0, tombstones); window !== null; ) {
      for (const group of groupInputs(window.inputs, segmentBytes)) {
        if (!(await this.#replace(group, window.drops, tombstones, ELBOW_ROOM_BYTES))) return false;
      }
      for (const plan of window.inputs) dueAt = Math.min(dueAt, plan.tombstoneDueAt);
      window = await this.#plan(endOf(window), tombstones);
    }
    this.tombstoneDueAt = dueAt;
    return true;
  }

  /**
   * Writes segments that become smaller one by one, those that fit, and returns how many. Since others stay as they are,
   * no tombstone goes, and none begins to wait.
   */
  squeeze(): Promise<number> {
    return this.#squeeze(ELBOW_ROOM_BYTES, Number.POSITIVE_INFINITY);
  }

  /** As `squeeze` while nobody else writes: takes all the room there is, but not longer than until there is enough. */
  squeezeAlone(enoughBytes: number): Promise<number> {
    return this.#squeeze(0, enoughBytes);
  }

  async #squeeze(elbowRoomBytes: number, enoughBytes: number): Promise<number> {
    const tombstones = new Tombstones(this.#now, 0, false);
    let replaced = 0;
    for (let window = await this.#plan(0, tombstones); window !== null; ) {
      const shrinking = window.inputs
        .map((plan) => ({ members: [plan], outputBytes: SEGMENT_HEADER_BYTES + plan.survivingBytes }))
        .filter((group) => group.members.every((plan) => group.outputBytes < plan.input.fileBytes));
      // What was too large at first may fit when others have made room.
      for (let left: Group[] = shrinking, before = left.length + 1; left.length < before; ) {
        before = left.length;
        const tooLarge: Group[] = [];
        for (const group of left) {
          if (replaced > 0 && this.#freeBytes() >= enoughBytes) return replaced;
          if (await this.#replace(group, window.drops, tombstones, elbowRoomBytes)) replaced++;
          else tooLarge.push(group);
        }
        left = tooLarge;
      }
      window = await this.#plan(endOf(window), tombstones);
    }
    return replaced;
  }

  /** Plans the segments from an offset on; null when there are none. */
  async #plan(from: number, tombstones: Tombstones): Promise<WindowPlan | null> {
    const { host, pace, partition, compaction, spillDir, leftOut } = this.#setup;
    const found = await findInputs(host, pace, partition, leftOut);
    const inputs = found.filter((input) => input.name.baseOffset < this.#endOffset);
    const first = inputs.findIndex((input) => input.name.baseOffset >= from);
    if (first < 0) return null;
    const dirtyFrom = this.#dirtyFrom(inputs);
    const planner = new Planner({
      reader: this.#reader,
      name: partition,
      inputs,
      dirtyFrom,
      compaction,
      tombstones,
      hash: this.#hash,
      table: this.#tableFor(inputs.slice(dirtyFrom)),
      drops: this.#drops,
      openSpill: spillDir === null ? null : () => Spill.open(host, spillDir, partition.directory),
    });
    return planner.plan(first);
  }

  #tableFor(dirty: readonly Input[]): Uint32Array {
    const mostKeys = Math.floor(bytesOf(dirty) / LEAST_KEYED_BYTES);
    const wanted = tableBytes(this.#setup.memoryBytes - this.#drops.capacity / 8, mostKeys);
    if (this.#table.length * 4 < wanted) this.#table = new Uint32Array(wanted / 4);
    return this.#table;
  }

  /** In what compaction has left clean, from the beginning on, no record of a key supersedes another. */
  #dirtyFrom(inputs: readonly Input[]): number {
    if (this.#everythingIsDirty) return 0;
    const found = inputs.findIndex((input) => !input.isClean);
    return found < 0 ? inputs.length : found;
  }

  /** False when there is no room for it. */
  async #replace(group: Group, drops: Drops, tombstones: Tombstones, elbowRoomBytes: number): Promise<boolean> {
    if (group.outputBytes + elbowRoomBytes > this.#freeBytes()) return false;
    try {
      await replaceGroup({ reader: this.#reader, partition: this.#setup.partition, tombstones }, group, drops);
    } catch (error) {
      if (hostCode(error) === 'ENOSPC' || hostCode(error) === 'EDQUOT') return false;
      throw error;
    }
    for (const { dropped } of group.members) this.removedRecords += dropped;
    return true;
  }

  #freeBytes(): number {
    const { host, partition } = this.#setup;
    return host.files.space(partition.directory).freeBytes;
  }
}

function endOf(window: WindowPlan): number {
  return window.inputs[window.inputs.length - 1]?.input.endOffset ?? Number.POSITIVE_INFINITY;
}
