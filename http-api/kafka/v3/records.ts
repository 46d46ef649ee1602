/**
 * Producing in v3. `records` is a stream both ways: reports go out, in order, while the request still comes in. Every
 * failure after the first byte of a record is a report, with HTTP 200: clients look at each `error_code`.
 */
import type { Producer } from '../../../logged/commit-log.ts';
import { KafkaHttpError } from '../errors.ts';
import { asObject, isObject, type JsonObject, jsonReply, parseJson, producerOf, readText } from '../wire.ts';
import { Intake } from './intake.ts';
import { advance, type Entry, type Outcome, produceEntries } from './produce.ts';
import { parseRecord, printAppended, printFailed, RECORD_MEMBERS } from './record.ts';
import { checkMembers, payloadError } from './requests.ts';
import type { Call } from './resources.ts';

const BATCH_ENTRIES = 10;
const BATCH_ID_LENGTH = 80;
const NO_BODY = 'Request body is empty. Data is required.';

export async function produceRecords(call: Call): Promise<Response> {
  const { body } = call.c.req.raw;
  if (body === null) throw payloadError(NO_BODY);
  const producer = producerOf(call.c);
  // A request of unknown length may stay open for long.
  const leave = call.c.req.header('content-length') === undefined ? call.context.waits.enter() : () => {};
  const intake = new Intake(call.context);
  void intake.run(body.getReader());
  if (!(await intake.started())) {
    leave();
    throw call.context.stopping.aborted ? new KafkaHttpError(50302, 'the service is stopping') : payloadError(NO_BODY);
  }
  const reports = new Reports(call, intake, producer, leave);
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => reports.pull(controller),
    cancel: () => reports.cancel(),
  });
  return new Response(stream, { headers: { 'content-type': 'application/json' } });
}

/** Gives the reports of one batch whenever the client is ready for more. */
class Reports {
  readonly #call: Call;
  readonly #intake: Intake;
  readonly #leave: () => void;
  #producer: Producer | undefined;
  #cancelled = false;

  constructor(call: Call, intake: Intake, producer: Producer | undefined, leave: () => void) {
    this.#call = call;
    this.#intake = intake;
    this.#producer = producer;
    this.#leave = leave;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { context } = this.#call;
    const topic = this.#call.param('topic');
    const entries = await this.#intake.take();
    const outcomes = entries === null ? [] : await produceEntries(context, topic, entries, this.#producer);
    if (this.#cancelled) return;
    if (entries === null) {
      this.#leave();
      controller.close();
      return;
    }
    this.#producer = advance(this.#producer, entries.length);
    const text = outcomes.map((outcome) => `{${printReport(this.#call, topic, outcome)}}\r\n`).join('');
    controller.enqueue(context.bytes.encodeUtf8(text));
  }

  cancel(): void {
    this.#cancelled = true;
    this.#intake.stop();
    this.#leave();
  }
}

function printReport({ context }: Call, topic: string, outcome: Outcome): string {
  if (outcome instanceof KafkaHttpError) return printFailed(outcome);
  return `"error_code":200,${printAppended(context, topic, outcome)}`;
}

export async function produceBatch(call: Call): Promise<Response> {
  const { context } = call;
  const topic = call.param('topic');
  const producer = producerOf(call.c);
  const items = batchEntries(await readText(call.c, context));
  const entries = items.map((item) => parseEntry(call, item));
  const replies: { successes: string[]; failures: string[] } = { successes: [], failures: [] };
  for (const [i, outcome] of (await produceEntries(context, topic, entries, producer)).entries()) {
    const id = `{"id":${JSON.stringify(items[i]?.['id'])},`;
    if (outcome instanceof KafkaHttpError) replies.failures.push(`${id}${printFailed(outcome)}}`);
    else replies.successes.push(`${id}${printAppended(context, topic, outcome)}}`);
  }
  return jsonReply(`{"successes":[${replies.successes.join(',')}],"failures":[${replies.failures.join(',')}]}`, 207);
}

function batchEntries(text: string): readonly JsonObject[] {
  if (text.trim() === '') throw batchError(NO_BODY);
  const body = asObject(parseJson(text));
  checkMembers(body, ['entries']);
  const entries = body['entries'] ?? [];
  if (!Array.isArray(entries) || !entries.every(isObject)) throw batchError('entries must be a list of objects.');
  if (entries.length === 0) throw batchError('Empty batch.');
  if (entries.length > BATCH_ENTRIES) throw batchError('Too many entries in batch.');
  const ids = entries.map(({ id }) => id);
  if (!ids.every((id) => typeof id === 'string' && id.length >= 1 && id.length <= BATCH_ID_LENGTH)) {
    throw batchError('Batch entry identifier is not a valid string.');
  }
  if (new Set(ids).size < ids.length) throw batchError('Batch entry IDs are not distinct.');
  return entries;
}

function batchError(message: string): KafkaHttpError {
  return new KafkaHttpError(42208, message);
}

function parseEntry({ context }: Call, item: JsonObject): Entry {
  try {
    checkMembers(item, ['id', ...RECORD_MEMBERS]);
    return parseRecord(context, item);
  } catch (error) {
    if (error instanceof KafkaHttpError) return error;
    throw error;
  }
}
