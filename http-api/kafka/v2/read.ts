/** The reads of v2: of a consumer instance, and Redpanda's of one partition without any state. */
import type { KafkaContext } from '../../kafka-app.ts';
import { CommitLogError, type ConsumerRecord, type Signal, type Subscribe } from '../../../logged/commit-log.ts';
import { Cancellation } from '../cancellation.ts';
import { pause } from '../pause.ts';
import { payloadBytes, poll } from '../poll.ts';
import type { ConsumerGroup } from './consumer-group.ts';
import type { ConsumerInstance } from './consumer-instance.ts';
import type { TopicPartition } from '../offset-lists.ts';

export interface ReadOptions {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Throws for a record that cannot be shown in the format. */
  readonly print: (record: ConsumerRecord) => string;
  /** Aborted when the client has gone: nothing counts as read then. */
  readonly client: Signal;
  /** Throws unless the client may read all of these topics. */
  readonly permit: (topics: Iterable<string>) => void;
}

/** How long one look at the group's assignment is good for: topics may appear and grow meanwhile. */
const sliceMs = 1000;

/**
 * The next records of an instance as JSON array. Answers as soon as `fetch.min.bytes` are there, without it with the
 * first records. (Confluent waits out the whole time by default, which only makes its readers wait.)
 */
export function readInstance(
  context: KafkaContext,
  group: ConsumerGroup,
  instance: ConsumerInstance,
  options: ReadOptions,
): Promise<string> {
  return instance.inTurn(async () => {
    const { clock, stopping } = context;
    await instance.commitIfDue();
    const end = clock.monotonic() + options.timeoutMs;
    for (;;) {
      await group.prepare(instance);
      options.permit(instance.assigned.map(({ topic }) => topic));
      const leftMs = Math.max(0, end - clock.monotonic());
      const change = instance.change;
      const records = await readSlice(context, group, instance, options, leftMs);
      if (options.client.aborted) return '[]';
      const isLast = leftMs <= sliceMs || stopping.aborted;
      if (!change.aborted && records.length > 0 && (isLast || isEnough(records, instance, options))) {
        const { text, taken } = printAll(records, options.print);
        instance.advance(taken);
        return text;
      }
      if (stopping.aborted || clock.monotonic() >= end) return '[]';
    }
  });
}

async function readSlice(
  { log, clock, stopping }: KafkaContext,
  group: ConsumerGroup,
  instance: ConsumerInstance,
  { maxBytes, client }: ReadOptions,
  leftMs: number,
): Promise<readonly ConsumerRecord[]> {
  const signal = new Cancellation(instance.change, client, stopping);
  const timeoutMs = Math.min(leftMs, sliceMs);
  const assigned = instance.assigned.filter(({ position }) => position !== null);
  try {
    if (assigned.length > 0) {
      return await poll(log, clock, {
        subscriptions: byTopic(assigned),
        offsets: assigned.map(({ topic, partition, position }) => ({ topic, partition, offset: (position ?? 0) - 1 })),
        minBytes: instance.config.fetchMinBytes,
        maxBytes,
        timeoutMs,
        signal,
      });
    }
    await pause(clock, timeoutMs, signal);
  } catch (error) {
    if (!isGone(error)) throw error;
    for (const one of assigned) {
      if ((await log.offsets(one.topic, one.partition)) === null) Object.assign(one, { position: null, isNew: true });
    }
    await group.refresh();
    await pause(clock, timeoutMs, signal);
  } finally {
    signal.release();
  }
  return [];
}

function byTopic(assigned: readonly TopicPartition[]): readonly Subscribe[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of assigned) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}

function isEnough(
  records: readonly ConsumerRecord[],
  { config }: ConsumerInstance,
  { maxBytes }: ReadOptions,
): boolean {
  const bytes = records.reduce((sum, record) => sum + payloadBytes(record), 0);
  return bytes >= Math.min(config.fetchMinBytes, maxBytes);
}

function isGone(error: unknown): boolean {
  return error instanceof CommitLogError && (error.code === 'unknown-topic' || error.code === 'unknown-partition');
}

/** Those before the first that cannot be printed; when that is the first of all, its error. */
export function printAll(
  records: readonly ConsumerRecord[],
  print: (record: ConsumerRecord) => string,
): { readonly text: string; readonly taken: readonly ConsumerRecord[] } {
  const printed: string[] = [];
  for (const record of records) {
    try {
      printed.push(print(record));
    } catch (error) {
      if (printed.length === 0) throw error;
      break;
    }
  }
  return { text: `[${printed.join(',')}]`, taken: records.slice(0, printed.length) };
}
