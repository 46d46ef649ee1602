/** Commits for a group what `subscribe` has printed, for the command alone. */
import type { Clock, Timer } from '../../../targets/host.ts';
import type { CommitLog, ConsumerRecord, OffsetCommit } from '../../commit-log.ts';
import type { Output } from '../../../targets/command-line/output.ts';

/** A commit is a sync: each second, rather than after each batch, spares the flash. */
const COMMIT_EVERY_MS = 1000;

export class GroupCommits {
  readonly #log: CommitLog;
  readonly #clock: Clock;
  readonly #group: string;
  readonly #output: Output;
  readonly #waiting = new Map<string, OffsetCommit>();
  #timer: Timer | null = null;
  #commit: Promise<void> = Promise.resolve();
  #failure: Error | null = null;

  constructor(log: CommitLog, clock: Clock, group: string, output: Output) {
    this.#log = log;
    this.#clock = clock;
    this.#group = group;
    this.#output = output;
  }

  /** Notes records of one partition. Throws when a commit has failed. */
  printed(records: readonly ConsumerRecord[]): void {
    if (this.#failure !== null) throw this.#failure;
    const last = records.at(-1);
    if (!last) return;
    const { topic, partition, offset } = last;
    this.#waiting.set(`${topic},${partition}`, { topic, partition, offset: offset + 1 });
    this.#timer ??= this.#clock.timer(COMMIT_EVERY_MS, () => {
      this.#timer = null;
      this.#begin();
      this.#commit.catch((error: Error) => {
        this.#failure = error;
      });
    });
  }

  /** Commits what is left. Fails as the first commit that failed. */
  async finish(): Promise<void> {
    this.#timer?.cancel();
    this.#begin();
    await this.#commit;
  }

  #begin(): void {
    this.#commit = this.#commit.then(async () => {
      const offsets = [...this.#waiting.values()];
      if (offsets.length === 0) return;
      this.#waiting.clear();
      await this.#output.flush();
      await this.#log.commitOffsets(this.#group, offsets);
    });
  }
}
