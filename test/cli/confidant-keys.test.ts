import * as assert from 'uvu/assert';
import { suite } from '../support/suite.ts';
import { ConfidantSession, outOf, type Ran } from './confidant-session.ts';
import { openKeptStore } from '../../targets/service/secrets/kept-store.ts';

const test = suite('confidant keys and verify');

const intact = (files: number, parts: number, entries: number) =>
  `${files} files of ${parts} parts, ${entries} entries of the journal\nintact\n`;

async function filled(): Promise<ConfidantSession> {
  const session = new ConfidantSession();
  outOf(await session.keyed(['put', 'a/b', 'x=marker-of-tests']));
  outOf(await session.keyed(['put', 'a/b', 'x=marker-of-tests']));
  outOf(await session.keyed(['token', 'create', '-policy=root']));
  return session;
}

function change(session: ConfidantSession, path: string, at: number): void {
  const content = session.read(path);
  content[at] = content[at]! ^ 1;
  const file = session.host.files.open(path, 'update');
  file.write(content, 0);
  file.close();
}

test('verify opens everything, without a change and beside a service', async () => {
  const session = await filled();
  const before = session.filesBelow('/data');
  const lock = session.host.files.lock('/data/service.lock');
  assert.is(outOf(await session.keyed(['verify'])), intact(3, 5, 2));
  lock.release();
  assert.equal(session.filesBelow('/data'), before);
  const report = JSON.parse(outOf(await session.keyed(['verify', '--json'])));
  assert.equal(report, { root: '/data', intact: true, files: 3, parts: 5, journalEntries: 2, findings: [] });
});

test('verify: every file of the store, one byte changed, is found with its place, and nothing of it is told', async () => {
  const session = await filled();
  const sealed = session.filesBelow('/data/secrets').filter((path) => path.endsWith('~sealed'));
  assert.is(sealed.length, 3);
  for (const path of sealed) {
    const length = session.read(path).length;
    for (const at of [0, 4, 50, length - 1]) {
      change(session, path, at);
      const ran = await session.keyed(['verify', '--json']);
      assert.is(ran.code, 3, `${path} at ${at}: ${ran.err}`);
      const { findings } = JSON.parse(ran.out) as { findings: { place: string; code: string }[] };
      const place = path.slice('/data/secrets/'.length).replace('~sealed', '');
      assert.ok(
        findings.some((finding) => finding.place === place),
        ran.out,
      );
      assert.not.ok(ran.out.includes('marker-of-tests'));
      change(session, path, at);
    }
  }
  const path = session.filesBelow('/data/secrets').find((one) => one.endsWith('/b~sealed'))!;
  change(session, path, session.read(path).length - 20); // before the tags, which part 0 knows
  const shown = await session.keyed(['verify']);
  assert.match(
    shown.out,
    /\ndamaged: files\/core\/kv-[\da-f]{8}\/secrets\/a\/b: .*part 2 is not authentic\nnot intact\n$/,
  );
  assert.is((await session.keyed(['get', 'a/b'])).code, 3);
  assert.is(outOf(await session.keyed(['get', 'a/b', '-version=1', '-field=x'])), 'marker-of-tests');
});

test('verify: a damaged keyring, journal, directory', async () => {
  const session = await filled();
  change(session, '/data/secrets/keyring', session.read('/data/secrets/keyring').length - 1);
  const keyring = await session.keyed(['verify']);
  assert.equal([keyring.code, keyring.err], [3, '']);
  assert.match(keyring.out, /\ndamaged: keyring: keyring: is damaged, or the root key is another\nnot intact\n$/);
  change(session, '/data/secrets/keyring', session.read('/data/secrets/keyring').length - 1);
  const segment = session.filesBelow('/data/secrets-journal').find((path) => session.read(path).length > 300)!;
  change(session, segment, session.read(segment).length - 20);
  const journal = await session.keyed(['verify']);
  assert.is(journal.code, 3, journal.out);
  assert.match(journal.out, /\ndamaged: journal: /);
});

test('rotate: what was sealed before is opened still', async () => {
  const session = await filled();
  assert.is(outOf(await session.keyed(['rotate'])), 'rotated: data key 2 seals from now on\n');
  outOf(await session.keyed(['put', 'a/b', 'x=3']));
  assert.is(outOf(await session.keyed(['get', 'a/b', '-field=x', '-version=1'])), 'marker-of-tests');
  assert.is(outOf(await session.keyed(['verify'])), intact(3, 6, 2));
});

