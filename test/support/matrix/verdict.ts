/**
 * Opens the log on a disk that has been through something, compares it with the ledger, and goes on with it: what was
 * recovered stays as it is when the process is killed and when the power goes, and can be appended to.
 */
import * as assert from 'uvu/assert';
import type { ConsumerRecord } from '../../../logged/commit-log.ts';
import type { LogEvent } from '../../../logged/log-event.ts';
import { verifyLog } from '../../../logged/inspection/verify.ts';
import { FileLog, type FileLogOptions } from '../../../logged/file-log.ts';
import type { Host } from '../../../targets/host.ts';
import type { MemoryDisk } from '../memory-host/disk.ts';
import type { CutChoice } from '../memory-host/power-cut.ts';
import { contentOf, nameOf } from './actor.ts';
import { type Dump, dumpOf } from './dump.ts';
import { type End, judge } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { hex } from '../text.ts';

export const ROOT = '/data/log';

/** What an operator must not be told when nothing but the power or the process was lost. */
const ALARMS = new Set<LogEvent['event']>(['damage', 'sync-failed', 'background-failed']);

export interface Thoroughness {
  /** Whether to recover twice and compare every byte. */
  readonly twice: boolean;
  /** Cuts to be tried after records were appended to the recovered log. */
  readonly laterCuts: readonly CutChoice[];
}

/** What a log is opened with where a scenario says nothing else: nothing happens by itself. */
const QUIET = { root: ROOT, housekeepingMs: 0, reserveBytes: 0 };

export type Options = Partial<Omit<FileLogOptions, 'root' | 'report'>>;

export async function openLog(host: Host, events: LogEvent[] = [], options: Options = {}): Promise<FileLog> {
  return FileLog.open(host, { ...QUIET, ...options, report: (event) => events.push(event) });
}

export type Judge = (dump: Dump, ledger: Ledger, end: End) => void;

export async function checkLog(
  disk: MemoryDisk,
  ledger: Ledger,
  end: End,
  how: Thoroughness,
  judgement: Judge = judge,
): Promise<void> {
  const events: LogEvent[] = [];
  const log = await openLog(disk.host(), events);
  const dump = await dumpOf(log);
  judgement(dump, ledger, end);
  const { findings } = verifyLog(disk.host(), ROOT);
  assert.equal(findings, [], 'what verify finds');
  if (!end.faults) {
    const alarm = events.find(({ event }) => ALARMS.has(event));
    assert.is(alarm, undefined, `an alarm: ${JSON.stringify(alarm)}`);
  }
  if (how.twice) await checkAgain(disk, dump);
  else if (how.laterCuts.length > 0) disk.kill();
  else await log.close();
  if (how.laterCuts.length > 0) await checkAppends(disk, dump, how.laterCuts);
}

/** A second recovery, after a kill, finds nothing to do. */
async function checkAgain(disk: MemoryDisk, before: Dump): Promise<void> {
  disk.kill();
  const files = filesOf(disk.host());
  const log = await openLog(disk.host());
  const after = await dumpOf(log);
  disk.kill();
  // Without a memory file system nothing tells a kill from a power cut: offsets are passed over once more.
  const mayGoOn = !disk.hasVolatileDir;
  assert.equal(shownDump(after, !mayGoOn), shownDump(before, !mayGoOn), 'read again after a kill');
  if (!mayGoOn) assert.equal(filesOf(disk.host()), files, 'files after a second recovery');
}

function shownDump({ topics, groups }: Dump, withEnds: boolean): unknown {
  const shownTopics = [...topics].map(([name, { shape, records, endOffsets }]) => {
    return [name, shape, records.map((one) => one.map(shown)), withEnds ? endOffsets : null];
  });
  return [shownTopics, [...groups].map(([name, commits]) => [name, [...commits]])];
}

/** Appends to every partition and cuts the power: all of it is there, behind everything that was there. */
async function checkAppends(disk: MemoryDisk, before: Dump, cuts: readonly CutChoice[]): Promise<void> {
  const log = await openLog(disk.host());
  const expected: string[] = [];
  for (const [topic, { records, endOffsets, shape }] of before.topics) {
    const isSync = (shape.config['streambed.durability'] ?? 'sync') === 'sync';
    for (let partition = 0; partition < shape.partitions; partition += 1) {
      expected.push(...(records[partition] ?? []).map(shown));
      const { key, value, headers, timestamp } = contentOf(`after-${topic}-${partition}`, 60);
      const { offset } = await log.produce({ topic, partition, key, value, headers, timestamp });
      assert.ok(offset >= (endOffsets[partition] ?? 0), `${topic}/${partition}: ${offset} was given out again`);
      if (isSync) expected.push(`${topic}/${partition}@${offset}=after-${topic}-${partition}`);
    }
  }
  for (const cut of cuts) {
    const later = await openLog(disk.powerCut(cut).host());
    const after = await dumpOf(later);
    const found = new Set([...after.topics.values()].flatMap(({ records }) => records.flat().map(shown)));
    const lost = expected.find((record) => !found.has(record));
    assert.is(lost, undefined, `lost by a later power cut, ${JSON.stringify(cut)}`);
    await later.close();
  }
  disk.kill();
}

function shown({ topic, partition, offset, value }: ConsumerRecord): string {
  return `${topic}/${partition}@${offset}=${nameOf(value)}`;
}

/** What may differ from one opening to the next: it is derived, or belongs to the process. */
const PASSING = /(\.index|\/watermark|\.lock)$/;

/** Every file below the root, in hex. */
export function filesOf(host: Host, directory = ROOT): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of host.files.list(directory).sort()) {
    const path = `${directory}/${name}`;
    if (PASSING.test(path)) continue;
    if (host.files.stat(path)?.kind === 'directory') Object.assign(found, filesOf(host, path), { [path]: '' });
    else found[path] = readHex(host, path);
  }
  return found;
}

function readHex(host: Host, path: string): string {
  const file = host.files.open(path, 'read');
  const bytes = new Uint8Array(file.lengthBytes());
  file.read(bytes, 0);
  file.close();
  return hex(bytes);
}
