/**
 * The terminal of a command on Node: the `Terminal` of `logged/cli/terminal.ts`. It uses the global `process`, because
 * importing `node:process` opens standard input, which makes it non-blocking for all who share it.
 */
export function nodeTerminal() {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Once: a second one ends the process at once, as by default.
    process.once(signal, () => interruption.abort());
  }
  const input = new Input(interruption.signal);
  // Failed writes are told to who wrote; without a listener they would end the process.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  return {
    args: process.argv.slice(2),
    env: (name: string) => process.env[name],
    read: () => input.read(),
    write: writeOutput,
    warn: (text: string) => void process.stderr.write(text),
    showsProgress: process.stderr.isTTY === true,
    interrupted: interruption.signal,
    /** Lets go of standard input, which would keep the process waiting for its end. */
    close: () => input.close(),
  };
}

/** Standard input is touched when it is first read: a command that does not read must not wait for it. */
class Input {
  readonly #interrupted: AbortSignal;
  #chunks: AsyncIterator<Uint8Array> | null = null;

  constructor(interrupted: AbortSignal) {
    this.#interrupted = interrupted;
    interrupted.addEventListener('abort', () => this.close());
  }

  async read(): Promise<Uint8Array | null> {
    if (this.#interrupted.aborted) return null;
    this.#chunks ??= process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    try {
      const { done, value } = await this.#chunks.next();
      return done === true ? null : new Uint8Array(value.buffer, value.byteOffset, value.length);
    } catch (error) {
      // That is how a destroyed stream ends.
      if (this.#interrupted.aborted) return null;
      throw error;
    }
  }

  close(): void {
    if (this.#chunks !== null) process.stdin.destroy();
  }
}

function writeOutput(bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (!error) resolve(true);
      else if (['EPIPE', 'ERR_STREAM_DESTROYED'].includes((error as NodeJS.ErrnoException).code ?? '')) resolve(false);
      else reject(error);
    });
  });
}
