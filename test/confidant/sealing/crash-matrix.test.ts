/**
 * The crash matrix of the store's files: every scenario is cut off, killed, and made to fail at every call of the host.
 * Afterwards the store opens, each file holds the old or the new, what was acknowledged is there, and it goes on.
 */
import * as assert from 'uvu/assert';
import { Barrier, type SealConfig } from '../../../confidant/sealing/barrier.ts';
import { SecretStoreError } from '../../../confidant/secret-store.ts';
import type { Host } from '../../../targets/host.ts';
import { FaultHost } from '../../support/fault-host/fault-host.ts';
import { failAt, type HostCall, type Plan, shortWriteAt, stopAt } from '../../support/fault-host/plan.ts';
import { isChanging, isChosen, replayable } from '../../support/matrix/matrix.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import type { DirectoryNode } from '../../support/memory-host/nodes.ts';
import { cutChoices } from '../../support/memory-host/power-cut.ts';
import { SEED, SHARE } from '../../support/share.ts';
import { suite } from '../../support/suite.ts';
import { ROOT, Possible, staticSeal } from './stores.ts';

const test = suite('crash matrix of sealed files');

/** What the one who runs a scenario knows, and so may rely on after a stop. */
interface Known {
  possible: Possible;
  /** An `init` has been acknowledged. */
  initialized: boolean;
  /** Of a static seal: the ids of the root keys that may be needed. */
  rootKeys: readonly string[];
  /** Of a Shamir seal: the sets of shares of which one unseals. */
  shares: readonly (readonly Uint8Array[])[];
}

interface World {
  readonly host: FaultHost;
  readonly known: Known;
}

interface Scenario {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
  /** Of a hundred ends so many are tried. */
  readonly share: { readonly cuts: number; readonly faults: number };
}

const TRIES = 4;

/** Tries again what the host has failed. */
async function until<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SecretStoreError) || error.code !== 'host-failed' || tries === TRIES) throw error;
    }
  }
}

async function openInitialized({ host, known }: World, seal: SealConfig = staticSeal('k')): Promise<Barrier> {
  const barrier = await until(() => Barrier.open(host, ROOT, seal));
  await until(() => barrier.init({ shares: 3, threshold: 2 }));
  known.initialized = true;
  await until(() => barrier.unseal(null));
  return barrier;
}

function begin(): World {
  const disk = new MemoryDisk(SEED);
  const known: Known = { possible: new Possible(), initialized: false, rootKeys: ['k'], shares: [] };
  return { host: new FaultHost(disk), known };
}

const files: Scenario = {
  name: 'replace and remove',
  share: { cuts: 8, faults: 10 },
  run: async (world) => {
    const { possible } = world.known;
    const barrier = await openInitialized(world);
    const { files } = barrier;
    await possible.put(files, 'a', '1');
    await possible.put(files, 'a', '1,2');
    await possible.put(files, 'a/b/c', '1');
    await possible.put(files, 'a/b/d', '4');
    await possible.remove(files, 'a/b/c');
    await possible.remove(files, 'a/b/d');
    await possible.remove(files, 'a/b/d');
    await possible.put(files, 'a/b/d', '1,2,3');
    await possible.put(files, 'a', '2,3');
    await possible.remove(files, 'a');
    await possible.put(files, 'a', '1');
    await barrier.close();
  },
};

const concurrent: Scenario = {
  name: 'changes at the same time',
  share: { cuts: 7, faults: 8 },
  run: async (world) => {
    const { possible } = world.known;
    const barrier = await openInitialized(world);
    const { files } = barrier;
    await Promise.all([
      possible.put(files, 'd/x', '1'),
      possible.put(files, 'd/y', '1'),
      possible.put(files, 'd/x', '1,2'),
    ]);
    await Promise.all([
      possible.remove(files, 'd/x'),
      possible.remove(files, 'd/y'),
      possible.put(files, 'd/z/u', '1'),
      possible.put(files, 'd/x', '1,5'),
    ]);
    await Promise.all([
      possible.remove(files, 'd/x'),
      possible.remove(files, 'd/z/u'),
      possible.put(files, 'd/v', '1'),
    ]);
    await barrier.close();
  },
};

const rotation: Scenario = {
  name: 'rotate',
  share: { cuts: 12, faults: 12 },
  run: async (world) => {
    const { possible } = world.known;
    const barrier = await openInitialized(world);
    await possible.put(barrier.files, 'a', '1');
    await until(() => barrier.rotate());
    await possible.put(barrier.files, 'a', '1,2');
    await Promise.all([until(() => barrier.rotate()), possible.put(barrier.files, 'b/c', '1')]);
    await possible.put(barrier.files, 'a', '1,2,3');
    barrier.seal();
    await until(() => barrier.unseal(null));
    assert.is(barrier.keyring.currentKeyId, 3);
    await possible.put(barrier.files, 'b/c', '1,2');
    await barrier.close();
  },
};

