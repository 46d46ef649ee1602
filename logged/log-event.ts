/** What a log has to say to its operator. Each is told once, when it happens, to the `report` of `FileLog.open`. */
import type { DamagePlace } from './commit-log.ts';
import type { TornTail } from './storage/appending/recovery.ts';

export type LogEvent =
  /** A write that was under way when the power went was cut off; nobody had been told that it is stored. */
  | { readonly event: 'torn-tail'; readonly topic: string; readonly partition: number; readonly tail: TornTail }
  /** Bytes that had been durable have changed or are gone. Everything else is served. */
  | { readonly event: 'damage'; readonly topic: string; readonly partition: number; readonly place: DamagePlace }
  /** The medium refused a sync; the segment is given up and a new one begun. */
  | { readonly event: 'sync-failed'; readonly topic: string; readonly partition: number; readonly message: string }
  /** A reboot may have taken records that were readable, so their offsets are passed over. */
  | {
      readonly event: 'offsets-skipped';
      readonly topic: string;
      readonly partition: number;
      readonly from: number;
      readonly to: number;
    }
  /** Files were removed for age, size or as superseded. */
  | { readonly event: 'removed'; readonly topic: string; readonly partition: number; readonly files: number }
  /** Compaction has finished a round. */
  | {
      readonly event: 'compacted';
      readonly topic: string;
      readonly partition: number;
      readonly bytesBefore: number;
      readonly bytesAfter: number;
    }
  /** Work in the background failed; it is tried again later. */
  | { readonly event: 'background-failed'; readonly topic: string; readonly message: string };

const MOST_PLACES = 1024;

/** Every reader meets the same damage; the operator hears of it once. */
export function tellingDamageOnce(report: (event: LogEvent) => void): (event: LogEvent) => void {
  const told = new Set<string>();
  return (event) => {
    if (event.event === 'damage') {
      const place = `${event.place.position} ${event.place.file}`;
      if (told.has(place)) return;
      if (told.size < MOST_PLACES) told.add(place);
    }
    report(event);
  };
}
