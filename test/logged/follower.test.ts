import * as assert from 'uvu/assert';
import { FileLog } from '../../logged/file-log.ts';
import { suite } from '../support/suite.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';

const test = suite('follower');

test('a reader learns of the first record of a partition whose topic another process writes already', async () => {
  const disk = new MemoryDisk();
  const writer = await FileLog.open(disk.host(), { root: '/log' });
  await writer.createTopic('t', { partitions: 2 });
  await writer.produce({ topic: 't', partition: 0, key: null, value: null });

  const reader = await FileLog.open(disk.host(), { root: '/log', lockOn: 'write' });
  const records = reader.subscribe({ subscriptions: [{ topic: 't', partitions: [1] }] })[Symbol.asyncIterator]();
  const next = records.next();
  await disk.clock.settle();
  await writer.produce({ topic: 't', partition: 1, key: null, value: null });
  await disk.clock.settle();
  const ended = new Promise<null>((resolve) => {
    disk.host().clock.soon(() => resolve(null));
  });
  const seen = await Promise.race([next, ended]);
  assert.is(seen?.done, false, 'the record was not seen');
  await reader.close();
  await writer.close();
});
