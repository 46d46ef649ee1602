/**
 * The crash matrix of the secret server, with its journal in a real log on the same disk: every operation is cut off,
 * killed, and made to fail at every call of the host. Afterwards the server opens, what each operation changes is in its
 * old or its new state, what was acknowledged is there, what was revoked or used up stays so, and it goes on.
 */
import * as assert from 'uvu/assert';
import { SecretStoreError } from '../../confidant/secret-store.ts';
import { FaultHost } from '../support/fault-host/fault-host.ts';
import { failAt, type HostCall, type Plan, shortWriteAt, stopAt } from '../support/fault-host/plan.ts';
import { isChanging, isChosen, replayable } from '../support/matrix/matrix.ts';
import { MemoryDisk } from '../support/memory-host/disk.ts';
import type { DirectoryNode } from '../support/memory-host/nodes.ts';
import { cutChoices } from '../support/memory-host/power-cut.ts';
import { SEED, SHARE } from '../support/share.ts';
import { suite } from '../support/suite.ts';
import { checkFacts, Facts, MatrixStore, ROOT_TOKEN } from './support/matrix-store.ts';
import { type Scenario, scenarios, type Step } from './support/matrix-steps.ts';

const test = suite('crash matrix of the secret server');

interface World {
  readonly host: FaultHost;
  readonly facts: Facts;
}

let prepared: MemoryDisk | null = null;

/** A disk with a server that has everything mounted, and nothing pending. */
async function begin({ isNew }: Scenario): Promise<World> {
  if (isNew === true) return { host: new FaultHost(new MemoryDisk(SEED)), facts: new Facts() };
  if (prepared === null) {
    const disk = new MemoryDisk(SEED);
    const store = await MatrixStore.open(disk.host());
    await store.store.initialize(1, 1, ROOT_TOKEN);
    await store.ask('update', 'sys/auth/approle', { type: 'approle' });
    await store.ask('update', 'sys/auth/userpass', { type: 'userpass' });
    await store.ask('update', 'sys/mounts/transit', { type: 'transit' });
    await store.close();
    prepared = disk;
  }
  return { host: new FaultHost(prepared.powerCut({ kind: 'keep' })), facts: new Facts() };
}

/** One call of the host fails: another try succeeds. */
async function openAgain(host: FaultHost): Promise<MatrixStore> {
  try {
    return await MatrixStore.open(host);
  } catch (error) {
    if (host.stoppedAt !== null || !(error instanceof Error && 'code' in error)) throw error;
    return MatrixStore.open(host);
  }
}

/** Runs all steps, or until the host fails one: then the process itself must know no more than is possible. */
async function run({ steps }: Scenario, { host, facts }: World): Promise<void> {
  const store = await openAgain(host);
  try {
    for (const step of steps) await take(step, store, facts);
  } catch (error) {
    if (host.stoppedAt !== null || !(error instanceof SecretStoreError) || error.code !== 'host-failed') throw error;
    if (store.store.isInitialized) {
      await checkFacts(store, facts);
      await facts.change('kv:after', '1=failure', () =>
        store.ask('update', 'secret/data/after', { data: { v: 'failure' } }),
      );
    }
  }
  await store.close();
}

function take({ fact, value, ask }: Step, store: MatrixStore, facts: Facts): Promise<void> {
  return facts.change(fact, value, () => ask(store, facts));
}

async function runWith(scenario: Scenario, plan: Plan, look: (call: HostCall, world: World) => void): Promise<World> {
  const world = await begin(scenario);
  const { host } = world;
  host.plan = plan;
  host.observer = (call) => look(call, world);
  const ended = run(scenario, world).catch((error: unknown) => {
    if (host.stoppedAt === null) throw error;
  });
  await Promise.race([ended, host.stopped]);
  host.observer = () => undefined;
  return world;
}

/** Opens what a stop has left, checks it, goes on, and then cuts the power once more. */
async function check(disk: MemoryDisk, facts: Facts): Promise<void> {
  const store = await MatrixStore.open(disk.host());
  if (!store.store.isInitialized) {
    assert.equal(facts.of('token:' + ROOT_TOKEN).includes('none'), true, 'it was initialised');
    await store.store.initialize(1, 1, ROOT_TOKEN);
  }
  await checkFacts(store, facts);
  await facts.change('kv:more', '1=more', () => store.ask('update', 'secret/data/more', { data: { v: 'more' } }));
  await facts
    .change('token:more', '2/2764800 orphan', () =>
      store.ask('update', 'auth/token/create', { id: 'more', num_uses: 3, no_parent: true, policies: ['x'] }),
    )
    .catch(() => undefined);
  await store.ask('update', 'auth/token/revoke', { token: 'more' });
  await facts.change('token:more', 'none', async () => undefined);
  disk.kill();
  const again = await MatrixStore.open(disk.powerCut({ kind: 'lose' }).host());
  await checkFacts(again, facts);
}

