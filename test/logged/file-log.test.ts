/** The file log keeps the contract, on the memory host and on the files of this runtime. */
import * as assert from 'uvu/assert';
import { FileLog } from '../../logged/file-log.ts';
import type { Files } from '../../targets/host.ts';
import { commitLogContract } from '../contract/commit-log.ts';
import type { OpenedLog } from '../contract/commit-log/harness.ts';
import { countedFiles } from '../support/counted-files.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { runtimeName } from '../support/platform.ts';
import { makeTestDirectory, realHost, removeTree } from '../support/real-host.ts';

commitLogContract({
  name: 'file log in memory',
  open: (options) => {
    const disk = new MemoryDisk();
    return openLog(disk, disk.host().files, '/log', options?.createTopicsByUse);
  },
});

commitLogContract({
  name: `file log on ${runtimeName}`,
  open: async (options) => {
    const directory = makeTestDirectory();
    const opened = await openLog(new MemoryDisk(), realHost().files, `${directory}/log`, options?.createTopicsByUse);
    const dispose = async (): Promise<void> => {
      await opened.dispose();
      removeTree(directory);
    };
    return Object.create(opened, { dispose: { value: dispose } }) as OpenedLog;
  },
});

/** The clock is the memory disk's in both cases. */
async function openLog(disk: MemoryDisk, files: Files, root: string, autoCreateTopics = true): Promise<OpenedLog> {
  const counts = { readBytes: 0, syncs: 0, openFiles: 0 };
  const host = { ...disk.host(), files: countedFiles(files, counts) };
  const open = () => FileLog.open(host, { root, autoCreateTopics, reserveBytes: 0 });
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
      assert.is(counts.openFiles, 0, 'files left open');
    },
    bytesRead: () => counts.readBytes,
  };
}
