/**
 * Runs the sessions in `test/cli/sessions/*.txt` with the built command of the program under test, each in a directory of its own, and compares
 * them to the letter: a line `$ ...` is run by bash with `logged` on its path, and under it stands what it prints to
 * standard output, then `! ...` per line of standard error, and `? N` when it exits with another code than 0 (of a
 * pipeline: the last such code in it). A last line without an end is marked with a `%` behind it, as zsh does. What
 * depends on the time of day is piped through `masked`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { programUnderTest } from '../support/program.ts';
import { suite } from '../support/suite.ts';

const test = suite('logged sessions');
const FOLDER = resolve('test/cli/sessions');
const { name: programName, logged: command } = programUnderTest();
/** By its own first line, as an installed one is called; a binary's command stands behind its name. */
const COMMAND = `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`;
const MASKED = `#!/bin/sh
exec sed -E 's/(crc|want) [0-9a-f]{1,8}/\\1 CRC/g; s/"20[^"]*Z"/"TIME"/g'
`;

for (const name of readdirSync(FOLDER)) {
  test(name, () => {
    const directory = mkdtempSync(join(tmpdir(), 'logged-session-'));
    try {
      for (const folder of ['bin', 'work']) mkdirSync(join(directory, folder));
      const logged = join(directory, 'bin', 'logged');
      if (programName === 'node') symlinkSync(command[1] ?? '', logged);
      else writeFileSync(logged, COMMAND, { mode: 0o755 });
      writeFileSync(join(directory, 'bin', 'masked'), MASKED, { mode: 0o755 });
      const session = readFileSync(join(FOLDER, name), 'utf8');
      assert.snapshot(replay(session, directory), session);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

/** The session as it should be written down: comments, commands and empty lines between them as they are. */
function replay(session: string, directory: string): string {
  const blocks = session.split(/^(?=[$#] )/m);
  const replayed = blocks.map((block) => {
    if (!block.startsWith('$ ')) return block;
    const command = block.slice(2, block.indexOf('\n'));
    const space = /\n*$/.exec(block)![0];
    return [`$ ${command}`, ...runLine(command, directory)].join('\n') + space;
  });
  return replayed.join('');
}

function runLine(command: string, directory: string): string[] {
  const { ROOT_PATH: _, ...env } = process.env;
  const ran = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
    cwd: join(directory, 'work'),
    env: { ...env, STREAMBED_ALLOW_VOLATILE: '1', PATH: `${join(directory, 'bin')}:${process.env['PATH']}` },
    encoding: 'utf8',
  });
  const code = ran.status === 0 ? [] : [`? ${ran.status}`];
  return [...linesOf(ran.stdout), ...linesOf(ran.stderr).map((line) => `! ${line}`), ...code];
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  const last = lines.pop();
  return last === '' ? lines : [...lines, `${last}%`];
}
