/**
 * No path from outside reaches a file outside of the data directory: canaries lie beside it and links to them in it, and
 * every way to write a path that somebody has thought of is sent as raw bytes, since clients would tidy it up.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { spawnService } from '../support/service.ts';
import { FULL } from '../support/share.ts';
import { suite } from '../support/suite.ts';
import { startVault, type VaultService } from '../support/vault-service.ts';

const test = suite('paths to the secret store of the service');
const scratch = mkdtempSync(`${tmpdir()}/streambed-paths-`);
test.after(() => rmSync(scratch, { recursive: true, force: true }));

const CANARY = 'canary-that-nobody-may-read';
const [outside, data, key] = [`${scratch}/outside`, `${scratch}/outside/data`, `${scratch}/key`];
let rootToken = '';

/** Every file and directory but those of the service, with what is in it and when it was changed. */
function seen(directory = outside): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${directory}/${entry.name}`;
      if (path === data) return [];
      const { mtimeMs, mode } = statSync(path);
      if (entry.isDirectory()) return [`${path} ${mode}`, ...seen(path)];
      return [`${path} ${mode} ${mtimeMs} ${readFileSync(path, 'utf8')}`];
    });
}

test.before(async () => {
  mkdirSync(`${outside}/etc`, { recursive: true });
  for (const name of ['canary', 'canary~sealed', 'etc/canary', 'etc/canary~sealed']) {
    writeFileSync(`${outside}/${name}`, CANARY);
  }
  const { ended, output } = spawnService(['init', '--data', data, '--root-key-file', key]);
  assert.is((await ended).code, 0);
  rootToken = output.join('').trim();
});

/** The whole answer to a request whose target goes out as it is. */
function raw(service: VaultService, method: string, target: string, body = ''): Promise<string> {
  const { hostname, port } = new URL(service.vault);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => {
      const head = [
        `${method} ${target} HTTP/1.1`,
        'host: h',
        `x-vault-token: ${rootToken}`,
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
      ];
      socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1'));
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

/** From below the files of a mount it is five directories up to the data directory. */
const ups = [1, 2, 3, 4, 5, 6, 7, 8, 12];
const forms = [
  (n: number) => '../'.repeat(n),
  (n: number) => '..%2f'.repeat(n),
  (n: number) => '%2e%2e/'.repeat(n),
  (n: number) => '%2e%2e%2F'.repeat(n),
  (n: number) => '%252e%252e%252f'.repeat(n),
  (n: number) => '..%5c'.repeat(n),
  (n: number) => '..\\'.repeat(n),
  (n: number) => '....//'.repeat(n),
  (n: number) => './..;/'.repeat(n),
  (n: number) => '%c0%ae%c0%ae%c0%af'.repeat(n),
  (n: number) => '%e0%80%ae%e0%80%ae/'.repeat(n),
  (n: number) => '%uff0e%uff0e/'.repeat(n),
  (n: number) => '%ef%bc%8e%ef%bc%8e%ef%bc%8f'.repeat(n),
  (n: number) => `x/${'../'.repeat(n)}`,
];

const odd = [
  `/${outside}/canary`,
  `%2f${outside.replaceAll('/', '%2f')}%2fcanary`,
  'canary%00',
  'canary%00.txt',
  '%00',
  'a%0d%0ab',
  `${'a'.repeat(201)}`,
  `${'a/'.repeat(400)}a`,
  `${'%C3%A9'.repeat(300)}`,
  'e%CC%81',
  '%C3%A9',
  '%ED%A0%80',
  '%',
  '%zz',
  '~',
  '~sealed',
  'canary~sealed',
  '..~sealed',
  '.',
  '..',
  'CON',
  'C:%5Ccanary',
  '-rf',
];

/** Where a path goes in: each of these ends up as a file's name. */
const places = [
  'secret/data/',
  'secret/metadata/',
  'kv1/',
  'sys/policies/acl/',
  'sys/policy/',
  'sys/mounts/',
  'sys/auth/',
  'auth/approle/role/',
  'auth/userpass/users/',
  'transit/keys/',
  'transit/encrypt/',
];

const BODY = JSON.stringify({
  data: { planted: 'x' },
  planted: 'x',
  policy: 'path "a" { capabilities = ["read"] }',
  type: 'kv',
  password: 'p',
  plaintext: 'aGVsbG8=',
});

async function mountAll(service: VaultService): Promise<void> {
  for (const [path, type] of [
    ['mounts/kv1', 'kv'],
    ['mounts/transit', 'transit'],
    ['auth/approle', 'approle'],
    ['auth/userpass', 'userpass'],
  ]) {
    assert.match(await raw(service, 'POST', `/v1/sys/${path}`, JSON.stringify({ type })), /^HTTP\/1\.1 20[04] /);
  }
}

test('no form of a path reads, writes or removes what lies outside', async () => {
  const before = seen();
  const service = await startVault(data, ['--root-key-file', key]);
  await mountAll(service);
  const paths = [
    ...forms.flatMap((form) => ups.map((n) => form(n))).flatMap((up) => [`${up}canary`, `${up}etc/canary`]),
    ...odd,
  ];
  let asked = 0;
  for (const [i, path] of paths.entries()) {
    // Each path at a few places, all of them in turn: with every path at every place it takes minutes.
    for (const place of places.filter((_, j) => FULL || (i + j) % 8 === 0)) {
      for (const method of ['GET', 'POST', 'LIST', 'DELETE']) {
        const answer = await raw(service, method, `/v1/${place}${path}`, method === 'POST' ? BODY : '');
        assert.not.ok(answer.includes(CANARY), `${method} ${place}${path}`);
        assert.match(
          answer,
          /^HTTP\/1\.1 (20[04]|40[0345]|414) /,
          `${method} ${place}${path}: ${answer.slice(0, 200)}`,
        );
        asked += 1;
      }
    }
  }
  assert.ok(asked > 1000, `${asked} requests`);
  assert.equal(seen(), before);
  await service.end('SIGTERM');
  assert.equal(seen(), before);
});

test('links that were planted in the data directory are not followed', async () => {
  const before = seen();
  const first = await startVault(data, ['--root-key-file', key]);
  await raw(first, 'POST', '/v1/secret/data/here', BODY);
  await first.end('SIGTERM');
  const files = `${data}/secrets/files/core`;
  const mount = readdirSync(files).find((name) => existsSync(`${files}/${name}/secrets/here~sealed`));
  const secrets = `${files}/${mount ?? ''}/secrets`;
  symlinkSync(`${outside}/canary~sealed`, `${secrets}/file~sealed`);
  symlinkSync(`${outside}/etc`, `${secrets}/directory`);
  symlinkSync(`${outside}/none~sealed`, `${secrets}/dangling~sealed`);
  symlinkSync(outside, `${data}/secrets/files/policies`);
  const service = await startVault(data, ['--root-key-file', key]);
  const targets = ['file', 'directory/canary', 'directory/new', 'dangling'].flatMap((name) => [
    `secret/data/${name}`,
    `secret/metadata/${name}`,
  ]);
  for (const target of [...targets, 'secret/metadata/directory', 'sys/policies/acl/canary', 'sys/policies/acl/new']) {
    for (const method of ['GET', 'LIST', 'POST', 'DELETE']) {
      const answer = await raw(service, method, `/v1/${target}`, method === 'POST' ? BODY : '');
      assert.not.ok(answer.includes(CANARY), `${method} ${target}`);
      assert.match(answer, /^HTTP\/1\.1 \d{3} /);
    }
  }
  assert.match(await raw(service, 'GET', '/v1/secret/data/here'), /"planted":"x"/);
  assert.equal(seen(), before);
  await service.end('SIGTERM');
  assert.equal(seen(), before);
});
