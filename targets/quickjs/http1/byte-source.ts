/** What has come over a connection and was not taken yet. */
import type { Connection } from '../../host.ts';
import { hostError } from '../host-error.ts';

/** Reading ahead stops here: a client that sends faster than it is served waits. */
const mostAheadBytes = 16 * 1024;

export class ByteSource {
  readonly #connection: Connection;
  readonly #ended: () => void;
  #bytes = new Uint8Array(0);
  #reading: Promise<boolean> | null = null;
  #failure: unknown = null;
  hasEnded = false;

  /** `ended` is told once that no more bytes will come. */
  constructor(connection: Connection, ended: () => void) {
    this.#connection = connection;
    this.#ended = ended;
  }

  /** What is there; stays the same until something is taken or read. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  take(lengthBytes: number): Uint8Array {
    const taken = this.#bytes.subarray(0, lengthBytes);
    this.#bytes = this.#bytes.subarray(lengthBytes);
    return taken;
  }

  /** Waits for more; false at the end, also when the connection broke. */
  more(): Promise<boolean> {
    if (this.hasEnded) return Promise.resolve(false);
    this.#reading ??= this.#read();
    return this.#reading;
  }

  /** Hears of the end while nobody waits for bytes. */
  readAhead(): void {
    if (this.#bytes.length < mostAheadBytes) void this.more();
  }

  /** Why a body that has not come whole cannot be had. */
  failure(): unknown {
    return this.#failure ?? hostError('ECONNRESET', 'the client ended in the middle of a request');
  }

  async #read(): Promise<boolean> {
    let chunk: Uint8Array | null = null;
    try {
      chunk = await this.#connection.read();
    } catch (error) {
      this.#failure = error;
    }
    this.#reading = null;
    if (chunk === null) {
      this.hasEnded = true;
      this.#ended();
      return false;
    }
    this.#bytes = this.#bytes.length === 0 ? (chunk as Uint8Array<ArrayBuffer>) : joined(this.#bytes, chunk);
    return true;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
