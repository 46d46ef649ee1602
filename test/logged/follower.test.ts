import * as assert from 'uvu/assert';
import type { CommitLogError, ConsumerRecord } from '../../logged/commit-log.ts';
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

test('a reader meets damage in what nobody writes, and reads on behind it', async () => {
  const disk = new MemoryDisk();
  const writer = await FileLog.open(disk.host(), { root: '/log' });
  for (let i = 0; i < 3; i += 1) await writer.produce({ topic: 't', key: null, value: Uint8Array.of(1, 2, 3, i) });
  await writer.close();
  const host = disk.host();
  const path = '/log/topics/t/0/00000000000000000000.log';
  const file = host.files.open(path, 'update');
  const middle = Math.floor((40 + file.lengthBytes()) / 2);
  const byte = new Uint8Array(1);
  file.read(byte, middle);
  file.write(Uint8Array.of(byte[0]! ^ 1), middle);
  file.close();

  const reader = await FileLog.open(host, { root: '/log', lockOn: 'write' });
  const read = async (from: number) => {
    const records: ConsumerRecord[] = [];
    let failure: CommitLogError | null = null;
    try {
      const subscription = reader.subscribe({
        subscriptions: [{ topic: 't' }],
        from: { offset: from },
        idleTimeoutMs: 0,
      });
      for await (const record of subscription) records.push(record);
    } catch (error) {
      failure = error as CommitLogError;
    }
    return { offsets: records.map(({ offset }) => offset), code: failure?.code, resume: failure?.place?.resumeOffset };
  };
  assert.equal(await read(0), { offsets: [0], code: 'damaged', resume: 2 });
  assert.equal(await read(2), { offsets: [2], code: undefined, resume: undefined });
  await reader.close();
});