test('rekey: from a root secret to a key file, which is made, and on to another', async () => {
  const session = await filled();
  const none = await session.keyed(['rekey']);
  assert.match(none.err, /^confidant: want --new-root-key-file FILE/);
  const inside = await session.keyed(['rekey', '--new-root-key-file=/data/key']);
  assert.match(inside.err, /must not lie in the data directory/);
  const done = outOf(await session.keyed(['rekey', '--new-root-key-file=/keys/1']));
  assert.match(done, /^rekeyed: the root key is now [\da-f]{16}, in \/keys\/1\n$/);
  assert.is((await session.keyed(['get', 'a/b'])).code, 1);
  assert.is(outOf(await session.run(['--root-key-file=/keys/1', 'get', 'a/b', '-field=x'])), 'marker-of-tests');
  outOf(await session.run(['--root-key-file=/keys/1', 'rekey', '--new-root-key-file=/keys/2']));
  assert.is(outOf(await session.run(['--root-key-file=/keys/2', 'verify'])), intact(3, 5, 2));
  // As with the service, a key before it opens the store and is replaced.
  const both = ['--root-key-file=/keys/1', '--previous-root-key-file=/keys/2', 'list'];
  session.disk.isReadOnly = true;
  const unwritten = await session.run(both);
  session.disk.isReadOnly = false;
  assert.is(unwritten.code, 0);
  assert.match(unwritten.err, /keyring could not be written: the root key [\da-f]{16} is still needed\n$/);
  outOf(await session.run(both));
  outOf(await session.run(['--root-key-file=/keys/1', 'list']));
});

async function shared(): Promise<{ session: ConfidantSession; shares: string[] }> {
  const session = new ConfidantSession();
  const { host } = session;
  const quiet = { event: () => undefined, report: (line: string) => assert.unreachable(line) };
  host.files.makeDir('/data');
  const { store, close } = await openKeptStore(host, '/data', { seal: { type: 'shamir' }, ...quiet });
  const { keys } = await store.initialize(3, 2);
  await close();
  return { session, shares: keys.map((share) => host.bytes.encodeBase64(share)) };
}

test('a store that is opened by shares: from a pipe, or asked for', async () => {
  const { session, shares } = await shared();
  const [one = '', two = '', three = ''] = shares;
  const input = [`${one}\n\n`, `  ${three}\n`];
  outOf(await session.run(['put', 'a', 'x=1'], { input }));
  const typed = await session.run(['get', 'a', '-field=x'], { typed: [two, three] });
  assert.is(outOf(typed), '1');
  assert.equal(session.questions, ['unseal key 1 of 2 (not shown): ', 'unseal key 2 of 2 (not shown): ']);
  assert.match(outOf(await session.run(['verify'], { input })), /\nintact\n$/);
  const twice = await session.run(['put', 'a', 'x=-'], { input });
  assert.match(twice.err, /^confidant: standard input is for x: unseal key must come from elsewhere\n/);
  const keyed = await session.keyed(['get', 'a']);
  assert.is(keyed.err, 'confidant: /data: the secret store is opened by shares, not by a root key\n');
  const refused: readonly (readonly string[])[] = [[one], [one, one], [`${one}\n${'A'.repeat(44)}`], ['hunter2!']];
  for (const lines of refused) {
    const ran: Ran = await session.run(['get', 'a'], { input: lines.map((line) => `${line}\n`) });
    assert.ok(ran.code !== 0 && ran.out === '', lines.join());
    assert.not.ok(ran.err.includes(one) || ran.err.includes('hunter2'), ran.err);
  }
});

test('rekey of shares: the new ones are printed before they count', async () => {
  const { session, shares } = await shared();
  const input = [`${shares[0]}\n${shares[1]}\n`];
  outOf(await session.run(['put', 'a', 'x=1'], { input }));
  const unread = await session.run(['rekey'], { input, writesUntilBroken: 0 });
  assert.equal(unread, { code: 1, out: '', err: 'confidant: nobody reads the new shares: those before stay\n' });
  assert.is(outOf(await session.run(['get', 'a', '-field=x'], { input })), '1');
  const few = await session.run(['rekey'], { input: [`${shares[0]}\n`] });
  assert.is(few.code, 2);
  const ran = await session.run(['rekey', '--key-shares=5', '--key-threshold=3'], { input });
  assert.is(ran.code, 0, ran.err);
  const next = [...ran.out.matchAll(/^Unseal Key \d: (\S+)$/gm)].map(([, share]) => share!);
  assert.is(next.length, 5);
  assert.is((await session.run(['get', 'a'], { input })).code, 2);
  const chosen = [next[4], next[0], next[2]].map((share) => `${share}\n`);
  assert.is(outOf(await session.run(['get', 'a', '-field=x'], { input: chosen })), '1');
});
