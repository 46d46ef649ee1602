/** The terminal of a command on Node: the `Terminal` of `logged/cli/terminal.ts`. */
import process from 'node:process';

export function nodeTerminal() {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Once: a second one ends the process at once, as by default.
    process.once(signal, () => interruption.abort());
  }
  // Failed writes are told to who wrote; without a listener they would end the process.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  return {
    args: process.argv.slice(2),
    env: (name: string) => process.env[name],
    read: inputReader(interruption.signal),
    write: writeOutput,
    warn: (text: string) => void process.stderr.write(text),
    showsProgress: process.stderr.isTTY === true,
    interrupted: interruption.signal,
  };
}

/** Standard input is touched when it is first read: a command that does not read must not wait for its end. */
function inputReader(interrupted: AbortSignal): () => Promise<Uint8Array | null> {
  let chunks: AsyncIterator<Uint8Array> | null = null;
  interrupted.addEventListener('abort', () => {
    if (chunks !== null) process.stdin.destroy();
  });
  return async () => {
    if (interrupted.aborted) return null;
    chunks ??= process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    try {
      const { done, value } = await chunks.next();
      return done === true ? null : new Uint8Array(value.buffer, value.byteOffset, value.length);
    } catch (error) {
      if (interrupted.aborted) return null;
      throw error;
    }
  };
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
