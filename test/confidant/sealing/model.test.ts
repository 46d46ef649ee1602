/**
 * Random changes of sealed files, beside a map of what they may hold: kills, power cuts, failing calls, rotations and
 * changes at the same time in between. A failure prints its seed; MODEL_SEED runs one again, MODEL_RUNS runs more.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { Barrier } from '../../../confidant/sealing/barrier.ts';
import { FaultHost } from '../../support/fault-host/fault-host.ts';
import { failAt } from '../../support/fault-host/plan.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { cutChoices } from '../../support/memory-host/power-cut.ts';
import { variable } from '../../support/platform.ts';
import { some } from '../../support/share.ts';
import { suite } from '../../support/suite.ts';
import { openStore, Possible } from './stores.ts';

const numRuns = some(Number(variable('MODEL_RUNS') ?? 60));
const seed = Number(variable('MODEL_SEED') ?? Date.now() % 2 ** 31);
const test = suite('model of sealed files');

const name = fc.constantFrom('a', 'a/b', 'a/b/c', 'a/d', 'e/f', 'constructor', '__proto__/toJSON', 'ü/%2F', 'A');
const labels = fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1 }).map((some) => some.sort().join());
const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('put' as const), name, labels }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), name }) },
);
const action = fc.oneof(
  { weight: 12, arbitrary: change },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('together' as const),
      changes: fc.array(change, { minLength: 2, maxLength: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      after: fc.nat(12),
      code: fc.constantFrom('EIO', 'ENOSPC'),
      change,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'rotate' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stop' as const), steps: fc.nat(8), cut: fc.nat(), change }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

class Run {
  #host = new FaultHost(new MemoryDisk());
  #possible = new Possible();
  #barrier: Barrier | null = null;

  async apply(one: Action): Promise<void> {
    const barrier = await this.#opened();
    switch (one.kind) {
      case 'together':
        await Promise.all(one.changes.map((each) => this.#change(barrier, each)));
        break;
      case 'rotate':
        await barrier.rotate();
        break;
      case 'reopen':
        await barrier.close();
        this.#barrier = null;
        break;
      case 'fail':
        this.#host.plan = failAt(this.#host.calls + one.after, one.code);
        await this.#change(barrier, one.change);
        this.#host.plan = () => null;
        break;
      case 'stop':
        await this.#stop(barrier, one);
        break;
      case 'put':
      case 'remove':
        assert.ok(await this.#change(barrier, one));
    }
    this.#possible.check((await this.#opened()).files);
  }

  #change({ files }: Barrier, one: Change): Promise<boolean> {
    return one.kind === 'put'
      ? this.#possible.put(files, one.name, one.labels)
      : this.#possible.remove(files, one.name);
  }

  /** Some turns into a change the process is killed, or the power goes. */
  async #stop(barrier: Barrier, one: { steps: number; cut: number; change: Change }): Promise<void> {
    void this.#change(barrier, one.change).catch(() => undefined);
    for (let step = 0; step < one.steps; step += 1) await Promise.resolve();
    const { disk } = this.#host;
    const choices = [null, ...cutChoices(disk.pendingCount, one.cut)];
    const choice = choices[one.cut % choices.length] ?? null;
    disk.kill();
    this.#possible = new Possible(this.#possible);
    this.#host = new FaultHost(choice === null ? disk : disk.powerCut(choice));
    this.#barrier = null;
  }

  async #opened(): Promise<Barrier> {
    this.#barrier ??= await openStore(this.#host);
    return this.#barrier;
  }
}

test(`the files hold what the map does (seed ${seed})`, async () => {
  const property = fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 40, size: 'max' }), async (actions) => {
    const run = new Run();
    for (const one of actions) await run.apply(one);
  });
  await fc.assert(property, { seed, numRuns });
});
