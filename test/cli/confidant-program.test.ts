/** The built command of the program under test, in processes of its own, on real directories. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { programUnderTest } from '../support/program.ts';
import { makeTestDirectory, removeTree } from '../support/real-host.ts';
import { suite } from '../support/suite.ts';
import { startVault } from '../support/vault-service.ts';

const test = suite('confidant as a program');
const { confidant } = programUnderTest();

const MARKER = 'marker-of-tests';

/** A directory with what streambed's examples want to be there. */
async function inDirectory(use: (root: string, shell: (line: string, input?: string) => Ran) => void | Promise<void>) {
  const root = makeTestDirectory();
  try {
    mkdirSync(join(root, 'confidant'), { mode: 0o700 });
    writeFileSync(join(root, 'root-secret'), '1800af9b273e4b9ea71ec723426933a4\n', { mode: 0o400 });
    await use(root, (line, input = '') => run(root, line, input));
  } finally {
    removeTree(root);
  }
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const env = { PATH: process.env['PATH'] ?? '', STREAMBED_ALLOW_VOLATILE: '1' };

/** `confidant` in the line is the command with the flags of the examples. */
function run(root: string, line: string, input: string): Ran {
  const command = `confidant() { ${confidant.join(' ')} --root-path=confidant --credentials-directory=. "$@"; }; `;
  const ran = spawnSync('bash', ['--norc', '-o', 'pipefail', '-c', command + line], {
    cwd: root,
    env,
    encoding: 'utf8',
    input,
  });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

test("streambed's examples: a pipe in, a pipe out, and both in one", () =>
  inDirectory((_root, shell) => {
    const record =
      '{"topic":"default:temp","headers":[],"key":9223372036854775809,"value":"SGkgdGhlcmU=","partition":0}\n';
    const flags = '--file - --path="default/my-secret-path" --select value';
    const both = shell(`confidant encrypt ${flags} | confidant decrypt ${flags}`, record);
    assert.equal(both, { code: 0, out: record, err: '' });
    const sealed = shell(`confidant encrypt ${flags}`, record.repeat(3));
    assert.is(sealed.code, 0, sealed.err);
    assert.not.ok(sealed.out.includes('SGkgdGhlcmU='));
    assert.equal(shell(`confidant decrypt ${flags} --output out; cat out`, sealed.out).out, record.repeat(3));
  }));

test('what is kept is private, and nothing that others may come to is used', () =>
  inDirectory((root, shell) => {
    assert.is(shell(`confidant put a x=@-; echo ${MARKER} | confidant put a x=-`).code, 0);
    const secrets = join(root, 'confidant', 'secrets');
    for (const name of readdirSync(secrets, { recursive: true, encoding: 'utf8' })) {
      const path = join(secrets, name);
      assert.is(statSync(path).mode & 0o077, 0, name);
      if (statSync(path).isFile()) assert.not.ok(readFileSync(path, 'latin1').includes(MARKER), name);
    }
    chmodSync(secrets, 0o750);
    const open = shell('confidant get a');
    assert.is(open.code, 1);
    assert.match(
      open.err,
      /^confidant: .*secrets is not private: it must belong to the user who runs this and have mode 0700\n$/,
    );
    chmodSync(secrets, 0o700);
    chmodSync(join(root, 'root-secret'), 0o644);
    const told = shell('confidant get a -field=x');
    assert.equal([told.code, told.out], [0, `${MARKER}\n`]);
    assert.match(
      told.err,
      /^confidant: .\/root-secret: others than its owner may come to the root secret: chmod 0400\n$/,
    );
    writeFileSync(join(root, 'key'), `${'00'.repeat(32)}\n`, { mode: 0o644 });
    const key = shell('confidant --root-key-file=key get a');
    assert.equal(
      [key.code, key.err],
      [1, 'confidant: key: others than its owner may come to the root key: chmod 0400\n'],
    );
  }));

test('no error tells a secret', () =>
  inDirectory((root, shell) => {
    shell(`echo ${MARKER} | confidant put a x=-`);
    writeFileSync(join(root, 'bytes'), Buffer.from([0xff, ...Buffer.from(MARKER)]));
    const secret = `${MARKER.slice(0, 6)}[^ ]*`;
    const lines = [
      `confidant get a ${MARKER}=1`,
      `confidant put a ${MARKER}`,
      `confidant put a/../b x=${MARKER}`,
      'confidant put a x=@bytes',
      `echo ${MARKER} | confidant put a -`,
      `echo '{"a":${MARKER}}' | confidant put a -`,
      `echo '{"value":"${MARKER}"}' | confidant encrypt --file - --path k`,
      `echo '${MARKER}' | confidant encrypt --file - --path k`,
      `echo '{"value":"AAAA"}' | confidant encrypt --file - --path a`,
      `echo ${MARKER} | confidant users put joe token_ttl=-`,
      `echo ${MARKER} | confidant put a x=- -cas=7`,
    ];
    for (const line of lines) {
      const ran = shell(line);
      assert.ok(ran.code === 1 || ran.code === 2, `${line}: exit ${ran.code}`);
      assert.ok(ran.err.startsWith('confidant: ') && ran.out === '', line);
      const told = line.startsWith('confidant get') ? ran.err.replace(`${MARKER}=...`, '') : ran.err;
      assert.not.match(told, new RegExp(secret), line);
    }
    // What the directory itself is in the way of.
    symlinkSync('/etc', join(root, 'linked'));
    assert.is(shell('confidant --root-path=linked get a').code, 1);
    writeFileSync(join(root, 'root-secret.bad'), MARKER);
    const bad = shell(`mkdir d; echo ${MARKER} > d/root-secret; confidant --credentials-directory=d get a`);
    assert.is(bad.code, 1);
    assert.not.match(bad.err, new RegExp(secret));
  }));

test('beside the service: refused while it runs, its data after that', () =>
  inDirectory(async (root, shell) => {
    assert.is(shell(`confidant put a x=${MARKER}`).code, 0);
    assert.is(shell('confidant rekey --new-root-key-file=key').code, 0);
    const token = shell('confidant --root-key-file=key token create -policy=root -field=token').out;
    const data = join(root, 'confidant');
    const service = await startVault(data, ['--root-key-file', join(root, 'key')]);
    try {
      const refused = shell('confidant --root-key-file=key get a');
      assert.equal([refused.code, refused.out], [1, '']);
      assert.match(refused.err, /another process has the secret store open; while the service runs, use its HTTP API/);
      assert.equal(shell('confidant --root-key-file=key verify').code, 0);
      const reply = await fetch(`${service.vault}/v1/secret/data/a`, { headers: { 'X-Vault-Token': token } });
      assert.equal(((await reply.json()) as { data: { data: unknown } }).data.data, { x: MARKER });
    } finally {
      await service.end('SIGTERM');
    }
    assert.is(shell('confidant --root-key-file=key get a -field=x').out, MARKER);
  }));

test('a command that is killed leaves the store to the next', () =>
  inDirectory(async (root, shell) => {
    assert.is(shell('confidant put a x=1').code, 0);
    const [command = '', ...before] = confidant;
    const args = ['--root-path=confidant', '--credentials-directory=.', 'put', 'a', 'x=2'];
    const child = spawn(command, [...before, ...args], { cwd: root, env, stdio: 'ignore' });
    child.kill('SIGKILL');
    await new Promise((resolve) => {
      child.on('close', resolve);
    });
    assert.ok(['1', '2'].includes(shell('confidant get a -field=x').out));
    assert.is(shell('confidant verify').code, 0);
  }));
