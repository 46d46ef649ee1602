import * as assert from 'uvu/assert';
import { CommitLogError } from '../../logged/commit-log.ts';
import { suite } from '../support/suite.ts';
import { Session } from './session.ts';
import { fromUtf8 } from '../support/text.ts';

const test = suite('logged subscribe');

/** A topic with values 0 to count-1 in partition 0, a second apart. */
async function filled(count: number, topic = 't', partitions = 1): Promise<Session> {
  const session = new Session();
  await session.log.createTopic(topic, { partitions });
  for (let i = 0; i < count; i += 1) {
    const value = session.host.bytes.encodeUtf8(String(i));
    await session.log.produce({ topic, partition: i % partitions, key: null, value, timestamp: 1000 * i });
  }
  return session;
}

const shown = async (session: Session, ...args: string[]): Promise<string> => {
  const ran = await session.run(['subscribe', '-t', 't', '-e', '-f', '%s ', ...args]);
  assert.equal([ran.code, ran.err], [0, '']);
  return ran.out.trimEnd();
};

test('JSON lines by default', async () => {
  const session = await filled(2);
  const ran = await session.run(['subscribe', '--subscription', 't', '--idle-timeout=0ms']);
  assert.equal(ran, {
    code: 0,
    out:
      '{"topic":"t","headers":[],"timestamp":"1970-01-01T00:00:00Z","key":0,"value":"MA==","partition":0,"offset":0}\n' +
      '{"topic":"t","headers":[],"timestamp":"1970-01-01T00:00:01Z","key":0,"value":"MQ==","partition":0,"offset":1}\n',
    err: '',
  });
});

test('where to begin', async () => {
  const session = await filled(5);
  assert.is(await shown(session), '0 1 2 3 4');
  assert.is(await shown(session, '--from', 'beginning'), '0 1 2 3 4');
  assert.is(await shown(session, '--from=end'), '');
  assert.is(await shown(session, '--from', '3'), '3 4');
  assert.is(await shown(session, '--from', '-2'), '3 4');
  assert.is(await shown(session, '-o', '-99'), '0 1 2 3 4');
  assert.is(await shown(session, '-o-0'), '');
  assert.is(await shown(session, '--from=@2500'), '3 4');
  assert.is(await shown(session, '--from=@1970-01-01T01:00:03+01:00'), '3 4');
  assert.is(await shown(session, '--offset=t,0,2'), '3 4');
  assert.is(await shown(session, '--offset=t,0,2', '--from=-4'), '3 4');
});

test('several topics and chosen partitions', async () => {
  const session = await filled(6, 't', 3);
  await session.run(['produce', '-t', 'u'], { input: ['u\n'] });
  assert.is(await shown(session, '-p', '1'), '1 4');
  assert.equal((await shown(session, '-p0', '-p2', '--from=-1')).split(' ').sort(), ['3', '5']);
  assert.equal((await shown(session, '-p', '0', '--subscription', 'u')).split(' ').sort(), ['0', '3', 'u']);
  const words = await session.run(['subscribe', '-e', '-f%t', 'u', '--', 'u']);
  assert.is(words.out, 'u');
});

test('it ends after so many records, and at once when nobody reads', async () => {
  const session = await filled(5);
  assert.is(await shown(session, '--count', '2'), '0 1');
  assert.is(await shown(session, '-c2', '--from=4'), '4');
  const broken = await session.run(['subscribe', 't'], { writesUntilBroken: 0 });
  assert.equal(broken, { code: 0, out: '', err: '' });
});

test('an interruption ends it cleanly', async () => {
  const session = await filled(3);
  const interrupt = new AbortController();
  const ran = await session.run(['subscribe', 't', '-f%o', '-Gg'], { interrupt, written: () => interrupt.abort() });
  assert.is(ran.code, 0);
  assert.is(ran.out, '012');
  assert.is((await session.log.committedOffsets('g'))[0]?.offset, 3);
});

test('a group goes on where it was, and commits what was printed and no more', async () => {
  const session = await filled(5);
  assert.is(await shown(session, '--group', 'g', '--count=2'), '0 1');
  assert.is(await shown(session, '-G', 'g', '-c1'), '2');
  const broken = await session.run(['subscribe', 't', '-e', '-G', 'g'], { writesUntilBroken: 0 });
  assert.is(broken.code, 0);
  assert.is(await shown(session, '-G', 'g'), '3 4');
  assert.is(await shown(session, '-G', 'g'), '');
  assert.is(await shown(session, '-G', 'late', '--from=end'), '');
  assert.equal(await session.log.committedOffsets('late'), []);
});

test('commits are made each second while it waits', async () => {
  const session = await filled(3);
  const interrupt = new AbortController();
  const running = session.run(['subscribe', 't', '-G', 'g'], { interrupt });
  await session.disk.clock.advance(500);
  assert.equal(await session.log.committedOffsets('g'), []);
  await session.disk.clock.advance(500);
  assert.is((await session.log.committedOffsets('g'))[0]?.offset, 3);
  interrupt.abort();
  assert.is((await running).code, 0);
});

