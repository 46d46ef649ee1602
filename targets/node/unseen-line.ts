/** A line that a person types at a terminal and that is not shown: a password, a key. */
import { isatty } from 'node:tty';

const [interrupt, endOfInput, backspace, lineFeed, lineEnd, clear, rubOut] = [3, 4, 8, 10, 13, 21, 127];

/** What was pasted behind the line end belongs to the next line. */
let pasted: readonly number[] = [];

/** Null: standard input is no terminal. */
export async function askUnseen(prompt: string): Promise<string | null> {
  // Looked at by its number: `process.stdin` would open it.
  if (!isatty(0)) return null;
  process.stderr.write(prompt);
  const { stdin } = process;
  const line = new TypedLine();
  stdin.setRawMode(true);
  try {
    return await new Promise((resolve) => {
      const take = (bytes: Iterable<number>): boolean => {
        if (!line.type(bytes)) return false;
        stdin.off('data', take);
        resolve(line.text());
        return true;
      };
      if (take(pasted)) return;
      stdin.on('data', take);
      stdin.resume();
    });
  } finally {
    stdin.pause();
    stdin.setRawMode(false);
    process.stderr.write('\n');
    pasted = line.rest;
    if (line.isInterrupted) process.kill(process.pid, 'SIGINT');
  }
}

/** What a terminal does for lines, which it does not while it hides them. */
export class TypedLine {
  readonly #typed: number[] = [];
  rest: readonly number[] = [];
  isInterrupted = false;

  /** Whether the line is done. */
  type(bytes: Iterable<number>): boolean {
    const all = [...bytes];
    for (const [index, byte] of all.entries()) {
      if (byte === lineFeed || byte === lineEnd || byte === endOfInput || byte === interrupt) {
        this.isInterrupted = byte === interrupt;
        this.rest = all.slice(index + 1);
        return true;
      }
      if (byte === backspace || byte === rubOut) this.#removeCharacter();
      else if (byte === clear) this.#typed.length = 0;
      else this.#typed.push(byte);
    }
    return false;
  }

  text(): string {
    return Buffer.from(this.#typed).toString('utf8');
  }

  /** The bytes of one in UTF-8. */
  #removeCharacter(): void {
    let byte = this.#typed.pop();
    while (byte !== undefined && (byte & 0xc0) === 0x80) byte = this.#typed.pop();
  }
}
