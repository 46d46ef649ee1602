/**
 * The crash matrix: what becomes of a scenario when the power goes, the process is killed, or the host fails, at every
 * call of the host.
 *
 * - `cutMatrix` runs a scenario once and takes cut disks at every call. Between two calls that change something the disk
 *   is the same and only more is acknowledged, so looking just before each of those says all that can be said.
 * - `killMatrix` runs it once per call and kills the process there; what it had written is then pending for ever, and the
 *   next process must not take it for durable. Its own appends are cut in turn.
 * - `faultMatrix` runs it once per call, which fails, and cuts at and after the moment at which a caller was told.
 *
 * By default a part of the ends is tried, chosen by the seed; `STREAMBED_SEED=n` tries another part, `STREAMBED_MATRIX=x5`
 * five times as many, `STREAMBED_MATRIX=full` all of them, which takes the better part of an hour (and `--watchdog-ms`),
 * and `STREAMBED_MATRIX=<what a failure prints>` one alone. Of a run with less than all `STREAMBED_SHARE` (see `share.ts`)
 * leaves that part.
 */
import * as assert from 'uvu/assert';
import { FaultHost } from '../fault-host/fault-host.ts';
import { failAt, type HostCall, type Plan, shortWriteAt, stopAt } from '../fault-host/plan.ts';
import { MemoryDisk } from '../memory-host/disk.ts';
import type { DirectoryNode } from '../memory-host/nodes.ts';
import { type CutChoice, cutChoices } from '../memory-host/power-cut.ts';
import type { Suite } from '../suite.ts';
import { Actor } from './actor.ts';
import { Ledger } from './ledger.ts';
import { checkLog, type Judge, openLog, type Options, type Thoroughness } from './verdict.ts';
import { variable } from '../platform.ts';
import { SEED, SHARE } from '../share.ts';

const SETTING = variable('STREAMBED_MATRIX') ?? '';
const FULL = SETTING === 'full';
const FACTOR = /^x\d+$/.test(SETTING) ? Number(SETTING.slice(1)) : 1;
const ONLY = SETTING.includes('@') ? SETTING : null;

export interface Scenario {
  readonly name: string;
  /** What the log is opened with. */
  readonly options?: Options;
  /** The disk to begin with, with what was done to it; an empty one when left out. */
  readonly prepare?: (seed: number) => Promise<Prepared>;
  /** Instead of `judge`, where the ledger does not know all. */
  readonly judge?: Judge;
  /** Opens the log if it likes, and closes it: what is left open after a failure is a leak. */
  readonly run: (world: World) => Promise<void>;
}

export interface Prepared {
  readonly disk: MemoryDisk;
  readonly ledger: Ledger;
}

export interface World extends Prepared {
  readonly host: FaultHost;
  readonly judge: Judge | undefined;
  /** Opens the log in this process. */
  open(): Promise<Actor>;
}

const CHANGING = new Set([
  'create',
  'write',
  'truncate',
  'rename',
  'remove',
  'removeDir',
  'makeDir',
  'lock',
  'sync',
  'syncDir',
  'kv.write',
]);

/** Whether a call may change what a power cut finds; the others stand for the next of these. */
export const isChanging = (name: string): boolean => CHANGING.has(name);

/** How much of the matrix is tried by default: of a hundred ends so many. */
export interface Share {
  readonly cuts: number;
  readonly kills: number;
  readonly faults: number;
}

/** Of a hundred ends so many are recovered twice, and so many are appended to and cut again. */
const TWICE = 10;
const LATER = 10;

/** The three matrices as tests. */
export function testMatrix(test: Suite, scenario: Scenario, share: Share): void {
  /** A share of a small matrix may be nothing at all: then a larger one is taken. */
  const trySome = async (matrix: (scenario: Scenario, share: Share) => Promise<number>): Promise<void> => {
    for (let times = 1, tried = 0; tried === 0 && ONLY === null; times *= 4) {
      assert.ok(times < 10_000, 'nothing was tried');
      const { cuts, kills, faults } = share;
      tried = await matrix(scenario, { cuts: cuts * times, kills: kills * times, faults: faults * times });
    }
    if (ONLY !== null) await matrix(scenario, share);
  };
  test(`${scenario.name}: power cut at every call`, () => trySome(cutMatrix));
  test(`${scenario.name}: kill at every call`, () => trySome(killMatrix));
  test(`${scenario.name}: failure of every call`, () => trySome(faultMatrix));
}

