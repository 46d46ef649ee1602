/** The host port in memory. */
import { hostContract } from '../contract/host.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';

hostContract({
  name: 'memory host',
  create: async () => {
    const disk = new MemoryDisk();
    const host = disk.host();
    host.files.makeDir('/root');
    return {
      host,
      other: disk.host(),
      root: '/root',
      pass: (durationMs) => disk.clock.advance(durationMs),
      dispose: async () => disk.kill(),
    };
  },
});
