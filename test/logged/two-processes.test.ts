/**
 * A log that several processes use: one writes a topic, any number read it. Two hosts on one memory disk stand for two
 * processes of one machine.
 */
import * as assert from 'uvu/assert';
import { FileLog } from '../../logged/file-log.ts';
import {
  append,
  bytes,
  fails,
  iterate,
  next,
  range,
  read,
  readAll,
  record,
  shown,
} from '../contract/commit-log/harness.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import { suite } from '../support/suite.ts';

const test = suite('two processes');
const root = '/data/log';

interface Both {
  readonly disk: MemoryDisk;
  /** A service: it becomes the writer of what it uses. */
  readonly service: FileLog;
  /** A command beside it: it becomes the writer only of what it writes. */
  readonly command: FileLog;
}

function withBoth(title: string, body: (both: Both) => Promise<void>, hasVolatileDir = true): void {
  test(title, async () => {
    const disk = new MemoryDisk();
    disk.hasVolatileDir = hasVolatileDir;
    const service = await FileLog.open(disk.host(), { root });
    const command = await FileLog.open(disk.host(), { root, lockOn: 'write' });
    await body({ disk, service, command });
    await Promise.all([service.close(), command.close()]);
  });
}

for (const hasVolatileDir of [true, false]) {
  const where = hasVolatileDir ? '' : ', without a memory file system';
  const test = (title: string, body: (both: Both) => Promise<void>) => withBoth(title + where, body, hasVolatileDir);

  test('a reader follows the writer, record by record', async ({ service, command, disk }) => {
    await service.createTopic('a', { partitions: 2 });
    const records = iterate(command, { subscriptions: [{ topic: 'a' }] });
    for (const i of range(50)) {
      const waiting = next(records);
      await disk.clock.settle();
      await service.produce(record('a', `${i}`, { partition: i % 2 }));
      assert.is(await waiting, `${i}`);
      assert.is((await command.offsets('a', i % 2))?.endOffset, (i >> 1) + 1);
    }
  });

  test('through many segments', async ({ service, command }) => {
    await service.createTopic('a', { config: { 'segment.bytes': '4096' } });
    const records = iterate(command, { subscriptions: [{ topic: 'a' }] });
    for (const i of range(100)) {
      await append(service, 'a', 0, `${i}`.padEnd(500), `${i}+`.padEnd(500));
      assert.is(await next(records), `${i}`.padEnd(500));
      assert.is(await next(records), `${i}+`.padEnd(500));
    }
    assert.is((await readAll(command, { subscriptions: [{ topic: 'a' }] })).length, 200);
  });

  test('what is not acknowledged is not read', async ({ service, command, disk }) => {
    await append(service, 'a', 0, 'x');
    disk.syncTurns = 20;
    let isAcknowledged = false;
    const producing = append(service, 'a', 0, 'y').then(() => {
      isAcknowledged = true;
    });
    let looks = 0;
    while (!isAcknowledged) {
      const seen = await read(command, 'a');
      if (seen.length === 2) assert.ok(isAcknowledged || (await service.offsets('a', 0))?.endOffset === 2);
      looks += 1;
    }
    await producing;
    assert.ok(looks > 1, 'nobody looked meanwhile');
    assert.equal(await read(command, 'a'), ['0/0=x', '0/1=y']);
  });

  test('after the writer has closed, or was killed, all that was acknowledged is read', async ({
    service,
    command,
    disk,
  }) => {
    await append(service, 'a', 0, 'x', 'y');
    await service.createTopic('b', { config: { 'streambed.durability': 'os' } });
    await append(service, 'b', 0, 'z');
    await service.close();
    const again = await FileLog.open(disk.host(), { root });
    assert.equal([await read(command, 'a'), await read(command, 'b')], [['0/0=x', '0/1=y'], ['0/0=z']]);
    await append(again, 'a', 0, 'more');
    await append(again, 'b', 0, 'more');
    await again.close();
    const host = disk.host();
    const killed = await FileLog.open(host, { root });
    await append(killed, 'a', 0, 'last');
    await append(killed, 'b', 0, 'last');
    // A reader is told at the end of the turn.
    await disk.clock.settle();
    host.kill();
    assert.equal(await read(command, 'a'), ['0/0=x', '0/1=y', '0/2=more', '0/3=last']);
    assert.equal(await read(command, 'b'), ['0/0=z', '0/1=more', '0/2=last']);
    await append(command, 'a', 0, 'mine');
    assert.equal((await read(command, 'a')).at(-1), '0/4=mine');
  });
}

withBoth('one process at a time writes a topic', async ({ service, command }) => {
  await append(service, 'a', 0, 'x');
  await fails('locked', () => command.produce(record('a', 'y')));
  await fails('locked', () => command.produceBatch('a', [record('a', 'y')]));
  await fails('locked', () => command.alterTopic('a', { partitions: 2 }));
  await fails('locked', () => command.deleteTopic('a'));
  await append(command, 'b', 0, 'mine');
  await fails('locked', () => service.produce(record('b', 'y')));
  await service.close();
  await append(command, 'a', 0, 'y');
  assert.equal(await read(command, 'a'), ['0/0=x', '0/1=y']);
});

withBoth('a lock dies with its process', async ({ service, command, disk }) => {
  const host = disk.host();
  const other = await FileLog.open(host, { root });
  await append(other, 'a', 0, 'x');
  await fails('locked', () => service.produce(record('a', 'y')));
  host.kill();
  await append(service, 'a', 0, 'y');
  assert.equal(await read(command, 'a'), ['0/0=x', '0/1=y']);
});

