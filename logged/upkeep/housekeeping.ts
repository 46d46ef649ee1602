/**
 * What is done to topics from time to time, or when asked to: rolling, retention, compaction. One partition after the
 * other and never two things at once, so that the router has time and room for its producers. What fails for one topic
 * is reported, tried again with the next round, and does not keep the others from their turn.
 */
import type { Host, Timer } from '../../targets/host.ts';
import type { Signal } from '../commit-log.ts';
import { type CompactionReport, Compactor, type CompactorOptions } from '../compaction/compactor.ts';
import type { Compaction } from '../compaction/strategy.ts';
import type { LogEvent } from '../log-event.ts';
import type { Reserve } from './reserve.ts';
import { applyRetention } from './retention.ts';
import { guardAsync } from '../storage/host-failure.ts';
import type { Partition } from '../storage/appending/partition.ts';
import type { Topic } from '../topics/topic.ts';

export interface HousekeepingSetup {
  readonly host: Host;
  readonly reserve: Reserve;
  readonly compactor: CompactorOptions;
  /** 0: only when asked to. */
  readonly everyMs: number;
  readonly strategies: ReadonlyMap<string, Compaction>;
  readonly report: (event: LogEvent) => void;
  /** The topics that this process may write, as far as they can be had. */
  readonly topics: () => Iterable<Topic>;
}

/** Tells the work under way to stop. */
class Cancellation implements Signal {
  aborted = false;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(): void {
    this.aborted = true;
    for (const listener of this.#listeners) listener();
  }
}

export class Housekeeping {
  readonly #setup: HousekeepingSetup;
  readonly #compactor: Compactor;
  #timer: Timer | null = null;
  #lastTask: Promise<unknown> = Promise.resolve();
  #current: { readonly topic: Topic; readonly cancellation: Cancellation } | null = null;
  #stopped = false;

  constructor(setup: HousekeepingSetup) {
    this.#setup = setup;
    this.#compactor = new Compactor(setup.host, setup.compactor);
  }

  /** Begins with the first round soon and goes on until `stop`. */
  start(): void {
    if (this.#setup.everyMs > 0) this.#next(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#current?.cancellation.abort();
    await this.#lastTask;
  }

  /** Lets go of a topic that is about to be deleted. */
  async leave(topic: Topic): Promise<void> {
    if (this.#current?.topic !== topic) return;
    this.#current.cancellation.abort();
    await this.#lastTask;
  }

  /** One round over all topics. */
  round(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#setup.reserve.restore();
      for (const topic of this.#setup.topics()) {
        if (this.#stopped) return;
        await this.#each(topic, (partition, signal) => this.#keep(topic, partition, signal));
        await new Promise<void>((resolve) => this.#setup.host.clock.soon(resolve));
      }
    });
  }

  /** Seals what there is of a topic and compacts all of it. One report per partition. */
  compact(topic: Topic): Promise<readonly CompactionReport[]> {
    return this.#inTurn(async () => {
      const reports: CompactionReport[] = [];
      await this.#withCancellation(topic, async (signal) => {
        for (let partition = 0; partition < topic.partitionCount; partition++) {
          const writer = await topic.writer(partition);
          await guardAsync(`partition ${writer.directory}`, () => writer.roll());
          reports.push(await this.#compact(topic, writer, signal, true));
        }
      });
      return reports;
    });
  }

  #next(delayMs: number): void {
    this.#timer = this.#setup.host.clock.timer(delayMs, () => {
      const goOn = (): void => {
        if (!this.#stopped) this.#next(this.#setup.everyMs);
      };
      void this.round().then(goOn, (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#setup.report({ event: 'background-failed', topic: '', message });
        goOn();
      });
    });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#lastTask.then(task);
    this.#lastTask = run.catch(() => undefined);
    return run;
  }

  async #each(topic: Topic, work: (partition: Partition, signal: Signal) => Promise<void>): Promise<void> {
    try {
      await this.#withCancellation(topic, async (signal) => {
        for (let partition = 0; partition < topic.partitionCount && !signal.aborted; partition++) {
          await work(await topic.writer(partition), signal);
        }
      });
    } catch (error) {
      if (topic.deleted) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#setup.report({ event: 'background-failed', topic: topic.name, message });
    }
  }

  async #withCancellation(topic: Topic, work: (signal: Signal) => Promise<void>): Promise<void> {
    const cancellation = new Cancellation();
    this.#current = { topic, cancellation };
    try {
      if (!topic.deleted) await work(cancellation);
    } finally {
      this.#current = null;
    }
  }

  async #keep(topic: Topic, partition: Partition, signal: Signal): Promise<void> {
    const rolled = await partition.rollIfDue().then(
      () => true,
      () => false,
    );
    const files = await applyRetention(partition, topic.config, this.#setup.reserve);
    if (files > 0) {
      this.#setup.report({ event: 'removed', topic: topic.name, partition: partition.partition, files });
    }
    if (this.#compactor.needs(partition, topic.config)) await this.#compact(topic, partition, signal, false);
    // A full medium may have had no room for a new segment, and now it has.
    if (!rolled && !signal.aborted) await partition.rollIfDue();
  }

  async #compact(topic: Topic, partition: Partition, signal: Signal, everything: boolean): Promise<CompactionReport> {
    const strategy = this.#setup.strategies.get(topic.name);
    const report = await this.#compactor.run(partition, { config: topic.config, strategy, everything, signal });
    if (report.outcome !== 'cancelled') {
      const { bytesBefore, bytesAfter } = report;
      const { name } = topic;
      this.#setup.report({ event: 'compacted', topic: name, partition: partition.partition, bytesBefore, bytesAfter });
    }
    return report;
  }
}
