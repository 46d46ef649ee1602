/** The secret store of the built service: made by `init`, kept over kills, silent about what it keeps. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { programUnderTest } from '../support/program.ts';
import { said, spawnService } from '../support/service.ts';
import { suite } from '../support/suite.ts';
import { startVault, type VaultService } from '../support/vault-service.ts';

const test = suite('the secret store of the service');
const scratch = mkdtempSync(`${tmpdir()}/streambed-secrets-`);
test.after(() => rmSync(scratch, { recursive: true, force: true }));

let count = 0;

interface Store {
  readonly data: string;
  readonly args: readonly string[];
  readonly rootToken: string;
}

/** As `init` makes them, which takes a while: all are copies of the first. */
let first: Store | null = null;

async function initialised(): Promise<Store> {
  const data = `${scratch}/data-${(count += 1)}`;
  const key = `${scratch}/key-${count}`;
  const args = ['--root-key-file', key];
  if (first === null) {
    const { ended, output, lines } = spawnService(['init', '--data', data, ...args]);
    assert.is((await ended).code, 0, lines.join());
    first = { data: `${data}.first`, args: ['--root-key-file', `${key}.first`], rootToken: output.join('').trim() };
    cpSync(data, first.data, { recursive: true });
    copyFileSync(key, first.args[1] ?? '');
  } else {
    cpSync(first.data, data, { recursive: true });
    copyFileSync(first.args[1] ?? '', key);
  }
  return { data, args, rootToken: first.rootToken };
}

function newKey(): string {
  const path = `${scratch}/key-${(count += 1)}`;
  writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o400 });
  return path;
}

async function call(
  service: VaultService,
  token: string,
  method: string,
  path: string,
  body?: string,
): Promise<Response> {
  const headers = { 'x-vault-token': token };
  return fetch(`${service.vault}/v1/${path}`, { method, headers, ...(body !== undefined && { body }) });
}

const put = (service: VaultService, token: string, path: string, value: unknown): Promise<Response> =>
  call(service, token, 'POST', `secret/data/${path}`, JSON.stringify({ data: { value } }));

test('init makes a key that only its owner reads, and prints the root token once', async () => {
  const { data, args, rootToken } = await initialised();
  assert.match(rootToken, /^hvs\.[\w-]{32}$/);
  assert.is(statSync(args[1] ?? '').mode & 0o777, 0o400);
  const again = spawnService(['init', '--data', data, ...args]);
  assert.is((await again.ended).code, 1);
  assert.match(again.lines.join(), /has a secret store already/);
  const inside = spawnService(['init', '--data', data, '--root-key-file', `${data}/key`]);
  assert.is((await inside.ended).code, 2);
});

test('a key that others may read, another key and a damaged one are refused in words', async () => {
  const { data, args } = await initialised();
  chmodSync(args[1] ?? '', 0o440);
  const open = spawnService(['serve', '--data', data, '--kafka', '127.0.0.1:0', '--vault', '127.0.0.1:0', ...args]);
  assert.is((await open.ended).code, 1);
  assert.match(open.lines.join(), /others than its owner/);
  const other = ['--root-key-file', newKey()];
  const wrong = spawnService(['serve', '--data', data, '--kafka', '127.0.0.1:0', '--vault', '127.0.0.1:0', ...other]);
  assert.is((await wrong.ended).code, 1);
  assert.match(wrong.lines.join(), /needs the root key/);
});

test('the root key comes from a descriptor, which may be a pipe', async () => {
  const { data, args } = await initialised();
  const serve = ['serve', '--data', data, '--kafka', '127.0.0.1:0', '--vault', '127.0.0.1:0', '--root-key-fd', '7'];
  const pipe = `${scratch}/pipe`;
  const script = 'mkfifo "$PIPE" && { cat "$KEY" > "$PIPE" & exec "$0" "$@" 7< "$PIPE"; }';
  const child = spawn('sh', ['-c', script, ...programUnderTest().streambed, ...serve], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], STREAMBED_ALLOW_VOLATILE: '1', PIPE: pipe, KEY: args[1] },
  });
  let output = '';
  for await (const chunk of child.stderr) {
    output += String(chunk);
    if (output.includes('serving Vault')) child.kill('SIGTERM');
  }
  assert.match(output, /serving Vault/);
  assert.not.match(output, /sealed/);
  const closed = spawnService(serve.with(-1, '777'));
  assert.is((await closed.ended).code, 1);
  assert.match(closed.lines.join(), /--root-key-fd 777: .*EBADF/);
});

test('the root key is replaced with the one before at hand', async () => {
  const { data, args, rootToken } = await initialised();
  const first = await startVault(data, args);
  assert.is((await put(first, rootToken, 'a', 'kept')).status, 200);
  await first.end('SIGTERM');
  const next = ['--root-key-file', newKey()];
  const second = await startVault(data, [...next, '--previous-root-key-file', args[1] ?? '']);
  await second.end('SIGTERM');
  const third = await startVault(data, next);
  const read = (await (await call(third, rootToken, 'GET', 'secret/data/a')).json()) as { data: { data: unknown } };
  assert.equal(read.data.data, { value: 'kept' });
  await third.end('SIGTERM');
});

