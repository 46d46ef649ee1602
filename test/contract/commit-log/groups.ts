/** The contract of consumer groups' committed offsets. */
import * as assert from 'uvu/assert';
import type { CommitLog, OffsetCommit } from '../../../logged/commit-log.ts';
import { suite } from '../../support/suite.ts';
import { append, fails, range, read, withLog } from './harness.ts';
import type { LogFactory } from './harness.ts';

const at = (topic: string, partition: number, offset: number): OffsetCommit => ({ topic, partition, offset });

/** `topic/partition=offset` of a group's commits. */
async function committed(log: CommitLog, group: string): Promise<string[]> {
  return (await log.committedOffsets(group)).map((one) => `${one.topic}/${one.partition}=${one.offset}`);
}

export function groupContract(factory: LogFactory): void {
  const test = withLog(suite(`${factory.name}: groups`), factory);

  test('an unknown group has no commits', async ({ log }) => {
    assert.equal(await log.committedOffsets('g'), []);
    assert.equal(await log.listGroups(), []);
  });

  test('commits are kept with metadata and time, sorted', async ({ log, now, advance }) => {
    await log.createTopic('b', { partitions: 11 });
    await log.createTopic('a');
    await log.commitOffsets('g', [at('b', 10, 3), { ...at('b', 2, 7), metadata: 'straße 道' }, at('a', 0, 0)]);
    const first = now();
    await advance(10);
    await log.commitOffsets('g', [at('b', 0, 1)]);
    assert.equal(await log.committedOffsets('g'), [
      { topic: 'a', partition: 0, offset: 0, metadata: '', committedAt: first },
      { topic: 'b', partition: 0, offset: 1, metadata: '', committedAt: now() },
      { topic: 'b', partition: 2, offset: 7, metadata: 'straße 道', committedAt: first },
      { topic: 'b', partition: 10, offset: 3, metadata: '', committedAt: first },
    ]);
  });

  test('the last commit counts, also when it is lower', async ({ log }) => {
    await append(log, 'a', 0, 'x', 'y', 'z');
    for (const offset of [1, 3, 2]) await log.commitOffsets('g', [at('a', 0, offset)]);
    assert.equal(await committed(log, 'g'), ['a/0=2']);
    await log.commitOffsets('g', [{ ...at('a', 0, 3), metadata: 'm' }]);
    await log.commitOffsets('g', [at('a', 0, 1), at('a', 0, 0)]);
    assert.equal(
      (await log.committedOffsets('g')).map(({ offset, metadata }) => [offset, metadata]),
      [[0, '']],
    );
  });

  test('overlapping commits are applied in the order of the calls', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 });
    const calls = range(50).map((i) => log.commitOffsets('g', [at('a', i % 2, i)]));
    const others = range(50).map((i) => log.commitOffsets('h', [at('a', 0, 100 - i)]));
    await Promise.all([...calls, ...others]);
    assert.equal(await committed(log, 'g'), ['a/0=48', 'a/1=49']);
    assert.equal(await committed(log, 'h'), ['a/0=51']);
  });

  test('groups are apart, and listed by name', async ({ log }) => {
    await log.createTopic('a');
    const groups = ['zebra', 'a', 'gruppe-ä', 'with space', 'a/b', '..', 'A', 'x'.repeat(255)];
    for (const [i, group] of groups.entries()) await log.commitOffsets(group, [at('a', 0, i)]);
    for (const [i, group] of groups.entries()) assert.equal(await committed(log, group), [`a/0=${i}`]);
    assert.equal(await log.listGroups(), [...groups].sort());
  });

  test('an empty commit is no commit', async ({ log }) => {
    await log.commitOffsets('g', []);
    assert.equal(await log.listGroups(), []);
  });

  test('illegal names', async ({ log }) => {
    await log.createTopic('a');
    for (const group of ['', 'x'.repeat(256), 'a\nb', '\0', '\x7f', undefined, 7]) {
      await fails('invalid-group', () => log.commitOffsets(group as string, [at('a', 0, 0)]), `group ${group}`);
    }
    assert.equal(await log.listGroups(), []);
  });

  test('unknown topics and partitions, and nothing of such a call is kept', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 });
    await fails('unknown-topic', () => log.commitOffsets('g', [at('a', 0, 1), at('b', 0, 1)]));
    await fails('unknown-partition', () => log.commitOffsets('g', [at('a', 0, 1), at('a', 2, 1)]));
    for (const offset of [-1, 0.5, Number.NaN, 2 ** 53, '1']) {
      const commits = [at('a', 0, 1), at('a', 1, offset as number)];
      await fails('invalid-record', () => log.commitOffsets('g', commits), `offset ${offset}`);
    }
    for (const metadata of ['x'.repeat(4097), 7, null]) {
      const commits = [at('a', 1, 0), { ...at('a', 0, 1), metadata: metadata as string }];
      await fails('invalid-record', () => log.commitOffsets('g', commits), `metadata ${String(metadata).length}`);
    }
    assert.equal(await log.listGroups(), []);
    await log.commitOffsets('g', [{ ...at('a', 0, 2 ** 53 - 1), metadata: 'x'.repeat(4096) }]);
    assert.is((await log.committedOffsets('g'))[0]?.metadata.length, 4096);
  });

  test('a commit beyond the end is taken, and waits there', async ({ log }) => {
    await append(log, 'a', 0, 'x');
    await log.commitOffsets('g', [at('a', 0, 3)]);
    await append(log, 'a', 0, 'y', 'z', 'next');
    assert.equal(await read(log, 'a', { from: { group: 'g', otherwise: 'beginning' } }), ['0/3=next']);
  });

  test('a group is deleted', async ({ log }) => {
    await log.createTopic('a');
    await fails('unknown-group', () => log.deleteGroup('g'));
    await log.commitOffsets('g', [at('a', 0, 1)]);
    await log.commitOffsets('h', [at('a', 0, 2)]);
    await log.deleteGroup('g');
    assert.equal(
      [await log.listGroups(), await committed(log, 'g'), await committed(log, 'h')],
      [['h'], [], ['a/0=2']],
    );
    await fails('unknown-group', () => log.deleteGroup('g'));
    await log.commitOffsets('g', [at('a', 0, 3)]);
    assert.equal(await committed(log, 'g'), ['a/0=3']);
  });

  test('commits go with their topic', async ({ log }) => {
    await log.createTopic('a', { partitions: 2 });
    await log.createTopic('b');
    await log.commitOffsets('g', [at('a', 0, 1), at('a', 1, 1), at('b', 0, 1)]);
    await log.commitOffsets('h', [at('a', 0, 1)]);
    await log.deleteTopic('a');
    assert.equal(
      [await log.listGroups(), await committed(log, 'g'), await committed(log, 'h')],
      [['g'], ['b/0=1'], []],
    );
    await log.createTopic('a');
    await append(log, 'a', 0, 'new');
    assert.equal(await read(log, 'a', { from: { group: 'h', otherwise: 'beginning' } }), ['0/0=new']);
  });

  test('only commits are written where commits are kept', async ({ log }) => {
    const topic = '__consumer_offsets';
    await append(log, 'a', 0, 'x');
    const refused = async (): Promise<void> => {
      await fails('invalid-topic', () => log.produce({ topic, key: new Uint8Array([1]), value: new Uint8Array([1]) }));
      await fails('invalid-topic', () => log.produceBatch(topic, [{ key: null, value: null }]));
      await fails('invalid-topic', () => log.createTopic(topic));
      await fails('invalid-topic', () => log.deleteTopic(topic));
    };
    await refused();
    await log.commitOffsets('g', [at('a', 0, 1)]);
    await refused();
    assert.equal(await committed(log, 'g'), ['a/0=1']);
  });

  test('commits survive a reopen, and so does their absence', async (opened) => {
    await opened.log.createTopic('a', { partitions: 2 });
    await opened.log.createTopic('b');
    for (const offset of range(20)) await opened.log.commitOffsets('g', [at('a', offset % 2, offset)]);
    await opened.log.commitOffsets('gone', [at('a', 0, 1)]);
    await opened.log.deleteGroup('gone');
    await opened.log.commitOffsets('less', [at('a', 0, 1), { ...at('b', 0, 1), metadata: 'm' }]);
    const before = await opened.log.committedOffsets('g');
    await opened.reopen();
    assert.equal(await opened.log.committedOffsets('g'), before);
    assert.equal(await opened.log.listGroups(), ['g', 'less']);
    await opened.log.deleteTopic('b');
    await opened.reopen();
    assert.equal(await committed(opened.log, 'less'), ['a/0=1']);
    await opened.log.createTopic('b');
    await opened.reopen();
    assert.equal(await committed(opened.log, 'less'), ['a/0=1']);
    await opened.log.commitOffsets('g', [at('b', 0, 5)]);
    assert.equal(await committed(opened.log, 'g'), ['a/0=18', 'a/1=19', 'b/0=5']);
  });
}
