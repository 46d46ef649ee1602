/** The host port in memory behind the fault layer, with no fault planned. */
import { hostContract } from '../contract/host.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';

hostContract({
  name: 'fault host',
  create: async () => {
    const disk = new MemoryDisk();
    const host = new FaultHost(disk);
    host.files.makeDir('/root');
    return {
      host,
      other: new FaultHost(disk),
      root: '/root',
      pass: (durationMs) => disk.clock.advance(durationMs),
      dispose: async () => disk.kill(),
    };
  },
});
