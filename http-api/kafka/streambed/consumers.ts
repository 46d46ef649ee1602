/**
 * `POST /consumers/{group}`: streambed's stream of records, one record to a response.
 *
 * Its client takes every piece of body that its HTTP library hands over for one record and drops what does not parse,
 * and the library cuts pieces wherever its read buffer ends. A record that is cut is lost, unless it is the last of
 * its response: then nothing later moves the client's offset on, and it asks for the record again. It asks again at
 * once after every end of a response, whatever the status, on the same connection. Therefore:
 * - one record, then the end. A record that is stored already goes out as a plain reply;
 * - with nothing to send the response is held open, headers out, until there is a record, and never ends empty; the
 *   same for topics that do not exist yet;
 * - nothing else is ever written: any byte would restart the client's idle timeout;
 * - errors, and records that the client cannot take in one piece, however often it asks, wait before they end the
 *   response, so that the client does not spin.
 */
import type { Context } from 'hono';
import type { KafkaContext } from '../../kafka-app.ts';
import { CommitLogError } from '../../../logged/commit-log.ts';
import type { ConsumedOffset, ConsumerRecord, Signal, SubscribeOptions } from '../../../logged/commit-log.ts';
import { printRecord } from '../../../logged/codecs/record-json.ts';
import { Cancellation } from '../cancellation.ts';
import { KafkaHttpError, printError, toHttpError } from '../errors.ts';
import { pause } from '../pause.ts';
import { isObject, type JsonObject, jsonReply, readObject } from '../wire.ts';

/** How long a response is kept that would make the client spin. */
const spinDelayMs = 1000;
/** How often a topic is looked for that does not exist yet. */
const topicCheckMs = 500;
/** Above this the buffer of the client's HTTP library (hyper: 400 KiB at most) may never hold the record whole. */
const longestRead = 384 * 1024;

/** What fits the client's first read beside the head of the response is never cut on its way from this machine. */
const safeRead = 7 * 1024;
/** So many times the client's buffer has room to grow until it takes a record whole. */
const mostTries = 8;
/** Enough for most records, and little for the one that is taken. */
const readBytes = 8 * 1024;

/** What ends a response; `late`: only after a while. */
interface Ending {
  readonly text: string;
  readonly late: boolean;
}

interface Position {
  readonly topics: readonly string[];
  readonly offsets: readonly ConsumedOffset[];
}

type Wanted = Position & Pick<SubscribeOptions, 'idleTimeoutMs'>;

export class StreambedConsumers {
  readonly #context: KafkaContext;
  #requests = 0;
  /** The long record that each group was sent last, and how often in a row. */
  readonly #tries = new Map<string, { readonly id: string; times: number }>();

  constructor(context: KafkaContext) {
    this.#context = context;
  }

  async stream(c: Context): Promise<Response> {
    const { clock, stopping, waits } = this.#context;
    try {
      const position = this.#position(await readObject(c, this.#context));
      this.#context.access.permit(c, 'read', position.topics);
      const stored = await this.#next({ ...position, idleTimeoutMs: 0 }, stopping);
      const ending = stored === null ? null : this.#ending(c, stored);
      if (ending !== null && !ending.late) return jsonReply(ending.text);
      return this.#hold(c, position, ending, waits.enter());
    } catch (error) {
      await pause(clock, spinDelayMs, stopping);
      throw error;
    }
  }

