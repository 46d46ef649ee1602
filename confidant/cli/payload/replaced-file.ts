/**
 * Where lines go that were read from somewhere: standard output, or a file. A file that is there may be what is read, by
 * another name or through a redirection of the shell: it stays as it is until all is written beside it.
 */
import { type Output, openOutput } from '../../../targets/command-line/output.ts';
import type { Terminal } from '../../../targets/command-line/terminal.ts';
import type { Files, Host } from '../../../targets/host.ts';
import { hexOf } from '../../wire/hex.ts';

export interface LineOutput {
  write(bytes: Uint8Array): Promise<boolean>;
  /** `isWhole`: a file that was there is replaced, else it stays as it was. */
  end(isWhole: boolean): Promise<void>;
}

/** A new file is written where it is to stand. Errors: what `Files.open` has for what is no file to write to. */
export function openLineOutput(path: string, terminal: Terminal, { files, random }: Host): LineOutput {
  if (path === '-' || files.stat(path) === null) return inPlace(openOutput(path, terminal, files));
  files.open(path, 'update').close();
  const suffix = new Uint8Array(8);
  random.fill(suffix);
  const beside = `${path}.${hexOf(suffix)}`;
  return replacing(path, beside, openOutput(beside, terminal, files), files);
}

function inPlace(output: Output): LineOutput {
  return {
    write: (bytes) => output.write(bytes),
    end: async () => {
      await output.flush();
      output.close();
    },
  };
}

function replacing(path: string, beside: string, output: Output, files: Files): LineOutput {
  return {
    write: (bytes) => output.write(bytes),
    end: async (isWhole) => {
      let isReplaced = false;
      try {
        if (isWhole) {
          await output.flush();
          files.rename(beside, path);
          isReplaced = true;
        }
      } finally {
        output.close();
        if (!isReplaced) files.remove(beside);
      }
      if (isReplaced) await files.syncDir(path.slice(0, path.lastIndexOf('/') + 1) || '.');
    },
  };
}
