/**
 * `tsx test/peers/run.ts`: builds a small Rust program on streambed's published client and runs it against the built
 * service. Needs cargo and crates.io, and minutes for the first build, which is why `npm test` leaves it out and has
 * an emulation of the client instead (`test/support/streambed-client.ts`).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '../support/service.ts';

const target = join(tmpdir(), 'streambed-peers-target');
const manifest = 'test/peers/streambed-client/Cargo.toml';

if (spawnSync('cargo', ['--version']).status !== 0) {
  console.log('no cargo here');
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit(0);
}
const args = ['build', '--release', '--locked', '--manifest-path', manifest, '--target-dir', target];
if (spawnSync('cargo', args, { stdio: 'inherit' }).status !== 0) process.exit(1);

const root = mkdtempSync(join(tmpdir(), 'streambed-'));
const service = await startService(root);
try {
  const { status } = spawnSync(join(target, 'release/streambed-client'), [service.url], { stdio: 'inherit' });
  console.log(status === 0 ? '1 passed, 0 failed, 0 skipped' : '0 passed, 1 failed, 0 skipped');
  process.exitCode = status === 0 ? 0 : 1;
} finally {
  await service.end('SIGTERM');
  rmSync(root, { recursive: true, force: true });
}
