/** What happens to a partition's directory before it is written again: clean up, recover, begin a segment. */
import type { Host } from '../../../targets/host.ts';
import { CommitLogError } from '../../commit-log.ts';
import { ActiveSegment } from './active-segment.ts';
import { hostCode } from '../host-failure.ts';
import type { PartitionSetup } from './partition-setup.ts';
import { ProducerWindow } from './producer-window.ts';
import { type RecoveredTail, recoverTail } from './recovery.ts';
import {
  type AppendableSegment,
  createSegment,
  indexName,
  listSegments,
  makeDurable,
  type OpenSegment,
  readSegmentHeader,
  UNFINISHED,
} from '../segment-file.ts';
import { SEGMENT_HEADER_BYTES, type SegmentName } from '../format/segment-header.ts';

export interface OpenedPartition {
  readonly sealed: readonly SegmentName[];
  readonly active: ActiveSegment;
  readonly producers: ProducerWindow;
}

/** The fewest bytes that a record takes in a segment. */
const LEAST_RECORD_BYTES = 9;

export async function openPartition(setup: PartitionSetup): Promise<OpenedPartition> {
  const { host, directory } = setup;
  const live = await cleanUp(host, directory);
  const producers = new ProducerWindow();
  const last = live[live.length - 1];
  if (last === undefined || last.endOffset !== 0) {
    const active = await beginSegment(setup, { baseOffset: last?.endOffset ?? 0, gapBefore: false }, producers);
    return { sealed: live, active, producers };
  }
  const before = live.slice(0, -1);
  const path = `${directory}/${last.name}`;
  const file = host.files.open(path, 'update');
  try {
    const { intact, ...head } = readHead(setup, path, last, file);
    const open: AppendableSegment = { name: last, path, file, ...head };
    const { lastMark } = setup;
    const proof = lastMark?.segmentBase === last.baseOffset ? lastMark : null;
    const tail = await recoverTail(host, directory, open, proof, (scanner) => producers.replay(scanner));
    report(setup, tail);
    if (!tail.closedCleanly) await makeDurable(file, tail.durableTo, tail.position);
    const isKnown = intact || tail.index.hasRecords;
    const skipTo = isKnown ? offsetAfterReboot(setup, last, tail) : offsetBehindAll(setup, last, tail);
    if (setup.config().durability !== 'sync') await forgetClosing(host, directory, last);
    if (intact && tail.damage === null && skipTo === tail.nextOffset) {
      return { sealed: before, active: new ActiveSegment(host, open, tail.index, tail.position, skipTo), producers };
    }
    const areSkipped = isKnown && skipTo > tail.nextOffset;
    const gapBefore = areSkipped || (skipTo === last.baseOffset && head.gapBefore);
    const active = await beginSegment(setup, { baseOffset: skipTo, gapBefore }, producers);
    file.close();
    const { topic, partition } = setup;
    if (areSkipped) setup.report({ event: 'offsets-skipped', topic, partition, from: tail.nextOffset, to: skipTo });
    return { sealed: active.name.name === last.name ? before : live, active, producers };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Removes files that were never finished and those that compaction has left superseded. */
async function cleanUp(host: Host, directory: string): Promise<readonly SegmentName[]> {
  const { live, superseded } = listSegments(host, directory);
  const gone = superseded.flatMap((name) => [name.name, indexName(name)]);
  const unfinished = host.files.list(directory).filter((name) => name.endsWith(UNFINISHED));
  // A process that was killed may have left names that are not durable yet, those that stand for others among them.
  await host.files.syncDir(directory);
  if (gone.length + unfinished.length === 0) return live;
  for (const name of [...gone, ...unfinished]) {
    try {
      host.files.remove(`${directory}/${name}`);
    } catch (error) {
      if (hostCode(error) !== 'ENOENT') throw error;
    }
  }
  await host.files.syncDir(directory);
  return live;
}

/** A damaged head costs nothing but itself, since every frame says what it is; it is reported and the segment sealed. */
function readHead(
  setup: PartitionSetup,
  path: string,
  name: SegmentName,
  file: OpenSegment['file'],
): { createdAt: number; gapBefore: boolean; intact: boolean } {
  try {
    const { createdAt, gapBefore } = readSegmentHeader(setup.host, path, name, file);
    return { createdAt, gapBefore, intact: true };
  } catch (error) {
    if (!(error instanceof CommitLogError) || error.code !== 'damaged' || error.place === null) throw error;
    setup.report({ event: 'damage', topic: setup.topic, partition: setup.partition, place: error.place });
    return { createdAt: 0, gapBefore: false, intact: false };
  }
}

function report(setup: PartitionSetup, tail: RecoveredTail): void {
  const { topic, partition } = setup;
  if (tail.torn !== null) setup.report({ event: 'torn-tail', topic, partition, tail: tail.torn });
  if (tail.damage !== null) setup.report({ event: 'damage', topic, partition, place: tail.damage });
}

/** Behind the most records that can have fitted into the segment, whatever has become of them. */
function offsetBehindAll(setup: PartitionSetup, name: SegmentName, tail: RecoveredTail): number {
  const { segmentBytes, maxMessageBytes } = setup.config();
  const mostBytes = Math.max(segmentBytes, tail.position) + maxMessageBytes;
  return name.baseOffset + Math.ceil(mostBytes / LEAST_RECORD_BYTES);
}

/**
 * Where records are readable before they are durable, a power cut may have taken readable ones with it. Consumers may
 * have committed past them, so their offsets must not be given out again: go on behind the most that can have fitted
 * into the segment.
 */
function offsetAfterReboot(setup: PartitionSetup, name: SegmentName, tail: RecoveredTail): number {
  if (setup.config().durability === 'sync' || tail.closedCleanly || setup.isSameBoot) return tail.nextOffset;
  return offsetBehindAll(setup, name, tail);
}

/**
 * Forgets that the segment was closed in order. Where appends are not durable at once it would come to mean, after a
 * power cut that took them, that there had been none.
 */
export async function forgetClosing(host: Host, directory: string, name: SegmentName): Promise<void> {
  const path = `${directory}/${indexName(name)}`;
  if (host.files.stat(path) === null) return;
  host.files.remove(path);
  await host.files.syncDir(directory);
}

/** Creates a segment to be appended to, durably, with the producers that are remembered. Errors are the host's. */
export async function beginSegment(
  { host, directory, config }: PartitionSetup,
  { baseOffset, gapBefore }: { readonly baseOffset: number; readonly gapBefore: boolean },
  producers: ProducerWindow,
): Promise<ActiveSegment> {
  const createdAt = host.clock.now();
  const firstFrame = producers.encode(host.bytes, SEGMENT_HEADER_BYTES, baseOffset, createdAt);
  const open = await createSegment(host, directory, { baseOffset, createdAt, gapBefore, firstFrame });
  return ActiveSegment.fresh(host, open, firstFrame?.length ?? 0, config().segmentBytes);
}
