/** A partition as a reader needs it, whether its writer is in this process or in another one. */
import type { Host } from '../../../targets/host.ts';
import type { DamagePlace } from '../../commit-log.ts';
import type { SegmentName } from '../format/segment-header.ts';
import type { SegmentIndex } from '../format/segment-index.ts';

/** Up to where may be read. */
export interface Readable {
  /** Base offset of the segment that is appended to; all segments before it may be read to their end. */
  readonly segmentBase: number;
  readonly position: number;
  /** One past the last offset that may be read. */
  readonly endOffset: number;
}

export interface PartitionView {
  readonly host: Host;
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
  /** The segments in order, the one that is appended to last. Errors: `unknown-topic`, `io-failed`. */
  segments(): readonly SegmentName[];
  readable(): Readable;
  /** Calls back when more may be read; returns what ends that. */
  onReadable(callback: () => void): () => void;
  /** The index of the segment that is appended to, where its writer is at hand. */
  activeIndex(): SegmentIndex | null;
  /** True for the writer, who may save what it has worked out. */
  readonly ownsFiles: boolean;
  /** Tells the operator; what the reader gets is the reader's error. */
  reportDamage(place: DamagePlace): void;
  /** The latest record time per segment file, once it was worked out. */
  readonly maxTimes: Map<string, number>;
}
