/**
 * The consumer instances of one group in this process, and how its topics' partitions are shared out among them: by
 * range, anew whenever an instance comes, goes or subscribes, or a topic appears, grows or disappears.
 */
import type { KafkaContext } from '../../kafka-app.ts';
import { CommitLogError } from '../../../logged/commit-log.ts';
import type { Assigned, ConsumerInstance, Selection } from './consumer-instance.ts';
import type { TopicPartition } from '../offset-lists.ts';
import { assignRanges } from './range-assignment.ts';

/** Whether a partition has come into being while the group was looking for it. */
type IsNew = (partition: TopicPartition) => boolean;

/** How long what is known of the topics is believed. */
const refreshMs = 1000;

export class ConsumerGroup {
  readonly name: string;
  readonly instances = new Map<string, ConsumerInstance>();
  readonly #context: KafkaContext;
  #topics: readonly string[] = [];
  /** Of every topic that was looked for; 0: it does not exist. */
  #partitionsOf: ReadonlyMap<string, number> = new Map();
  #hadPattern = false;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #refresh: Promise<void> | null = null;
  /** Resolves when the commits of partitions that changed hands are done. */
  #handedOver: Promise<void> = Promise.resolve();

  constructor(name: string, context: KafkaContext) {
    this.name = name;
    this.#context = context;
  }

  /** Before an instance reads: sees to it that its assignment is of now, and its positions are known. */
  async prepare(instance: ConsumerInstance): Promise<void> {
    if (this.#context.clock.monotonic() - this.#refreshedAt >= refreshMs) await this.refresh();
    await this.#handedOver;
    await instance.resolvePositions();
  }

  /** Looks at the topics again, and shares them out. */
  refresh(): Promise<void> {
    this.#refresh ??= this.#look().finally(() => {
      this.#refresh = null;
    });
    return this.#refresh;
  }

  async select(instance: ConsumerInstance, selection: Selection | null): Promise<void> {
    instance.selection = selection;
    // One that is under way may have looked before the selection changed.
    await this.#refresh;
    await this.refresh();
    await this.prepare(instance);
  }

  async leave(instance: ConsumerInstance): Promise<void> {
    this.instances.delete(instance.id);
    this.#handOver(instance, instance.assign([]));
    this.#rebalance(() => false);
    await this.#handedOver;
  }

  async #look(): Promise<void> {
    const { log, clock } = this.#context;
    const selections = [...this.instances.values()].map(({ selection }) => selection);
    const hasPattern = selections.some((selection) => selection?.kind === 'pattern');
    const before = this.#partitionsOf;
    const wasListed = new Set(this.#topics);
    const hadPattern = this.#hadPattern;
    this.#topics = hasPattern ? (await log.listTopics()).filter((topic) => !topic.startsWith('__')) : [];
    const names = new Set(selections.flatMap((selection) => this.#topicsOf(selection)));
    const partitionsOf = new Map<string, number>();
    for (const name of [...names].sort()) partitionsOf.set(name, await this.#partitionCount(name));
    const isNew: IsNew = ({ topic, partition }) => {
      const count = before.get(topic) ?? (hadPattern && !wasListed.has(topic) ? 0 : partition + 1);
      return partition >= count;
    };
    this.#partitionsOf = partitionsOf;
    this.#refreshedAt = clock.monotonic();
    this.#rebalance(isNew);
    this.#hadPattern = hasPattern;
  }

  async #partitionCount(topic: string): Promise<number> {
    try {
      return (await this.#context.log.describeTopic(topic)).partitions;
    } catch (error) {
      if (error instanceof CommitLogError && (error.code === 'unknown-topic' || error.code === 'invalid-topic'))
        return 0;
      throw error;
    }
  }

  #topicsOf(selection: Selection | null): readonly string[] {
    if (selection?.kind === 'topics') return selection.topics;
    if (selection?.kind === 'pattern') return this.#topics.filter((topic) => selection.pattern.test(topic));
    return [];
  }

  #rebalance(isNew: IsNew): void {
    const topicsOf = new Map<string, readonly string[]>();
    for (const { id, selection } of this.instances.values()) {
      if (selection?.kind !== 'assigned') topicsOf.set(id, this.#topicsOf(selection));
    }
    for (const [id, partitions] of assignRanges(topicsOf, this.#partitionsOf)) {
      const instance = this.instances.get(id);
      if (instance !== undefined) this.#handOver(instance, instance.assign(partitions, isNew));
    }
  }

  /** Whoever gets the partitions next begins behind the commit of the one that had them. */
  #handOver(instance: ConsumerInstance, gone: readonly Assigned[]): void {
    if (gone.length === 0) return;
    const commit = instance.commitIfAuto(gone).catch((error: unknown) => {
      this.#context.report(`group ${this.name}: commit of ${instance.id}: ${String(error)}`);
    });
    this.#handedOver = Promise.all([this.#handedOver, commit]).then(() => undefined);
  }
}
