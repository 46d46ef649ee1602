/**
 * One consumer instance: what it is subscribed to or assigned, and how far it has read. Reading moves its positions;
 * committing is apart from it.
 */
import type { KafkaContext } from '../../kafka-app.ts';
import type { CommittedOffset, ConsumerRecord, OffsetCommit } from '../../../logged/commit-log.ts';
import { Cancellation } from '../cancellation.ts';
import { KafkaHttpError } from '../errors.ts';
import type { InstanceConfig } from './instance-config.ts';
import type { TopicPartition } from '../offset-lists.ts';

/** What an instance reads by: topics by name or pattern, shared out in its group, or partitions by hand. */
export type Selection =
  | { readonly kind: 'topics'; readonly topics: readonly string[] }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }
  | { readonly kind: 'assigned' };

export interface Assigned extends TopicPartition {
  /** The next offset to read; null until it has been looked up. */
  position: number | null;
  /** It did not exist when it was assigned: whatever it has came later. */
  isNew: boolean;
}

/** How often an auto-committing instance commits while it is polled, as Kafka's consumers do by default. */
const autoCommitMs = 5000;

export class ConsumerInstance {
  readonly id: string;
  readonly config: InstanceConfig;
  readonly #group: string;
  readonly #context: KafkaContext;
  selection: Selection | null = null;
  #assigned = new Map<string, Assigned>();
  /** Cancelled when assignment or positions change under a poll, and then replaced. */
  #change = new Cancellation();
  #committedAt: number;
  /** The tail of polls that wait for each other. */
  #polls: Promise<unknown> = Promise.resolve();

  constructor(id: string, group: string, config: InstanceConfig, context: KafkaContext) {
    this.id = id;
    this.config = config;
    this.#group = group;
    this.#context = context;
    this.#committedAt = context.clock.monotonic();
  }

  get assigned(): readonly Assigned[] {
    return [...this.#assigned.values()];
  }

  /** Aborted when what a poll has begun with no longer holds. */
  get change(): Cancellation {
    return this.#change;
  }

  /** Takes over a new assignment, keeps positions of what stays, and returns what has gone. */
  assign(partitions: readonly TopicPartition[], isNew = (_: TopicPartition) => false): readonly Assigned[] {
    const next = new Map<string, Assigned>();
    for (const one of partitions) {
      const key = keyOf(one.topic, one.partition);
      next.set(key, this.#assigned.get(key) ?? { ...one, position: null, isNew: isNew(one) });
    }
    const gone = this.assigned.filter(({ topic, partition }) => !next.has(keyOf(topic, partition)));
    const changed = gone.length > 0 || next.size !== this.#assigned.size;
    this.#assigned = next;
    if (changed) this.interrupt();
    return gone;
  }

  interrupt(): void {
    this.#change.cancel();
    this.#change = new Cancellation();
  }

  /** An assigned partition, or 40903. */
  find(topic: string, partition: number): Assigned {
    const found = this.#assigned.get(keyOf(topic, partition));
    if (found !== undefined) return found;
    throw new KafkaHttpError(40903, `Illegal state: No current assignment for partition ${topic}-${partition}`);
  }

  seek(assigned: Assigned, position: number): void {
    assigned.position = position;
    this.interrupt();
  }

  /** Looks up the positions that are not known yet: the group's commit, or as the reset says. */
  async resolvePositions(): Promise<void> {
    const open = this.assigned.filter(({ position }) => position === null);
    if (open.length === 0) return;
    const commits = await this.#context.log.committedOffsets(this.#group);
    for (const assigned of open) {
      const position = await this.#resolve(assigned, commits);
      // It may have been sought in the meantime.
      assigned.position ??= position;
    }
  }

  async #resolve(assigned: Assigned, commits: readonly CommittedOffset[]): Promise<number | null> {
    const { topic, partition } = assigned;
    const commit = commits.find((one) => one.topic === topic && one.partition === partition);
    const offsets = await this.#context.log.offsets(topic, partition);
    if (offsets === null) {
      assigned.isNew = true;
      return null;
    }
    if (commit !== undefined) return commit.offset;
    const { offsetReset } = this.config;
    if (offsetReset === 'none') {
      throw new KafkaHttpError(40002, `Undefined offset with no reset policy for partition ${topic}-${partition}`);
    }
    return offsetReset === 'earliest' || assigned.isNew ? offsets.beginningOffset : offsets.endOffset;
  }

  /** Moves the positions behind what was handed to the client. */
  advance(records: readonly ConsumerRecord[]): void {
    for (const { topic, partition, offset } of records) {
      const assigned = this.#assigned.get(keyOf(topic, partition));
      if (assigned !== undefined) assigned.position = offset + 1;
    }
  }

  /** Commits everything read so far. */
  async commitPositions(): Promise<void> {
    await this.#commit(this.assigned);
  }

  /** At a poll: what the polls before it have read, once in a while, if the instance commits by itself. */
  async commitIfDue(): Promise<void> {
    const now = this.#context.clock.monotonic();
    if (now - this.#committedAt >= autoCommitMs) await this.commitIfAuto(this.assigned);
  }

  /** When partitions go away or the instance ends. */
  async commitIfAuto(assigned: readonly Assigned[]): Promise<void> {
    if (this.config.autoCommit) await this.#commit(assigned);
  }

  async #commit(assigned: readonly Assigned[]): Promise<void> {
    this.#committedAt = this.#context.clock.monotonic();
    const commits: OffsetCommit[] = [];
    for (const { topic, partition, position } of assigned) {
      if (position !== null) commits.push({ topic, partition, offset: position });
    }
    if (commits.length > 0) await this.#context.log.commitOffsets(this.#group, commits);
  }

  /** Runs one poll at a time, in the order of the calls. */
  inTurn<T>(poll: () => Promise<T>): Promise<T> {
    const turn = this.#polls.then(poll);
    this.#polls = turn.catch(() => undefined);
    return turn;
  }
}

function keyOf(topic: string, partition: number): string {
  return `${partition}/${topic}`;
}
