/** What waits to be appended to a partition, and the turn-taking of all that changes its active segment. */
import type { Clock } from '../../../targets/host.ts';
import { AppendBuffer } from './append-buffer.ts';

/** Commits at once, before the rest of the process gets its turn. */
const NOW_PER_TURN = 256;

export interface Committer {
  /** Settles all frames of the buffer. */
  commit(buffer: AppendBuffer): Promise<void>;
  /** The same at once; false, and nothing is settled, where something would have to be waited for. */
  commitNow(buffer: AppendBuffer): boolean;
}

export class AppendQueue {
  readonly #clock: Clock;
  readonly #committer: Committer;
  #pending = new AppendBuffer();
  #spare = new AppendBuffer();
  #drainDue = false;
  #nowThisTurn = 0;
  #tasks = 0;
  /** Has its turn to come: takes with it whatever waits then. */
  #nextDrain: Promise<void> | null = null;
  #lastTask: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, committer: Committer) {
    this.#clock = clock;
    this.#committer = committer;
  }

  /** What is waiting and not being committed yet. Who adds to it says so with `added`. */
  get pending(): AppendBuffer {
    return this.#pending;
  }

  /** A frame was added: it is committed now, or with all that come in this turn of the loop. */
  added(): void {
    if (this.#drainDue || !this.#commitNow()) this.#drainSoon();
  }

  /** Runs tasks that change the active segment one after the other. */
  exclusively<T>(task: () => Promise<T>): Promise<T> {
    this.#tasks++;
    const run = this.#lastTask.then(task);
    const ended = (): void => {
      this.#tasks--;
    };
    this.#lastTask = run.then(ended, ended);
    return run;
  }

  /**
   * Commits what waits when its turn has come. What comes meanwhile has the next turn, so that other tasks get theirs
   * in between, and no turns pile up, however long there is always something that waits.
   */
  drain(): Promise<void> {
    this.#nextDrain ??= this.exclusively(async () => {
      this.#nextDrain = null;
      const buffer = this.#pending;
      if (buffer.frames.length === 0) return;
      this.#pending = this.#spare;
      this.#spare = buffer;
      try {
        await this.#committer.commit(buffer);
      } finally {
        buffer.clear();
      }
    });
    return this.#nextDrain;
  }

  /** At the end of this turn of the loop, so that all who come in it share one write and one sync. */
  #drainSoon(): void {
    if (this.#drainDue) return;
    this.#drainDue = true;
    this.#clock.soon(() => {
      this.#drainDue = false;
      this.#nowThisTurn = 0;
      if (this.#pending.frames.length > 0 && !this.#commitNow()) void this.drain();
    });
  }

  #commitNow(): boolean {
    if (this.#tasks > 0 || this.#nowThisTurn === NOW_PER_TURN) return false;
    if (!this.#committer.commitNow(this.#pending)) return false;
    this.#pending.clear();
    if (this.#nowThisTurn++ === 0) {
      this.#clock.soon(() => {
        this.#nowThisTurn = 0;
      });
    }
    return true;
  }
}