test('a root key that is put in place of another while the service runs is the one from then on', async () => {
  const { data, args, rootToken } = await initialised();
  const [, path = ''] = args;
  const service = await startVault(data, args);
  assert.is((await put(service, rootToken, 'a', 'kept')).status, 200);
  const before = readFileSync(path);
  // Not all at once, as an editor or a copy may do it; the key before it is no help any more.
  rmSync(path);
  writeFileSync(path, '', { mode: 0o400 });
  writeFileSync(`${path}.new`, `${'5a'.repeat(32)}\n`, { mode: 0o400 });
  renameSync(`${path}.new`, path);
  await said(service, /the root key is [\da-f]{16} from now on/);
  assert.is((await put(service, rootToken, 'b', 'kept too')).status, 200);
  await service.end('SIGKILL');
  const again = await startVault(data, args);
  assert.is((await call(again, rootToken, 'GET', 'secret/data/b')).status, 200);
  await again.end('SIGTERM');
  writeFileSync(`${path}.old`, before, { mode: 0o400 });
  const old = ['--root-key-file', `${path}.old`, '--kafka', '127.0.0.1:0', '--vault', '127.0.0.1:0'];
  const refused = spawnService(['serve', '--data', data, ...old]);
  assert.is((await refused.ended).code, 1);
  assert.match(refused.lines.join(), /needs the root key/);
});

test('what was acknowledged is there after every kill -9', async () => {
  const { data, args, rootToken } = await initialised();
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < 4; round += 1) {
    const service = await startVault(data, args);
    for (const [path, value] of acknowledged) {
      const reply = (await (await call(service, rootToken, 'GET', `secret/data/${path}`)).json()) as {
        data: { data: { value: number } };
      };
      assert.ok(reply.data.data.value >= value, `${path} fell back to ${reply.data.data.value} from ${value}`);
    }
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; ; n += 1) {
        const value = round * 1000 + n;
        const reply = await put(service, rootToken, `w${writer}`, value).catch(() => null);
        if (reply?.status !== 200) return;
        acknowledged.set(`w${writer}`, value);
        if (writer === 0 && n === 25) service.child.kill('SIGKILL');
      }
    });
    await Promise.all(writers);
    await service.ended;
  }
  assert.is(acknowledged.size, 4);
});

const markers = [
  'marker-of-value',
  'marker-of-body',
  'marker-of-token',
  'marker-of-password',
  'marker-of-query',
  'marker-of-form',
];

test('nothing secret is in what the process writes', async () => {
  const { data, args, rootToken } = await initialised();
  const service = await startVault(data, [...args, '--audit', 'closed', '--log-level', 'debug']);
  const root = (method: string, path: string, body?: string) => call(service, rootToken, method, path, body);
  await put(service, rootToken, 'a', 'marker-of-value');
  await root('GET', 'secret/data/a');
  await root('POST', 'sys/auth/userpass', '{"type":"userpass"}');
  await root('POST', 'auth/userpass/users/joe', '{"password":"marker-of-password"}');
  const login = await call(service, '', 'POST', 'auth/userpass/login/joe', '{"password":"marker-of-password"}');
  const { auth } = (await login.json()) as { auth: { client_token: string } };
  const statuses: number[] = [];
  for (const reply of [
    root('POST', 'secret/data/a', '{"data":{"x":"marker-of-body"'),
    root('POST', 'secret/data/a', '["marker-of-body"]'),
    root('POST', 'secret/data/a', '{"data":"marker-of-body"}'),
    root('POST', 'auth/userpass/users/x', '{"password":{"a":"marker-of-body"}}'),
    root('POST', 'sys/policies/acl/p', '{"policy":"path \\"a\\" { marker-of-body }"}'),
    root('GET', 'secret/data/a?version=marker-of-query'),
    root('POST', 'sys/unseal', '{"key":"marker-of-body"}'),
    call(service, 'marker-of-token', 'GET', 'secret/data/a'),
    fetch(`${service.vault}/v1/secret/data/a`, {
      method: 'POST',
      body: 'data=marker-of-form&%zz',
      headers: { 'x-vault-token': rootToken, 'content-type': 'application/x-www-form-urlencoded' },
    }),
  ]) {
    const answered = await reply;
    statuses.push(answered.status);
    assert.not.match(await answered.text(), /marker-of-(body|token|form)/);
  }
  assert.not.ok(
    statuses.some((status) => status >= 500),
    statuses.join(),
  );
  const audit = `${service.url}/v3/clusters/streambed/topics/audit`;
  assert.is((await fetch(audit)).status, 200);
  assert.is((await fetch(audit, { method: 'DELETE' })).status, 403);
  await service.end('SIGTERM');
  const secrets = [...markers, rootToken.slice(4), auth.client_token.slice(4)];
  for (const [what, text] of [['lines', service.lines.join('\n')], ...filesBelow(data)] as const) {
    for (const secret of secrets) {
      assert.not.ok(text.includes(secret), `${what} holds ${secret}`);
      assert.not.ok(
        text.includes(Buffer.from(secret).toString('base64').slice(0, -3)),
        `${what} holds ${secret} in base64`,
      );
    }
  }
});

/** With their names. */
function filesBelow(directory: string): [string, string][] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`;
      return [path, `${path}\n${readFileSync(path, 'latin1')}`];
    });
}
