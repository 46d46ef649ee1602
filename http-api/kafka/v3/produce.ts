/**
 * Appends the records of one v3 request in their order, each with an outcome of its own: the log takes a run of them as
 * one call, and refuses all of a run for one bad record.
 */
import {
  CommitLogError,
  type CommitLogErrorCode,
  type Producer,
  type ProduceResult,
} from '../../../logged/commit-log.ts';
import type { KafkaContext } from '../../kafka-app.ts';
import { KafkaHttpError, toHttpError } from '../errors.ts';
import type { Appended, V3Record } from './record.ts';

/** What was read of a request: a record, or why there is none. */
export type Entry = V3Record | KafkaHttpError;

/** What became of it. */
export type Outcome = Appended | KafkaHttpError;

/** With these the log has appended nothing of the call, for the sake of one of its records. */
const OF_ONE_RECORD: ReadonlySet<CommitLogErrorCode> = new Set([
  'invalid-record',
  'record-too-large',
  'unknown-partition',
]);

/** One outcome per entry, in order. An entry without a record uses up its sequence number all the same. */
export async function produceEntries(
  context: KafkaContext,
  topic: string,
  entries: readonly Entry[],
  producer: Producer | undefined,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let run: V3Record[] = [];
  const flush = async (): Promise<void> => {
    if (run.length > 0) outcomes.push(...(await produceRun(context, topic, run, advance(producer, outcomes.length))));
    run = [];
  };
  for (const entry of entries) {
    if (entry instanceof KafkaHttpError) {
      await flush();
      outcomes.push(entry);
    } else {
      run.push(entry);
    }
  }
  await flush();
  reportFirst(context, topic, outcomes);
  return outcomes;
}

/** The producer as it stands `count` records later. */
export function advance(producer: Producer | undefined, count: number): Producer | undefined {
  return producer && { id: producer.id, sequence: producer.sequence + count };
}

async function produceRun(
  context: KafkaContext,
  topic: string,
  run: readonly V3Record[],
  producer: Producer | undefined,
): Promise<readonly Outcome[]> {
  try {
    const records = run.map(({ record }) => record);
    const results = await context.log.produceBatch(topic, records, producer);
    return run.map((sent, i) => {
      const produced = results[i] as ProduceResult;
      return 'error' in produced ? toHttpError(produced.error, 'v3') : { sent, produced };
    });
  } catch (error) {
    const isOfOneRecord = error instanceof CommitLogError && OF_ONE_RECORD.has(error.code);
    if (isOfOneRecord && run.length > 1) return produceSingly(context, topic, run, producer);
    return run.map(() => toHttpError(error, 'v3'));
  }
}

/** All calls are made before the first is waited for, so their order is that of the records. */
async function produceSingly(
  context: KafkaContext,
  topic: string,
  run: readonly V3Record[],
  producer: Producer | undefined,
): Promise<readonly Outcome[]> {
  const calls = run.map((one, i) => produceRun(context, topic, [one], advance(producer, i)));
  return (await Promise.all(calls)).flat();
}

/** What is the service's own fault, once per batch: a full disk must not flood the operator. */
function reportFirst(context: KafkaContext, topic: string, outcomes: readonly Outcome[]): void {
  const failed = outcomes.find((outcome) => outcome instanceof KafkaHttpError && outcome.status >= 500);
  if (failed instanceof KafkaHttpError)
    context.report(`producing to ${topic}: ${String(failed.cause ?? failed.message)}`);
}
