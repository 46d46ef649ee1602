import * as assert from 'uvu/assert';
import { CommitLogError, type ConsumerRecord } from '../../logged/commit-log.ts';
import { suite } from '../support/suite.ts';
import { Session } from './session.ts';
import { base64, fromUtf8, latin1 } from '../support/text.ts';

const test = suite('logged produce');

async function stored(session: Session, topic: string): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = [];
  for await (const record of session.log.subscribe({ subscriptions: [{ topic }], idleTimeoutMs: 0 }))
    records.push(record);
  return records;
}

const HINT = 'logged: hint: logged produce --help shows what a line may be; plain text needs --topic\n';

const values = (records: readonly ConsumerRecord[]) =>
  records.map(({ value }) => (value === null ? null : latin1(value)));

test('lines of JSON, however they arrive, with a last line that has no end', async () => {
  const session = new Session();
  const line = (value: string) => `{"topic":"t","key":1,"value":"${base64(value)}"}`;
  const text = `${line('one')}\n\n  \r\n${line('two')}\r\n${line('three')}`;
  const ran = await session.run(['produce', '--file', '-'], { input: text.split('') });
  assert.equal(ran, { code: 0, out: '', err: '' });
  assert.equal(values(await stored(session, 't')), ['one', 'two', 'three']);
});

test('a malformed line names its number; what stands above it is stored, what follows is not', async () => {
  const session = new Session();
  const good = '{"topic":"t","key":1,"value":""}\n';
  const { code, err } = await session.run(['produce'], { input: [`${good}\n${good}`, `{"topic":"t"}\n${good}`] });
  assert.is(code, 1);
  assert.is(
    err,
    'logged: line 4: key is missing: want a whole number from 0 to 18446744073709551615, or null\n' + HINT,
  );
  assert.is((await stored(session, 't')).length, 2);
});

test('a line that is not UTF-8, and one that is too long', async () => {
  const session = new Session();
  const limited = ['produce', '--max-line-len=40', '--topic', 't'];
  const long = await session.run(limited, { input: [`a\nb\n${'x'.repeat(30)}`, `${'x'.repeat(30)}\nc\n`] });
  assert.equal(long, { code: 1, out: '', err: 'logged: line 3: longer than 40 bytes, see --max-line-len\n' });
  assert.equal(values(await stored(session, 't')), ['a', 'b']);
  const fits = await session.run(limited, { input: ['y'.repeat(20), `${'y'.repeat(20)}\n`] });
  assert.is(fits.code, 0);

  const path = '/latin1';
  const file = session.host.files.open(path, 'create');
  file.write(Uint8Array.of(0x7b, 0xe9, 0x0a), 0);
  const wrong = await session.run(['produce', `--file=${path}`]);
  assert.equal(wrong, { code: 1, out: '', err: 'logged: line 1: not UTF-8\n' + HINT });
});

test('plain lines with key delimiter, headers, partition, fixed key and tombstones', async () => {
  const session = new Session();
  await session.run(['topics', 'create', 't', '--partitions', '2']);
  const flags = ['-t', 't', '-K', '\\t', '-H', 'a=1', '-Hb=x=y', '-p1', '-k', 'fixed', '-Z'];
  const ran = await session.run(['produce', ...flags], { input: ['k1\tv1\n\nno key\nk2\t\n\tv\tw\n'] });
  assert.equal(ran, { code: 0, out: '', err: '' });
  const records = await stored(session, 't');
  assert.equal(values(records), ['v1', 'no key', null, 'v\tw']);
  const keys = records.map(({ key }) => fromUtf8(key!));
  assert.equal(keys, ['k1', 'fixed', 'k2', '']);
  for (const { partition, headers } of records) {
    assert.is(partition, 1);
    assert.equal(
      headers.map(({ name, value }) => [name, fromUtf8(value!)]),
      [
        ['a', '1'],
        ['b', 'x=y'],
      ],
    );
  }
});