withBoth('both may create a topic at the same moment', async ({ service, command, disk }) => {
  const created = Promise.allSettled([service.createTopic('a', { partitions: 2 }), command.createTopic('a')]);
  await disk.clock.advance(100);
  const outcomes = await created;
  const won = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  assert.is(won.length, 1);
  assert.equal([await service.describeTopic('a'), await command.describeTopic('a')], [won[0], won[0]]);
});

withBoth('a reader notices partitions, configuration and deletion', async ({ service, command, disk }) => {
  await append(service, 'a', 0, 'x');
  const records = iterate(command, { subscriptions: [{ topic: 'a' }] });
  assert.is(await next(records), 'x');
  let waiting = records.next();
  await disk.clock.settle();
  const altered = await service.alterTopic('a', { partitions: 3, set: { 'retention.ms': '-1' } });
  assert.equal(await command.describeTopic('a'), altered);
  await append(service, 'a', 2, 'y');
  const second = await waiting;
  assert.equal(second.done !== true && second.value.value, bytes('y'));
  waiting = records.next();
  await disk.clock.settle();
  await service.deleteTopic('a');
  await fails('unknown-topic', () => waiting);
  await fails('unknown-topic', () => command.describeTopic('a'));
  await append(service, 'a', 0, 'new');
  assert.equal(await read(command, 'a'), ['0/0=new']);
});

withBoth('commits of the one are seen by the other', async ({ service, command }) => {
  await append(service, 'a', 0, 'x', 'y', 'z');
  for (const offset of [1, 2]) {
    await service.commitOffsets('g', [{ topic: 'a', partition: 0, offset }]);
    assert.equal(
      (await command.committedOffsets('g')).map((commit) => commit.offset),
      [offset],
    );
  }
  assert.equal(await read(command, 'a', { from: { group: 'g', otherwise: 'end' } }), ['0/2=z']);
  assert.equal(await command.listGroups(), ['g']);
  await fails('locked', () => command.commitOffsets('h', [{ topic: 'a', partition: 0, offset: 1 }]));
  await fails('locked', () => command.deleteGroup('g'));
  await service.deleteGroup('g');
  assert.equal(await command.listGroups(), []);
});

withBoth('a reader in the middle of a topic that is compacted misses nothing that is left', async (both) => {
  const { service, command } = both;
  await service.createTopic('a', { config: { 'segment.bytes': '4096' } });
  const value = (i: number) => bytes(`${i}`.padEnd(300));
  const keyed = (i: number) => ({ topic: 'a', key: bytes(`${i % 7}`), value: i % 10 === 9 ? null : value(i) });
  for (const i of range(100)) await service.produce(keyed(i));
  const records = iterate(command, { subscriptions: [{ topic: 'a' }], maxBatchBytes: 1000 });
  const seen: number[] = [];
  const take = async (count: number) => {
    for (const _ of range(count)) {
      const result = await records.next();
      if (result.done !== true) seen.push(result.value.offset);
    }
  };
  await take(20);
  await service.compact('a');
  await service.produce(keyed(100));
  const left = (await readAll(service, { subscriptions: [{ topic: 'a' }] })).map(({ offset }) => offset);
  assert.ok(left.length < 30);
  while (seen.at(-1) !== 100) await take(1);
  assert.equal(
    seen,
    [...seen].sort((a, b) => a - b),
    'in order, none twice',
  );
  for (const offset of left) assert.ok(seen.includes(offset), `offset ${offset} was missed`);
  assert.equal(await command.offsets('a', 0), await service.offsets('a', 0));
  assert.equal(await read(command, 'a'), await read(service, 'a'));
});

withBoth('a reader in the middle of a topic that expires goes on behind', async ({ service, command, disk }) => {
  const config = { 'segment.bytes': '4096', 'retention.ms': '60000' };
  await service.createTopic('a', { config });
  for (const i of range(40)) await append(service, 'a', 0, `${i}`.padEnd(500));
  const records = iterate(command, { subscriptions: [{ topic: 'a' }], maxBatchBytes: 600 });
  for (const i of range(3)) assert.is((await next(records)).trim(), `${i}`);
  await disk.clock.advance(61_000);
  await append(service, 'a', 0, 'young');
  await service.keepHouse();
  const left = await read(service, 'a');
  assert.ok(left.length < 10);
  const seen: string[] = [];
  while (seen.at(-1) !== left.at(-1)) {
    const result = await records.next();
    if (result.done !== true) seen.push(shown(result.value));
  }
  assert.equal(seen.slice(-left.length), left);
  // What the reader holds already may still come.
  assert.ok(seen.length < 20, `${seen.length} records`);
  assert.equal(await command.offsets('a', 0), await service.offsets('a', 0));
  assert.equal(await read(command, 'a'), await read(service, 'a'));
});

withBoth('a reader leaves topics to whoever writes them', async ({ service, command }) => {
  await command.createTopic('a');
  assert.equal(await read(command, 'a'), []);
  assert.equal(await command.listGroups(), []);
  await append(service, 'a', 0, 'x');
  await service.commitOffsets('g', [{ topic: 'a', partition: 0, offset: 1 }]);
  assert.equal(await read(command, 'a'), ['0/0=x']);
});
