/** Standard input, which is one thing's only: records, a secret, or the shares of the root key. */
import type { Bytes } from '../../targets/host.ts';
import { CommandError } from '../../targets/command-line/command-error.ts';
import { UsageError } from '../../targets/command-line/flags.ts';
import type { ByteSource } from '../../targets/command-line/line-reader.ts';
import type { Terminal } from '../../targets/command-line/terminal.ts';

/** A secret has 256 KiB at most. */
const MOST_BYTES = 1024 * 1024;

export class StandardInput {
  readonly #terminal: Terminal;
  readonly #bytes: Bytes;
  #use: string | null = null;

  constructor(terminal: Terminal, bytes: Bytes) {
    this.#terminal = terminal;
    this.#bytes = bytes;
  }

  /** All of it. `use` says in words what for. Errors: `UsageError` when it was taken. */
  take(use: string): ByteSource {
    if (this.#use !== null) throw new UsageError(`standard input is for ${this.#use}: ${use} must come from elsewhere`);
    this.#use = use;
    return () => this.#terminal.read();
  }

  /** What a person types, unseen, or else all that there is. */
  async secret(use: string): Promise<string> {
    const read = this.take(use);
    return (await this.#terminal.ask(`${use} (not shown): `)) ?? readText(this.#bytes, read, use);
  }

  /** As many lines as a person is asked for, or all non-empty ones that there are. */
  async secretLines(use: string, count: number): Promise<readonly string[]> {
    const read = this.take(use);
    const first = await this.#terminal.ask(`${use} 1 of ${count} (not shown): `);
    if (first === null) {
      const lines = (await readText(this.#bytes, read, use)).split('\n');
      return lines.map((line) => line.trim()).filter((line) => line !== '');
    }
    const lines = [first.trim()];
    while (lines.length < count) {
      lines.push(((await this.#terminal.ask(`${use} ${lines.length + 1} of ${count} (not shown): `)) ?? '').trim());
    }
    return lines;
  }

  /** What a person types, or null when there is none. */
  async asked(use: string): Promise<string | null> {
    return this.#use === null ? this.#terminal.ask(`${use} (not shown): `) : null;
  }
}

/** Errors: `CommandError`, without anything of the text. */
export async function readText(bytes: Bytes, read: ByteSource, use: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let lengthBytes = 0;
  for (let piece = await read(); piece !== null; piece = await read()) {
    pieces.push(piece);
    lengthBytes += piece.length;
    if (lengthBytes > MOST_BYTES) throw new CommandError(`${use}: more than ${MOST_BYTES} bytes`);
  }
  const whole = new Uint8Array(lengthBytes);
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  try {
    return bytes.decodeUtf8(whole);
  } catch {
    throw new CommandError(`${use}: is not text in UTF-8`);
  }
}

/** Without the line end that editors and `echo` put at the end. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}
