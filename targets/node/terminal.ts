/**
 * The terminal of a command on Node: the `Terminal` of `command-line/terminal.ts`. It uses the global `process`, because
 * importing `node:process` opens standard input, which makes it non-blocking for all who share it.
 */
import { askUnseen } from './unseen-line.ts';

export function nodeTerminal() {
  const interruption = new Interruption();
  const input = new Input(interruption);
  // Failed writes are told to who wrote; without a listener they would end the process.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  return {
    args: process.argv.slice(2),
    env: (name: string) => process.env[name],
    read: () => input.read(),
    ask: askUnseen,
    write: writeOutput,
    warn: (text: string) => void process.stderr.write(text),
    showsProgress: process.stderr.isTTY === true,
    get interrupted() {
      return interruption.signal;
    },
    /** Lets go of standard input, which would keep the process waiting for its end. */
    close: () => input.close(),
  };
}

/** Signals are caught when somebody first asks for them: commands that do not are ended by them, as by default. */
class Interruption {
  #controller: AbortController | null = null;

  get signal(): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController();
      // Once: a second one ends the process.
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
      this.#controller = controller;
    }
    return this.#controller.signal;
  }
}

/** Standard input is touched when it is first read: a command that does not read must not wait for it. */
class Input {
  readonly #interruption: Interruption;
  #chunks: AsyncIterator<Uint8Array> | null = null;

  constructor(interruption: Interruption) {
    this.#interruption = interruption;
  }

  async read(): Promise<Uint8Array | null> {
    const { signal } = this.#interruption;
    if (signal.aborted) return null;
    if (this.#chunks === null) {
      this.#chunks = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
      signal.addEventListener('abort', () => this.close());
    }
    try {
      const { done, value } = await this.#chunks.next();
      return done === true ? null : new Uint8Array(value.buffer, value.byteOffset, value.length);
    } catch (error) {
      // That is how a destroyed stream ends.
      if (signal.aborted) return null;
      throw error;
    }
  }

  close(): void {
    if (this.#chunks !== null) process.stdin.destroy();
  }
}

/** False: nobody reads it any more. */
export function writeOutput(bytes: Uint8Array | string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (!error) resolve(true);
      else if (['EPIPE', 'ERR_STREAM_DESTROYED'].includes((error as NodeJS.ErrnoException).code ?? '')) resolve(false);
      else reject(error);
    });
  });
}