const rootRotation: Scenario = {
  name: 'static rekey',
  share: { cuts: 12, faults: 12 },
  run: async (world) => {
    const { known } = world;
    const barrier = await openInitialized(world);
    await known.possible.put(barrier.files, 'a', '1');
    known.rootKeys = ['n', 'k'];
    await until(() => barrier.useRootKeys(staticSeal('n', 'k')));
    known.rootKeys = ['n'];
    await known.possible.put(barrier.files, 'a', '1,2');
    await barrier.close();
    known.rootKeys = ['m', 'n'];
    const next = await until(() => Barrier.open(world.host, ROOT, staticSeal('m', 'n')));
    await until(() => next.unseal(null));
    if (next.status().rootKeyId === 'm') known.rootKeys = ['m'];
    await next.rotate().catch(() => undefined);
    await known.possible.put(next.files, 'a', '2');
    await next.close();
  },
};

const shares: Scenario = {
  name: 'Shamir init and rekey',
  share: { cuts: 12, faults: 12 },
  run: async (world) => {
    const { host, known } = world;
    const barrier = await until(() => Barrier.open(host, ROOT, { type: 'shamir' }));
    const { keyShares } = await until(() => barrier.init({ shares: 3, threshold: 2 }));
    known.initialized = true;
    known.shares = [keyShares];
    for (const share of keyShares.slice(1)) await until(() => barrier.unseal(share));
    // What fails with the last share asks for all of them again.
    if (barrier.status().sealed) for (const share of keyShares) await barrier.unseal(share);
    await known.possible.put(barrier.files, 'a', '1');
    const rekey = await barrier.rekey({ keyShares: keyShares.slice(1), shares: 5, threshold: 3 });
    known.shares = [rekey.keyShares, keyShares];
    await until(() => rekey.commit());
    known.shares = [rekey.keyShares];
    await known.possible.put(barrier.files, 'a', '1,2');
    await barrier.close();
  },
};

/** Opens what a stop has left, with the keys that are known. Null: there is no store, and that is right. */
async function reopen(host: Host, known: Known): Promise<Barrier | null> {
  const isShamir = known.shares.length > 0;
  const [current = 'k', previous] = known.rootKeys;
  const seal: SealConfig = isShamir ? { type: 'shamir' } : staticSeal(current, previous);
  const barrier = await Barrier.open(host, ROOT, seal).catch((error: unknown) => assertNobodyKnows(error, known));
  if (barrier === undefined || !barrier.status().initialized) {
    assert.not(known.initialized, 'it was initialized');
    return null;
  }
  if (!isShamir) await barrier.unseal(null).catch((error: unknown) => assertNobodyKnows(error, known));
  for (const set of known.shares) {
    for (const share of set) if (barrier.status().sealed) await barrier.unseal(share).catch(() => undefined);
    barrier.reset();
  }
  if (!barrier.status().sealed) return barrier;
  assert.not(known.initialized, 'it can be unsealed');
  return null;
}

/** Before an `init` was acknowledged a store with a Shamir seal may be there whose shares nobody has. */
function assertNobodyKnows(error: unknown, { initialized }: Known): void {
  if (initialized || !(error instanceof SecretStoreError) || error.code !== 'invalid') throw error;
}

/** Opens what a stop has left, checks it, goes on, and then cuts the power once more. */
async function checkStore(disk: MemoryDisk, known: Known): Promise<void> {
  const { possible } = known;
  const barrier = await reopen(disk.host(), known);
  if (barrier === null) return;
  possible.check(barrier.files);
  await checkSettled(disk, known, barrier);
  await barrier.rotate();
  const names = [...possible.names, 'new/name'];
  for (const name of names) assert.ok(await possible.put(barrier.files, name, '1,7'), name);
  const last = names[0] ?? '';
  assert.ok(await possible.remove(barrier.files, last));
  disk.kill();
  const again = await reopen(disk.powerCut({ kind: 'lose' }).host(), known);
  assert.ok(again !== null);
  possible.check(again.files);
  assert.equal(allFilesOf(disk, `${ROOT}/staging`), []);
}

/** What was read when the store was opened is not believed: what is sealed with it, and what is not there, stays so. */
async function checkSettled(disk: MemoryDisk, known: Known, { keyring, files }: Barrier): Promise<void> {
  const { possible } = known;
  const sealed = keyring.seal('test', 'context', Uint8Array.of(1));
  for (const name of possible.names) if (!files.exists(name)) await possible.remove(files, name);
  const again = await reopen(disk.powerCut({ kind: 'lose' }).host(), known);
  assert.ok(again !== null);
  assert.equal(again.keyring.open('test', 'context', sealed), Uint8Array.of(1));
  possible.check(again.files);
}

