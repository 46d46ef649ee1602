/** What of the machine itself can be wrong for the service: its clock and its memory. */
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from '../../../logged/storage/format/segment-header.ts';
import type { Host } from '../../host.ts';
import { readSystemFile } from '../linux/system-file.ts';
import type { Platform } from '../platform.ts';
import { type Outcome, printSize } from './finding.ts';

/** No machine that runs this program lives before: 2026-01-01. */
const earliestMs = 1_767_225_600_000;
/** What a clock may be behind one that wrote a segment, after a restart without a battery, until time is heard. */
const toleranceMs = 60_000;
/** The service takes 2 to 3 MiB of a router, and must be able to compact. */
const leastMemoryBytes = 8 * 1024 * 1024;

export function checkByteOrder({ facts: { byteOrder, cpu, store } }: Platform): Outcome {
  const text = `${byteOrder}-endian ${cpu}, key-value store: ${store ?? 'none'}`;
  return { ok: true, text, details: { byteOrder, cpu, store } };
}

/** A clock that is behind keeps retention from working and dates records wrongly. */
export function checkClock({ host }: Platform, directory: string): Outcome {
  const now = host.clock.now();
  const newest = directory === '' ? null : newestSegment(host, directory);
  const details = { now: timeOf(now), newestSegment: newest === null ? null : timeOf(newest) };
  const finding = (ok: boolean, text: string): Outcome => ({ ok, text, details });
  if (now < earliestMs) return finding(false, `${timeOf(now)} cannot be: is it set (by NTP)?`);
  if (newest !== null && newest > now + toleranceMs) {
    return finding(false, `${timeOf(now)} is before the newest segment was begun, ${timeOf(newest)}`);
  }
  return finding(true, timeOf(now));
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** When the newest segment of the log was begun, by the clock of then. What cannot be read does not count. */
function newestSegment({ files, bytes }: Host, directory: string): number | null {
  const list = (path: string): string[] => {
    try {
      return files.list(path);
    } catch {
      return []; // No directory, or not for us: other checks tell.
    }
  };
  let newest: number | null = null;
  for (const topic of list(`${directory}/topics`)) {
    for (const partition of list(`${directory}/topics/${topic}`)) {
      const path = `${directory}/topics/${topic}/${partition}`;
      const last = list(path)
        .filter((name) => /^\d{20}\.log$/.test(name))
        .sort()
        .at(-1);
      const createdAt = last === undefined ? null : createdAtOf({ files, bytes }, `${path}/${last}`);
      if (createdAt !== null) newest = Math.max(newest ?? 0, createdAt);
    }
  }
  return newest;
}

function createdAtOf({ files, bytes }: Pick<Host, 'files' | 'bytes'>, path: string): number | null {
  const head = new Uint8Array(SEGMENT_HEADER_BYTES);
  try {
    const file = files.open(path, 'read');
    try {
      const header = decodeSegmentHeader(bytes, head.subarray(0, file.read(head, 0)));
      return 'problem' in header ? null : header.createdAt;
    } finally {
      file.close();
    }
  } catch {
    return null; // Removed meanwhile, or not for us.
  }
}

export function checkMemory({ host }: Platform): Outcome {
  const info = readSystemFile(host, '/proc/meminfo') ?? '';
  const kibibytes = (name: string): number | null => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(info)?.[1];
    return found === undefined ? null : Number(found) * 1024;
  };
  const totalBytes = kibibytes('MemTotal');
  const availableBytes = kibibytes('MemAvailable');
  const limitBytes = memoryLimit(host);
  const room = Math.min(availableBytes ?? Number.POSITIVE_INFINITY, limitBytes ?? Number.POSITIVE_INFINITY);
  const parts = [
    ...(availableBytes === null || totalBytes === null
      ? ['the machine does not tell how much there is']
      : [`${printSize(availableBytes)} of ${printSize(totalBytes)} available`]),
    limitBytes === null ? 'no limit' : `limit ${printSize(limitBytes)}`,
  ];
  const ok = room >= leastMemoryBytes;
  if (!ok) parts.push(`want at least ${printSize(leastMemoryBytes)}`);
  return { ok, text: parts.join(', '), details: { totalBytes, availableBytes, limitBytes } };
}

/** The least of what the control group and the process are allowed; null: as much as there is. */
function memoryLimit(host: Host): number | null {
  const group = /^0::(.*)$/m.exec(readSystemFile(host, '/proc/self/cgroup') ?? '')?.[1] ?? '';
  const ofGroup = Number.parseInt(readSystemFile(host, `/sys/fs/cgroup${group}/memory.max`) ?? '', 10);
  const limits = readSystemFile(host, '/proc/self/limits') ?? '';
  const ofProcess = Number.parseInt(/^Max address space\s+(\S+)/m.exec(limits)?.[1] ?? '', 10);
  const known = [ofGroup, ofProcess].filter((limit) => !Number.isNaN(limit));
  return known.length === 0 ? null : Math.min(...known);
}
