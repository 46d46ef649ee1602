/**
 * What is remembered of idempotent producers in one partition: of the producers that were heard of last, the last few
 * calls; calls that follow one another in sequences and offsets count as one. It is part of the log: every frame names its producer, and a new segment begins with a control frame that
 * holds the window as it was, so reading the last segment is enough to have it back.
 *
 * Control frame body: CBOR of `[[id, forgottenTo, [[sequences, baseOffset], ...]], ...]`, oldest first. `sequences` is a list, or
 * `[first, last]` in a map `{r: ...}` where they follow one another.
 */
import type { Bytes } from '../../../targets/host.ts';
import { decodeCbor, encodeCbor } from '../format/cbor.ts';
import {
  beginFrame,
  FRAME_HEADER_BYTES,
  frameProducerId,
  frameSequence,
  frameSteps,
  IS_CONTROL,
  sealFrame,
} from '../format/frame.ts';
import type { FrameScanner } from '../reading/frame-scanner.ts';

export const REMEMBERED_PRODUCERS = 128;
export const REMEMBERED_CALLS = 16;

/** The producer of one frame's records, with the sequence of each, ascending. */
export interface SequencedProducer {
  readonly id: number;
  readonly sequences: readonly number[];
}

/** One frame's worth of a producer's records. */
interface Call {
  readonly first: number;
  readonly last: number;
  /** Null where the sequences follow one another. */
  readonly sequences: readonly number[] | null;
  /** The offset of the first record; a promise while the append is under way. */
  baseOffset: number | Promise<number>;
}

interface Remembrance {
  readonly calls: Call[];
  /** The highest sequence of a call that was forgotten for newer ones; -1 when none was. */
  forgottenTo: number;
}

type StoredCall = readonly [
  sequences: readonly number[] | { readonly r: readonly [number, number] },
  baseOffset: number,
];

/** A record's offset when it was appended before or is being appended, else whether it may be appended. */
export type Remembered = number | Promise<number> | 'new' | 'stale';

export function areConsecutive(sequences: readonly number[]): boolean {
  return (sequences[sequences.length - 1] ?? 0) - (sequences[0] ?? 0) === sequences.length - 1;
}

function callOf(sequences: readonly number[], baseOffset: number | Promise<number>): Call {
  const first = sequences[0] ?? 0;
  const last = sequences[sequences.length - 1] ?? 0;
  return { first, last, sequences: areConsecutive(sequences) ? null : sequences, baseOffset };
}

/** Which of the call's records has the sequence, or -1. */
function placeIn(call: Call, sequence: number): number {
  if (sequence < call.first || sequence > call.last) return -1;
  return call.sequences === null ? sequence - call.first : call.sequences.indexOf(sequence);
}

/** True when both number their records without gaps, and sequences and offsets of one go on with the other. */
function follows(call: Call, before: Call): boolean {
  if (call.sequences !== null || before.sequences !== null || call.first !== before.last + 1) return false;
  if (typeof before.baseOffset !== 'number') return false;
  return call.baseOffset === before.baseOffset + (call.first - before.first);
}

function store(call: Call): StoredCall {
  return [call.sequences ?? { r: [call.first, call.last] }, call.baseOffset as number];
}

function restore([sequences, baseOffset]: StoredCall): Call {
  if (!('r' in sequences)) return callOf(sequences, baseOffset);
  return { first: sequences.r[0], last: sequences.r[1], sequences: null, baseOffset };
}

export class ProducerWindow {
  /** Insertion order is the order in which producers were last heard of. */
  readonly #producers = new Map<number, Remembrance>();

  find(id: number, sequence: number): Remembered {
    const remembered = this.#producers.get(id);
    if (remembered === undefined) return 'new';
    for (const call of remembered.calls) {
      const place = placeIn(call, sequence);
      if (place < 0) continue;
      const { baseOffset } = call;
      return typeof baseOffset === 'number' ? baseOffset + place : baseOffset.then((base) => base + place);
    }
    return sequence <= remembered.forgottenTo ? 'stale' : 'new';
  }

