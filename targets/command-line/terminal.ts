/**
 * What the commands may ask of the terminal that they run in, on every target; files come from the host port. Each
 * target's `terminal.ts` implements it.
 */
export interface Terminal {
  /** Without the name of the program. */
  readonly args: readonly string[];

  env(name: string): string | undefined;

  /** The next bytes of standard input; null at its end, and as soon as `interrupted` is aborted. One call at a time. */
  read(): Promise<Uint8Array | null>;

  /**
   * Shows `prompt` on standard error and reads a line that a person types at standard input, which is not shown. Null:
   * nobody types there, it is no terminal. Goes before any `read`.
   */
  ask(prompt: string): Promise<string | null>;

  /** Writes to standard output. Resolves when more may follow: to false once nobody reads it any more. */
  write(bytes: Uint8Array): Promise<boolean>;

  /** Writes to standard error. */
  warn(text: string): void;

  /** Whether a person watches standard error. */
  readonly showsProgress: boolean;

  /** Aborted by SIGINT and SIGTERM. */
  readonly interrupted: Interruption;
}

/** The part of the web's `AbortSignal` that is used. */
export interface Interruption {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
