/** The file log keeps the contract on QuickJS, on files of its own. */
import * as assert from 'uvu/assert';
import { FileLog } from '../../logged/file-log.ts';
import { commitLogContract } from '../contract/commit-log.ts';
import { countedFiles } from '../support/counted-files.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { host as quickjs, makeTestDirectory, removeTree } from './runtime.ts';

commitLogContract({
  name: 'file log on QuickJS',
  open: async ({ createTopicsByUse = true } = {}) => {
    const root = makeTestDirectory();
    const disk = new MemoryDisk();
    const counts = { readBytes: 0, syncs: 0, openFiles: 0 };
    // The clock is the memory disk's: it stands still until a test advances it.
    const host = { ...quickjs, clock: disk.host().clock, files: countedFiles(quickjs.files, counts) };
    const open = () => FileLog.open(host, { root: `${root}/log`, autoCreateTopics: createTopicsByUse });
    const settle = async (): Promise<void> => {
      do {
        await disk.clock.settle();
      } while (counts.syncs > 0);
    };
    let log = await open();
    return {
      get log() {
        return log;
      },
      now: () => disk.clock.now(),
      settle,
      advance: async (ms) => {
        await settle();
        await disk.clock.advance(ms);
        await settle();
      },
      reopen: async () => {
        await log.close();
        log = await open();
      },
      dispose: async () => {
        await log.close();
        removeTree(root);
        assert.is(counts.openFiles, 0, 'files left open');
      },
      bytesRead: () => counts.readBytes,
    };
  },
});