interface Trial {
  readonly id: string;
  readonly what: string;
  readonly run: () => Promise<void>;
}

/** After a call has failed there are so many cuts that also a full run tries only some of them. */
const MOST_CUTS_AFTER_FAULT = 10;

function cutTrials(id: string, call: HostCall, { host: { disk }, facts }: World, percent: number, most = 100): Trial[] {
  return cutChoices(disk.pendingCount, SEED * 65_537 + call.number).flatMap((choice, i) => {
    const trial = `${id}/${i}`;
    const often = choice.kind === 'lose' || choice.kind === 'keep' ? 3 : 1;
    if (!isChosen(trial, percent * often, most)) return [];
    const [left, then] = [disk.powerCut(choice), new Facts(facts)];
    const what = `power cut before ${call.name} ${call.path}, ${JSON.stringify(choice)}`;
    return [{ id: trial, what, run: () => check(left, then) }];
  });
}

function faultsAt({ number, name }: HostCall): Record<string, Plan> {
  if (name === 'close') return {};
  const faults: Record<string, Plan> = { EIO: failAt(number, 'EIO') };
  if (['write', 'create', 'makeDir', 'rename'].includes(name)) faults['ENOSPC'] = failAt(number, 'ENOSPC');
  if (name === 'write') faults['ENOSPC after 30 bytes'] = shortWriteAt(number, 30);
  return faults;
}

async function failAtCall(scenario: Scenario, plan: Plan, id: string): Promise<void> {
  const trials: Trial[] = [];
  let failed = false;
  let looks = 0;
  const watched: Plan = (one) => {
    const outcome = plan(one);
    failed ||= outcome !== null;
    return outcome;
  };
  const world = await runWith(scenario, watched, (one, now) => {
    if (!failed || !isChanging(one.name) || looks++ > 12) return;
    trials.push(...cutTrials(`${id}/${one.number}`, one, now, 2, MOST_CUTS_AFTER_FAULT));
  });
  assert.ok(failed);
  assert.equal(openPaths(world.host.disk.root), [], 'left open');
  for (const trial of trials) await trial.run();
  world.host.disk.kill();
  await check(world.host.disk, world.facts);
}

/** Files that somebody has open, or locked. */
function openPaths(directory: DirectoryNode, path = ''): string[] {
  return [...directory.entries].flatMap(([name, node]) => {
    if (node.kind === 'directory') return openPaths(node, `${path}/${name}`);
    return node.handles > 0 ? [`${path}/${name}`] : [];
  });
}

/** Of a hundred ends so many are tried. */
const SHARES = { cuts: 1, kills: 4, faults: 2 };

for (const scenario of scenarios) {
  const calls: HostCall[] = [];

  test(`${scenario.name}: power cut at every call`, async () => {
    const trials: Trial[] = [];
    const world = await runWith(
      scenario,
      () => null,
      (call, now) => {
        calls.push(call);
        if (!isChanging(call.name)) return;
        trials.push(...cutTrials(`${scenario.name}@${call.number}`, call, now, SHARES.cuts));
      },
    );
    for (const { fact, value } of new Map(scenario.steps.map((step) => [step.fact, step])).values()) {
      assert.equal(world.facts.of(fact), [value]);
    }
    const end = { number: world.host.calls + 1, name: 'write', path: '(the end)' };
    trials.push(...cutTrials(`${scenario.name}@${end.number}`, end, world, 100));
    assert.ok((await replayable(trials)) > 0 || SHARE < 1);
  });

  test(`${scenario.name}: kill at every call`, async () => {
    const trials = calls
      .filter(({ name }) => isChanging(name))
      .map(({ number, name, path }) => ({
        id: `${scenario.name}@${number}/kill`,
        what: `killed before ${name} ${path}`,
        run: async () => {
          const { host, facts } = await runWith(scenario, stopAt(number), () => undefined);
          host.disk.kill();
          await check(host.disk, facts);
        },
      }));
    await replayable(trials.filter(({ id }) => isChosen(id, SHARES.kills)));
  });

  test(`${scenario.name}: failure of every call`, async () => {
    const trials = calls.flatMap((call) =>
      Object.entries(faultsAt(call)).map(([name, plan]) => {
        const id = `${scenario.name}@${call.number}/${name}`;
        return { id, what: `${name} at ${call.name} ${call.path}`, run: () => failAtCall(scenario, plan, id) };
      }),
    );
    await replayable(trials.filter(({ id }) => isChosen(id, SHARES.faults)));
  });
}
