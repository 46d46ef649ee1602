/**
 * `npm run bench`: every figure as a JSON line on standard output, each group in a process of its own.
 * `npm run bench -- appends http` runs some groups only. What is measured is bundled as the build does it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const GROUPS = ['appends', 'peers', 'reads', 'latency', 'opening', 'compaction', 'http', 'memory', 'secrets'];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((group) => !GROUPS.includes(group));
if (unknown.length > 0) {
  process.stderr.write(`bench: unknown group ${unknown.join(', ')}; there are ${GROUPS.join(', ')}\n`);
  process.exit(2);
}

const stage = resolve(`dist.bench-${process.pid}`);
// The groups hear of it too, and end by themselves.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
try {
  await bundle();
  process.exitCode = run(wanted.length > 0 ? wanted : GROUPS) ? 0 : 1;
} finally {
  rmSync(stage, { recursive: true, force: true });
}

async function bundle(): Promise<void> {
  const scripts = [...GROUPS, 'http-plain'].map((name) => `scripts/bench/${name}.ts`);
  const common = { bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external' } as const;
  await build({ ...common, entryPoints: scripts, outdir: `${stage}/bench` });
  await build({ ...common, entryPoints: ['targets/node/streambed.ts'], outdir: `${stage}/node` });
  mkdirSync(`${stage}/data`);
}

/** False when any of them failed; a signal ends them all. */
function run(groups: readonly string[]): boolean {
  let allDone = true;
  for (const group of groups) {
    process.stderr.write(`bench: ${group}\n`);
    const env = { BENCH_DIR: `${stage}/data`, ...process.env };
    const { status } = spawnSync(process.execPath, ['--expose-gc', `${stage}/bench/${group}.js`], {
      stdio: 'inherit',
      env,
    });
    if (status === null) return false;
    if (status !== 0) allDone = false;
  }
  return allDone;
}
