/**
 * Reads the records of a request ahead of the log, up to a bound: what arrives while one batch is on its way to the
 * medium is the next batch.
 */
import type { KafkaContext } from '../../kafka-app.ts';
import { KafkaHttpError, toHttpError } from '../errors.ts';
import { asObject, parseJson } from '../wire.ts';
import { JsonSplitter, SplitError } from './json-splitter.ts';
import type { Entry } from './produce.ts';
import { parseRecord, RECORD_MEMBERS } from './record.ts';
import { checkMembers } from './requests.ts';

/** The most records and bytes that are read ahead; one record may be larger. */
const AHEAD_RECORDS = 512;
const AHEAD_BYTES = 256 * 1024;
const MAX_DEPTH = 128;

/** All entries of a body that has come as a whole. */
export function readEntries(context: KafkaContext, body: Uint8Array): readonly Entry[] {
  const entries: Entry[] = [];
  try {
    const splitter = splitterFor(context);
    splitter.push(body);
    for (let object = splitter.next(); object !== null; object = splitter.next()) {
      entries.push(parseEntry(context, object));
    }
    splitter.end();
  } catch (error) {
    entries.push(brokenEntry(error));
  }
  return entries;
}

export type BodyReader = Pick<ReadableStreamDefaultReader<Uint8Array>, 'read'>;

export class Intake {
  readonly #context: KafkaContext;
  readonly #splitter: JsonSplitter;
  #entries: Entry[] = [];
  #bytes = 0;
  #started = false;
  #ended = false;
  #waiting: (() => void)[] = [];

  constructor(context: KafkaContext) {
    this.#context = context;
    this.#splitter = splitterFor(context);
    context.stopping.addEventListener('abort', this.stop);
    if (context.stopping.aborted) this.stop();
  }

  /** Takes no more, as when the service stops; what has been read is still given. */
  readonly stop = (): void => {
    this.#ended = true;
    this.#context.stopping.removeEventListener('abort', this.stop);
    this.#changed();
  };

  /** Reads to the end, or to what cannot be a record: that is the last entry. A lost connection is just an end. */
  async run(reader: BodyReader): Promise<void> {
    try {
      for (;;) {
        const next = await reader.read().catch(() => null);
        if (next === null || this.#ended) break;
        if (next.done) {
          this.#splitter.end();
          break;
        }
        if (next.value !== undefined) await this.#split(next.value);
      }
    } catch (error) {
      this.#add(brokenEntry(error), 0);
    }
    this.stop();
  }

  /** Whether anything but white space has come, as soon as that is known. */
  async started(): Promise<boolean> {
    while (!this.#started && !this.#ended) await this.#change();
    return this.#started;
  }

  /** All that has been read, waiting for the first of it; null at the end. */
  async take(): Promise<readonly Entry[] | null> {
    while (this.#entries.length === 0 && !this.#ended) await this.#change();
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    this.#changed();
    return entries.length === 0 ? null : entries;
  }

  async #split(chunk: Uint8Array): Promise<void> {
    this.#splitter.push(chunk);
    for (let object = this.#splitter.next(); object !== null; object = this.#splitter.next()) {
      this.#add(parseEntry(this.#context, object), object.length);
      while (!this.#ended && this.#isFull()) await this.#change();
      if (this.#ended) return;
    }
    if (this.#splitter.inside && !this.#started) {
      this.#started = true;
      this.#changed();
    }
  }

  #add(entry: Entry, length: number): void {
    this.#entries.push(entry);
    this.#bytes += length;
    this.#started = true;
    this.#changed();
  }

  #isFull(): boolean {
    return this.#entries.length >= AHEAD_RECORDS || this.#bytes >= AHEAD_BYTES;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function brokenEntry(error: unknown): KafkaHttpError {
  if (error instanceof SplitError && error.code === 'too-large') return new KafkaHttpError(413, error.message);
  if (!(error instanceof SplitError || error instanceof KafkaHttpError)) return toHttpError(error, 'v3');
  return new KafkaHttpError(400, `Bad Request: Error processing message: ${error.message}`, error);
}

function splitterFor({ limits }: KafkaContext): JsonSplitter {
  return new JsonSplitter({ maxBytes: limits.bodyBytes, maxDepth: MAX_DEPTH });
}

/** The record, or what is wrong with it; throws when it is not JSON. */
function parseEntry(context: KafkaContext, bytes: Uint8Array): Entry {
  const object = asObject(parseJson(textOf(context, bytes)));
  try {
    checkMembers(object, RECORD_MEMBERS);
    return parseRecord(context, object);
  } catch (error) {
    if (error instanceof KafkaHttpError) return error;
    throw error;
  }
}

function textOf(context: KafkaContext, bytes: Uint8Array): string {
  try {
    return context.bytes.decodeUtf8(bytes);
  } catch (error) {
    throw new KafkaHttpError(400, 'record is not UTF-8', error);
  }
}
