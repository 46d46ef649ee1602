/** Runs the `logged` command in this process on a memory host and the reference log, for what no shell can arrange. */
import type { OperableLog } from '../../logged/cli/command.ts';
import { runLogged } from '../../logged/cli/main.ts';
import type { Terminal } from '../../targets/command-line/terminal.ts';
import { changedLog } from '../support/changed-log.ts';
import { memoryFileSystem } from '../../targets/service/linux/memory-file-system.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { type ReferenceLog, referenceLog } from '../support/reference-log/reference-log.ts';
import { latin1 } from '../support/text.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Arrangement {
  /** Standard input, in the pieces that arrive. */
  readonly input?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How many writes succeed before the reader is gone. */
  readonly writesUntilBroken?: number;
  readonly showsProgress?: boolean;
  readonly interrupt?: AbortController;
  /** Called with each write to standard output. */
  readonly written?: (text: string) => void;
}

export class Session {
  readonly disk = new MemoryDisk();
  readonly host = this.disk.host();
  readonly log = referenceLog({ clock: this.host.clock });
  /** Where the commands opened a log. */
  readonly roots: string[] = [];

  constructor() {
    this.host.files.makeDir('/log');
  }

  async run(args: readonly string[], arrangement: Arrangement = {}): Promise<Ran> {
    let out = '';
    let err = '';
    let writes = 0;
    const pieces = [...(arrangement.input ?? [])];
    const interrupt = arrangement.interrupt ?? new AbortController();
    const terminal: Terminal = {
      args,
      env: (name) => arrangement.env?.[name],
      read: async () => {
        const piece = interrupt.signal.aborted ? undefined : pieces.shift();
        return piece === undefined ? null : this.host.bytes.encodeUtf8(piece);
      },
      ask: async () => null,
      write: async (bytes) => {
        if (writes >= (arrangement.writesUntilBroken ?? Number.POSITIVE_INFINITY)) return false;
        writes += 1;
        const text = latin1(bytes);
        out += text;
        arrangement.written?.(text);
        return true;
      },
      warn: (text) => {
        err += text;
      },
      showsProgress: arrangement.showsProgress ?? false,
      interrupted: interrupt.signal,
    };
    const code = await runLogged(terminal, this.host, {
      version: '1.2.3',
      defaultRoot: '/log',
      memoryOf: (root) => memoryFileSystem(this.host, root),
      openLog: async (root) => {
        this.roots.push(root);
        // The log outlives the commands of a session.
        return changedLog(this.log as ReferenceLog & OperableLog, {
          close: async () => {},
          compact: async () => [],
        });
      },
    });
    return { code, out, err };
  }
}
