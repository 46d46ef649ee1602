/** What waits to be appended to a partition, and the turn-taking of all that changes its active segment. */
import type { Clock } from '../../targets/host.ts';
import { AppendBuffer, type FrameContent, type WaitingFrame } from './append-buffer.ts';

export class AppendQueue {
  readonly #clock: Clock;
  readonly #commit: (buffer: AppendBuffer) => Promise<void>;
  #pending = new AppendBuffer();
  #spare = new AppendBuffer();
  #drainDue = false;
  #tasks = 0;
  #lastTask: Promise<unknown> = Promise.resolve();

  /** `commit` settles all frames of the buffer that it is given. */
  constructor(clock: Clock, commit: (buffer: AppendBuffer) => Promise<void>) {
    this.#clock = clock;
    this.#commit = commit;
  }

  /** What is waiting and not being committed yet. */
  get pending(): AppendBuffer {
    return this.#pending;
  }

  /** True when nothing is under way that changes the active segment. */
  get isQuiet(): boolean {
    return this.#tasks === 0;
  }

  /** Returns the frame's length. */
  add(content: FrameContent, resolve: WaitingFrame['resolve'], reject: WaitingFrame['reject']): number {
    return this.#pending.add(content, resolve, reject);
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

  /** Commits at the end of this turn of the loop, so that all who come in it share one write and one sync. */
  drainSoon(): void {
    if (this.#drainDue) return;
    this.#drainDue = true;
    this.#clock.soon(() => {
      this.#drainDue = false;
      void this.drain();
    });
  }

  /** Commits what waits, and what comes to wait meanwhile. */
  drain(): Promise<void> {
    return this.exclusively(async () => {
      while (this.#pending.frames.length > 0) {
        const buffer = this.#pending;
        this.#pending = this.#spare;
        this.#spare = buffer;
        await this.#commit(buffer);
        buffer.clear();
      }
    });
  }
}
