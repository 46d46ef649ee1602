/** Runs the `confidant` command in this process on a memory host, for what no shell can arrange. */
import { runConfidant } from '../../confidant/cli/main.ts';
import type { ConfidantBuild } from '../../confidant/cli/command.ts';
import type { Terminal } from '../../targets/command-line/terminal.ts';
import { confidantBuild } from '../../targets/service/confidant.ts';
import type { Look } from '../../targets/service/platform.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { fromUtf8, utf8 } from '../support/text.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Arrangement {
  /** Standard input, in the pieces that arrive. */
  readonly input?: readonly string[];
  /** What a person types at the questions; left out: nobody is there. */
  readonly typed?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How many writes succeed before the reader is gone. */
  readonly writesUntilBroken?: number;
  readonly interrupt?: AbortController;
  /** Called with each write to standard output. */
  readonly written?: (text: string) => void;
  readonly build?: Partial<ConfidantBuild>;
}

/** Of 16 bytes, as in streambed's examples. */
export const ROOT_SECRET = '1800af9b273e4b9ea71ec723426933a4';

export class ConfidantSession {
  readonly disk: MemoryDisk;
  readonly host;
  /** All questions, in their order. */
  readonly questions: string[] = [];

  constructor(disk = new MemoryDisk()) {
    this.disk = disk;
    this.host = disk.host();
    this.host.files.makeDir('/keys');
    this.write('/keys/root-secret', `${ROOT_SECRET}\n`);
  }

  write(path: string, text: string): void {
    const { files } = this.host;
    if (files.stat(path) !== null) files.remove(path);
    const file = files.open(path, 'create');
    file.write(utf8(text), 0);
    file.close();
  }

  read(path: string): Uint8Array {
    const file = this.host.files.open(path, 'read');
    const content = new Uint8Array(file.lengthBytes());
    file.read(content, 0);
    file.close();
    return content;
  }

  /** All files below, by their path. */
  filesBelow(directory: string): string[] {
    const { files } = this.host;
    return files
      .list(directory)
      .map((name) => `${directory}/${name}`)
      .flatMap((path) => (files.stat(path)?.kind === 'directory' ? this.filesBelow(path) : [path]))
      .sort();
  }

  /** There are no links. */
  #look(path: string): Look | null {
    const names: string[] = [];
    for (const name of path.split('/')) {
      if (name === '..') names.pop();
      else if (name !== '' && name !== '.') names.push(name);
    }
    const identity = `/${names.join('/')}`;
    const found = this.host.files.stat(identity);
    return found && { isDirectory: found.kind === 'directory', mode: 0o700, owner: 0, identity };
  }

  /** With the root secret in `/keys`. */
  keyed(args: readonly string[], arrangement: Arrangement = {}): Promise<Ran> {
    return this.run(['--credentials-directory=/keys', ...args], arrangement);
  }

  async run(args: readonly string[], arrangement: Arrangement = {}): Promise<Ran> {
    let out = '';
    let err = '';
    let writes = 0;
    const pieces = [...(arrangement.input ?? [])];
    const typed = arrangement.typed === undefined ? null : [...arrangement.typed];
    const interrupt = arrangement.interrupt ?? new AbortController();
    const terminal: Terminal = {
      args,
      env: (name) => arrangement.env?.[name],
      read: async () => {
        const piece = interrupt.signal.aborted ? undefined : pieces.shift();
        return piece === undefined ? null : utf8(piece);
      },
      ask: async (prompt) => {
        if (typed === null) return null;
        this.questions.push(prompt);
        return typed.shift() ?? '';
      },
      write: async (bytes) => {
        if (writes >= (arrangement.writesUntilBroken ?? Number.POSITIVE_INFINITY)) return false;
        writes += 1;
        const text = fromUtf8(bytes);
        out += text;
        arrangement.written?.(text);
        return true;
      },
      warn: (text) => {
        err += text;
      },
      showsProgress: false,
      interrupted: interrupt.signal,
    };
    const build = confidantBuild(this.host, '1.2.3', terminal, (path) => this.#look(path));
    const code = await runConfidant(terminal, this.host, { ...build, defaultRoot: '/data', ...arrangement.build });
    return { code, out, err };
  }
}

/** The text that a command prints, which must do without errors. */
export function outOf({ code, out, err }: Ran): string {
  if (code === 0 && err === '') return out;
  throw new Error(`exit ${code}: ${err}${out}`);
}
