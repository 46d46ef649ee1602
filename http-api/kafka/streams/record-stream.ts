/** A subscription as the body of a response. Reads only when the client takes. */
import type { KafkaContext } from '../../kafka-app.ts';
import type { ConsumedOffset, ConsumerRecord, Subscription } from '../../../logged/commit-log.ts';
import type { Timer } from '../../../targets/host.ts';
import { printConsumed } from '../embedded.ts';
import { printError, toHttpError } from '../errors.ts';
import { printPositions, type StreamRequest } from './stream-request.ts';

/** Proxies and browsers give up on a connection that is silent for long. */
const heartbeatMs = 15_000;
const include = { headers: true, timestamp: true };

export class RecordStream {
  readonly #context: KafkaContext;
  readonly #request: StreamRequest;
  readonly #isSse: boolean;
  readonly #leave: () => void;
  readonly #subscription: Subscription;
  readonly #batches: AsyncIterator<readonly ConsumerRecord[]>;
  /** The last offset that was sent of each partition: with it the client can go on elsewhere. */
  readonly #positions = new Map<string, ConsumedOffset>();
  #heartbeat: Timer | null = null;
  #ended = false;

  constructor(context: KafkaContext, request: StreamRequest, isSse: boolean) {
    this.#context = context;
    this.#request = request;
    this.#isSse = isSse;
    this.#leave = context.waits.enter();
    for (const consumed of request.offsets) this.#positions.set(`${consumed.partition}/${consumed.topic}`, consumed);
    this.#subscription = context.log.subscribe({
      subscriptions: request.topics.map((topic) => ({ topic })),
      offsets: request.offsets,
      from: request.from,
      idleTimeoutMs: request.idleTimeoutMs,
      signal: context.stopping,
      maxBatchBytes: context.limits.streamBytes,
    });
    this.#batches = this.#subscription.batches()[Symbol.asyncIterator]();
  }

  body(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          if (this.#isSse) this.#beat(controller);
        },
        pull: async (controller) => {
          const text = await this.#next();
          if (text !== '') controller.enqueue(this.#context.bytes.encodeUtf8(text));
          if (this.#ended) controller.close();
        },
        cancel: () => this.#end(),
      },
      { highWaterMark: 0 },
    );
  }

  /** The text of the next batch; an error is told behind what came before it, and ends the stream. */
  async #next(): Promise<string> {
    let text = '';
    try {
      const { done, value } = await this.#batches.next();
      for (const record of done ? [] : value) text += this.#print(record);
      if (done) this.#end();
      return text;
    } catch (error) {
      this.#end();
      const failure = toHttpError(error, 'v2');
      if (failure.status >= 500) this.#context.report(`stream: ${String(error)}`);
      return text + (this.#isSse ? `event: error\ndata: ${printError(failure)}\n\n` : `${printError(failure)}\n`);
    }
  }

  #print(record: ConsumerRecord): string {
    const text = printConsumed(record, this.#request.format, include, this.#context.bytes);
    if (!this.#isSse) return `${text}\n`;
    const { topic, partition, offset } = record;
    this.#positions.set(`${partition}/${topic}`, { topic, partition, offset });
    return `id: ${printPositions(this.#positions.values())}\ndata: ${text}\n\n`;
  }

  #beat(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#heartbeat = this.#context.clock.timer(heartbeatMs, () => {
      // Nothing waits to be taken: the client is at the end of what there is.
      if ((controller.desiredSize ?? 0) >= 0) controller.enqueue(this.#context.bytes.encodeUtf8(': alive\n\n'));
      this.#beat(controller);
    });
  }

  #end(): void {
    this.#ended = true;
    this.#heartbeat?.cancel();
    this.#subscription.close();
    this.#leave();
  }
}