function allFilesOf(disk: MemoryDisk, directory: string): string[] {
  const { files } = disk.host();
  return files.stat(directory) === null ? [] : files.list(directory);
}

function copyOf(known: Known): Known {
  return { ...known, possible: new Possible(known.possible) };
}

interface Trial {
  readonly id: string;
  readonly what: string;
  readonly run: () => Promise<void>;
}

function cutTrials(id: string, call: HostCall, { host: { disk }, known }: World, percent: number): Trial[] {
  return cutChoices(disk.pendingCount, SEED * 65_537 + call.number).flatMap((choice, i) => {
    const trial = `${id}/${i}`;
    const often = choice.kind === 'lose' || choice.kind === 'keep' ? 3 : 1;
    if (!isChosen(trial, percent * often)) return [];
    const [left, then] = [disk.powerCut(choice), copyOf(known)];
    const what = `power cut before ${call.name} ${call.path}, ${JSON.stringify(choice)}`;
    return [{ id: trial, what, run: () => checkStore(left, then) }];
  });
}

async function runWith({ run }: Scenario, plan: Plan, look: (call: HostCall, world: World) => void): Promise<World> {
  const world = begin();
  const { host } = world;
  host.plan = plan;
  host.observer = (call) => look(call, world);
  const ended = run(world).catch((error: unknown) => {
    if (host.stoppedAt === null) throw error;
  });
  await Promise.race([ended, host.stopped]);
  host.observer = () => {};
  return world;
}

function faultsAt({ number, name }: HostCall): Record<string, Plan> {
  if (name === 'close') return {};
  const faults: Record<string, Plan> = { EIO: failAt(number, 'EIO') };
  if (['write', 'create', 'makeDir', 'rename'].includes(name)) faults['ENOSPC'] = failAt(number, 'ENOSPC');
  if (name === 'write') faults['ENOSPC after 30 bytes'] = shortWriteAt(number, 30);
  return faults;
}

async function failAtCall(scenario: Scenario, call: HostCall, plan: Plan, id: string): Promise<void> {
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
    trials.push(...cutTrials(`${id}/${one.number}`, one, now, 4));
  });
  assert.ok(failed);
  assert.equal(openPaths(world.host.disk.root), [], 'left open');
  if (call.name !== 'remove') assert.equal(allFilesOf(world.host.disk, `${ROOT}/staging`), [], 'left over');
  for (const trial of trials) await trial.run();
  world.host.disk.kill();
  await checkStore(world.host.disk, world.known);
}

/** Files that somebody has open, or locked. */
function openPaths(directory: DirectoryNode, path = ''): string[] {
  return [...directory.entries].flatMap(([name, node]) => {
    if (node.kind === 'directory') return openPaths(node, `${path}/${name}`);
    return node.handles > 0 ? [`${path}/${name}`] : [];
  });
}

for (const scenario of [files, concurrent, rotation, rootRotation, shares]) {
  const calls: HostCall[] = [];

  test(`${scenario.name}: power cut at every call`, async () => {
    const trials: Trial[] = [];
    const world = await runWith(
      scenario,
      () => null,
      (call, now) => {
        calls.push(call);
        if (!isChanging(call.name)) return;
        trials.push(...cutTrials(`${scenario.name}@${call.number}`, call, now, scenario.share.cuts));
      },
    );
    assert.is(world.known.possible.failures, 0);
    const end = { number: world.host.calls + 1, name: 'write', path: '(the end)' };
    trials.push(...cutTrials(`${scenario.name}@${end.number}`, end, world, 100));
    assert.ok((await replayable(trials)) > 0 || SHARE < 1, 'nothing was tried');
  });

  test(`${scenario.name}: kill at every call`, async () => {
    const trials = calls
      .filter(({ name }) => isChanging(name))
      .map(({ number, name, path }) => ({
        id: `${scenario.name}@${number}/kill`,
        what: `killed before ${name} ${path}`,
        run: async () => {
          const { host, known } = await runWith(scenario, stopAt(number), () => {});
          host.disk.kill();
          await checkStore(host.disk, copyOf(known));
        },
      }))
      .filter(({ id }) => isChosen(id, 40));
    assert.ok((await replayable(trials)) > 0 || SHARE < 1, 'nothing was tried');
  });

  test(`${scenario.name}: failure of every call`, async () => {
    const trials = calls.flatMap((call) =>
      Object.entries(faultsAt(call)).map(([name, plan]) => {
        const id = `${scenario.name}@${call.number}/${name}`;
        return { id, what: `${name} at ${call.name} ${call.path}`, run: () => failAtCall(scenario, call, plan, id) };
      }),
    );
    const chosen = trials.filter(({ id }) => isChosen(id, scenario.share.faults));
    assert.ok((await replayable(chosen)) > 0 || SHARE < 1, 'nothing was tried');
  });
}
