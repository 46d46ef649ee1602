/**
 * What streambed's own client does with `POST /consumers/{group}`, as far as it decides which records arrive: its HTTP
 * library (reqwest 0.11 on hyper 0.14) reads into a buffer of 8 KiB at first, head included, that doubles when it is
 * filled, up to 408 KiB, and hands over each piece of body that it finds there; the client takes each piece for one
 * record, drops what does not parse, and asks again at once, on the same connection, behind the last record that it
 * has, when the body ends. It never looks at the status.
 */
import { connect, type Socket } from 'node:net';

const firstRead = 8192;
const longestRead = 8192 + 4096 * 100;

export interface StreambedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: number;
  readonly value: string;
}

export class StreambedClient {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #offsets = new Map<string, Pick<StreambedRecord, 'topic' | 'partition' | 'offset'>>();
  /** What the kernel holds, and what the library has read of it. */
  #kernel: Buffer = Buffer.alloc(0);
  #buffer: Buffer = Buffer.alloc(0);
  #next = firstRead;
  #shrinks = false;
  #ended = false;
  #wake: (() => void) | null = null;
  requests = 0;
  /** Pieces that did not parse. */
  dropped = 0;

  constructor(port: number, host = '127.0.0.1') {
    this.#host = `${host}:${port}`;
    this.#socket = connect(port, host);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (bytes) => {
      this.#kernel = this.#kernel.length === 0 ? bytes : Buffer.concat([this.#kernel, bytes]);
      this.#wake?.();
    });
    for (const event of ['end', 'error', 'close']) {
      this.#socket.on(event, () => {
        this.#ended = true;
        this.#wake?.();
      });
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Records as its subscriber gets them, without end. */
  async *subscribe(topics: readonly string[]): AsyncGenerator<StreambedRecord> {
    for (;;) {
      for await (const piece of this.#ask(topics)) {
        const record = parse(piece);
        if (record === null) {
          this.dropped += 1;
          continue;
        }
        const { topic, partition, offset } = record;
        this.#offsets.set(`${partition}/${topic}`, { topic, partition, offset });
        yield record;
      }
    }
  }

  async *#ask(topics: readonly string[]): AsyncGenerator<Buffer> {
    this.requests += 1;
    const offsets = this.#offsets.size === 0 ? null : [...this.#offsets.values()];
    const body = JSON.stringify({ offsets, subscriptions: topics.map((topic) => ({ topic })) });
    const head = `POST /consumers/group HTTP/1.1\r\ncontent-type: application/json\r\naccept: */*\r\nhost: ${this.#host}\r\n`;
    this.#socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
    const reply = (await this.#line('\r\n\r\n')).toLowerCase();
    const length = /content-length: (\d+)/.exec(reply)?.[1];
    if (length !== undefined) {
      yield* this.#pieces(Number(length));
      return;
    }
    for (;;) {
      const size = Number.parseInt(await this.#line('\r\n'), 16);
      yield* this.#pieces(size);
      await this.#line('\r\n');
      if (size === 0) return;
    }
  }

  async *#pieces(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#buffer.length === 0) await this.#read();
      const piece = this.#buffer.subarray(0, left);
      this.#buffer = this.#buffer.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #line(end: string): Promise<string> {
    for (;;) {
      const at = this.#buffer.indexOf(end);
      if (at >= 0) {
        const line = this.#buffer.subarray(0, at).toString('latin1');
        this.#buffer = this.#buffer.subarray(at + end.length);
        return line;
      }
      await this.#read();
    }
  }

  /** hyper's adaptive reads: a filled buffer doubles the next one, two that stay below half of it halve it. */
  async #read(): Promise<void> {
    while (this.#kernel.length === 0) {
      if (this.#ended) throw new Error('connection ended');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    // The kernel of a machine takes a reply whole before the reader gets to run; Node brings it 64 KiB at a time.
    for (let seen = 0; seen < this.#kernel.length; ) {
      seen = this.#kernel.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const taken = this.#kernel.subarray(0, this.#next);
    this.#kernel = this.#kernel.subarray(taken.length);
    this.#buffer = this.#buffer.length === 0 ? taken : Buffer.concat([this.#buffer, taken]);
    if (taken.length >= this.#next) {
      this.#next = Math.min(this.#next * 2, longestRead);
      this.#shrinks = false;
    } else if (taken.length < this.#next / 2) {
      if (this.#shrinks) this.#next = Math.max(this.#next / 2, firstRead);
      this.#shrinks = !this.#shrinks;
    } else {
      this.#shrinks = false;
    }
  }
}

function parse(piece: Buffer): StreambedRecord | null {
  try {
    const record = JSON.parse(piece.toString()) as StreambedRecord & { headers?: unknown };
    const isRecord = typeof record.offset === 'number' && typeof record.key === 'number' && 'headers' in record;
    return isRecord ? record : null;
  } catch {
    return null;
  }
}
