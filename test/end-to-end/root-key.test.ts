/** The custody of the root key, seen from outside of the built service: where its file may be, and how it is replaced. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { relative } from 'node:path';
import * as assert from 'uvu/assert';
import { programUnderTest } from '../support/program.ts';
import { said, spawnService } from '../support/service.ts';
import { suite } from '../support/suite.ts';
import { startVault } from '../support/vault-service.ts';

const test = suite('the root key of the service');
const scratch = mkdtempSync(`${tmpdir()}/streambed-root-key-`);
test.after(() => rmSync(scratch, { recursive: true, force: true }));

const listeners = ['--kafka', '127.0.0.1:0', '--vault', '127.0.0.1:0'];

let count = 0;

function newPlace(): { readonly data: string; readonly key: string } {
  const place = `${scratch}/${(count += 1)}`;
  mkdirSync(place);
  return { data: `${place}/data`, key: `${place}/key` };
}

async function initialised(): Promise<{ readonly data: string; readonly key: string; readonly rootToken: string }> {
  const place = newPlace();
  const { ended, output, lines } = spawnService(['init', '--data', place.data, '--root-key-file', place.key]);
  assert.is((await ended).code, 0, lines.join());
  return { ...place, rootToken: output.join('').trim() };
}

const newKey = (): string => `${randomBytes(32).toString('hex')}\n`;

test('a key in the data directory is refused, whatever its path looks like', async () => {
  const { data, key } = newPlace();
  const here = relative('.', data);
  mkdirSync(`${data}/deep/er`, { recursive: true });
  symlinkSync(`${data}/deep`, key);
  for (const [dataPath, keyPath] of [
    [data, `${here}/key`],
    [here, `${data}/key`],
    [`${data}/`, `${data}/deep/er/key`],
    [`./${here}`, `${here}/key`],
    [data, `${key}/key`],
    [data, `${key}/er/../../key`],
    [`${key}/..`, `${data}/key`],
  ] as const) {
    const init = spawnService(['init', '--data', dataPath, '--root-key-file', keyPath]);
    assert.is((await init.ended).code, 2, `${dataPath} ${keyPath}`);
    assert.match(init.lines.join(), /key: the root key must not lie in the data directory/);
  }
  writeFileSync(`${data}/key`, newKey(), { mode: 0o400 });
  const serve = spawnService(['serve', '--data', data, ...listeners, '--root-key-file', `${here}/key`]);
  assert.is((await serve.ended).code, 1);
  assert.match(serve.lines.join(), /key: the root key must not lie in the data directory/);
});

test('a root token that cannot be printed is a failure, and there is a way to another one', async () => {
  for (const [redirection, why] of [
    ['>&-', ''],
    ['>/dev/full', 'ENOSPC.*'],
    ['| true', 'nobody reads it'],
  ] as const) {
    const { data, key } = newPlace();
    const { streambed, confidant } = programUnderTest();
    const env = { ...process.env, STREAMBED_ALLOW_VOLATILE: '1' };
    const init = `{ sleep 0.1; ${streambed.join(' ')} init --data ${data} --root-key-file ${key}; echo $? >&2; } ${redirection}`;
    const { stderr } = spawnSync('sh', ['-c', init], { encoding: 'utf8', env });
    assert.match(stderr, new RegExp(`standard output: .*${why}: the store is made.* token create -policy=root\n1\n$`));
    const [command = '', ...before] = confidant;
    const args = [`--root-path=${data}`, `--root-key-file=${key}`, 'token', 'create', '-policy=root'];
    assert.is(spawnSync(command, [...before, ...args], { env }).status, 0);
  }
});

test('of a link to a key it is said what is wrong', async () => {
  const { data, key } = newPlace();
  writeFileSync(`${key}.true`, newKey(), { mode: 0o400 });
  symlinkSync(`${key}.true`, key);
  const { ended, lines } = spawnService(['init', '--data', data, '--root-key-file', key]);
  assert.is((await ended).code, 1);
  assert.match(lines.join(), /key: is a link, or no file: name the file of the root key itself/);
});

test('nothing is served from files that others may come to, nor when a directory of theirs is open', async () => {
  const { data, key } = await initialised();
  for (const path of [
    'secrets',
    'secrets/keyring',
    'secrets/files/core',
    'secrets-journal',
    'secrets-journal/reserve',
  ]) {
    const { mode } = statSync(`${data}/${path}`);
    chmodSync(`${data}/${path}`, mode | 0o044);
    const { ended, lines } = spawnService(['serve', '--data', data, ...listeners, '--root-key-file', key]);
    assert.is((await ended).code, 1, path);
    assert.match(lines.join(), new RegExp(`${path} is not private: it must belong to .* mode 0[67]00$`));
    chmodSync(`${data}/${path}`, mode);
  }
  await (await startVault(data, ['--root-key-file', key])).end('SIGTERM');
});

test('a key that is replaced while the store is sealed, and one that is written in place, open it afterwards', async () => {
  const { data, key, rootToken } = await initialised();
  for (const replace of [
    () => {
      writeFileSync(`${key}.new`, newKey(), { mode: 0o600 });
      renameSync(`${key}.new`, key);
    },
    () => writeFileSync(key, newKey()),
  ]) {
    const service = await startVault(data, ['--root-key-file', key]);
    const headers = { 'x-vault-token': rootToken };
    assert.is((await fetch(`${service.vault}/v1/sys/seal`, { method: 'PUT', headers })).status, 204);
    replace();
    await said(service, /the root key is [\da-f]{16} from now on/);
    await service.end('SIGKILL');
    const again = await startVault(data, ['--root-key-file', key]);
    const health = await fetch(`${again.vault}/v1/sys/health`);
    assert.is(health.status, 200);
    await again.end('SIGTERM');
  }
});
