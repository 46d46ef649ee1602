/**
 * streambed-rs beside us: its own two workloads on its published crates (`peers/`, built here with cargo) and on our
 * log, in turns. Theirs acknowledges what is in a buffer of its process; ours what the kernel has. Without cargo or
 * the registry it says so and measures nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Figure, median, print } from './figure.ts';
import { type Rates, runWorkloads } from './streambed-workloads.ts';
import { inDirectory, withLog } from './workplace.ts';

const ROUNDS = 7;
/** Its own benchmark runs on the first; on the other it has no threads to wake. */
const RUNTIMES = ['multi-thread', 'one-thread'];
const crate = resolve('scripts/bench/peers');
const target = resolve('node_modules/.cache/streambed-peers');

const reason = build();
if (reason === null) await measure();
else process.stderr.write(`bench: peers: skipped: ${reason}\n`);

/** Why there is nothing to measure, or null. */
function build(): string | null {
  let reason = '';
  // What was fetched before is built without asking the registry anything.
  for (const offline of [['--offline'], []]) {
    const manifest = ['--manifest-path', join(crate, 'Cargo.toml')];
    const { status, error, stderr } = spawnSync('cargo', ['build', '--release', '--locked', ...manifest, ...offline], {
      env: { ...process.env, CARGO_TARGET_DIR: target },
      encoding: 'utf8',
    });
    if (status === 0) return null;
    reason = error?.message ?? stderr.split('\n').find((line) => line.startsWith('error')) ?? 'cargo build failed';
  }
  return reason;
}

async function measure(): Promise<void> {
  const ours: Rates[] = [];
  const theirs = new Map<string, number[]>();
  await inDirectory((directory) =>
    withLog(`${directory}/log`, async (log) => {
      for (let round = 0; round < ROUNDS; round++) {
        ours.push(await runWorkloads(log, `t${round}`));
        for (const { name, value } of runPeers(`${directory}/peers-${round}`)) {
          theirs.set(name, [...(theirs.get(name) ?? []), value]);
        }
      }
    }),
  );
  for (const [name, rates] of theirs) print({ name, value: median(rates), unit: 'records/s' });
  show(
    'peers/append/one-by-one',
    ours.map(({ appends }) => appends),
    theirs,
  );
  show(
    'peers/read/one-subscriber',
    ours.map(({ reads }) => reads),
    theirs,
  );
}

function runPeers(directory: string): Figure[] {
  mkdirSync(directory);
  const { status, stdout, stderr } = spawnSync(`${target}/release/streambed-peers`, [directory], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`streambed-peers: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Figure);
}

function show(name: string, ours: readonly number[], theirs: ReadonlyMap<string, readonly number[]>): void {
  const value = median(ours);
  for (const runtime of RUNTIMES) {
    const limit = `streambed-rs 0.13, ${runtime}`;
    const ratio = value / median(theirs.get(`${name}/${runtime}/streambed-rs`) ?? []);
    print({ name: `${name}/${runtime}`, value, unit: 'records/s', ratio, limit });
  }
}
