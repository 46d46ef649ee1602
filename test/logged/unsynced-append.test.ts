/** Appends that nobody syncs are written at once, and yet leave the rest of the process its turns. */
import * as assert from 'uvu/assert';
import { FileLog } from '../../logged/file-log.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { suite } from '../support/suite.ts';
import { clock } from '../support/platform.ts';

const test = suite('unsynced appends');

for (const durability of ['os', 'every:50ms']) {
  test(`a producer that never pauses leaves the event loop its turns, ${durability}`, async () => {
    const log = await FileLog.open(new MemoryDisk().host(), { root: '/log' });
    await log.createTopic('t', { config: { 'streambed.durability': durability, 'segment.bytes': '65536' } });
    let turns = 0;
    let isProducing = true;
    const turn = (): void => {
      turns++;
      if (isProducing) clock.soon(turn);
    };
    clock.soon(turn);
    for (let i = 0; i < 10_000; i++) {
      const { offset } = await log.produce({ topic: 't', key: null, value: new Uint8Array(20) });
      assert.is(offset, i);
    }
    isProducing = false;
    assert.ok(turns >= 30, `${turns} turns of the loop`);
    await log.close();
  });
}

test('records of one turn that come to more than a segment are spread over several', async () => {
  const { files, ...rest } = new MemoryDisk().host();
  const log = await FileLog.open({ files, ...rest }, { root: '/log' });
  await log.createTopic('t', { config: { 'streambed.durability': 'os', 'segment.bytes': '4096' } });
  const value = new Uint8Array(1000);
  const produced = Array.from({ length: 600 }, () => log.produce({ topic: 't', key: null, value }));
  assert.equal(
    (await Promise.all(produced)).map(({ offset }) => offset),
    Array.from({ length: 600 }, (_, i) => i),
  );
  const names = files.list('/log/topics/t/0').filter((name) => name.endsWith('.log'));
  assert.ok(names.length >= 150);
  for (const name of names) assert.ok((files.stat(`/log/topics/t/0/${name}`)?.lengthBytes ?? 0) <= 4096, name);
  await log.close();
});
