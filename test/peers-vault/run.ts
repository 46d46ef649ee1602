/**
 * `npm run test:vault-clients`: clients of Vault that npm does not have, unchanged, against the built service: Python's
 * hvac, the `bao` command line, and a small program on streambed's own client. They come from the registries of Python
 * and Rust; what cannot be had is skipped and says why. The first run takes minutes, most of them cargo's.
 *
 * The last line is `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process';
import { findPeers } from './peers.ts';

const suites = ['bao-secrets', 'bao-access', 'bao-operator', 'hvac', 'streambed-vault'];

const files = suites.map((name) => `test/peers-vault/${name}.ts`);
const args = [...process.execArgv, 'test/support/run.ts', ...process.argv.slice(2), ...files];
const env = { ...process.env, ...findPeers() };
process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
