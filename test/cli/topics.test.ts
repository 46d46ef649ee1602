import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { Session } from './session.ts';

const test = suite('logged topics and groups');

async function done(session: Session, ...args: string[]): Promise<string> {
  const { code, out, err } = await session.run(args);
  assert.equal([code, err], [0, ''], args.join(' '));
  return out;
}

test('create, list, describe, alter and delete topics', async () => {
  const session = new Session();
  assert.is(
    await done(session, 'topics', 'create', 't', 'ns:u', '-p3', '-c', 'retention.ms=5', '-csegment.bytes=4096'),
    '',
  );
  await session.log.createTopic('__internal');
  assert.is(await done(session, 'topics', 'list'), 'ns:u\nt\n');
  assert.is(await done(session, 'topics', 'list', '-i'), '__internal\nns:u\nt\n');
  assert.is(await done(session, 'topics', 'list', '--json'), '["ns:u","t"]\n');
  await session.log.produce({ topic: 't', partition: 1, key: null, value: null });
  const text = await done(session, 'topics', 'describe', 't');
  assert.is(
    text,
    `topic       t
partitions  3
durability  sync
created     2023-11-14T22:13:20Z

PARTITION  BEGINNING  END
0          0          0
1          0          1
2          0          0

CONFIG                     VALUE
cleanup.policy             delete
delete.retention.ms        86400000
max.message.bytes          262144
min.cleanable.dirty.ratio  0.5
retention.bytes            33554432
retention.ms               5          (default 604800000)
segment.bytes              4096       (default 1048576)
segment.ms                 604800000
streambed.compaction.keep  1
streambed.durability       sync
`,
  );
  assert.is(
    await done(session, 'topics', 'alter', 't', '--partitions=4', '--reset', 'retention.ms', '-c', 'segment.ms=9'),
    '',
  );
  const [line] = (await done(session, 'topics', 'describe', 't', '--json')).split('\n');
  const json = JSON.parse(line!) as Record<string, unknown>;
  assert.is((json['partitions'] as unknown[]).length, 4);
  assert.equal((json['partitions'] as unknown[])[1], { partition: 1, beginningOffset: 0, endOffset: 1, lastOffset: 0 });
  assert.is(json['createdAt'], '2023-11-14T22:13:20Z');
  assert.equal(
    (json['config'] as { name: string; isDefault: boolean; value: string }[])
      .filter(({ isDefault }) => !isDefault)
      .map(({ name, value }) => `${name}=${value}`),
    ['segment.bytes=4096', 'segment.ms=9'],
  );
  assert.is(await done(session, 'topics', 'delete', 't', 'ns:u'), '');
  assert.is(await done(session, 'topics', 'list'), '');
});

test('a topic that is there, and one that is not', async () => {
  const session = new Session();
  await done(session, 'topics', 'create', 't');
  assert.is((await session.run(['topics', 'create', 't'])).code, 1);
  await done(session, 'topics', 'create', 't', 'u', '--if-not-exists');
  assert.is(await done(session, 'topics', 'list'), 't\nu\n');
  for (const verb of ['describe', 'delete']) assert.is((await session.run(['topics', verb, 'x'])).code, 1);
  assert.is((await session.run(['topics', 'alter', 'x', '-p2'])).code, 1);
  const config = await session.run(['topics', 'create', 'v', '-c', 'retention.hours=1']);
  assert.is(config.code, 1);
  assert.match(config.err, /^logged: retention\.hours=1: /);
});

test('groups show their lag, are reset and forgotten', async () => {
  const session = new Session();
  await done(session, 'topics', 'create', 't', '-p2');
  for (const partition of [0, 0, 0, 0, 1]) {
    await session.log.produce({ topic: 't', partition, key: null, value: null, timestamp: partition * 1000 });
  }
  await done(session, 'subscribe', 't', '-p0', '-G', 'g', '-c3', '-e');
  assert.is(await done(session, 'groups', 'list'), 'g\n');
  assert.is(await done(session, 'groups', 'list', '--json'), '["g"]\n');
  assert.is(
    await done(session, 'groups', 'describe', 'g'),
    'TOPIC  PARTITION  COMMITTED  END  LAG\nt      0          3          4    1\n',
  );
  assert.is(
    await done(session, 'groups', 'describe', 'g', '--json'),
    '{"group":"g","partitions":[{"topic":"t","partition":0,"offset":3,"endOffset":4,"lag":1}]}\n',
  );
  const header = 'TOPIC  PARTITION  COMMITTED\n';
  const reset = (...args: string[]) => done(session, 'groups', 'reset', 'g', ...args);
  assert.is(await reset('--to', '-1'), `${header}t      0          3\nt      1          0\n`);
  assert.is(await reset('--to=end', '-p', '1'), `${header}t      1          1\n`);
  assert.is(await reset('--to=beginning', '-t', 't', '-p0'), `${header}t      0          0\n`);
  assert.is(
    await reset('--to=2', '-p0', '--json'),
    '{"group":"g","partitions":[{"topic":"t","partition":0,"offset":2}]}\n',
  );
  assert.is(await reset('--to=@1000'), `${header}t      0          4\nt      1          0\n`);
  assert.is(await done(session, 'groups', 'delete', 'g'), '');
  assert.is(await done(session, 'groups', 'list'), '');
  const gone = await session.run(['groups', 'describe', 'g']);
  assert.equal(gone, { code: 1, out: '', err: 'logged: group g has committed nothing\n' });
});

test('a new group gets commits by reset with a topic', async () => {
  const session = new Session();
  await done(session, 'topics', 'create', 't');
  assert.is((await session.run(['groups', 'reset', 'new', '--to=end'])).code, 1);
  await done(session, 'groups', 'reset', 'new', '--to=end', '--topic=t');
  assert.is(await done(session, 'groups', 'list'), 'new\n');
  const none = await session.run(['groups', 'reset', 'new', '--to=end', '-t', 't', '-p', '7']);
  assert.equal(none, { code: 1, out: '', err: 'logged: topic t has no partition 7\n' });
});

test('what is wrong with the command line', async () => {
  const session = new Session();
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['topics'], 'no command behind topics'],
    [['topics', 'describe'], 'topics describe: want TOPIC...'],
    [['topics', 'list', 'x'], 'topics list: unexpected x'],
    [['topics', 'create', 't', '-c', 'x'], '--config is x: want NAME=VALUE'],
    [['topics', 'create', 't', '-p', '0'], '--partitions is 0: want a whole number, at least 1'],
    [['topics', 'alter', 't'], 'nothing to change: want --partitions, --config or --reset'],
    [['groups', 'reset', 'g'], 'no position: want --to POSITION'],
    [['groups', 'reset', 'g', '--to=x'], '--to is x: want beginning, end, N, -N or @time'],
    [['groups', 'describe', 'g', 'h'], 'groups describe: unexpected h'],
  ];
  for (const [args, message] of wrong) {
    const ran = await session.run(args);
    assert.equal(ran, { code: 2, out: '', err: `logged: ${message}\nlogged: see logged --help\n` });
  }
  assert.match((await session.run(['groups', 'describe', 'a\nb'])).err, /^logged: group "a\\nb": want 1 to 255/);
});
