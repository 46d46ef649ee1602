/**
 * Puts one new file in the place of some sealed segments.
 *
 * Nothing is replaced before the new file is complete and durable under a name that is not its own, and nothing is
 * removed before its own name is durable. From then on it stands for the others whatever happens (see
 * `storage/format/segment-header.ts`), so they may be removed at leisure. Wherever this stops, what is there is the old, or the
 * new, or both and known which.
 */
import type { Host } from '../../targets/host.ts';
import { hostCode } from '../storage/host-failure.ts';
import { saveIndex } from '../storage/index-file.ts';
import type { Partition } from '../storage/appending/partition.ts';
import { indexName, UNFINISHED } from '../storage/segment-file.ts';
import { encodeSegmentHeader, type SegmentName, segmentStem } from '../storage/format/segment-header.ts';
import type { SegmentIndex } from '../storage/format/segment-index.ts';
import type { Drops } from './drops.ts';
import type { Group } from './groups.ts';
import type { Input, InputReader } from './inputs.ts';
import { Cancelled } from './pace.ts';
import { SurvivorWriter } from './survivor-writer.ts';
import type { Tombstones } from './tombstones.ts';

export interface ReplacementSetup {
  readonly reader: InputReader;
  readonly partition: Partition;
  readonly tombstones: Tombstones;
}

/** The new name may or may not be durable, and no later sync of the directory says which. */
export class NameNotDurable extends Error {
  constructor(cause: unknown) {
    super('a name in the directory may not be durable', { cause });
    this.name = 'NameNotDurable';
  }
}

/** Throws the host's error, `NameNotDurable`, `InputProblem` or `Cancelled`; then the segments are as they were. */
export async function replaceGroup(setup: ReplacementSetup, group: Group, drops: Drops): Promise<void> {
  const { reader, partition } = setup;
  const { host } = reader;
  const inputs = group.members.map((member) => member.input);
  const first = inputs[0] as Input;
  const baseOffset = first.name.baseOffset;
  const endOffset = (inputs[inputs.length - 1] as Input).endOffset;
  const name: SegmentName = { name: `${segmentStem(baseOffset, endOffset)}.log`, baseOffset, endOffset };
  const unfinished = `${partition.directory}/${name.name}${UNFINISHED}`;
  try {
    if (host.files.stat(unfinished) !== null) host.files.remove(unfinished);
    const index = await writeSurvivors(setup, group, drops, unfinished, name);
    if (first.name.name === name.name) await removeIndexForGood(host, partition.directory, name);
    reader.pace.check();
    const listed = new Set(partition.sealedSegments().map((sealed) => sealed.name));
    if (!inputs.every((input) => listed.has(input.name.name))) throw new Cancelled();
    host.files.rename(unfinished, `${partition.directory}/${name.name}`);
    saveIndex(host, partition.directory, name, index);
  } catch (error) {
    removeQuietly(host, unfinished);
    throw error;
  }
  await makeNameDurable(setup, first, name);
  const old = inputs.map((input) => input.name);
  partition.replaceSealed(old, [name]);
  for (const gone of old.filter((other) => other.name !== name.name)) removeSegment(host, partition.directory, gone);
}

async function writeSurvivors(
  setup: ReplacementSetup,
  group: Group,
  drops: Drops,
  path: string,
  name: SegmentName,
): Promise<SegmentIndex> {
  const { reader, tombstones } = setup;
  const { host, pace } = reader;
  const { baseOffset, endOffset } = name;
  const gapBefore = group.members[0]?.input.gapBefore === true;
  const file = host.files.open(path, 'create');
  try {
    const writer = new SurvivorWriter(host.bytes, file, group.outputBytes, drops, tombstones);
    for (const { input, firstBit } of group.members) {
      let bit = firstBit;
      await reader.scan(input, (scanner) => {
        const before = writer.fileBytes;
        writer.add(scanner, bit, input.allBeforeAreIn);
        bit += scanner.recordCount;
        pace.spend(writer.fileBytes - before);
        return 'on';
      });
    }
    writer.flush();
    const header = { baseOffset, endOffset, createdAt: host.clock.now(), fileBytes: writer.fileBytes, gapBefore };
    file.write(encodeSegmentHeader(host.bytes, header), 0);
    await file.sync();
    return writer.index;
  } finally {
    file.close();
  }
}

/** An index goes by the name of its segment, and is not to be found beside another file of that name, not even of the same length. */
async function removeIndexForGood(host: Host, directory: string, name: SegmentName): Promise<void> {
  const path = `${directory}/${indexName(name)}`;
  if (host.files.stat(path) === null) return;
  host.files.remove(path);
  await host.files.syncDir(directory);
}

async function makeNameDurable(setup: ReplacementSetup, first: Input, name: SegmentName): Promise<void> {
  const { host } = setup.reader;
  const { directory } = setup.partition;
  try {
    await host.files.syncDir(directory);
  } catch (error) {
    // Under the same name the old file is gone already, and either is good. Otherwise the old ones are still there.
    if (first.name.name !== name.name) removeSegment(host, directory, name);
    throw new NameNotDurable(error);
  }
}

/** What is left behind is removed when the partition is opened the next time. */
export function removeSegment(host: Host, directory: string, name: SegmentName): void {
  removeQuietly(host, `${directory}/${name.name}`);
  removeQuietly(host, `${directory}/${indexName(name)}`);
}

function removeQuietly(host: Host, path: string): void {
  try {
    host.files.remove(path);
  } catch (error) {
    if (hostCode(error) === '') throw error;
  }
}