  #position(body: JsonObject): Position {
    const subscriptions = body['subscriptions'];
    if (!Array.isArray(subscriptions) || subscriptions.length === 0) {
      throw new KafkaHttpError(422, 'subscriptions must be an array, and not empty');
    }
    const topics = [...new Set(subscriptions.map(topicOf))];
    // Each response has one record: beginning with another topic each time keeps a busy one from starving the rest.
    const first = this.#requests++ % topics.length;
    const offsets = body['offsets'] ?? [];
    if (!Array.isArray(offsets)) throw new KafkaHttpError(422, 'offsets must be an array or null');
    return {
      topics: [...topics.slice(first), ...topics.slice(0, first)],
      offsets: offsets.map(consumedOf).filter(({ topic }) => topics.includes(topic)),
    };
  }

  /** The next record; null when there is none now, or none of the topics that exist when one does not. */
  async #next(wanted: Wanted, signal: Signal): Promise<ConsumerRecord | null> {
    try {
      return await this.#first(wanted, signal);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    const topics: string[] = [];
    for (const topic of wanted.topics) if (await this.#exists(topic)) topics.push(topic);
    return wanted.idleTimeoutMs === 0
      ? this.#ofExisting({ ...wanted, topics }, signal)
      : this.#until({ ...wanted, topics }, signal);
  }

  /** What those that exist have until it is time to look for the others again. */
  async #until(wanted: Wanted, signal: Signal): Promise<ConsumerRecord | null> {
    const { clock } = this.#context;
    const wait = new Cancellation(signal);
    const timer = clock.timer(topicCheckMs, () => wait.cancel());
    try {
      const record = await this.#ofExisting(wanted, wait);
      if (record === null) await pause(clock, topicCheckMs, wait);
      return record;
    } finally {
      timer.cancel();
      wait.release();
    }
  }

  async #ofExisting(wanted: Wanted, signal: Signal): Promise<ConsumerRecord | null> {
    if (wanted.topics.length === 0) return null;
    try {
      return await this.#first(wanted, signal);
    } catch (error) {
      // Deleted a moment ago: looked for again like one that does not exist yet.
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async #exists(topic: string): Promise<boolean> {
    try {
      return (await this.#context.log.offsets(topic, 0)) !== null;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async #first({ topics, offsets, idleTimeoutMs }: Wanted, signal: Signal): Promise<ConsumerRecord | null> {
    const subscription = this.#context.log.subscribe({
      subscriptions: topics.map((topic) => ({ topic })),
      offsets: offsets.filter(({ topic }) => topics.includes(topic)),
      idleTimeoutMs,
      signal,
      maxBatchBytes: readBytes,
    });
    for await (const record of subscription) return record;
    return null;
  }

  /** A response that stays open until it has its record. */
  #hold(c: Context, position: Position, stored: Ending | null, leave: () => void): Response {
    const { bytes, clock, stopping } = this.#context;
    const ended = new Cancellation(stopping);
    const finish = (): void => {
      ended.release();
      leave();
    };
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const ending = stored ?? (await this.#live(c, position, ended));
          if (ending !== null) controller.enqueue(bytes.encodeUtf8(ending.text));
          if (ending?.late) await pause(clock, spinDelayMs, ended);
          if (!ended.aborted || stopping.aborted) controller.close();
          finish();
        },
        cancel: () => {
          ended.cancel();
          finish();
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  }

  async #live(c: Context, position: Position, ended: Signal): Promise<Ending | null> {
    try {
      while (!ended.aborted) {
        const record = await this.#next(position, ended);
        if (record !== null) return this.#ending(c, record);
      }
      return null;
    } catch (error) {
      this.#context.report(`${c.req.method} ${c.req.path}: ${String(error)}`);
      return { text: printError(toHttpError(error, 'v2')), late: true };
    }
  }

  #ending(c: Context, record: ConsumerRecord): Ending {
    const text = printRecord(record, this.#context.bytes, '""');
    return { text, late: text.length > longestRead || (text.length > safeRead && this.#isStuck(c, record)) };
  }

  #isStuck(c: Context, { topic, partition, offset }: ConsumerRecord): boolean {
    const group = c.req.param('group') ?? '';
    const id = `${offset}/${partition}/${topic}`;
    const last = this.#tries.get(group);
    if (last?.id === id) return ++last.times > mostTries;
    // Forgetting only means to try a few times more.
    if (this.#tries.size >= this.#context.limits.waits) this.#tries.clear();
    this.#tries.set(group, { id, times: 1 });
    return false;
  }
}

/** There is no such topic, and where the name is no legal one, there never will be. */
function isMissing(error: unknown): boolean {
  return error instanceof CommitLogError && (error.code === 'unknown-topic' || error.code === 'invalid-topic');
}

function topicOf(value: unknown): string {
  const topic = isObject(value) ? value['topic'] : undefined;
  if (typeof topic === 'string') return topic;
  throw new KafkaHttpError(422, 'subscriptions: each must have a topic');
}

function consumedOf(value: unknown): ConsumedOffset {
  const { topic, partition, offset } = isObject(value) ? value : {};
  if (typeof topic === 'string' && isCount(partition) && isCount(offset)) {
    return { topic, partition: Number(partition), offset: Math.min(Number(offset), Number.MAX_SAFE_INTEGER) };
  }
  throw new KafkaHttpError(422, 'offsets: each must have a topic, a partition and an offset');
}

/** As `logged/codecs/exact-json.ts` reads them: large ones are bigints. */
function isCount(value: unknown): value is number | bigint {
  return typeof value === 'bigint' ? value >= 0n : Number.isInteger(value) && (value as number) >= 0;
}
