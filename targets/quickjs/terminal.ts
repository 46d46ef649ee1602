/** Standard streams and signals: the `Terminal` of `command-line/terminal.ts`, for the commands. */
import type { Loop } from './loop.ts';
import type { Native } from './native.ts';
import { WebSignal } from './web/messages.ts';

const [standardInput, standardOutput, standardError] = [0, 1, 2];

export function quickjsTerminal(native: Native, loop: Loop, args: readonly string[]) {
  const interrupted = new WebSignal();
  const input = new Readiness(native, loop, standardInput);
  const output = new Readiness(native, loop, standardOutput);
  onSignals(native, loop, () => {
    if (interrupted.aborted) native.exit(130);
    interrupted.abort();
    input.wake();
  });
  const read = async (): Promise<Uint8Array | null> => {
    while (!interrupted.aborted) {
      const bytes = native.readStream(standardInput);
      if (bytes !== null) return bytes.length === 0 ? null : bytes;
      await input.next();
    }
    return null;
  };
  return {
    args,
    env: (name: string) => native.getVariable(name),
    read,
    ask: async (prompt: string): Promise<string | null> => {
      if (!native.showInput(standardInput, false)) return null;
      try {
        printError(native, prompt);
        // A terminal gives one line at a time, and edits it.
        const line = await read();
        if (interrupted.aborted) native.exit(130);
        return native.decodeUtf8(line ?? new Uint8Array(0)).replace(/\r?\n$/, '');
      } finally {
        native.showInput(standardInput, true);
        printError(native, '\n');
      }
    },
    write: (bytes: Uint8Array) => writeOutput(native, output, bytes),
    warn: (text: string) => printError(native, text),
    showsProgress: native.isTerminal(standardError),
    interrupted,
  };
}

/** Up to its end, or so many bytes. */
export async function readDescriptor(
  native: Native,
  loop: Loop,
  descriptor: number,
  mostBytes: number,
): Promise<Uint8Array> {
  const input = new Readiness(native, loop, descriptor);
  const bytes = new Uint8Array(mostBytes);
  for (let length = 0; ; ) {
    const chunk = native.readStream(descriptor);
    if (chunk?.length === 0 || length === mostBytes) return bytes.slice(0, length);
    if (chunk === null) await input.next();
    else {
      const taken = chunk.subarray(0, mostBytes - length);
      bytes.set(taken, length);
      length += taken.length;
    }
  }
}

export function printOutput(native: Native, loop: Loop, text: string): Promise<boolean> {
  return writeOutput(native, new Readiness(native, loop, standardOutput), native.encodeUtf8(text));
}

/** False: nobody reads it any more. */
async function writeOutput(native: Native, output: Readiness, bytes: Uint8Array): Promise<boolean> {
  for (let written = 0; written < bytes.length; ) {
    try {
      const length = native.writeStream(standardOutput, bytes, written);
      if (length === null) await output.next();
      else written += length;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'EPIPE') return false;
      throw error;
    }
  }
  return true;
}

/** Calls back at each SIGINT and SIGTERM, which then do nothing by themselves. */
export function onSignals(native: Native, loop: Loop, told: (name: string) => void): void {
  const descriptor = native.openSignals();
  loop.on(descriptor, () => {
    for (let name = native.takeSignal(descriptor); name !== null; name = native.takeSignal(descriptor)) told(name);
  });
}

/** What nobody can take is lost: a service must not wait for those who read its messages. */
export function printError(native: Native, text: string): void {
  const bytes = native.encodeUtf8(text);
  try {
    for (let written = 0; written < bytes.length; ) {
      const length = native.writeStream(standardError, bytes, written);
      if (length === null) return;
      written += length;
    }
  } catch {
    // Nobody is there to be told.
  }
}

/** Waiting until a stream can be read or written again. */
class Readiness {
  readonly #native: Native;
  readonly #loop: Loop;
  readonly #descriptor: number;
  #wake: (() => void) | null = null;
  #isPolled = false;

  constructor(native: Native, loop: Loop, descriptor: number) {
    this.#native = native;
    this.#loop = loop;
    this.#descriptor = descriptor;
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#isPolled) return;
      this.#isPolled = this.#native.pollStream(this.#descriptor);
      if (this.#isPolled) this.#loop.on(this.#descriptor, () => this.wake());
      else this.#loop.soon(() => this.wake());
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