  /** Remembers a call that is under way; it is forgotten again when `baseOffset` rejects. */
  begin(producer: SequencedProducer, baseOffset: Promise<number>): void {
    const call = callOf(producer.sequences, baseOffset);
    this.#remember(producer.id, call);
    baseOffset.then(
      (offset) => {
        call.baseOffset = offset;
        this.#join(producer.id, call);
        this.#trim(producer.id);
      },
      () => this.#forget(producer.id, call),
    );
  }

  /** Takes in a frame of the log, in order. */
  replay(scanner: FrameScanner): void {
    if (scanner.isControl) {
      this.#restore(decodeCbor(scanner.buffer.subarray(scanner.recordsAt, scanner.frameEnd)));
      return;
    }
    const first = frameSequence(scanner.view, scanner.at);
    const steps = frameSteps(scanner.view, scanner.at);
    const last = first + (steps === null ? scanner.recordCount - 1 : (steps[steps.length - 1] ?? 0));
    const sequences = steps === null ? null : steps.map((step) => first + step);
    this.#remember(frameProducerId(scanner.view, scanner.at), {
      first,
      last,
      sequences,
      baseOffset: scanner.baseOffset,
    });
  }

  /** The control frame for the beginning of a segment, or null when nothing is remembered. */
  encode(bytes: Bytes, position: number, baseOffset: number, appendedAt: number): Uint8Array | null {
    const producers: unknown[] = [];
    for (const [id, { calls, forgottenTo }] of this.#producers) {
      const settled = calls.filter((call) => typeof call.baseOffset === 'number');
      if (settled.length > 0) producers.push([id, forgottenTo, settled.map(store)]);
    }
    if (producers.length === 0) return null;
    const body = encodeCbor(producers);
    const frame = new Uint8Array(FRAME_HEADER_BYTES + body.length);
    const view = new DataView(frame.buffer);
    beginFrame(view, 0, IS_CONTROL, 0, body.length);
    frame.set(body, FRAME_HEADER_BYTES);
    sealFrame(bytes, frame, view, 0, { position, syncedPosition: position, baseOffset, appendedAt });
    return frame;
  }

  #remember(id: number, call: Call): void {
    const remembered = this.#producers.get(id) ?? { calls: [], forgottenTo: -1 };
    remembered.calls.push(call);
    this.#producers.delete(id);
    this.#producers.set(id, remembered);
    this.#join(id, call);
    this.#trim(id);
    if (this.#producers.size > REMEMBERED_PRODUCERS) {
      const oldest = this.#producers.keys().next();
      if (oldest.done !== true) this.#producers.delete(oldest.value);
    }
  }

  /** Makes one of a call and the one before it where nothing came between them, neither a number nor an offset. */
  #join(id: number, call: Call): void {
    const calls = this.#producers.get(id)?.calls ?? [];
    const at = calls.indexOf(call);
    const before = calls[at - 1];
    if (before === undefined || !follows(call, before)) return;
    calls.splice(at - 1, 2, { ...before, last: call.last });
  }

  /** Forgets the oldest calls for newer ones, but none that is under way: it may yet be refused, and made again. */
  #trim(id: number): void {
    const remembered = this.#producers.get(id);
    if (remembered === undefined) return;
    const { calls } = remembered;
    const isSettled = (call: Call): boolean => typeof call.baseOffset === 'number';
    for (let settled = calls.filter(isSettled).length; settled > REMEMBERED_CALLS; settled--) {
      const [oldest] = calls.splice(calls.findIndex(isSettled), 1);
      remembered.forgottenTo = Math.max(remembered.forgottenTo, oldest?.last ?? -1);
    }
  }

  #forget(id: number, call: Call): void {
    const calls = this.#producers.get(id)?.calls;
    const at = calls?.indexOf(call) ?? -1;
    if (at >= 0) calls?.splice(at, 1);
  }

  #restore(producers: unknown): void {
    this.#producers.clear();
    for (const [id, forgottenTo, calls] of producers as [number, number, StoredCall[]][]) {
      this.#producers.set(id, { calls: calls.map(restore), forgottenTo });
    }
  }
}
