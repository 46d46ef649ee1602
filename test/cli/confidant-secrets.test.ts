import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { ConfidantSession, outOf, type Ran } from './confidant-session.ts';

const test = suite('confidant secrets');

const refused = (message: string): Ran => ({ code: 2, out: '', err: `confidant: ${message}\n` });

test('what is put is got: as a table, a field, JSON and YAML', async () => {
  const session = new ConfidantSession();
  outOf(await session.keyed(['put', 'a/b', 'user=joe', 'yes=no', 'x=\u0085"\n']));
  const table = outOf(await session.keyed(['get', 'a/b']));
  assert.match(table, /\n== Data ==\nKey {3}Value\n--- {3}-----\nuser {2}joe\n/);
  assert.is(outOf(await session.keyed(['get', '-field=user', 'a/b'])), 'joe');
  assert.is(outOf(await session.keyed(['get', '-field', 'user', '-format', 'json', 'a/b'])), '"joe"\n');
  const { data } = JSON.parse(outOf(await session.keyed(['get', '-format=json', 'a/b'])));
  assert.equal(data.data, { user: 'joe', yes: 'no', x: '\u0085"\n' });
  assert.is(data.metadata.version, 1);
  const yaml = outOf(await session.keyed(['get', '-format=yaml', 'a/b']));
  assert.ok(yaml.includes('  data:\n    user: "joe"\n    "yes": "no"\n    x: "\\u0085\\"\\n"\n'), yaml);
  const absent = await session.keyed(['get', '-field=nothing', 'a/b']);
  assert.equal(absent, { code: 1, out: '', err: 'confidant: field "nothing" is not there\n' });
  assert.equal(await session.keyed(['get', 'a']), refused('secret/data/a: no such secret'));
  const proto = await session.keyed(['get', '-field=__proto__', 'a/b']);
  assert.is(proto.code, 1);
});

test('values come from files, standard input, a person, or JSON of all of them', async () => {
  const session = new ConfidantSession();
  session.write('/value', 'from a file\n');
  session.write('/all.json', '{"n":1,"__proto__":{"deep":[true,null]}}');
  const pieces = ['from a p', 'ipe\n'];
  outOf(await session.keyed(['put', 'a', 'f=@/value', 'p=-', 'literal=\\@/value'], { input: pieces }));
  const fields = JSON.parse(outOf(await session.keyed(['get', 'a', '-format=json']))).data.data;
  assert.equal(fields, { f: 'from a file\n', p: 'from a pipe\n', literal: '@/value' });
  outOf(await session.keyed(['put', 'b', 'password=-'], { typed: ['hunter2'] }));
  assert.is(outOf(await session.keyed(['get', 'b', '-field=password'])), 'hunter2');
  assert.equal(session.questions, ['password (not shown): ']);
  outOf(await session.keyed(['put', 'c', '@/all.json']));
  assert.is(
    outOf(await session.keyed(['get', 'c', '-field=__proto__', '-format=json'])).replace(/\s/g, ''),
    '{"deep":[true,null]}',
  );
  for (const input of ['{"a":hunter2}', '["hunter2"]', 'hunter2']) {
    const ran = await session.keyed(['put', 'd', '-'], { input: [input] });
    assert.is(ran.code, 1);
    assert.not.ok(ran.err.includes('hunter2'), ran.err);
  }
  assert.is((await session.keyed(['put', 'd', 'x=@/missing'])).code, 1);
});

test('versions: numbered, hidden, shown again, destroyed, removed', async () => {
  const session = new ConfidantSession();
  for (const x of ['1', '2', '3']) outOf(await session.keyed(['put', 'a', `x=${x}`]));
  const conflict = await session.keyed(['put', 'a', 'x=4', '-cas=1']);
  assert.is(conflict.code, 2);
  assert.is(outOf(await session.keyed(['get', 'a', '-version=1', '-field=x'])), '1');
  outOf(await session.keyed(['delete', 'a']));
  assert.equal(await session.keyed(['get', 'a']), refused('secret/data/a: version 3 is deleted'));
  outOf(await session.keyed(['undelete', 'a', '-versions=3']));
  assert.is(outOf(await session.keyed(['get', 'a', '-field=x'])), '3');
  outOf(await session.keyed(['delete', 'a', '-versions', '1,2']));
  outOf(await session.keyed(['destroy', 'a', '-versions=1']));
  assert.equal(await session.keyed(['get', 'a', '-version=1']), refused('secret/data/a: version 1 is destroyed'));
  const { versions } = JSON.parse(outOf(await session.keyed(['versions', 'a', '-format=json']))).data;
  assert.equal(
    Object.values(versions as Record<string, { destroyed: boolean }>).map(({ destroyed }) => destroyed),
    [true, false, false],
  );
  assert.match(outOf(await session.keyed(['versions', 'a'])), /\nVersion {2}Created .*\n1 .* true\n2 /);
  outOf(await session.keyed(['put', 'b/c', 'x=1']));
  assert.is(outOf(await session.keyed(['list'])), 'Keys\n----\na\nb/\n');
  assert.is(outOf(await session.keyed(['list', 'b/', '-format=json'])), '[\n  "c"\n]\n');
  outOf(await session.keyed(['delete', 'a', '--all']));
  assert.is((await session.keyed(['versions', 'a'])).code, 2);
});

test('reading writes nothing, and no token of a command is left', async () => {
  const session = new ConfidantSession();
  outOf(await session.keyed(['put', 'a', 'x=1']));
  outOf(await session.keyed(['token', 'create', '-policy=root']));
  const content = () => session.filesBelow('/data').map((path) => [path, session.read(path)] as const);
  const before = content();
  await session.disk.clock.advance(3_600_000); // what is swept at times is due
  for (const args of [['get', 'a'], ['list'], ['versions', 'a'], ['token', 'list'], ['policies', 'list'], ['verify']]) {
    outOf(await session.keyed(args));
  }
  assert.equal(content(), before);
  assert.is(JSON.parse(outOf(await session.keyed(['token', 'list', '-format=json']))).length, 1);
});

test('a store whose making was cut off goes on', async () => {
  const session = new ConfidantSession();
  outOf(await session.keyed(['put', 'a', 'x=1']));
  for (const path of session.filesBelow('/data/secrets/files')) session.host.files.remove(path);
  outOf(await session.keyed(['put', 'a', 'x=2']));
  assert.is(outOf(await session.keyed(['get', 'a', '-field=x'])), '2');
});
