import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { Session } from './session.ts';

const test = suite('logged');

const usage = (message: string) => ({ code: 2, out: '', err: `logged: ${message}\nlogged: see logged --help\n` });

test('no command, an unknown one, an unknown flag: with a hint where one is near', async () => {
  const session = new Session();
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [[], 'no command'],
    [['prodce'], 'unknown command prodce, did you mean produce?'],
    [['topic', 'list'], 'unknown command topic, did you mean topics?'],
    [['topics', 'lst'], 'unknown command topics lst, did you mean topics list?'],
    [['frobnicate'], 'unknown command frobnicate'],
    [['produce', '--flie', 'x'], 'unknown flag --flie, did you mean --file?'],
    [['subscribe', '--zzz=1'], 'unknown flag --zzz'],
    [['subscribe', '-ex'], 'unknown flag -x'],
    [['--rootpath=x', 'produce'], 'unknown flag --rootpath, did you mean --root-path?'],
    [['produce', '--file'], '--file needs a value: --file FILE'],
    [['produce', '-f'], '-f needs a value: -f FILE'],
    [['subscribe', 't', '--exit-at-end=yes'], '--exit-at-end takes no value'],
  ];
  for (const [args, message] of wrong) assert.equal(await session.run(args), usage(message), args.join(' '));
});

test('global flags stand anywhere, and the environment stands behind them', async () => {
  const session = new Session();
  session.host.files.makeDir('/other');
  const lines: readonly (readonly string[])[] = [
    ['--root-path', '/other', 'topics', 'list'],
    ['topics', '--root-path=/other', 'list'],
    ['topics', 'list', '--root-path', '/other'],
  ];
  for (const args of lines) assert.is((await session.run(args, { env: { ROOT_PATH: '/log' } })).code, 0);
  await session.run(['topics', 'list'], { env: { ROOT_PATH: '/other' } });
  await session.run(['topics', 'list']);
  assert.equal(session.roots, ['/other', '/other', '/other', '/other', '/log']);
});

test('only what writes begins a log', async () => {
  const session = new Session();
  const nowhere = '--root-path=/nowhere';
  for (const args of [
    ['topics', 'list'],
    ['subscribe', 't'],
    ['groups', 'list'],
    ['topics', 'alter', 't', '-p1'],
  ]) {
    const ran = await session.run([nowhere, ...args]);
    assert.equal(ran, { code: 1, out: '', err: 'logged: no log at /nowhere, see --root-path\n' });
  }
  assert.equal(session.roots, []);
  assert.is((await session.run([nowhere, 'produce', '-t', 't'])).code, 0);
  assert.is((await session.run([nowhere, 'topics', 'create', 'u'])).code, 0);
  assert.equal(session.roots, ['/nowhere', '/nowhere']);
});

test('version and help', async () => {
  const session = new Session();
  for (const args of [['--version'], ['-V'], ['produce', '--version']]) {
    assert.equal(await session.run(args), { code: 0, out: 'logged 1.2.3\n', err: '' });
  }
  const general = await session.run(['--help']);
  assert.is(general.code, 0);
  const names = [...general.out.matchAll(/^ {2}((?:topics |groups )?[a-z]+) {2,}\S/gm)].map((match) => match[1]!);
  assert.ok(names.includes('produce') && names.includes('groups reset'), names.join());
  for (const name of names) {
    const { code, out, err } = await session.run([...name.split(' '), '-h']);
    assert.equal([code, err], [0, '']);
    assert.is(out.split('\n')[0]?.startsWith(`logged ${name}: `), true, name);
    for (const line of out.split('\n')) assert.ok(line.length <= 120, line);
  }
  const group = await session.run(['groups', '--help']);
  assert.match(group.out, /^Usage: logged groups COMMAND/);
});

test('a mistake of the program shows where it was made', async () => {
  const session = new Session();
  session.log.listTopics = () => Promise.reject(new TypeError('boom'));
  const ran = await session.run(['topics', 'list']);
  assert.is(ran.code, 1);
  assert.match(ran.err, /^logged: TypeError: boom\n {4}at /);
});
