/** The readings as records of a topic: the sensor is the key, so that compaction keeps the last ones of each. */
import type { ConsumerRecord } from 'streambed/logged/commit-log';
import { FileLog } from 'streambed/logged';
import type { Bytes, Host } from 'streambed/host';
import type { Reading } from './sensor-line.ts';

export const TOPIC = 'sensor-readings';

export interface ReadingsLogOptions {
  readonly root: string;
  /** How many readings per sensor compaction keeps. */
  readonly keep: number;
  readonly report: (line: string) => void;
}

/** Opens the log and creates the topic when it is not there. */
export async function openReadingsLog(host: Host, { root, keep, report }: ReadingsLogOptions): Promise<FileLog> {
  const log = await FileLog.open(host, {
    root,
    report: ({ event, ...details }) => report(`${event}: ${JSON.stringify(details)}`),
  });
  const topics = await log.listTopics();
  if (!topics.includes(TOPIC)) {
    const config = {
      'cleanup.policy': 'compact',
      'segment.bytes': '65536',
      'streambed.compaction.keep': String(keep),
    };
    await log.createTopic(TOPIC, { config });
  }
  return log;
}

/** Resolves when all of them are on the medium. */
export async function appendReadings(log: FileLog, bytes: Bytes, readings: readonly Reading[]): Promise<void> {
  if (readings.length === 0) return;
  const records = readings.map(({ sensor, value, at }) => ({
    key: bytes.encodeUtf8(sensor),
    value: bytes.encodeUtf8(String(value)),
    timestamp: at,
  }));
  for (const result of await log.produceBatch(TOPIC, records)) if ('error' in result) throw result.error;
}

/** Null: a record of somebody else. */
export function readingOf(bytes: Bytes, { key, value, timestamp, appendedAt }: ConsumerRecord): Reading | null {
  if (key === null || value === null) return null;
  const reading = {
    sensor: bytes.decodeUtf8(key),
    value: Number(bytes.decodeUtf8(value)),
    at: timestamp ?? appendedAt,
  };
  return Number.isFinite(reading.value) ? reading : null;
}
