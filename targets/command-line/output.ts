/** Where a command prints to: standard output or a file. */
import type { Files } from '../host.ts';
import type { Terminal } from './terminal.ts';

export interface Output {
  /** Resolves when more may follow: to false once nobody reads it any more. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Resolves when what was written is as safe as it can be. */
  flush(): Promise<void>;
  close(): void;
}

/** `-` is standard output. A file that is there is replaced by what is written. */
export function openOutput(path: string, terminal: Terminal, files: Files): Output {
  if (path === '-') {
    return { write: (bytes) => terminal.write(bytes), flush: async () => {}, close: () => {} };
  }
  const exists = files.stat(path) !== null;
  const file = files.open(path, exists ? 'update' : 'create');
  if (exists) file.truncate(0);
  let position = 0;
  return {
    write: async (bytes) => {
      file.write(bytes, position);
      position += bytes.length;
      return true;
    },
    flush: () => file.sync(),
    close: () => file.close(),
  };
}
