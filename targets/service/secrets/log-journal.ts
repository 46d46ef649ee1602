/**
 * The journal of the secret store, kept in a commit log of its own: one compacted topic. Nobody but the store comes to
 * it, so it is not in the log that the service serves.
 */
import type { Journal, JournalEntry } from '../../../confidant/journal.ts';
import type { CommitLog } from '../../../logged/commit-log.ts';
import type { Bytes } from '../../host.ts';

const TOPIC = 'journal';
const config = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(256 * 1024),
  'min.cleanable.dirty.ratio': '0.5',
  'streambed.durability': 'sync',
};

export class LogJournal implements Journal {
  readonly #log: CommitLog;
  readonly #bytes: Bytes;

  private constructor(log: CommitLog, bytes: Bytes) {
    this.#log = log;
    this.#bytes = bytes;
  }

  static async open(log: CommitLog, bytes: Bytes): Promise<LogJournal> {
    const topics = await log.listTopics();
    if (!topics.includes(TOPIC)) await log.createTopic(TOPIC, { config });
    return new LogJournal(log, bytes);
  }

  /** Visits what a log holds of a journal, which is nothing when it has none. */
  static async read(
    log: CommitLog,
    bytes: Bytes,
    visit: (key: string, value: Uint8Array | null) => void,
  ): Promise<void> {
    if (!(await log.listTopics()).includes(TOPIC)) return;
    const stored = log.subscribe({ subscriptions: [{ topic: TOPIC }], idleTimeoutMs: 0 });
    for await (const records of stored.batches()) {
      for (const { key, value } of records) visit(bytes.decodeUtf8(key ?? new Uint8Array(0)), value);
    }
  }

  replay(visit: (key: string, value: Uint8Array | null) => void): Promise<void> {
    return LogJournal.read(this.#log, this.#bytes, visit);
  }

  async append(entries: readonly JournalEntry[]): Promise<void> {
    const records = entries.map(({ key, value }) => ({ key: this.#bytes.encodeUtf8(key), value }));
    for (const result of await this.#log.produceBatch(TOPIC, records)) if ('error' in result) throw result.error;
  }
}
