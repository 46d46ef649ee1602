/** The body of a request, taken from the connection as it is read: by length, or chunked (RFC 9112, 7.1). */
import type { ByteSource } from './byte-source.ts';
import { BadRequest } from './head.ts';

/** A chunk's size with its extensions, and all trailers together. */
const mostLineBytes = 256;
const mostTrailerBytes = 8 * 1024;
const linefeed = 10;
const trailer = /^(?!content-length:|transfer-encoding:)[!#$%&'*+.^_`|~0-9a-z-]+:[\t\x20-\x7e\x80-\xff]*$/i;

export interface BodyHooks {
  /** Before the first byte is waited for: the client may want to be asked for it. */
  readonly begin: () => void;
  /** The body is waited for, or is not any more. */
  readonly waits: (isWaiting: boolean) => void;
  readonly decodeLatin1: (bytes: Uint8Array, start?: number, end?: number) => string;
}

export class RequestBody {
  readonly #source: ByteSource;
  readonly #hooks: BodyHooks;
  readonly #isChunked: boolean;
  /** Of the body, or of the chunk. */
  #left: number;
  #isFirst = true;
  #hasBegun = false;
  isComplete: boolean;
  /** What is wrong with it, once that is known: nothing behind it can be understood. */
  fault: BadRequest | null = null;

  constructor(source: ByteSource, lengthBytes: number | null, hooks: BodyHooks) {
    this.#source = source;
    this.#hooks = hooks;
    this.#isChunked = lengthBytes === null;
    this.#left = lengthBytes ?? 0;
    this.isComplete = lengthBytes === 0;
  }

  /** Null at the end. */
  async read(): Promise<Uint8Array | null> {
    if (this.isComplete) return null;
    if (this.fault !== null) throw this.fault;
    if (!this.#hasBegun) this.#hooks.begin();
    this.#hasBegun = true;
    try {
      if (this.#left === 0) await this.#nextChunk();
      if (this.isComplete) return null;
      await this.#fill(1);
      const bytes = this.#source.take(Math.min(this.#left, this.#source.bytes.length));
      this.#left -= bytes.length;
      if (this.#left === 0 && !this.#isChunked) this.#complete();
      return bytes;
    } catch (error) {
      if (error instanceof BadRequest) this.fault = error;
      throw error;
    }
  }

  /** Null when it is longer. */
  readAll(limit: number): Promise<Uint8Array | null> {
    if (!this.#isChunked && this.#left > limit) return Promise.resolve(null);
    // All that most requests need: it has come already.
    if (!this.#isChunked && this.#source.bytes.length >= this.#left) return Promise.resolve(this.#takeRest());
    return this.#readParts(limit);
  }

  #takeRest(): Uint8Array {
    const bytes = this.#source.take(this.#left);
    this.#left = 0;
    if (!this.isComplete) this.#complete();
    return bytes;
  }

  async #readParts(limit: number): Promise<Uint8Array | null> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let part = await this.read(); part !== null; part = await this.read()) {
      length += part.length;
      if (length > limit) return null;
      parts.push(part);
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #complete(): void {
    this.isComplete = true;
    this.#source.readAhead();
  }

  async #nextChunk(): Promise<void> {
    if (!this.#isFirst) await this.#line(0);
    this.#isFirst = false;
    const size = /^([0-9a-f]{1,12})(?:;[\t\x20-\x7e\x80-\xff]*)?$/i.exec(await this.#line(mostLineBytes))?.[1];
    if (size === undefined) throw new BadRequest(400, 'malformed chunk');
    this.#left = Number.parseInt(size, 16);
    if (this.#left > 0) return;
    let room = mostTrailerBytes;
    for (let line = await this.#line(room); line !== ''; line = await this.#line(room)) {
      if (!trailer.test(line)) throw new BadRequest(400, 'malformed trailer');
      room -= line.length;
    }
    this.#complete();
  }

  /** The next line, which ends in CR LF and in nothing else. */
  async #line(mostBytes: number): Promise<string> {
    for (;;) {
      const { bytes } = this.#source;
      const end = bytes.indexOf(linefeed);
      if (end > mostBytes + 1 || (end === -1 && bytes.length > mostBytes + 1)) {
        throw new BadRequest(400, 'a line of a chunked body is too long');
      }
      if (end !== -1) {
        const line = this.#hooks.decodeLatin1(this.#source.take(end + 1));
        if (line.endsWith('\r\n')) return line.slice(0, -2);
        throw new BadRequest(400, 'malformed line end');
      }
      await this.#fill(bytes.length + 1);
    }
  }

  async #fill(lengthBytes: number): Promise<void> {
    while (this.#source.bytes.length < lengthBytes) {
      this.#hooks.waits(true);
      const isMore = await this.#source.more();
      this.#hooks.waits(false);
      if (!isMore) throw this.#source.failure();
    }
  }
}
