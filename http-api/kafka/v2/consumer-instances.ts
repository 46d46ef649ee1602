/**
 * All consumer instances of this process, by group and name. An instance that nobody has called for the instance
 * timeout is removed as if it had been deleted; the group's commits stay.
 */
import { randomUuid } from '../../uuid.ts';
import type { GroupMember, GroupMembers, KafkaContext } from '../../kafka-app.ts';
import type { Timer } from '../../../targets/host.ts';
import { KafkaHttpError } from '../errors.ts';
import { ConsumerGroup } from './consumer-group.ts';
import { ConsumerInstance } from './consumer-instance.ts';
import type { InstanceConfig } from './instance-config.ts';

interface Entry {
  readonly group: ConsumerGroup;
  readonly instance: ConsumerInstance;
  /** Calls under way: it does not expire under them. */
  calls: number;
  calledAt: number;
}

export class ConsumerInstances implements GroupMembers {
  readonly #context: KafkaContext;
  readonly #groups = new Map<string, ConsumerGroup>();
  readonly #entries = new Map<ConsumerInstance, Entry>();
  #sweep: Timer | null = null;

  constructor(context: KafkaContext) {
    this.#context = context;
    context.stopping.addEventListener('abort', () => this.#stop());
  }

  /** 40902 when the name is taken, 42901 when there are too many, 422 for a group name that cannot commit. */
  create(groupName: string, config: InstanceConfig): ConsumerInstance {
    const { limits } = this.#context;
    if (this.#entries.size >= limits.consumerInstances) {
      throw new KafkaHttpError(42901, `more than ${limits.consumerInstances} consumer instances`);
    }
    if (!/^[^\p{Cc}]{1,255}$/u.test(groupName)) throw new KafkaHttpError(422, 'group is not a legal name');
    const group = this.#groups.get(groupName) ?? new ConsumerGroup(groupName, this.#context);
    const id = config.name ?? `rest-consumer-${randomUuid(this.#context.random)}`;
    if (group.instances.has(id)) {
      throw new KafkaHttpError(
        40902,
        'Consumer with specified consumer ID already exists in the specified consumer group.',
      );
    }
    const instance = new ConsumerInstance(id, groupName, config, this.#context);
    this.#groups.set(groupName, group);
    group.instances.set(id, instance);
    this.#entries.set(instance, { group, instance, calls: 0, calledAt: this.#context.clock.monotonic() });
    this.#arm();
    return instance;
  }

  /** Runs a call on an instance and keeps it from expiring; 40403 when there is none of the name. */
  async call<T>(
    groupName: string,
    id: string,
    run: (instance: ConsumerInstance, group: ConsumerGroup) => Promise<T>,
  ): Promise<T> {
    const instance = this.#groups.get(groupName)?.instances.get(id);
    const entry = instance === undefined ? undefined : this.#entries.get(instance);
    if (entry === undefined) throw new KafkaHttpError(40403, 'Consumer instance not found.');
    entry.calls += 1;
    try {
      return await run(entry.instance, entry.group);
    } finally {
      entry.calls -= 1;
      entry.calledAt = this.#context.clock.monotonic();
    }
  }

  async remove(instance: ConsumerInstance): Promise<void> {
    const entry = this.#entries.get(instance);
    if (entry === undefined) return;
    const { group } = entry;
    this.#entries.delete(instance);
    instance.interrupt();
    if (this.#entries.size === 0) this.#disarm();
    await group.leave(instance);
    // Only now: whoever joins in between waits for the last commits of this one.
    if (group.instances.size === 0) this.#groups.delete(group.name);
  }

  groups(): readonly string[] {
    return [...this.#groups.keys()].sort();
  }

  of(groupName: string): readonly GroupMember[] {
    const instances = [...(this.#groups.get(groupName)?.instances.values() ?? [])];
    return instances.map(({ id, assigned }) => ({
      consumerId: id,
      assignments: assigned.map(({ topic, partition }) => ({ topic, partition })),
    }));
  }

  #arm(): void {
    this.#sweep ??= this.#context.clock.timer(this.#context.limits.instanceTimeoutMs, () => this.#removeExpired());
  }

  #disarm(): void {
    this.#sweep?.cancel();
    this.#sweep = null;
  }

  #removeExpired(): void {
    this.#sweep = null;
    const { clock, limits, report } = this.#context;
    const now = clock.monotonic();
    let nextMs = limits.instanceTimeoutMs;
    for (const { instance, calls, calledAt, group } of this.#entries.values()) {
      const leftMs = calls > 0 ? limits.instanceTimeoutMs : calledAt + limits.instanceTimeoutMs - now;
      if (leftMs > 0) {
        nextMs = Math.min(nextMs, leftMs);
        continue;
      }
      this.remove(instance).catch((error: unknown) => report(`group ${group.name}: ${String(error)}`));
    }
    if (this.#entries.size > 0) this.#sweep = clock.timer(nextMs, () => this.#removeExpired());
  }

  #stop(): void {
    this.#disarm();
    for (const { instance, group } of this.#entries.values()) {
      const committed = instance.commitIfAuto(instance.assigned);
      committed.catch((error: unknown) => this.#context.report(`group ${group.name}: ${String(error)}`));
    }
  }
}
