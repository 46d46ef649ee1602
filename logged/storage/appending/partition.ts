/**
 * One partition, by its only writer: takes frames, gathers those that wait into one write and one sync, rolls to new
 * segments, and says up to where may be read.
 *
 * The order of things, which the promises of `commit-log.ts` rest on: write, sync, publish the watermark, acknowledge.
 * A segment is synced to its end before the next one is created, so only the last one can have a torn tail. A sync
 * that failed is never tried again on the same file: what was acknowledged before is read again, and the next segment
 * begins at the first offset that was not acknowledged and thereby stands for whatever the old file may still hold
 * from there on.
 */
import type { Host } from '../../../targets/host.ts';
import { CommitLogError, type DamagePlace } from '../../commit-log.ts';
import type { TopicConfig } from '../../topics/topic-config.ts';
import type { ActiveSegment } from './active-segment.ts';
import type { AppendBuffer, FrameContent, WaitingFrame } from './append-buffer.ts';
import { AppendQueue } from './append-queue.ts';
import { HighWatermark } from './high-watermark.ts';
import { asLogError, hostCode } from '../host-failure.ts';
import { saveIndex } from '../index-file.ts';
import { beginSegment, openPartition } from './partition-opening.ts';
import type { PartitionSetup } from './partition-setup.ts';
import type { PartitionView, Readable } from '../reading/partition-view.ts';
import { ProducerWindow } from './producer-window.ts';
import type { EncodedHeaders, RecordFields } from '../format/record.ts';
import type { SegmentName } from '../format/segment-header.ts';
import type { SegmentIndex } from '../format/segment-index.ts';

export class Partition implements PartitionView {
  readonly host: Host;
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
  readonly maxTimes = new Map<string, number>();
  readonly ownsFiles = true;
  readonly producers: ProducerWindow;

  readonly #setup: PartitionSetup;
  #sealed: readonly SegmentName[];
  #active: ActiveSegment;
  /** The end of what is acknowledged. */
  #keptPosition: number;
  #keptOffset: number;
  readonly #mark: HighWatermark;
  /** Set when the active segment must not be appended to any more. */
  #broken = false;
  /** Set while the next segment may be there already: it would hide whatever came into the active one. */
  #rollBegun = false;
  #closed = false;
  #closedCleanly = false;

  readonly #queue: AppendQueue;
  #syncDue = false;

