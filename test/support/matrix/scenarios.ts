/** Scenarios that more than one test of the matrix uses, and what makes new ones of them. */
import { MemoryDisk } from '../memory-host/disk.ts';
import { cutChoices, type CutChoice } from '../memory-host/power-cut.ts';
import { type HostCall, stopAt } from '../fault-host/plan.ts';
import { Ledger } from './ledger.ts';
import { openLog } from './verdict.ts';
import { type Prepared, runWith, type Scenario } from './matrix.ts';

type Config = Readonly<Record<string, string>>;

const TRIES = 3;

/** Several producers, two partitions, batches that are there as a whole or not at all. */
export function appends(name: string, config: Config): Scenario {
  return {
    name,
    run: async (world) => {
      const actor = await world.open();
      while (!(await actor.create('t', { partitions: 2, config })));
      const watching = actor.watch('t');
      await actor.produceAgain('t', { bytes: [40] }, TRIES);
      await Promise.all([
        // A short write may take in the first of them and a part of the next.
        actor.produceAgain('t', { bytes: [10] }, TRIES),
        actor.produceAgain('t', { bytes: [700, 10, 900] }, TRIES),
        actor.produceAgain('t', { partition: 1, bytes: [20, 600] }, TRIES),
      ]);
      await world.disk.clock.advance(60);
      await actor.produceAgain('t', { bytes: [2000] }, TRIES);
      await actor.log.close();
      await watching;
    },
  };
}

/** Another process reads what this one appends; it lives on when this one is killed, until the power goes. */
export function followed(name: string, config: Config): Scenario {
  return {
    name,
    run: async (world) => {
      const actor = await world.open();
      while (!(await actor.create('t', { partitions: 1, config: { ...config, 'segment.bytes': '4096' } })));
      await actor.produceAgain('t', { bytes: [40] }, TRIES);
      const other = await openLog(world.disk.host(), [], { lockOn: 'write' });
      const watching = actor.watch('t', other);
      for (const length of [30, 2000, 40, 2500]) {
        await actor.produceAgain('t', { bytes: [length] }, TRIES);
        await world.disk.clock.advance(60);
      }
      await actor.log.close();
      await world.disk.clock.settle();
      await other.close();
      await watching;
      if (actor.ledger.life('t').sights.length === 0) throw new Error('the other process has read nothing');
    },
  };
}

/** Three segments; what does not fit when one is full is followed by something that does. */
export function rolls(name: string, config: Config): Scenario {
  return {
    name,
    run: async (world) => {
      const actor = await world.open();
      while (!(await actor.create('t', { partitions: 1, config: { ...config, 'segment.bytes': '4096' } })));
      const watching = actor.watch('t');
      for (const length of [1500, 1800, 1400, 2500]) {
        if (!(await actor.produce('t', { bytes: [length] }))) await actor.produceAgain('t', { bytes: [30] }, TRIES);
      }
      await Promise.all([
        actor.produceAgain('t', { bytes: [1000, 40] }, TRIES),
        actor.produceAgain('t', { bytes: [3000] }, TRIES),
      ]);
      await actor.log.close();
      await watching;
    },
  };
}

/** Opens what another scenario has left when it was stopped, and goes on with it. */
export function recovers(name: string, left: (seed: number) => Promise<Prepared>): Scenario {
  return {
    name,
    prepare: left,
    run: async (world) => {
      const actor = await world.open();
      const topics = await actor.ask(() => actor.log.listTopics());
      if (!topics.includes('t')) return;
      const { partitions } = await actor.ask(() => actor.log.describeTopic('t'));
      const watching = actor.watch('t');
      for (let partition = 0; partition < partitions; partition += 1) {
        await actor.produceAgain('t', { partition, bytes: [50] }, TRIES);
        await actor.produceAgain('t', { partition, bytes: [300, 60] }, TRIES);
      }
      await actor.log.close();
      await watching;
    },
  };
}

/** The calls of a scenario, for choosing among them. */
export async function callsOf(scenario: Scenario): Promise<readonly HostCall[]> {
  const calls: HostCall[] = [];
  await runWith(scenario, (call) => {
    calls.push(call);
    return null;
  });
  return calls;
}

/** What is left by a scenario that came to its end, and by a power cut then, which finds nothing to take. */
export function closedBy(scenario: Scenario): () => Promise<Prepared> {
  return async () => {
    const { world } = await runWith(scenario, () => null);
    return { disk: world.disk.powerCut({ kind: 'keep' }), ledger: world.ledger };
  };
}

/** What is left when the process is killed before a call of a scenario and, with a choice, the power goes as well. */
export function leftBy(scenario: Scenario, call: number, choice: number | null): () => Promise<Prepared> {
  return async () => {
    const { world } = await runWith(scenario, stopAt(call));
    const { disk, ledger } = world;
    disk.kill();
    ledger.crash(disk.clock.now(), choice !== null);
    if (choice === null) return { disk, ledger };
    const choices: readonly CutChoice[] = cutChoices(disk.pendingCount, call);
    return { disk: disk.powerCut(choices[choice % choices.length] as CutChoice), ledger };
  };
}

export function withoutVolatileDir(scenario: Scenario): Scenario {
  const prepare = async (seed: number): Promise<Prepared> => {
    const disk = new MemoryDisk(seed);
    disk.hasVolatileDir = false;
    return { disk, ledger: new Ledger() };
  };
  return { ...scenario, prepare };
}
