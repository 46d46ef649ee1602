/** What `confidant encrypt --output` does to files that are there. Links are those of a real disk. */
import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { openLineOutput } from '../../confidant/cli/payload/replaced-file.ts';
import type { Terminal } from '../../targets/command-line/terminal.ts';
import { makeTestDirectory, realHost, removeTree } from '../support/real-host.ts';
import { suite } from '../support/suite.ts';
import { fromUtf8, utf8 } from '../support/text.ts';
import { ConfidantSession, outOf } from './confidant-session.ts';

const test = suite('confidant encrypt and decrypt: files that are there');

const PATH = '--path=default/my-secret';
/** More than is read at once. */
const LINES = Array.from({ length: 4000 }, (_, i) => `{"value":"aHVudGVyMg==","i":${i}}\n`).join('');

test('the file that is read, by another name, is sealed whole and opened whole', async () => {
  const session = new ConfidantSession();
  session.write('/big', LINES);
  outOf(await session.keyed(['encrypt', '--file=/big', '--output=./big', PATH]));
  assert.not.ok(fromUtf8(session.read('/big')).includes('aHVudGVyMg=='));
  assert.is(outOf(await session.keyed(['decrypt', '--file=/big', PATH])), LINES);
  outOf(await session.keyed(['decrypt', '--file=/big', '--output=//big', PATH]));
  assert.is(fromUtf8(session.read('/big')), LINES);
  assert.equal(session.host.files.list('/').sort(), ['big', 'data', 'keys', 'run'], 'nothing is left beside it');
});

test('a wrong line: a file that was there stays, a new one has what stands above', async () => {
  const session = new ConfidantSession();
  const wrong = `${LINES}hunter2\n`;
  session.write('/big', wrong);
  const told = { code: 1, out: '', err: 'confidant: line 4001: is not JSON\n' };
  assert.equal(await session.keyed(['encrypt', '--file=/big', '--output=./big', PATH]), told);
  assert.is(fromUtf8(session.read('/big')), wrong);
  assert.equal(session.host.files.list('/').sort(), ['big', 'data', 'keys', 'run']);
  assert.equal(await session.keyed(['encrypt', '--file=/big', '--output=/new', PATH]), told);
  assert.is(fromUtf8(session.read('/new')).split('\n').length, 4001);
});

test('an interruption, too, leaves a file that was there', async () => {
  const session = new ConfidantSession();
  session.write('/out', 'other');
  const interrupt = new AbortController();
  interrupt.abort();
  session.write('/in', LINES);
  const ran = await session.keyed(['encrypt', '--file=/in', '--output=/out', PATH], { interrupt });
  assert.is(ran.code, 130);
  assert.ok(fromUtf8(session.read('/out')) === 'other');
});

const terminal: Terminal = {
  args: [],
  env: () => undefined,
  read: async () => null,
  ask: async () => null,
  write: async () => true,
  warn: () => {},
  showsProgress: false,
  interrupted: new AbortController().signal,
};

test('what is read by a hard link or through a directory of links stays whole until all is written', async () => {
  const root = makeTestDirectory();
  try {
    symlinkSync('.', `${root}/here`);
    for (const link of [`${root}/here/in`, `${root}/hard`]) {
      writeFileSync(`${root}/in`, 'old');
      if (link.endsWith('hard')) linkSync(`${root}/in`, link);
      const output = openLineOutput(link, terminal, realHost());
      await output.write(utf8('ne'));
      await output.write(utf8('w'));
      assert.is(readFileSync(`${root}/in`, 'utf8'), 'old', link);
      await output.end(true);
      assert.is(readFileSync(link, 'utf8'), 'new');
      assert.is(statSync(link).mode & 0o777, 0o600);
    }
    assert.equal(readdirSync(root).sort(), ['hard', 'here', 'in']);
  } finally {
    removeTree(root);
  }
});

test('what is no file is not replaced, nor is a link', () => {
  const root = makeTestDirectory();
  try {
    mkdirSync(`${root}/directory`);
    symlinkSync('in', `${root}/link`);
    for (const name of ['directory', 'link']) {
      assert.throws(
        () => openLineOutput(`${root}/${name}`, terminal, realHost()),
        (error: Error & { code: string }) => ['EISDIR', 'ELOOP'].includes(error.code),
      );
    }
    assert.equal(readdirSync(root).sort(), ['directory', 'link']);
  } finally {
    removeTree(root);
  }
});
