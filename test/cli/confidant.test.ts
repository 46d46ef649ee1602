import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { ConfidantSession, outOf } from './confidant-session.ts';

const test = suite('confidant');

const usage = (message: string) => ({
  code: 1,
  out: '',
  err: `confidant: ${message}\nconfidant: see confidant --help\n`,
});

test('what is wrong with a command line is told without what may be a secret in it', async () => {
  const session = new ConfidantSession();
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [[], 'no command'],
    [['encypt'], 'unknown command encypt, did you mean encrypt?'],
    [['users'], 'no command behind users'],
    [['password=hunter2'], 'unknown command password=...'],
    [['get', 'a', 'password=hunter2'], 'get: unexpected password=...'],
    [['get'], 'get: want PATH'],
    [['get', 'a', '-feild=x'], 'unknown flag --feild, did you mean --field?'],
    [['get', 'a', '--format=xml'], '--format is xml: want table, json, yaml'],
    [['put', 'a', 'hunter2'], 'want NAME=VALUE, @FILE or -'],
    [['put', 'a', 'x=1', 'x=2'], 'x is given twice'],
    [['put', 'a', 'x=-', 'y=-'], 'standard input is for x: y must come from elsewhere'],
    [['undelete', 'a'], 'want --versions with whole numbers, such as --versions=1,2'],
    [['destroy', 'a', '-versions=1,x'], 'want --versions with whole numbers, such as --versions=1,2'],
    [['delete', 'a', '--all', '--versions=1'], '--all goes without --versions'],
    [['encrypt', '--path=a'], 'want --file FILE, - is standard input'],
    [['encrypt', '--file=-'], 'want --path SECRET, where the key is kept'],
    [['encrypt', '--file=-', '--path=a', '--cipher=rot13'], '--cipher is rot13: want aead or streambed'],
    [['encrypt', '--file=/x', '--path=a', '--output=/x'], '--output is what --file reads'],
  ];
  outOf(await session.keyed(['put', 'a', 'x=1']));
  for (const [args, message] of wrong) assert.equal(await session.keyed(args), usage(message), args.join(' '));
});

test('version and help', async () => {
  const session = new ConfidantSession();
  assert.is(outOf(await session.run(['-version'])), 'confidant 1.2.3\n');
  const general = outOf(await session.run(['-h']));
  const names = [...general.matchAll(/^ {2}((?:users |roles |policies |token )?[a-z-]+) {2,}\S/gm)].map(
    (match) => match[1]!,
  );
  for (const name of ['encrypt', 'versions', 'users put', 'roles secret-id', 'token create', 'rekey', 'verify']) {
    assert.ok(names.includes(name), name);
  }
  for (const name of names) {
    const out = outOf(await session.run([...name.split(' '), '--help']));
    assert.ok(out.startsWith(`confidant ${name}: `), name);
    for (const line of out.split('\n')) assert.ok(line.length <= 120, line);
  }
  assert.match(outOf(await session.run(['token', '--help'])), /^Usage: confidant token COMMAND/);
});

test('only what writes secrets begins a store, and not in memory', async () => {
  const session = new ConfidantSession();
  const none = { code: 1, out: '', err: 'confidant: no secret store at /data, see --root-path\n' };
  for (const args of [['get', 'a'], ['list'], ['rotate'], ['verify'], ['users', 'put', 'joe'], ['rekey']]) {
    assert.equal(await session.keyed(args), none, args.join(' '));
  }
  assert.equal(await session.keyed(['decrypt', '--file=-', '--path=a']), none);
  assert.is(session.host.files.stat('/data'), null);
  const keyless = await session.run(['put', 'a', 'x=1']);
  assert.is(
    keyless.err,
    'confidant: /data: a new secret store wants a root key: --root-key-file or --credentials-directory\n',
  );
  session.disk.fileSystem = 'tmpfs';
  const volatile = await session.keyed(['put', 'a', 'x=1']);
  assert.is(
    volatile.err,
    'confidant: /data is in memory (tmpfs), lost when the machine stops: --allow-volatile if meant\n',
  );
  assert.is(session.host.files.stat('/data'), null);
  outOf(await session.keyed(['put', 'a', 'x=1', '--allow-volatile']));
  outOf(await session.keyed(['--root-path=/other', 'put', 'a', 'x=1'], { env: { STREAMBED_ALLOW_VOLATILE: '1' } }));
  assert.is(outOf(await session.keyed(['get', 'a', '-field=x'], { env: { ROOT_PATH: '/other' } })), '1');
});

test('a root key is 32 bytes in a file, or made of a root secret; another opens nothing', async () => {
  const session = new ConfidantSession();
  outOf(await session.keyed(['put', 'a', 'x=1']));
  const keyless = await session.run(['get', 'a']);
  assert.is(keyless.err, 'confidant: /data: want the root key: --root-key-file FILE, or --credentials-directory DIR\n');
  assert.is(keyless.code, 1);
  session.write('/keys/other', `${'5a'.repeat(32)}\n`);
  const other = await session.run(['get', 'a', '--root-key-file=/keys/other']);
  assert.is(other.code, 1);
  assert.match(other.err, /^confidant: \/data: needs the root key [\da-f]{16}, the one given is [\da-f]{16}\n$/);
  const missing = await session.run(['get', 'a', '--credentials-directory=/data']);
  assert.equal(missing, { code: 1, out: '', err: 'confidant: /data/root-secret: is missing\n' });
  session.write('/keys/root-secret', 'deadbeef-and-no-key\n');
  const malformed = await session.keyed(['get', 'a']);
  assert.is(malformed.err, 'confidant: /keys/root-secret: want 32 or 64 hex characters in the first line\n');
  // A root secret of 32 bytes is the key that a key file holds.
  session.write('/keys/root-secret', `${'5A'.repeat(32)}\nmore\n`);
  outOf(await session.keyed(['--root-path=/b', 'put', 'a', 'x=2']));
  const env = { STREAMBED_ROOT_KEY_FILE: '/keys/other' };
  assert.is(outOf(await session.run(['--root-path=/b', 'get', 'a', '-field=x'], { env })), '2');
  assert.is(
    outOf(await session.run(['--root-path=/b', 'get', 'a', '-field=x'], { env: { CREDENTIALS_DIRECTORY: '/keys' } })),
    '2',
  );
});

test('while another process has the data directory it waits for a while, and then says what to do', async () => {
  const session = new ConfidantSession();
  outOf(await session.keyed(['put', 'a', 'x=1']));
  const lock = session.host.files.lock('/data/service.lock');
  const refused = session.keyed(['get', 'a']);
  await session.disk.clock.advance(10_000);
  assert.equal(await refused, {
    code: 1,
    out: '',
    err: 'confidant: /data: another process has the secret store open; while the service runs, use its HTTP API or the vault command line\n',
  });
  const served = session.keyed(['get', 'a', '-field=x']);
  await session.disk.clock.advance(1000);
  lock.release();
  await session.disk.clock.advance(1000);
  assert.is(outOf(await served), '1');
});

test('a mistake of the program shows where it was made', async () => {
  const session = new ConfidantSession();
  outOf(await session.keyed(['put', 'a', 'x=1']));
  const build = { openStore: () => Promise.reject(new TypeError('boom')) };
  const ran = await session.keyed(['get', 'a'], { build });
  assert.is(ran.code, 1);
  assert.match(ran.err, /^confidant: TypeError: boom\n {4}at /);
  outOf(await session.keyed(['get', 'a'])); // the lock was released
});
