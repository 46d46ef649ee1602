/** What a partition needs of the topic and the log that it belongs to. */
import type { Host } from '../../../targets/host.ts';
import type { LogEvent } from '../../log-event.ts';
import type { TopicConfig } from '../../topics/topic-config.ts';
import type { Watermark } from '../watermark.ts';

export interface PartitionSetup {
  readonly host: Host;
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
  /** The configuration in force at the moment. */
  readonly config: () => TopicConfig;
  readonly report: (event: LogEvent) => void;
  readonly publish: (mark: Watermark) => void;
  /** What a writer before us had published, if it was killed: so far everything was durable, or is still written. */
  readonly lastMark: Watermark | null;
  /** True when a writer that was killed had the partition open since the machine was started. */
  readonly isSameBoot: boolean;
  /** The most bytes that may wait to be written. */
  readonly maxPendingBytes: number;
  /** False while the last room on the medium is lent to those who make more. */
  readonly mayAppend: () => boolean;
}
