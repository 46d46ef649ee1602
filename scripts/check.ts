/** `npm run check`: everything that can be known without running the product. The last line counts the checks. */
import { spawnSync } from 'node:child_process';

const CHECKS: Readonly<Record<string, readonly string[]>> = {
  'types of portable code': ['tsc', '-p', '.'],
  'types of http-api': ['tsc', '-p', 'http-api'],
  'types of targets/service': ['tsc', '-p', 'targets/service'],
  'types of targets/node': ['tsc', '-p', 'targets/node'],
  'types of targets/quickjs': ['tsc', '-p', 'targets/quickjs'],
  'types of examples': ['tsc', '-p', 'examples'],
  'types of scripts': ['tsc', '-p', 'scripts'],
  'types of tests': ['tsc', '-p', 'test'],
  format: ['biome', 'check', '.'],
  lint: ['oxlint', '--deny-warnings'],
  imports: ['tsx', 'scripts/check-imports.ts'],
  'lock file': ['tsx', 'scripts/check-lock.ts'],
};

let passed = 0;
let failed = 0;
for (const [name, [command = '', ...args]] of Object.entries(CHECKS)) {
  const { status, error } = spawnSync(`node_modules/.bin/${command}`, args, { stdio: 'inherit' });
  if (status === 0) passed += 1;
  else failed += 1;
  console.log(`${name}: ${status === 0 ? 'ok' : (error?.message ?? 'FAILED')}`);
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
