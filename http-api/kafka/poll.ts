/**
 * One poll: what is stored now, and when that is too little, what comes until the time is up.
 */
import type { CommitLog, ConsumedOffset, ConsumerRecord, Signal, Subscribe } from '../../logged/commit-log.ts';
import type { Clock } from '../../targets/host.ts';
import { Cancellation } from './cancellation.ts';

export interface PollOptions {
  readonly subscriptions: readonly Subscribe[];
  readonly offsets: readonly ConsumedOffset[];
  /** Enough to answer before the time is up; at least one record is waited for. */
  readonly minBytes: number;
  /** Never exceeded, but by a single record. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal: Signal;
}

interface Gathered {
  readonly records: ConsumerRecord[];
  bytes: number;
  full: boolean;
}

/**
 * Empty when nothing came in time or the signal was aborted. Fails as `subscribe` does, but hands over first what it
 * has read before the place of a failure: the next poll meets it again.
 */
export async function poll(log: CommitLog, clock: Clock, options: PollOptions): Promise<readonly ConsumerRecord[]> {
  const gathered: Gathered = { records: [], bytes: 0, full: false };
  try {
    await pollInto(gathered, log, clock, options);
  } catch (error) {
    if (gathered.records.length === 0) throw error;
  }
  return gathered.records;
}

async function pollInto(gathered: Gathered, log: CommitLog, clock: Clock, options: PollOptions): Promise<void> {
  await gather(log, options, gathered, 0, options.signal);
  if (isEnough(gathered, options) || options.timeoutMs <= 0 || options.signal.aborted) return;
  const wait = new Cancellation(options.signal);
  const timer = clock.timer(options.timeoutMs, () => wait.cancel());
  try {
    await gather(log, options, gathered, undefined, wait);
  } finally {
    timer.cancel();
    wait.release();
  }
}

/** Bytes of a record as the proxies count them. */
export function payloadBytes(record: ConsumerRecord): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0);
}

async function gather(
  log: CommitLog,
  options: PollOptions,
  gathered: Gathered,
  idleTimeoutMs: number | undefined,
  signal: Signal,
): Promise<void> {
  const subscription = log.subscribe({
    subscriptions: options.subscriptions,
    offsets: goingOn(options.offsets, gathered.records),
    idleTimeoutMs,
    signal,
    maxBatchBytes: Math.min(options.maxBytes, 64 * 1024),
  });
  for await (const batch of subscription.batches()) {
    for (const record of batch) take(gathered, record, options.maxBytes);
    if (gathered.full || (idleTimeoutMs === undefined && isEnough(gathered, options))) return;
  }
}

function take(gathered: Gathered, record: ConsumerRecord, maxBytes: number): void {
  const bytes = gathered.bytes + payloadBytes(record);
  // What is left out after the first that did not fit would leave a hole.
  gathered.full ||= gathered.records.length > 0 && bytes > maxBytes;
  if (gathered.full) return;
  gathered.records.push(record);
  gathered.bytes = bytes;
  gathered.full = bytes >= maxBytes;
}

function isEnough({ records, bytes, full }: Gathered, { minBytes }: PollOptions): boolean {
  return full || (records.length > 0 && bytes >= minBytes);
}

function goingOn(offsets: readonly ConsumedOffset[], read: readonly ConsumerRecord[]): readonly ConsumedOffset[] {
  if (read.length === 0) return offsets;
  return offsets.map((consumed) => {
    const last = read.findLast(({ topic, partition }) => topic === consumed.topic && partition === consumed.partition);
    return last ?? consumed;
  });
}
