/**
 * `npm run test:memory [-- --watchdog] [--case NAME]`: the service's Node bundle, which `npm run build` makes, with a hard limit of
 * 128 MiB on the whole process: through produce, consume, compaction of 1,000,000 keys and 200 connections, and, in a
 * second process, through a mixed load on the secret store. `--watchdog` makes no control group even where it
 * could; `--case` takes one of the two, `log` or `secrets`.
 *
 * Prints a JSON line per figure; the last line is `N passed, N failed, N skipped`. The data is on a disk, not in
 * memory: what a memory file system holds would count.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { inDirectory } from '../../scripts/bench/workplace.ts';
import { LIMIT_BYTES, LimitedService, NODE_FLAGS } from './limited-service.ts';
import { useLog } from './log-case.ts';
import { Measured } from './measured.ts';
import { limitMemory } from './memory-limit.ts';
import { useSecrets } from './secrets-case.ts';
import { ROOT_TOKEN } from '../support/vault-service.ts';

const { values } = parseArgs({
  options: { watchdog: { type: 'boolean', default: false }, case: { type: 'string', default: 'log,secrets' } },
});
const allowsGroups = !values.watchdog;
const counts = { passed: 0, failed: 0 };

// Ends the services too, and removes what was made for them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

const CASES = [
  { name: 'log', use: useLog, args: ['--vault', 'off'] },
  {
    name: 'secrets',
    use: useSecrets,
    args: ['--dev', '--dev-root-token-id', ROOT_TOKEN, '--vault', '127.0.0.1:0'],
  },
] as const;

await attempt('limit', proveLimit);
for (const { name, use, args } of CASES) {
  if (!values.case.split(',').includes(name)) continue;
  await attempt(name, (measured) =>
    inDirectory((data) => LimitedService.with({ data, args, allowsGroups }, (limited) => run(limited, measured, use))),
  );
}
console.log(`${counts.passed} passed, ${counts.failed} failed, 0 skipped`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;

async function attempt(name: string, work: (measured: Measured) => Promise<void>): Promise<void> {
  const measured = new Measured(name, counts);
  try {
    await work(measured);
  } catch (error) {
    measured.fail(error);
  }
}

/** A process that wants more than the limit does not live. */
async function proveLimit(measured: Measured): Promise<void> {
  const limit = limitMemory(LIMIT_BYTES, allowsGroups);
  const { kind } = limit;
  if (kind === 'watchdog')
    console.error('no control group can be made: a watchdog looks at the most that was resident');
  try {
    const wants = `Buffer.alloc(${2 * LIMIT_BYTES}, 1); setInterval(() => {}, 1000);`;
    const [command, ...args] = [...limit.prefix, process.execPath, ...NODE_FLAGS, '-e', wants];
    const child = spawn(command, args, { stdio: 'inherit' });
    limit.watch(child.pid ?? 0);
    const [, signal] = (await once(child, 'close')) as [unknown, string | null];
    const details = { limit: kind, bytes: LIMIT_BYTES, signal, kills: limit.kills() };
    measured.check('what wants more is killed', details, signal === 'SIGKILL' && limit.kills() > 0);
  } finally {
    limit.remove();
  }
}

async function run(
  limited: LimitedService,
  measured: Measured,
  use: (limited: LimitedService, measured: Measured) => Promise<void>,
): Promise<void> {
  try {
    await use(limited, measured);
    const { VmHWM } = limited.memory();
    measured.check('it was never above the limit', { VmHWM, flags: NODE_FLAGS }, VmHWM * 1024 <= LIMIT_BYTES);
  } finally {
    const { code, signal } = await limited.service.end('SIGTERM');
    const kills = limited.limit.kills();
    const wasKilled = kills > 0 || signal !== null;
    measured.check('it ends by itself', { code, signal, kills }, !wasKilled && code === 0);
    if (code !== 0) console.error(limited.service.lines.slice(-5).join('\n'));
  }
}
