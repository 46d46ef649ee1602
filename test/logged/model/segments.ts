/** The segments of a partition as they lie on the disk, for foretelling what retention and compaction have to do. */
import type { ConsumerRecord } from '../../../logged/commit-log.ts';
import { decodeSegmentHeader, orderSegments, parseSegmentName } from '../../../logged/storage/format/segment-header.ts';
import type { Host } from '../../../targets/host.ts';

export interface Segment {
  readonly baseOffset: number;
  readonly bytes: number;
  /** Written by compaction. */
  readonly isClean: boolean;
  readonly createdAt: number;
  readonly hasRecords: boolean;
  /** The latest time of its records; -Infinity without any. */
  readonly newestTime: number;
}

/** The last one is appended to. */
export function segmentsOf(host: Host, directory: string, records: readonly ConsumerRecord[]): Segment[] {
  const names = host.files.list(directory).flatMap((name) => parseSegmentName(name) ?? []);
  const { live } = orderSegments(names);
  return live.map(({ name, baseOffset, endOffset }, i) => {
    const nextBase = live[i + 1]?.baseOffset ?? Number.POSITIVE_INFINITY;
    const own = records.filter(({ offset }) => offset >= baseOffset && offset < nextBase);
    const times = own.map(({ timestamp, appendedAt }) => timestamp ?? appendedAt);
    const file = host.files.open(`${directory}/${name}`, 'read');
    try {
      const head = new Uint8Array(40);
      file.read(head, 0);
      const header = decodeSegmentHeader(host.bytes, head);
      if ('problem' in header) throw new Error(`${name}: ${header.message}`);
      return {
        baseOffset,
        bytes: file.lengthBytes(),
        isClean: endOffset !== 0,
        createdAt: header.createdAt,
        hasRecords: own.length > 0,
        newestTime: Math.max(Number.NEGATIVE_INFINITY, ...times),
      };
    } finally {
      file.close();
    }
  });
}