/** The cuts that find most are tried more often. */
const OFTEN = new Set<CutChoice['kind']>(['lose', 'keep']);
const OFTEN_FACTOR = 4;

/** One end of a scenario, to be judged. */
interface Trial {
  readonly id: string;
  readonly what: string;
  readonly run: () => Promise<void>;
}

export async function cutMatrix(scenario: Scenario, share: Share): Promise<number> {
  const { host, world } = await begin(scenario);
  const trials: Trial[] = [];
  const look = (call: HostCall): void => {
    if (isChanging(call.name)) trials.push(...cutTrials(`${scenario.name}@${call.number}`, call, world, share, false));
  };
  host.observer = look;
  await scenario.run(world);
  await host.disk.clock.settle();
  look({ number: host.calls + 1, name: 'write', path: '(the end)' });
  return replayable(trials);
}

/** The disks that a power cut at this moment may leave. */
function cutTrials(id: string, call: HostCall, { disk, ledger, judge }: World, share: Share, faults: boolean): Trial[] {
  const end = { at: ledger.now, atMs: disk.clock.now(), powerCut: true, faults };
  const choices = cutChoices(disk.pendingCount, SEED * 65_537 + call.number);
  return choices.flatMap((choice, i) => {
    const trial = `${id}/${i}`;
    const percent = share.cuts * (OFTEN.has(choice.kind) ? OFTEN_FACTOR : 1);
    if (!isChosen(trial, percent, faults ? MOST_CUTS_AFTER_FAULT : 100)) return [];
    const left = disk.powerCut(choice);
    const how = thoroughness(trial, false);
    const what = `power cut before ${call.name} ${call.path}, ${JSON.stringify(choice)}`;
    return [{ id: trial, what, run: () => checkLog(left, ledger, end, how, judge) }];
  });
}

export async function killMatrix(scenario: Scenario, share: Share): Promise<number> {
  const { calls } = await runWith(scenario, () => null);
  const trials: Trial[] = [];
  for (let number = 1; number <= calls; number += 1) {
    const id = `${scenario.name}@${number}/kill`;
    if (!isChosen(id, share.kills)) continue;
    trials.push({ id, what: `killed before call ${number}`, run: () => killAt(scenario, number, id) });
  }
  return replayable(trials);
}

async function killAt(scenario: Scenario, number: number, id: string): Promise<void> {
  const { host, world } = await runWith(scenario, stopAt(number));
  const { disk, ledger } = world;
  disk.kill();
  const end = { at: ledger.now, atMs: disk.clock.now(), powerCut: false, faults: false };
  await explained(`after ${host.stoppedAt?.name} ${host.stoppedAt?.path}`, () =>
    checkLog(disk, ledger, end, thoroughness(id, true), world.judge),
  );
}

export async function faultMatrix(scenario: Scenario, share: Share): Promise<number> {
  const calls: HostCall[] = [];
  await runWith(scenario, (call) => {
    calls.push(call);
    return null;
  });
  const trials: Trial[] = [];
  for (const call of calls) {
    for (const [name, plan] of Object.entries(faultsAt(call))) {
      const id = `${scenario.name}@${call.number}/${name}`;
      if (!isChosen(id, share.faults)) continue;
      const what = `${name} at ${call.name} ${call.path}`;
      trials.push({ id, what, run: () => failAtCall(scenario, plan, id, share) });
    }
  }
  return replayable(trials);
}

function faultsAt({ number, name }: HostCall): Record<string, Plan> {
  switch (name) {
    case 'write':
      return {
        'ENOSPC at once': shortWriteAt(number, 0),
        'ENOSPC after 30 bytes': shortWriteAt(number, 30),
        'ENOSPC after 150 bytes': shortWriteAt(number, 150),
        EIO: failAt(number, 'EIO'),
      };
    case 'create':
    case 'makeDir':
    case 'rename':
    case 'kv.write':
      return { ENOSPC: failAt(number, 'ENOSPC'), EIO: failAt(number, 'EIO') };
    case 'close':
      return {};
    default:
      return { EIO: failAt(number, 'EIO') };
  }
}

/** How many of the calls that change something are looked at after one of the host's calls has failed. */
const LOOKS_AFTER_FAULT = 8;
/** There are so many of them that also a full run tries only some of the cuts. */
const MOST_CUTS_AFTER_FAULT = 20;

