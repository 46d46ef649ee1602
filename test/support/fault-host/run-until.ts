/** Runs a scenario until the power goes. */
import type { MemoryDisk } from '../memory-host/disk.ts';
import { FaultHost } from './fault-host.ts';
import { type HostCall, stopAt } from './plan.ts';

export interface Run {
  readonly calls: number;
  /** Null when the scenario came to its end. */
  readonly stoppedAt: HostCall | null;
}

/**
 * Runs the scenario in a new process on the disk, and returns when it is done or when the power goes before the call of
 * that number (`Infinity`: never). What the scenario throws for another reason is thrown.
 */
export async function runUntil(
  disk: MemoryDisk,
  callNumber: number,
  scenario: (host: FaultHost) => Promise<void>,
): Promise<Run> {
  const host = new FaultHost(disk);
  host.plan = stopAt(callNumber);
  const run = scenario(host).catch((error: unknown) => {
    // Without power it may fail as it likes.
    if (host.stoppedAt === null) throw error;
  });
  await Promise.race([run, host.stopped]);
  return { calls: host.calls, stoppedAt: host.stoppedAt };
}