test('a commit that fails ends it', async () => {
  const session = await filled(1);
  session.log.faults = (method) =>
    method === 'commitOffsets' ? new CommitLogError('locked', 'another process writes') : null;
  const running = session.run(['subscribe', 't', '-G', 'g', '-f%o']);
  await session.disk.clock.advance(1000);
  const topic = { topic: 't', key: null, value: null };
  await session.log.produce(topic);
  await session.disk.clock.settle();
  assert.equal(await running, {
    code: 1,
    out: '01',
    err: 'logged: another process writes\nlogged: hint: stop the other process, or go through its service\n',
  });
});

test('placeholders of a format', async () => {
  const session = new Session();
  const { encodeUtf8 } = session.host.bytes;
  const headers = [
    { name: 'a', value: encodeUtf8('1') },
    { name: 'b', value: null },
    { name: 'c', value: new Uint8Array() },
  ];
  const full = { topic: 't', key: encodeUtf8('key'), value: Uint8Array.of(0xff, 0), headers, timestamp: 1234.9 };
  await session.log.produce(full);
  await session.log.produce({ topic: 't', key: null, value: null });
  const format = '%t|%p|%o|%k|%K|%s|%S|%h|%T|%%\\t\\x41\\\\n\\n';
  const ran = await session.run(['subscribe', 't', '-e', '--format', format]);
  const [appendedAt] = [session.disk.clock.now()];
  assert.is(ran.out, `t|0|0|key|3|\xff\0|2|a=1,b=NULL,c=|1234|%\tA\\n\nt|0|1||-1||-1||${appendedAt}|%\tA\\n\n`);
});

test('printing to a file, which is replaced', async () => {
  const session = await filled(3);
  const content = (): string => {
    const file = session.host.files.open('/out', 'read');
    const bytes = new Uint8Array(file.lengthBytes());
    file.read(bytes, 0);
    return fromUtf8(bytes);
  };
  assert.is(await shown(session, '--output=/out'), '');
  assert.is(content(), '0 1 2 ');
  assert.is(await shown(session, '--output', '/out', '--from=2'), '');
  assert.is(content(), '2 ');
  assert.is(await shown(session, '--output', '-', '--from=2'), '2');
});

test('damage has an exit code of its own and says how to go on', async () => {
  const session = await filled(1);
  const place = { file: '/log/t/0.log', position: 77, resumeOffset: 12 };
  const damaged = new CommitLogError('damaged', '/log/t/0.log: damaged at 77', { place });
  const original = session.log.subscribe.bind(session.log);
  session.log.subscribe = (options) =>
    Object.assign(original(options), {
      batches: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(damaged) }) }),
    });
  assert.equal(await session.run(['subscribe', 't']), {
    code: 3,
    out: '',
    err: 'logged: /log/t/0.log: damaged at 77\nlogged: hint: what follows can be read with --from=12\n',
  });
});

test('what is wrong with the command line', async () => {
  const session = await filled(1);
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [[], 'no topic: want --subscription TOPIC'],
    [['t', '--from=middle'], '--from is middle: want beginning, end, N, -N or @time'],
    [['t', '--from=@yesterday'], '--from is @yesterday: want beginning, end, N, -N or @time'],
    [['t', '--from=9007199254740992'], '--from is 9007199254740992: want beginning, end, N, -N or @time'],
    [['t', '--from=3', '--group=g'], '--from with --group: want beginning or end, see logged groups reset'],
    [['t', '--offset=t,0'], '--offset is t,0: want TOPIC,PARTITION,OFFSET'],
    [['t', '--offset=t,0,-1'], '--offset is t,0,-1: want TOPIC,PARTITION,OFFSET'],
    [['t', '--idle-timeout=5'], '--idle-timeout is 5: want a duration like 100ms, 5s or 1h 30m'],
    [['t', '--count=0'], '--count is 0: want a whole number, at least 1'],
    [['t', '--partition=x'], '--partition is x: want a whole number, at least 0'],
    [['t', '--format=%z'], '--format: %z is no placeholder: want one of t p o k K s S T h, or %%'],
    [['t', '--format=%'], '--format: % is no placeholder: want one of t p o k K s S T h, or %%'],
  ];
  for (const [args, message] of wrong) {
    const ran = await session.run(['subscribe', ...args]);
    assert.equal(ran, { code: 2, out: '', err: `logged: ${message}\nlogged: see logged --help\n` });
  }
});

test('a topic that is not there', async () => {
  const ran = await new Session().run(['subscribe', 'nothing']);
  assert.is(ran.code, 1);
  assert.match(ran.err, /^logged: .*nothing.*\nlogged: hint: logged topics list shows those that are there\n$/);
});