  private constructor(
    setup: PartitionSetup,
    sealed: readonly SegmentName[],
    active: ActiveSegment,
    producers: ProducerWindow,
  ) {
    this.host = setup.host;
    this.topic = setup.topic;
    this.partition = setup.partition;
    this.directory = setup.directory;
    this.producers = producers;
    this.#setup = setup;
    this.#queue = new AppendQueue(setup.host.clock, {
      commit: (buffer) => this.#commit(buffer),
      commitNow: (buffer) => this.#commitNow(buffer),
    });
    this.#sealed = sealed;
    this.#active = active;
    this.#keptPosition = active.position;
    this.#keptOffset = active.nextOffset;
    this.#mark = new HighWatermark(setup.host.clock, setup.publish, {
      segmentBase: active.name.baseOffset,
      position: active.position,
      endOffset: active.nextOffset,
    });
  }

  /** Recovers the partition. Errors: `unknown-version`, `no-space`, `io-failed`, `read-only`. */
  static async open(setup: PartitionSetup): Promise<Partition> {
    try {
      const { sealed, active, producers } = await openPartition(setup);
      return new Partition(setup, sealed, active, producers);
    } catch (error) {
      throw asLogError(error, `partition ${setup.directory}`);
    }
  }

  segments(): readonly SegmentName[] {
    return [...this.#sealed, this.#active.name];
  }

  /** The segments that are never appended to again. */
  sealedSegments(): readonly SegmentName[] {
    return this.#sealed;
  }

  readable(): Readable {
    return this.#mark.readable;
  }

  onReadable(callback: () => void): () => void {
    return this.#mark.listen(callback);
  }

  activeIndex(): SegmentIndex {
    return this.#active.index;
  }

  reportDamage(place: DamagePlace): void {
    this.#setup.report({ event: 'damage', topic: this.topic, partition: this.partition, place });
  }

  /**
   * Appends one frame's records and resolves with the offset of the first when they are as durable as the topic says.
   * Errors: `busy`, `no-space`, `io-failed`, `read-only`, `closed`.
   */
  append(content: FrameContent): Promise<number> {
    const result = new Promise<number>((resolve, reject) => this.enqueue(content, resolve, reject));
    if (content.producer !== null) this.producers.begin(content.producer, result);
    return result;
  }

  /** As `append`, for who has a promise already. */
  enqueue(content: FrameContent, resolve: (baseOffset: number) => void, reject: (error: unknown) => void): void {
    const refusal = this.#refusal();
    if (refusal !== null) return reject(refusal);
    this.#queue.pending.add(content, resolve, reject);
    this.#queue.added();
  }

  /** As `enqueue`, for a frame of one record, which takes `recordBytes`. */
  enqueueOne(
    record: RecordFields,
    headers: EncodedHeaders,
    recordBytes: number,
    resolve: (baseOffset: number) => void,
    reject: (error: unknown) => void,
  ): void {
    const refusal = this.#refusal();
    if (refusal !== null) return reject(refusal);
    this.#queue.pending.addOne(record, headers, recordBytes, resolve, reject);
    this.#queue.added();
  }

  #refusal(): CommitLogError | null {
    if (this.#closed) return new CommitLogError('closed', `topic ${this.topic}: log is closed`);
    const { usedBytes } = this.#queue.pending;
    const { maxPendingBytes, mayAppend } = this.#setup;
    if (!mayAppend()) return new CommitLogError('no-space', `topic ${this.topic}: room is being made`);
    if (usedBytes < maxPendingBytes) return null;
    const message = `topic ${this.topic}: ${usedBytes} bytes wait already, want less than ${maxPendingBytes}`;
    return new CommitLogError('busy', message);
  }

  /** Begins a new segment, unless the active one is empty; resolves when all before it is sealed. */
  roll(): Promise<void> {
    return this.#queue.exclusively(async () => {
      if (this.#broken) await this.#mend();
      else if (this.#rollBegun || !this.#active.isEmpty) await this.#roll();
    });
  }

  /** Rolls when the active segment has become older than `segment.ms`, or was given up and nothing came since. */
  async rollIfDue(): Promise<void> {
    if (this.#broken || this.#rollBegun || (this.#isOld() && !this.#active.isEmpty)) await this.roll();
  }

  /** Puts other files in the place of some sealed segments; those on the disk are the caller's business. */
  replaceSealed(old: readonly SegmentName[], fresh: readonly SegmentName[]): void {
    const gone = new Set(old.map((name) => name.name));
    const kept = this.#sealed.filter((name) => !gone.has(name.name));
    for (const name of gone) this.maxTimes.delete(name);
    this.#sealed = [...kept, ...fresh].sort((a, b) => a.baseOffset - b.baseOffset);
    this.#mark.revise();
  }

  /** True once `close` has made durable all that was written. */
  get closedCleanly(): boolean {
    return this.#closedCleanly;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#queue.pending.frames.length > 0) await this.#queue.drain();
    this.#closed = true;
    await this.#queue.exclusively(() => this.#seal());
    this.#mark.close();
  }

  async #seal(): Promise<void> {
    try {
      if (this.#broken) await this.#tryMend();
      else await this.#syncBehind();
      if (this.#broken) return;
      saveIndex(this.host, this.directory, this.#active.name, this.#active.index);
      this.#closedCleanly = true;
    } finally {
      this.#active.close();
    }
  }

  // Writing and acknowledging

  async #commit(buffer: AppendBuffer): Promise<void> {
    const { frames } = buffer;
    let done = 0;
    try {
      while (done < frames.length) {
        if (this.#broken) await this.#mend();
        if (this.#rollDue(frames[done]?.frameBytes ?? 0)) await this.#roll();
        const run = buffer.framesFor(done, this.#config.segmentBytes - this.#active.position);
        await this.#commitRun(buffer, run);
        done += run.length;
      }
    } catch (error) {
      const failure = asLogError(error, `segment ${this.#active.path}`);
      try {
        // Before anybody hears of it: what is refused must not come back when the process is killed.
        if (this.#broken) await this.#tryMend();
      } finally {
        for (const frame of frames.slice(done)) frame.reject(failure);
      }
    }
  }

  async #commitRun(buffer: AppendBuffer, run: readonly WaitingFrame[]): Promise<void> {
    const active = this.#active;
    const baseOffset = active.nextOffset;
    try {
      active.write(buffer, run, this.host.clock.now());
    } catch (error) {
      await this.#takeBack();
      throw error;
    }
    if (this.#config.durability === 'sync') await this.#sync();
    this.#advance();
    acknowledge(run, baseOffset);
  }

  /** Where nobody waits for a sync. */
  #commitNow(buffer: AppendBuffer): boolean {
    const { frames } = buffer;
    const active = this.#active;
    if (this.#config.durability === 'sync' || this.#broken || this.#rollDue(frames[0]?.frameBytes ?? 0)) return false;
    if (!buffer.fitsInto(this.#config.segmentBytes - active.position)) return false;
    const baseOffset = active.nextOffset;
    try {
      active.write(buffer, frames, this.host.clock.now());
    } catch {
      // It is written once more, and then taken back.
      return false;
    }
    this.#advance();
    acknowledge(frames, baseOffset);
    return true;
  }

  // Durability

  get #config(): TopicConfig {
    return this.#setup.config();
  }

  async #sync(): Promise<void> {
    try {
      await this.#active.sync();
    } catch (error) {
      this.#reportFailedSync(error);
      throw error;
    }
  }

  #reportFailedSync(error: unknown): void {
    this.#broken = true;
    const message = error instanceof Error ? error.message : String(error);
    this.#setup.report({ event: 'sync-failed', topic: this.topic, partition: this.partition, message });
  }

  async #takeBack(): Promise<void> {
    try {
      await this.#active.takeBack();
    } catch (error) {
      this.#reportFailedSync(error);
    }
  }

  /** What is acknowledged goes on to all that is written; what may be read follows as the durability allows. */
  #advance(): void {
    const active = this.#active;
    this.#keptPosition = active.position;
    this.#keptOffset = active.nextOffset;
    const durability = this.#config.durability;
    if (durability === 'os') {
      this.#setReadable(active.position, active.nextOffset);
      this.#mark.publishSoon();
      return;
    }
    if (active.syncedPosition > this.#mark.readable.position) {
      this.#setReadable(active.syncedPosition, active.syncedOffset);
      this.#mark.publish();
    }
    if (durability !== 'sync') this.#syncWithin(durability.everyMs);
  }

  #syncWithin(everyMs: number): void {
    if (this.#syncDue || this.#active.syncedPosition === this.#active.position) return;
    this.#syncDue = true;
    this.host.clock.timer(everyMs, () => {
      this.#syncDue = false;
      if (this.#closed || this.#broken) return;
      void this.#queue.exclusively(() => this.#syncBehind());
    });
  }

  async #syncBehind(): Promise<void> {
    try {
      await this.#active.sync();
      this.#advance();
    } catch (error) {
      this.#reportFailedSync(error);
      await this.#tryMend();
    }
  }

  #setReadable(position: number, endOffset: number): void {
    this.#mark.set({ segmentBase: this.#active.name.baseOffset, position, endOffset });
  }

  // Segments

  #isOld(): boolean {
    return this.host.clock.now() - this.#active.createdAt > this.#config.segmentMs;
  }

  #rollDue(frameBytes: number): boolean {
    const active = this.#active;
    if (this.#rollBegun) return true;
    if (active.isEmpty) return false;
    return active.position + frameBytes > this.#config.segmentBytes || this.#isOld();
  }

  async #roll(): Promise<void> {
    const old = this.#active;
    await this.#sync();
    this.#rollBegun = true;
    await this.#begin(old.nextOffset);
    saveIndex(this.host, this.directory, old.name, old.index);
    old.close();
  }

  /** Gives up a segment whose file cannot be trusted any more, keeping what was acknowledged. */
  async #mend(): Promise<void> {
    const old = this.#active;
    const intactTo = await old.salvage(this.#keptPosition);
    if (intactTo < this.#keptPosition) {
      this.reportDamage({ file: old.path, position: intactTo, resumeOffset: this.#keptOffset });
    }
    await this.#begin(this.#keptOffset);
    this.#broken = false;
    old.close();
  }

  /** Where it fails, it is tried again before the next append. */
  async #tryMend(): Promise<void> {
    try {
      await this.#mend();
    } catch (error) {
      if (hostCode(error) === '') throw error;
    }
  }

  /** Creates the next segment and goes over to it. When that fails, everything stays as it was. */
  async #begin(baseOffset: number): Promise<void> {
    const old = this.#active;
    const gapBefore = old.gapBefore && old.name.baseOffset === baseOffset;
    const fresh = await beginSegment(this.#setup, { baseOffset, gapBefore }, this.producers);
    this.#rollBegun = false;
    this.#active = fresh;
    if (old.name.name !== fresh.name.name) this.#sealed = [...this.#sealed, old.name];
    this.#keptPosition = this.#active.position;
    this.#keptOffset = baseOffset;
    this.#setReadable(this.#active.position, baseOffset);
    this.#mark.revise();
  }
}

function acknowledge(frames: readonly WaitingFrame[], firstOffset: number): void {
  let baseOffset = firstOffset;
  for (const frame of frames) {
    frame.resolve(baseOffset);
    baseOffset += frame.recordCount;
  }
}
