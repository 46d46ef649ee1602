/**
 * What a command writes to the journal. It works with a root token that lives in its memory alone: what is written
 * while the journal is held, that token among it, is gone with the command, and costs the flash nothing.
 */
import type { Journal, JournalEntry } from '../journal.ts';

export class CommandJournal implements Journal {
  readonly #journal: Journal;
  isHeld = true;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  replay(visit: (key: string, value: Uint8Array | null) => void): Promise<void> {
    return this.#journal.replay(visit);
  }

  async append(entries: readonly JournalEntry[]): Promise<void> {
    if (!this.isHeld) await this.#journal.append(entries);
  }
}
