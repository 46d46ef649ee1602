/** Turns at a partition, while there is always something that waits to be appended. */
import * as assert from 'uvu/assert';
import type { AppendBuffer } from '../../logged/storage/appending/append-buffer.ts';
import { AppendQueue } from '../../logged/storage/appending/append-queue.ts';
import type { RecordFields } from '../../logged/storage/format/record.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { suite } from '../support/suite.ts';

const test = suite('append queue');
const MOST_COMMITS = 1000;
const RECORD_BYTES = 64;

const record: RecordFields = { key: null, value: new Uint8Array(1), timestamp: 0 };

function fails(error: unknown): void {
  assert.unreachable(String(error));
}

/** A partition whose every commit finds that another record has come meanwhile. */
class BusyPartition {
  readonly #disk = new MemoryDisk();
  readonly queue = new AppendQueue(this.#disk.host().clock, {
    commit: (buffer) => this.#commit(buffer),
    commitNow: () => false,
  });
  commits = 0;
  acknowledged = 0;
  /** How many commits were begun before a task that came with the first. */
  commitsBeforeTask = 0;

  produce(): void {
    this.queue.pending.addOne(record, [], RECORD_BYTES, () => this.acknowledged++, fails);
    this.queue.added();
  }

  async #commit(buffer: AppendBuffer): Promise<void> {
    this.commits += 1;
    if (this.commits === 1) {
      void this.queue.exclusively(async () => {
        this.commitsBeforeTask = this.commits;
      });
    }
    if (this.commits < MOST_COMMITS) this.produce();
    await this.#disk.clock.advance(0);
    for (const frame of buffer.frames) frame.resolve(0);
  }

  turn(): Promise<void> {
    return this.#disk.clock.advance(0);
  }
}

test('a task has its turn although appends go on, and all of them are acknowledged', async () => {
  const partition = new BusyPartition();
  partition.produce();
  while (partition.acknowledged < MOST_COMMITS) await partition.turn();
  assert.is(partition.commits, MOST_COMMITS);
  assert.is(partition.commitsBeforeTask, 1);
});

test('no turns pile up behind a commit that takes long', async () => {
  const disk = new MemoryDisk();
  let endSync = (): void => {};
  const sync = new Promise<void>((resolve) => {
    endSync = resolve;
  });
  let commits = 0;
  const queue = new AppendQueue(disk.host().clock, {
    commit: () => {
      commits += 1;
      return sync;
    },
    commitNow: () => false,
  });
  const produce = async (): Promise<void> => {
    queue.pending.addOne(record, [], RECORD_BYTES, () => {}, fails);
    queue.added();
    await disk.clock.advance(0);
  };
  await produce();
  for (let round = 0; round < 100; round++) await produce();
  assert.is(queue.drain(), queue.drain(), 'one turn for all of them');
  endSync();
  await queue.drain();
  await disk.clock.advance(0);
  assert.is(commits, 2, 'the first, and all that came meanwhile');
});
