/** The file log on a memory disk, as the model test drives it. */
import type { CommitLog } from '../../../logged/commit-log.ts';
import { FileLog } from '../../../logged/file-log.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { cutChoices } from '../../support/memory-host/power-cut.ts';
import type { Subject } from './subject.ts';

const root = '/data/log';

export async function fileLogSubject(seed: number): Promise<Subject> {
  let disk = new MemoryDisk(seed);
  let log = await open();
  async function open(): Promise<FileLog> {
    return FileLog.open(disk.host(), { root, housekeepingMs: 0, reserveBytes: 0 });
  }
  return {
    get log(): CommitLog {
      return log;
    },
    get clock() {
      return disk.clock;
    },
    compact: () => Promise.resolve(null),
    retain: () => Promise.resolve([]),
    reopen: async () => {
      await log.close();
      log = await open();
    },
    crash: async (cutSeed) => {
      disk.kill();
      const choices = cutSeed === null ? [] : cutChoices(disk.pendingCount, cutSeed);
      const choice = choices[(cutSeed ?? 0) % choices.length];
      if (choice !== undefined) disk = disk.powerCut(choice);
      log = await open();
    },
    close: () => log.close(),
  };
}
