/** Steps through the records of a frame and finds their keys. It is its own result, like the scanner below it. */
import type { Bytes } from '../../targets/host.ts';
import type { ConsumerRecord } from '../commit-log.ts';
import type { FrameScanner } from '../storage/reading/frame-scanner.ts';
import { readRecord, recordBytesAt, recordDelta, recordHasValue, recordKeyAt } from '../storage/format/record.ts';
import type { KeyHash } from './keys/key-hash.ts';
import type { KeyedRecord } from './keys/tally.ts';
import type { Compaction } from './strategy.ts';

export interface PartitionName {
  readonly topic: string;
  readonly partition: number;
}

export class RecordCursor implements KeyedRecord {
  /** False when the record is excluded; then `key` and `hash` mean nothing. */
  hasKey = false;
  readonly hash: KeyHash;

  readonly #bytes: Bytes;
  readonly #name: PartitionName;
  /** Null: the record's own key. */
  readonly #keyOf: ((record: ConsumerRecord) => Uint8Array | null) | null;
  #scanner: FrameScanner | null = null;
  #baseOffset = 0;
  #at = 0;
  #nextAt = 0;
  #left = 0;
  /** The key's bytes are in here, from `start` to `end`. */
  #keyIn: Uint8Array = new Uint8Array(0);
  #keyStart = 0;
  #keyEnd = 0;

  constructor(bytes: Bytes, name: PartitionName, compaction: Compaction, hash: KeyHash) {
    this.#bytes = bytes;
    this.#name = name;
    this.hash = hash;
    this.#keyOf = keyFunction(compaction);
  }

  /** Stands before the first record of the scanner's frame. */
  enter(scanner: FrameScanner): void {
    this.#scanner = scanner;
    this.#baseOffset = scanner.baseOffset;
    this.#nextAt = scanner.recordsAt;
    this.#left = scanner.recordCount;
  }

  /** Goes to the next record; false when there is none. */
  next(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    this.#at = this.#nextAt;
    this.#nextAt += recordBytesAt(this.#frame.view, this.#at);
    this.hasKey = this.#keyOf === null ? this.#findKey() : this.#setKey(this.#keyOf(this.decode()));
    if (this.hasKey) this.hash.hash(this.#keyIn, this.#keyStart, this.#keyEnd);
    return true;
  }

  get key(): Uint8Array {
    return this.#keyIn.subarray(this.#keyStart, this.#keyEnd);
  }

  get offset(): number {
    return this.#baseOffset + recordDelta(this.#frame.view, this.#at);
  }

  get recordBytes(): number {
    return this.#nextAt - this.#at;
  }

  get hasValue(): boolean {
    return recordHasValue(this.#frame.view, this.#at);
  }

  get isTombstone(): boolean {
    return !this.hasValue;
  }

  decode(): ConsumerRecord {
    const { buffer, view, appendedAt } = this.#frame;
    const origin = { ...this.#name, baseOffset: this.#baseOffset, appendedAt };
    return readRecord(this.#bytes, buffer, view, this.#at, origin);
  }

  #findKey(): boolean {
    const { buffer, view } = this.#frame;
    const at = recordKeyAt(view, this.#at);
    if (at < 0) return false;
    this.#keyIn = buffer;
    this.#keyStart = at + 4;
    this.#keyEnd = at + 4 + view.getUint32(at, true);
    return true;
  }

  #setKey(key: Uint8Array | null): boolean {
    if (key === null) return false;
    this.#keyIn = key;
    this.#keyStart = 0;
    this.#keyEnd = key.length;
    return true;
  }

  get #frame(): FrameScanner {
    return this.#scanner as FrameScanner;
  }
}

function keyFunction(compaction: Compaction): ((record: ConsumerRecord) => Uint8Array | null) | null {
  if ('count' in compaction) return compaction.key ?? null;
  const state = compaction.keyInit();
  return (record) => compaction.key(state, record);
}
