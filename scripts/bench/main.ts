/**
 * `npm run bench`: every figure as a JSON line on standard output, each group in a process of its own.
 * `npm run bench -- appends http` runs some groups only.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const GROUPS = ['appends', 'peers', 'reads', 'latency', 'opening', 'compaction', 'http', 'memory'];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((group) => !GROUPS.includes(group));
if (unknown.length > 0) {
  process.stderr.write(`bench: unknown group ${unknown.join(', ')}; there are ${GROUPS.join(', ')}\n`);
  process.exit(2);
}
let failed = 0;
for (const group of wanted.length > 0 ? wanted : GROUPS) {
  process.stderr.write(`bench: ${group}\n`);
  const script = fileURLToPath(new URL(`./${group}.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', script], { stdio: 'inherit' });
  if (status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
