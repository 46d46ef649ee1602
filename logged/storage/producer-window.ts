/**
 * What is remembered of idempotent producers in one partition: of the producers that were heard of last, the last few
 * calls. It is part of the log: every frame names its producer, and a new segment begins with a control frame that
 * holds the window as it was, so reading the last segment is enough to have it back.
 *
 * Control frame body: CBOR of `[[id, [[sequence, lastSequence, baseOffset], ...]], ...]`, oldest first.
 */
import type { Bytes } from '../../targets/host.ts';
import type { Producer } from '../commit-log.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { beginFrame, FRAME_HEADER_BYTES, frameProducerId, frameSequence, IS_CONTROL, sealFrame } from './frame.ts';
import type { FrameScanner } from './frame-scanner.ts';

export const REMEMBERED_PRODUCERS = 128;
export const REMEMBERED_CALLS = 8;

interface Call {
  readonly sequence: number;
  readonly lastSequence: number;
  /** A promise while the call is under way. */
  result: number | Promise<number>;
}

export type Verdict = { readonly kind: 'new' | 'stale' } | { readonly kind: 'known'; result: number | Promise<number> };

export class ProducerWindow {
  /** Insertion order is the order in which producers were last heard of. */
  readonly #calls = new Map<number, Call[]>();

  get isEmpty(): boolean {
    return this.#calls.size === 0;
  }

  judge(producer: Producer): Verdict {
    const calls = this.#calls.get(producer.id);
    if (calls === undefined) return { kind: 'new' };
    const known = calls.find((call) => call.sequence === producer.sequence);
    if (known !== undefined) return { kind: 'known', result: known.result };
    const newest = calls[calls.length - 1];
    return { kind: newest !== undefined && producer.sequence <= newest.lastSequence ? 'stale' : 'new' };
  }

  /** Remembers a call that is under way; it is forgotten again when `result` rejects. */
  begin(producer: Producer, lastSequence: number, result: Promise<number>): void {
    const call: Call = { sequence: producer.sequence, lastSequence, result };
    this.#remember(producer.id, call);
    result.then(
      (baseOffset) => {
        call.result = baseOffset;
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
    const sequence = frameSequence(scanner.view, scanner.at);
    this.#remember(frameProducerId(scanner.view, scanner.at), {
      sequence,
      lastSequence: sequence + scanner.recordCount - 1,
      result: scanner.baseOffset,
    });
  }

  /** The control frame for the beginning of a segment, or null when nothing is remembered. */
  encode(bytes: Bytes, position: number, baseOffset: number, appendedAt: number): Uint8Array | null {
    const producers: unknown[] = [];
    for (const [id, calls] of this.#calls) {
      const settled = calls.filter((call) => typeof call.result === 'number');
      if (settled.length > 0) {
        producers.push([id, settled.map((call) => [call.sequence, call.lastSequence, call.result])]);
      }
    }
    if (producers.length === 0) return null;
    const body = encodeCbor(producers);
    const frame = new Uint8Array(FRAME_HEADER_BYTES + body.length);
    const view = new DataView(frame.buffer);
    beginFrame(view, 0, IS_CONTROL, 0, body.length);
    frame.set(body, FRAME_HEADER_BYTES);
    sealFrame(bytes, frame, view, 0, { syncedPosition: position, baseOffset, appendedAt });
    return frame;
  }

  #remember(id: number, call: Call): void {
    const calls = this.#calls.get(id) ?? [];
    calls.push(call);
    if (calls.length > REMEMBERED_CALLS) calls.shift();
    this.#calls.delete(id);
    this.#calls.set(id, calls);
    if (this.#calls.size > REMEMBERED_PRODUCERS) {
      const oldest = this.#calls.keys().next();
      if (oldest.done !== true) this.#calls.delete(oldest.value);
    }
  }

  #forget(id: number, call: Call): void {
    const calls = this.#calls.get(id);
    const at = calls?.indexOf(call) ?? -1;
    if (calls === undefined || at < 0) return;
    calls.splice(at, 1);
    if (calls.length === 0) this.#calls.delete(id);
  }

  #restore(producers: unknown): void {
    this.#calls.clear();
    for (const [id, calls] of producers as [number, [number, number, number][]][]) {
      for (const [sequence, lastSequence, result] of calls) this.#remember(id, { sequence, lastSequence, result });
    }
  }
}
