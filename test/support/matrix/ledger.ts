/**
 * What a scenario of the crash matrix has asked of a log, what it was told, and what it has seen, each with the moment:
 * so that of any earlier moment can be said what a log must hold, what it may hold, and what it must not.
 */

/** A moment: how many entries the ledger had. */
export type Moment = number;

export interface RecordContent {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly { readonly name: string; readonly value: Uint8Array | null }[];
  readonly timestamp: number | null;
}

/** The records of one call that go to one partition. */
export interface Batch {
  readonly partition: number;
  readonly records: readonly RecordContent[];
  readonly begun: Moment;
  /** The first offset once it was acknowledged. */
  acked: {
    readonly at: Moment /** By the wall clock, which does not jump here. */;
    readonly atMs: number;
    readonly offset: number;
  } | null;
  rejected: { readonly at: Moment; readonly code: string } | null;
}

/** What was asked for and whether it came about; `failed` means that nobody knows. */
export interface Step<T> {
  readonly wanted: T;
  readonly begun: Moment;
  done: Moment | null;
  failed: Moment | null;
}

export interface TopicShape {
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface Sight {
  readonly at: Moment;
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** A topic from its creation to its deletion. */
export interface TopicLife {
  readonly name: string;
  readonly creation: Step<TopicShape>;
  readonly changes: Step<TopicShape>[];
  deletion: Step<null> | null;
  readonly batches: Batch[];
  readonly sights: Sight[];
}

export interface Commit extends Step<ReadonlyMap<string, number>> {
  readonly group: string;
}

export class Ledger {
  readonly lives: TopicLife[] = [];
  readonly commits: Commit[] = [];
  /** Ends that the scenario has behind it when it begins. */
  readonly crashes: { readonly at: Moment; readonly atMs: number; readonly powerCut: boolean }[] = [];
  #now: Moment = 0;

  /** Everything entered so far. */
  get now(): Moment {
    return this.#now;
  }

  tick(): Moment {
    this.#now += 1;
    return this.#now;
  }

  step<T>(wanted: T): Step<T> {
    return { wanted, begun: this.tick(), done: null, failed: null };
  }

  done(step: Step<unknown>): void {
    step.done = this.tick();
  }

  failed(step: Step<unknown>): void {
    step.failed = this.tick();
  }

  crash(atMs: number, powerCut: boolean): void {
    this.crashes.push({ at: this.tick(), atMs, powerCut });
  }

  create(name: string, shape: TopicShape): TopicLife {
    const creation = this.step(shape);
    const life: TopicLife = { name, creation, changes: [], deletion: null, batches: [], sights: [] };
    this.lives.push(life);
    return life;
  }

  life(name: string): TopicLife {
    const found = this.lives.findLast((life) => life.name === name);
    if (found === undefined) throw new Error(`the scenario has no topic ${name}`);
    return found;
  }

  /** What the topic is to be after the last change, as far as is known. */
  shape(life: TopicLife): TopicShape {
    const last = life.changes.findLast((change) => change.done !== null) ?? life.creation;
    return last.wanted;
  }
}

export const happened = (moment: Moment | null | undefined, by: Moment): boolean =>
  moment !== null && moment !== undefined && moment <= by;