async function failAtCall(scenario: Scenario, plan: Plan, id: string, share: Share): Promise<void> {
  const trials: Trial[] = [];
  let looks = 0;
  let failed = false;
  const watched: Plan = (call) => {
    const outcome = plan(call);
    failed ||= outcome !== null;
    return outcome;
  };
  const { host, world } = await runWith(scenario, watched, (call, now) => {
    if (!failed || !isChanging(call.name) || looks >= LOOKS_AFTER_FAULT) return;
    looks += 1;
    trials.push(...cutTrials(`${id}/${call.number}`, call, now, share, true));
  });
  const { disk, ledger } = world;
  assert.equal(openPaths(disk.root), [], 'left open by a log that was closed');
  const last = { number: host.calls + 1, name: 'write', path: '(the end)' };
  trials.push(...cutTrials(`${id}/end`, last, world, share, true));
  const end = { at: ledger.now, atMs: disk.clock.now(), powerCut: false, faults: true };
  for (const trial of trials) await explained(trial.what, trial.run);
  disk.kill();
  await explained('killed at the end', () => checkLog(disk, ledger, end, thoroughness(id, true), world.judge));
}

/** Files that somebody has open, or locked. */
function openPaths(directory: DirectoryNode, path = ''): string[] {
  return [...directory.entries].flatMap(([name, node]) => {
    if (node.kind === 'directory') return openPaths(node, `${path}/${name}`);
    return node.handles > 0 ? [`${path}/${name}`] : [];
  });
}

async function begin(scenario: Scenario, mayFail = false): Promise<{ host: FaultHost; world: World }> {
  const { disk, ledger } = (await scenario.prepare?.(SEED)) ?? { disk: new MemoryDisk(SEED), ledger: new Ledger() };
  const host = new FaultHost(disk);
  const open = async (): Promise<Actor> => new Actor(await openLog(host, [], scenario.options), ledger, host, mayFail);
  return { host, world: { disk, ledger, host, judge: scenario.judge, open } };
}

/** Runs the scenario to its end or until it is stopped. */
export async function runWith(
  scenario: Scenario,
  plan: Plan,
  look?: (call: HostCall, now: World) => void,
): Promise<{ calls: number; host: FaultHost; world: World }> {
  const { host, world } = await begin(scenario, look !== undefined);
  host.plan = plan;
  if (look !== undefined) host.observer = (call) => look(call, world);
  const run = scenario.run(world).then(
    () => host.disk.clock.settle(),
    (error: unknown) => {
      if (host.stoppedAt === null) throw error;
    },
  );
  await Promise.race([run, host.stopped]);
  return { calls: host.calls, host, world };
}

function thoroughness(id: string, always: boolean): Thoroughness {
  const later = always || isChosen(`${id} later`, LATER);
  return { twice: isChosen(`${id} twice`, TWICE), laterCuts: later ? [{ kind: 'lose' }, { kind: 'data' }] : [] };
}

/** Whether a trial is among those of this run. */
export function isChosen(id: string, percent: number, most = 100): boolean {
  if (ONLY !== null)
    return id === ONLY || ONLY.startsWith(`${id}/`) || id.startsWith(`${ONLY}/`) || id.startsWith(`${ONLY} `);
  return (hash(`${SEED} ${id}`) % 10_000) / 100 < Math.min(most, FULL ? 100 : percent * FACTOR * SHARE);
}

/** FNV-1a, mixed so that neighbours are far apart. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  sum = Math.imul(sum ^ (sum >>> 15), 0x85ebca6b);
  return (sum ^ (sum >>> 13)) >>> 0;
}

/** More would not be read. */
const MOST_FAILURES = 4;

/** Judges them all; what fails is told with what replays it alone. */
export async function replayable(trials: readonly Trial[]): Promise<number> {
  const failures: unknown[] = [];
  for (const { id, what, run } of trials) {
    try {
      await explained(`${what}\n  replay with STREAMBED_SEED=${SEED} STREAMBED_MATRIX='${id}'`, run);
    } catch (error) {
      failures.push(error);
      if (failures.length === MOST_FAILURES) break;
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `at least ${failures.length} of ${trials.length} ends failed`);
  return trials.length;
}

async function explained(what: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n  ${what}`, { cause: error });
  }
}
