/** Every session of `hvac_sessions.py`, with Python's hvac, against the built service. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as assert from 'uvu/assert';
import { ROOT_TOKEN, startVault, type VaultService } from '../support/vault-service.ts';
import { peerSuite } from './peers.ts';

const { path, test, before, after } = peerSuite('hvac', 'hvac');
const script = 'test/peers-vault/hvac_sessions.py';
const data = mkdtempSync(`${tmpdir()}/streambed-hvac-`);
let service: VaultService;

before(async () => {
  service = await startVault(data);
});
after(async () => {
  await service.end('SIGTERM');
  rmSync(data, { recursive: true, force: true });
});

for (const [, name = ''] of readFileSync(script, 'utf8').matchAll(/^def session_(\w+)/gm)) {
  test(name.replaceAll('_', ' '), () => {
    const args = ['-B', '-W', 'ignore::DeprecationWarning', script, name, service.vault, ROOT_TOKEN];
    const { status, stderr } = spawnSync(path, args, { encoding: 'utf8', env: {} });
    assert.is(status, 0, stderr);
  });
}
