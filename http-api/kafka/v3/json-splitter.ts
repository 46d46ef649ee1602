/**
 * Cuts a stream of concatenated JSON objects into objects, for the record stream of v3 and the readers of its replies.
 *
 * The bytes may be cut anywhere: inside a number, an escape or a UTF-8 sequence. Between objects any JSON white space
 * may stand, also none. Only brackets and strings are followed here; whether an object is good JSON is for the parser
 * to say, which gets it whole. Each byte is looked at a bounded number of times whatever the chunks are, and at most
 * one object of `maxBytes` is held.
 */
export interface SplitLimits {
  /** The most bytes of one object. */
  readonly maxBytes: number;
  /** The most objects and arrays inside each other. */
  readonly maxDepth: number;
}

/**
 * | code | meaning |
 * |---|---|
 * | `not-an-object` | something else than `{` where an object had to begin |
 * | `unclosed-string` | a line feed inside a string |
 * | `too-large` | an object above `maxBytes` |
 * | `too-deep` | an object above `maxDepth` |
 * | `truncated` | the stream ended inside an object |
 */
export type SplitErrorCode = 'not-an-object' | 'unclosed-string' | 'too-large' | 'too-deep' | 'truncated';

export class SplitError extends Error {
  readonly code: SplitErrorCode;

  constructor(code: SplitErrorCode, message: string) {
    super(message);
    this.name = 'SplitError';
    this.code = code;
  }
}

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const EMPTY = new Uint8Array(0);

/** Push a chunk, take objects with `next` until it gives null, and so on; `end` after the last. An error is final. */
export class JsonSplitter {
  readonly #limits: SplitLimits;
  #chunk: Uint8Array = EMPTY;
  /** Where scanning goes on in the chunk. */
  #position = 0;
  /** Where the object under way begins in the chunk, when it does not begin in an earlier one. */
  #start = 0;
  /** What earlier chunks had of the object under way. */
  #held: Uint8Array = EMPTY;
  #heldBytes = 0;
  #depth = 0;
  #inString = false;
  /** Whether the chunk before ended in an odd run of backslashes inside a string. */
  #escaped = false;
  #lineFeed = -1;
  #passedBytes = 0;

  constructor(limits: SplitLimits) {
    this.#limits = limits;
  }

  /** Whether a byte of an object has been seen that `next` has not returned. */
  get inside(): boolean {
    return this.#depth > 0;
  }

  /** Only when `next` gave null. Objects may be views of the chunk: it must not change. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#lineFeed = -1;
  }

  /** The next whole object, or null when the chunk holds no more. Throws a `SplitError`. */
  next(): Uint8Array | null {
    while (this.#position < this.#chunk.length) {
      if (this.#inString) this.#skipString();
      else if (this.#step()) return this.#take(this.#position);
    }
    this.#hold();
    return null;
  }

  /** Throws `truncated` when an object is under way. */
  end(): void {
    if (this.#depth > 0) throw this.#error('truncated', 'the object does not end');
  }

  /** Looks at one byte outside of strings; true when it ends an object. */
  #step(): boolean {
    const position = this.#position++;
    const byte = this.#chunk[position];
    if (this.#depth === 0) {
      this.#begin(byte, position);
    } else if (byte === QUOTE) {
      this.#inString = true;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++this.#depth > this.#limits.maxDepth) {
        throw this.#error('too-deep', `more than ${this.#limits.maxDepth} levels`, position);
      }
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      return --this.#depth === 0;
    }
    return false;
  }

  #begin(byte: number | undefined, position: number): void {
    if (byte === OPEN_BRACE) {
      this.#depth = 1;
      this.#start = position;
    } else if (byte !== 0x20 && byte !== LINE_FEED && byte !== 0x0d && byte !== 0x09) {
      throw this.#error('not-an-object', 'an object must begin with {', position);
    }
  }

  /** Goes to behind the end of the string, by searches that the engine does natively. */
  #skipString(): void {
    const from = this.#position;
    const found = this.#chunk.indexOf(QUOTE, from);
    const end = found < 0 ? this.#chunk.length : found;
    // JSON has no raw line feed in a string. Seen here, a missing quote is reported now and not when the stream ends.
    if (this.#lineFeed < from) {
      const lineFeed = this.#chunk.indexOf(LINE_FEED, from);
      this.#lineFeed = lineFeed < 0 ? this.#chunk.length : lineFeed;
    }
    if (this.#lineFeed < end) {
      throw this.#error('unclosed-string', 'a line feed inside a string', this.#lineFeed);
    }
    let run = end;
    while (run > from && this.#chunk[run - 1] === BACKSLASH) run--;
    const escaped = (((end - run) & 1) === 1) !== (run === from && this.#escaped);
    this.#escaped = found < 0 && escaped;
    this.#inString = found < 0 || escaped;
    this.#position = found < 0 ? end : end + 1;
  }

  #take(end: number): Uint8Array {
    this.#checkLength(this.#heldBytes + end - this.#start);
    const tail = this.#chunk.subarray(this.#start, end);
    this.#start = end;
    if (this.#heldBytes === 0) return tail;
    this.#append(tail);
    const whole = this.#held.subarray(0, this.#heldBytes);
    this.#held = EMPTY;
    this.#heldBytes = 0;
    return whole;
  }

  /** Keeps what the chunk has of an unfinished object. */
  #hold(): void {
    if (this.#depth > 0) {
      this.#checkLength(this.#heldBytes + this.#chunk.length - this.#start);
      this.#append(this.#chunk.subarray(this.#start));
    }
    this.#passedBytes += this.#chunk.length;
    this.#chunk = EMPTY;
    this.#position = 0;
    this.#start = 0;
  }

  /** Doubles the room, so that chunks of one byte cost neither quadratic time nor an object each. */
  #append(bytes: Uint8Array): void {
    const length = this.#heldBytes + bytes.length;
    if (length > this.#held.length) {
      const grown = new Uint8Array(Math.min(Math.max(length, 2 * this.#held.length), this.#limits.maxBytes));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
  }

  #checkLength(bytes: number): void {
    if (bytes > this.#limits.maxBytes) {
      throw this.#error('too-large', `the object is larger than ${this.#limits.maxBytes} bytes`);
    }
  }

  #error(code: SplitErrorCode, message: string, position = this.#position): SplitError {
    return new SplitError(code, `${message}, at byte ${this.#passedBytes + position}`);
  }
}
