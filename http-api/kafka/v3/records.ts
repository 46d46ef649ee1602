/**
 * Producing in v3. `records` is a stream both ways: reports go out, in order, while the request still comes in. Every
 * failure after the first byte of a record is a report, with HTTP 200: clients look at each `error_code`.
 */
import type { Producer } from '../../../logged/commit-log.ts';
import { KafkaHttpError } from '../errors.ts';
import { asObject, isObject, type JsonObject, jsonReply, parseJson, producerOf, readText } from '../wire.ts';
import { type BodyReader, Intake, readEntries } from './intake.ts';
import { advance, type Entry, type Outcome, produceEntries } from './produce.ts';
import { parseRecord, printFailed, RECORD_MEMBERS, ReportPrinter } from './record.ts';
import { checkMembers, payloadError } from './requests.ts';
import type { Call } from './resources.ts';

/** Requests up to this length are read whole before the first record of them is stored. */
const SHORT_BYTES = 32 * 1024;
const BATCH_ENTRIES = 10;
const BATCH_ID_LENGTH = 80;
const NO_BODY = 'Request body is empty. Data is required.';

export async function produceRecords(call: Call): Promise<Response> {
  const { context, c } = call;
  const producer = producerOf(c);
  const length = c.req.header('content-length');
  if (Number(length) <= SHORT_BYTES) return produceShort(call, producer);
  // A request of unknown length may stay open for long.
  const leave = length === undefined ? context.waits.enter() : () => {};
  const intake = new Intake(context);
  void intake.run(c.req.raw.body?.getReader() ?? emptyBody);
  if (!(await intake.started())) {
    leave();
    throw context.stopping.aborted ? stoppingError() : payloadError(NO_BODY);
  }
  const reports = new Reports(call, intake, producer, leave);
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => reports.pull(controller),
    cancel: () => reports.cancel(),
  });
  return new Response(stream, { headers: { 'content-type': 'application/json' } });
}

const emptyBody: BodyReader = { read: async () => ({ done: true }) };

/** A request of a few packets has nothing to gain by streams, which are slow to set up. */
async function produceShort(call: Call, producer: Producer | undefined): Promise<Response> {
  const { context, c } = call;
  const body = new Uint8Array(await c.req.raw.arrayBuffer());
  if (context.stopping.aborted) throw stoppingError();
  const entries = readEntries(context, body);
  if (entries.length === 0) throw payloadError(NO_BODY);
  const topic = call.param('topic');
  const outcomes = await produceEntries(context, topic, entries, producer);
  return jsonReply(printReports(new ReportPrinter(context, topic), outcomes));
}

function stoppingError(): KafkaHttpError {
  return new KafkaHttpError(50302, 'the service is stopping');
}

/** Appends what the intake gives and reports on it, batch by batch. */
class Reports {
  readonly #call: Call;
  readonly #printer: ReportPrinter;
  readonly #intake: Intake;
  readonly #leave: () => void;
  #producer: Producer | undefined;
  #cancelled = false;

  constructor(call: Call, intake: Intake, producer: Producer | undefined, leave: () => void) {
    this.#call = call;
    this.#printer = new ReportPrinter(call.context, call.param('topic'));
    this.#intake = intake;
    this.#producer = producer;
    this.#leave = leave;
  }

  /** The reports of the next batch; null at the end. */
  async next(): Promise<string | null> {
    const { context } = this.#call;
    const entries = await this.#intake.take();
    if (entries === null) return null;
    const outcomes = await produceEntries(context, this.#call.param('topic'), entries, this.#producer);
    this.#producer = advance(this.#producer, entries.length);
    return printReports(this.#printer, outcomes);
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const text = await this.next();
    if (this.#cancelled) return;
    if (text !== null) return controller.enqueue(this.#call.context.bytes.encodeUtf8(text));
    this.#leave();
    controller.close();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#intake.stop();
    this.#leave();
  }
}

function printReports(printer: ReportPrinter, outcomes: readonly Outcome[]): string {
  let text = '';
  for (const outcome of outcomes) {
    const isError = outcome instanceof KafkaHttpError;
    text += isError ? `{${printFailed(outcome)}}\r\n` : `{"error_code":200,${printer.appended(outcome)}}\r\n`;
  }
  return text;
}

export async function produceBatch(call: Call): Promise<Response> {
  const { context } = call;
  const topic = call.param('topic');
  const producer = producerOf(call.c);
  const items = batchEntries(await readText(call.c, context));
  const entries = items.map((item) => parseEntry(call, item));
  const printer = new ReportPrinter(context, topic);
  const replies: { successes: string[]; failures: string[] } = { successes: [], failures: [] };
  for (const [i, outcome] of (await produceEntries(context, topic, entries, producer)).entries()) {
    const id = `{"id":${JSON.stringify(items[i]?.['id'])},`;
    if (outcome instanceof KafkaHttpError) replies.failures.push(`${id}${printFailed(outcome)}}`);
    else replies.successes.push(`${id}${printer.appended(outcome)}}`);
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
