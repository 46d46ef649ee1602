/**
 * A host that counts its calls and can be told to fail at any of them, on top of a memory host. Files and the
 * key-value store are counted; clock, network, random numbers, bytes and cryptography are not.
 *
 *   const disk = new MemoryDisk(seed);
 *   const host = new FaultHost(disk);       // a new process on the disk
 *   host.plan = stopAt(17);                 // or failAt(17, 'EIO'), shortWriteAt(17, 100), failEach('syncDir', 'EIO')
 *   ... run something ...
 *   host.calls                              // how many calls were made; the first has number 1
 *
 * - `stopAt`: the power goes just before that call. It throws `PowerCut`, or, when asynchronous, never settles; so does
 *   every later call. No timer fires any more, no callback comes, no sync under way has an effect: nothing that the
 *   code does afterwards reaches the disk. `host.stopped` resolves.
 * - `failAt`, `failEach`: the call does nothing and fails with the code. A failed `sync` also loses what was pending for
 *   every later sync of the file, as Linux does, unless a power cut happens to keep it. After a failed `syncDir` a later
 *   one may still make the names durable.
 * - `shortWriteAt`: that many bytes are written, then it fails with ENOSPC. At any other call it is `failAt`.
 * - A full disk that stays full: `disk.capacityBytes = n`; space comes back with the last handle of a removed file.
 *   A read-only one: `disk.isReadOnly = true`.
 *
 * A plan is a function from a call to what shall happen, so plans can be composed. `host.observer` sees every call
 * before it happens; it may take `disk.powerCut(choice)` there, which tries all stops in one run. Else, one run per stop:
 *
 *   const { calls } = await runUntil(new MemoryDisk(seed), Infinity, scenario);
 *   for (let stop = 1; stop <= calls; stop += 1) {
 *     const disk = new MemoryDisk(seed);
 *     await runUntil(disk, stop, scenario);
 *     for (const choice of cutChoices(disk.pendingCount, stop)) check(new FaultHost(disk.powerCut(choice)));
 *   }
 */
import type { Aes, Bytes, Clock, Files, Host, Kv, Net, Random, Sodium } from '../../../targets/host.ts';
import type { MemoryDisk } from '../memory-host/disk.ts';
import type { MemoryProcess } from '../memory-host/process.ts';
import { FaultFiles } from './fault-files.ts';
import { FaultKv } from './fault-kv.ts';
import { type HostCall, hostError, type Outcome, type Plan, PowerCut } from './plan.ts';

export class FaultHost implements Host {
  readonly disk: MemoryDisk;
  readonly process: MemoryProcess;
  readonly files: Files;
  readonly kv: Kv;
  readonly net: Net;
  readonly clock: Clock;
  readonly random: Random;
  readonly bytes: Bytes;
  readonly aes: Aes;
  readonly sodium: () => Promise<Sodium>;
  /** Resolves with the call before which the power went. */
  readonly stopped: Promise<HostCall>;
  plan: Plan = () => null;
  observer: (call: HostCall) => void = () => {};
  #calls = 0;
  #stoppedAt: HostCall | null = null;
  #resolveStopped: (call: HostCall) => void = () => {};

  constructor(disk: MemoryDisk) {
    this.disk = disk;
    this.process = disk.host();
    this.files = new FaultFiles(this, this.process.files);
    this.kv = new FaultKv(this, this.process.kv);
    this.net = this.process.net;
    this.clock = {
      ...this.process.clock,
      timer: (delayMs, callback) => this.process.clock.timer(delayMs, () => this.#callBack(callback)),
      soon: (callback) => this.process.clock.soon(() => this.#callBack(callback)),
    };
    this.random = this.process.random;
    this.bytes = this.process.bytes;
    this.aes = this.process.aes;
    this.sodium = this.process.sodium;
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
  }

  get calls(): number {
    return this.#calls;
  }

  get stoppedAt(): HostCall | null {
    return this.#stoppedAt;
  }

  /** Counts a call and says what shall become of it. */
  begin(name: string, path: string): Outcome | null {
    if (this.#stoppedAt !== null) throw new PowerCut(this.#stoppedAt);
    const call: HostCall = { number: this.#calls + 1, name, path };
    this.observer(call);
    this.#calls += 1;
    const outcome = this.plan(call);
    if (outcome?.kind !== 'stop') return outcome;
    this.#stoppedAt = call;
    this.process.kill();
    this.#resolveStopped(call);
    throw new PowerCut(call);
  }

  /** A synchronous call that fails as a whole or not at all. */
  call<T>(name: string, path: string, action: () => T): T {
    const outcome = this.begin(name, path);
    if (outcome !== null) throw hostError(outcome.code, name, path);
    return action();
  }

  /** An asynchronous call; `fail` is what is done instead when it shall fail. */
  async callLater<T>(
    name: string,
    path: string,
    action: () => Promise<T>,
    fail: (code: string) => Promise<T>,
  ): Promise<T> {
    let outcome: Outcome | null;
    try {
      outcome = this.begin(name, path);
    } catch (error) {
      if (error instanceof PowerCut) return new Promise<never>(() => {});
      throw error;
    }
    return outcome === null ? action() : fail(outcome.code);
  }

  /** Nobody hears of what a callback throws because the power goes while it runs. */
  #callBack(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
  }
}