test('a delimiter of several characters, and values that are not text', async () => {
  const session = new Session();
  await session.run(['produce', '-t', 't', '--key-delimiter=::'], { input: ['a:b::c::d\n'] });
  const [record] = await stored(session, 't');
  assert.is(fromUtf8(record!.key!), 'a:b');
  assert.equal(values([record!]), ['c::d']);
  const file = session.host.files.open('/binary', 'create');
  file.write(Uint8Array.of(0xff, 0x00, 0x0d, 0x0a), 0);
  assert.is((await session.run(['produce', '-t', 'b', '--file=/binary'])).code, 0);
  assert.equal((await stored(session, 'b'))[0]?.value, Uint8Array.of(0xff, 0x00, 0x0d));
});

test('a record that the log refuses is named by its line, and those above it are stored', async () => {
  const session = new Session();
  await session.run(['topics', 'create', 't', '--config', 'max.message.bytes=200']);
  const ran = await session.run(['produce', '-t', 't'], { input: [`a\nb\n${'x'.repeat(300)}\nc\n`] });
  assert.is(ran.code, 1);
  assert.match(ran.err, /^logged: line 3: /);
  assert.equal(values(await stored(session, 't')), ['a', 'b']);
});

test('when the log fails the first line that failed is named, over several topics', async () => {
  const session = new Session();
  session.log.faults = (method, topic) =>
    method === 'produceBatch' && topic === 'u' ? new CommitLogError('no-space', 'no space left') : null;
  const line = (topic: string) => `{"topic":"${topic}","key":1,"value":""}\n`;
  const ran = await session.run(['produce'], { input: [line('t') + line('u') + line('u') + line('t')] });
  assert.equal(ran, { code: 1, out: '', err: 'logged: line 2: no space left\n' });
  assert.is((await stored(session, 't')).length, 2);
});

test('flags of plain lines need a topic; values must have their form', async () => {
  const session = new Session();
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['-p', '0'], '--partition is for plain lines: it needs --topic'],
    [['--header=a=b'], '--header is for plain lines: it needs --topic'],
    [['-t', 't', '-H', 'a'], '--header is a: want NAME=VALUE'],
    [['-t', 't', '-K', ''], '--key-delimiter is empty'],
    [['-t', 't', '-p', '-1'], '--partition is -1: want a whole number, at least 0'],
    [['--max-line-len', '0'], '--max-line-len is 0: want a whole number, at least 1'],
    [['more'], 'produce: unexpected more'],
  ];
  for (const [args, message] of wrong) {
    const ran = await session.run(['produce', ...args], { input: ['x\n'] });
    assert.equal(ran, { code: 2, out: '', err: `logged: ${message}\nlogged: see logged --help\n` });
  }
});

test('progress is shown to a person only', async () => {
  const session = new Session();
  const ran = await session.run(['produce', '-t', 't'], { input: ['a\nb\n', 'c\n'], showsProgress: true });
  assert.is(ran.err, '\rstored 2 records\rstored 3 records\n');
});

test('an interruption ends it behind what was read', async () => {
  const session = new Session();
  const interrupt = new AbortController();
  session.log.faults = () => {
    interrupt.abort();
    return null;
  };
  const ran = await session.run(['produce', '-t', 't'], { input: ['a\n', 'b\n'], interrupt });
  assert.equal(ran, { code: 130, out: '', err: '' });
  assert.equal(values(await stored(session, 't')), ['a']);
});

test('a file that is not there', async () => {
  const ran = await new Session().run(['produce', '-f', '/nowhere']);
  assert.is(ran.code, 1);
  assert.match(ran.err, /^logged: ENOENT/);
});

test('nothing begins in memory, unless that is meant', async () => {
  const session = new Session();
  const produced = ['--root-path=/run/log', 'produce', '-t', 't'];
  const err = 'logged: /run/log is in memory (tmpfs), lost when the machine stops: --allow-volatile if meant\n';
  assert.equal(await session.run(produced, { input: ['x\n'] }), { code: 1, out: '', err });
  assert.equal(await session.run(['--root-path=/run/log', 'topics', 'create', 'u']), { code: 1, out: '', err });
  assert.equal(session.roots, []);
  assert.is((await session.run([...produced, '--allow-volatile'], { input: ['x\n'] })).code, 0);
  const env = { STREAMBED_ALLOW_VOLATILE: '1' };
  assert.is((await session.run(produced, { input: ['x\n'], env })).code, 0);
  session.host.files.makeDir('/run/log');
  assert.is((await session.run(['--root-path=/run/log', 'topics', 'list'])).code, 0, 'what is there can be read');
});
