/** The web's ReadableStream, of which hono and the HTTP server use this much: one reader, a source that is pulled. */
interface Source<R> {
  start?(controller: Controller<R>): unknown;
  pull?(controller: Controller<R>): unknown;
  cancel?(reason?: unknown): unknown;
}

interface Controller<R> {
  readonly desiredSize: number | null;
  enqueue(chunk: R): void;
  close(): void;
  error(reason?: unknown): void;
}

type Result<R> = { readonly done: false; readonly value: R } | { readonly done: true; readonly value?: undefined };

interface Waiting<R> {
  resolve(result: Result<R>): void;
  reject(reason: unknown): void;
}

export class WebReadableStream<R = unknown> {
  readonly #source: Source<R>;
  readonly #highWaterMark: number;
  readonly #controller: Controller<R>;
  readonly #queue: R[] = [];
  readonly #waiting: Waiting<R>[] = [];
  #state: 'open' | 'closing' | 'closed' | 'failed' = 'open';
  #failure: unknown = null;
  #isReady = false;

  constructor(source: Source<R> = {}, { highWaterMark = 1 }: { highWaterMark?: number } = {}) {
    this.#source = source;
    this.#highWaterMark = highWaterMark;
    this.#controller = this.#makeController();
    this.#settle(source.start?.(this.#controller));
  }

  getReader() {
    return {
      read: (): Promise<Result<R>> => this.#read(),
      cancel: (reason?: unknown): Promise<void> => this.cancel(reason),
      releaseLock: (): void => {},
    };
  }

  async cancel(reason?: unknown): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'failed') return;
    this.#finish('closed');
    await this.#source.cancel?.(reason);
  }

  #makeController(): Controller<R> {
    const free = (): number | null => {
      if (this.#state === 'failed') return null;
      return this.#state === 'open' ? this.#highWaterMark - this.#queue.length : 0;
    };
    return {
      get desiredSize() {
        return free();
      },
      enqueue: (chunk) => {
        if (this.#state !== 'open') throw new TypeError('the stream is closed');
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#queue.push(chunk);
        else waiting.resolve({ done: false, value: chunk });
      },
      close: () => {
        if (this.#state !== 'open') throw new TypeError('the stream is closed');
        if (this.#queue.length > 0) this.#state = 'closing';
        else this.#finish('closed');
      },
      error: (reason) => this.#fail(reason),
    };
  }

  #read(): Promise<Result<R>> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'failed') throw this.#failure;
      const chunk = this.#queue.shift();
      if (chunk !== undefined) resolve({ done: false, value: chunk });
      else if (this.#state === 'closed') resolve({ done: true });
      else this.#waiting.push({ resolve, reject });
      if (this.#state === 'closing' && this.#queue.length === 0) this.#finish('closed');
      this.#pull();
    });
  }

  /** Asks for more while somebody waits or there is room; one call at a time. */
  #pull(): void {
    const wantsMore = this.#waiting.length > 0 || this.#queue.length < this.#highWaterMark;
    if (!this.#isReady || this.#state !== 'open' || !wantsMore || this.#source.pull === undefined) return;
    this.#isReady = false;
    try {
      this.#settle(this.#source.pull(this.#controller));
    } catch (error) {
      this.#fail(error);
    }
  }

  #settle(work: unknown): void {
    Promise.resolve(work).then(
      () => {
        this.#isReady = true;
        this.#pull();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #finish(state: 'closed' | 'failed'): void {
    this.#state = state;
    this.#queue.length = 0;
    for (const waiting of this.#waiting.splice(0)) {
      if (state === 'closed') waiting.resolve({ done: true });
      else waiting.reject(this.#failure);
    }
  }

  #fail(reason: unknown): void {
    if (this.#state === 'closed' || this.#state === 'failed') return;
    this.#failure = reason;
    this.#finish('failed');
  }
}
