/** Shows what a segment file holds, frame by frame and without judging it: for the operator who looks into damage. */
import type { Host } from '../../targets/host.ts';
import type { ConsumerRecord } from '../commit-log.ts';
import { findIntactFrame, FrameScanner } from '../storage/reading/frame-scanner.ts';
import { guard } from '../storage/host-failure.ts';
import { readRecord, recordBytesAt } from '../storage/format/record.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from '../storage/format/segment-header.ts';

export type DumpedItem =
  | { readonly kind: 'header'; readonly header: SegmentHeader }
  /** Bytes that are neither a head nor a frame, up to the next frame or the end. */
  | { readonly kind: 'bad'; readonly position: number; readonly lengthBytes: number; readonly problem: string }
  | {
      readonly kind: 'frame';
      readonly position: number;
      readonly lengthBytes: number;
      readonly baseOffset: number;
      readonly appendedAt: number;
      readonly syncedPosition: number;
      readonly control: boolean;
      readonly records: readonly Omit<ConsumerRecord, 'topic' | 'partition'>[];
    };

const CHUNK_BYTES = 65536;

/** Calls `visit` for everything in the file, in order. Errors: `io-failed`. */
export function dumpSegment(host: Host, path: string, visit: (item: DumpedItem) => void): void {
  guard(`segment ${path}`, () => {
    const file = host.files.open(path, 'read');
    try {
      const to = file.lengthBytes();
      const head = new Uint8Array(SEGMENT_HEADER_BYTES);
      const header = decodeSegmentHeader(host.bytes, head.subarray(0, file.read(head, 0)));
      if ('problem' in header) {
        visit({ kind: 'bad', position: 0, lengthBytes: Math.min(to, SEGMENT_HEADER_BYTES), problem: header.message });
      } else {
        visit({ kind: 'header', header });
      }
      let scanner = new FrameScanner(host.bytes, file, { from: SEGMENT_HEADER_BYTES, to, chunkBytes: CHUNK_BYTES });
      for (let step = scanner.next(); step !== 'end'; step = scanner.next()) {
        if (step === 'frame') {
          visit(describe(host, scanner));
          continue;
        }
        const { position, problem } = scanner;
        const next = findIntactFrame(host.bytes, file, { from: position + 1, to }, 0)?.position ?? to;
        visit({ kind: 'bad', position, lengthBytes: next - position, problem });
        scanner = new FrameScanner(host.bytes, file, { from: next, to, chunkBytes: CHUNK_BYTES });
      }
    } finally {
      file.close();
    }
  });
}

function describe(host: Host, scanner: FrameScanner): DumpedItem {
  const { position, frameBytes, baseOffset, appendedAt, syncedPosition, isControl, buffer, view } = scanner;
  const records: Omit<ConsumerRecord, 'topic' | 'partition'>[] = [];
  let at = scanner.recordsAt;
  for (let i = 0; i < scanner.recordCount; i++) {
    const origin = { topic: '', partition: 0, baseOffset, appendedAt };
    const { offset, key, value, headers, timestamp } = readRecord(host.bytes, buffer, view, at, origin);
    records.push({ offset, key, value, headers, timestamp, appendedAt });
    at += recordBytesAt(view, at);
  }
  const lengthBytes = frameBytes;
  return { kind: 'frame', position, lengthBytes, baseOffset, appendedAt, syncedPosition, control: isControl, records };
}
