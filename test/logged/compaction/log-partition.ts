/** A partition on a memory disk, to be compacted: appended to, read whole, and put on another host. */
import type { CompactionReport, CompactionRequest, CompactorOptions } from '../../../logged/compaction/compactor.ts';
import { Compactor } from '../../../logged/compaction/compactor.ts';
import type { ConsumerRecord, ProducerRecord } from '../../../logged/commit-log.ts';
import type { LogEvent } from '../../../logged/log-event.ts';
import type { SequencedProducer } from '../../../logged/storage/appending/producer-window.ts';
import { encodeHeaders } from '../../../logged/storage/format/record.ts';
import { Partition } from '../../../logged/storage/appending/partition.ts';
import { PartitionReader } from '../../../logged/storage/reading/partition-reader.ts';
import type { PartitionView } from '../../../logged/storage/reading/partition-view.ts';
import { parseTopicConfig, type TopicConfig } from '../../../logged/topics/topic-config.ts';
import type { Host } from '../../../targets/host.ts';
import { fromUtf8 } from '../../support/text.ts';

export type Content = Omit<ProducerRecord, 'topic' | 'partition'>;

export const DIRECTORY = '/log/t/0';

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : fromUtf8(bytes));

export const record = (key: string | null, value: string | null): Content => ({
  key: key === null ? null : bytesOf(key),
  value: value === null ? null : bytesOf(value),
});

export class LogPartition {
  readonly host: Host;
  readonly partition: Partition;
  readonly config: TopicConfig;
  readonly events: LogEvent[];

  private constructor(host: Host, partition: Partition, config: TopicConfig, events: LogEvent[]) {
    this.host = host;
    this.partition = partition;
    this.config = config;
    this.events = events;
  }

  static async open(host: Host, set: Readonly<Record<string, string>> = {}): Promise<LogPartition> {
    for (const directory of ['/log', '/log/t', DIRECTORY]) {
      if (host.files.stat(directory) === null) host.files.makeDir(directory);
    }
    for (const directory of ['/', '/log', '/log/t']) await host.files.syncDir(directory);
    const config = parseTopicConfig({ 'cleanup.policy': 'compact', ...set });
    const events: LogEvent[] = [];
    const partition = await Partition.open({
      host,
      topic: 't',
      partition: 0,
      directory: DIRECTORY,
      config: () => config,
      report: (event) => events.push(event),
      publish: () => {},
      lastMark: null,
      isSameBoot: false,
      mayAppend: () => true,
      maxPendingBytes: 2 ** 26,
    });
    return new LogPartition(host, partition, config, events);
  }

  append(records: readonly Content[], producer: SequencedProducer | null = null): Promise<number> {
    const headers = records.map((content) => encodeHeaders(this.host.bytes, content.headers));
    return this.partition.append({ records, headers, producer });
  }

  /** Records of `key=value`, `key` for a tombstone, and `=value` for one without a key; each in a frame of its own. */
  async write(...texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      const [key = '', value = null] = text.split('=');
      await this.append([record(key === '' ? null : key, value)]);
    }
  }

  compact(
    request: Partial<CompactionRequest> = {},
    options: Partial<CompactorOptions> = {},
  ): Promise<CompactionReport> {
    const compactor = new Compactor(this.host, { spillDir: null, reserve: null, ...options });
    return compactor.run(this.partition, { config: this.config, ...request });
  }

  read(): ConsumerRecord[] {
    return readAll(this.partition);
  }

  /** As `write` takes them, with their offsets. */
  shown(): string[] {
    return this.read().map(show);
  }

  /** The names of the segments that are never appended to again, short: `0`, `0-5`. */
  sealed(): string[] {
    return this.partition.sealedSegments().map(({ baseOffset, endOffset }) => {
      return endOffset === 0 ? `${baseOffset}` : `${baseOffset}-${endOffset}`;
    });
  }
}

export function readAll(view: PartitionView): ConsumerRecord[] {
  const reader = new PartitionReader(view, 0);
  const records: ConsumerRecord[] = [];
  for (let read = reader.read(65536); read.length > 0; read = reader.read(65536)) records.push(...read);
  reader.close();
  return records;
}

export function show({ offset, key, value }: ConsumerRecord): string {
  return `${offset}:${textOf(key) ?? ''}${value === null ? '' : `=${textOf(value)}`}`;
}
