/** The crash matrix over topics: creating, altering, adding partitions, deleting, creating again; and over commits. */
import type { Actor } from '../support/matrix/actor.ts';
import { testMatrix, type Scenario } from '../support/matrix/matrix.ts';
import { suite } from '../support/suite.ts';

const test = suite('crash matrix: topics');

const TRIES = 3;

async function until(call: () => Promise<boolean>): Promise<void> {
  for (let made = 0; made < TRIES && !(await call()); made += 1);
}

async function fill(actor: Actor, topic: string, partitions: number): Promise<void> {
  for (let partition = 0; partition < partitions; partition += 1) {
    await actor.produceAgain(topic, { partition, bytes: [30, 40] }, TRIES);
  }
}

const creates: Scenario = {
  name: 'create',
  run: async (world) => {
    const actor = await world.open();
    await until(() => actor.create('a', { partitions: 1, config: {} }));
    await until(() => actor.create('b', { partitions: 3, config: { 'segment.bytes': '5000' } }));
    await Promise.all([
      until(() => actor.create('ns:c', { partitions: 1, config: {} })),
      until(() => actor.create('d', { partitions: 2, config: { 'cleanup.policy': 'compact' } })),
    ]);
    await fill(actor, 'd', 2);
    await actor.log.close();
  },
};

const alters: Scenario = {
  name: 'alter',
  run: async (world) => {
    const actor = await world.open();
    await until(() => actor.create('t', { partitions: 1, config: { 'retention.ms': '-1' } }));
    await fill(actor, 't', 1);
    await until(() => actor.alter('t', { partitions: 1, config: { 'retention.ms': '-1', 'segment.bytes': '6000' } }));
    await until(() => actor.alter('t', { partitions: 3, config: { 'segment.bytes': '6000' } }));
    if ((await actor.ask(() => actor.log.describeTopic('t'))).partitions === 3) await fill(actor, 't', 3);
    await actor.log.close();
  },
};

/** Every change of durability, with records before and after that are written at once and synced never. */
const durabilities: Scenario = {
  name: 'durability',
  run: async (world) => {
    const actor = await world.open();
    await until(() => actor.create('t', { partitions: 2, config: { 'streambed.durability': 'os' } }));
    const watching = actor.watch('t');
    await fill(actor, 't', 2);
    for (const durability of ['sync', 'os', 'every:50ms', 'os', 'sync']) {
      await until(() => actor.alter('t', { partitions: 2, config: { 'streambed.durability': durability } }));
      await fill(actor, 't', 1);
    }
    await actor.log.close();
    await watching;
  },
};

/** Small segments may hold fewer records than the large ones before them did. */
const segmentSizes: Scenario = {
  name: 'segment size',
  run: async (world) => {
    const actor = await world.open();
    const [config, sizes] = [{ 'streambed.durability': 'os' }, ['max.message.bytes', 'segment.bytes']];
    const configs = ['100000', '4096'].map((size) =>
      Object.assign({}, config, ...sizes.map((name) => ({ [name]: size }))),
    );
    await until(() => actor.create('t', { partitions: 1, config: configs[0] }));
    const watching = actor.watch('t');
    await actor.produceAgain('t', { bytes: Array.from({ length: 700 }, () => 0) }, TRIES);
    await until(() => actor.alter('t', { partitions: 1, config: configs[1] }));
    await fill(actor, 't', 1);
    await actor.log.close();
    await watching;
  },
};

const deletes: Scenario = {
  name: 'delete',
  run: async (world) => {
    const actor = await world.open();
    await until(() => actor.create('t', { partitions: 2, config: {} }));
    await until(() => actor.create('other', { partitions: 1, config: {} }));
    await fill(actor, 't', 2);
    await fill(actor, 'other', 1);
    await until(() => actor.commit('g', 't', [1, 2]));
    await until(() => actor.commit('g', 'other', [1]));
    await until(() => actor.delete('t'));
    await until(() => actor.create('t', { partitions: 1, config: { 'segment.bytes': '5000' } }));
    await fill(actor, 't', 1);
    await until(() => actor.delete('t'));
    await actor.log.close();
  },
};

const commits: Scenario = {
  name: 'commit',
  run: async (world) => {
    const actor = await world.open();
    await until(() => actor.create('t', { partitions: 2, config: {} }));
    await fill(actor, 't', 2);
    await until(() => actor.commit('g', 't', [1, 0]));
    await Promise.all([until(() => actor.commit('g', 't', [2, 1])), until(() => actor.commit('h', 't', [1, 1]))]);
    await until(() => actor.commit('g', 't', [2, 2]));
    await actor.log.close();
  },
};

testMatrix(test, creates, { cuts: 4, kills: 16, faults: 5 });
testMatrix(test, alters, { cuts: 4, kills: 16, faults: 5 });
testMatrix(test, durabilities, { cuts: 3, kills: 10, faults: 2 });
testMatrix(test, segmentSizes, { cuts: 2, kills: 4, faults: 1 });
testMatrix(test, deletes, { cuts: 3, kills: 8, faults: 2 });
testMatrix(test, commits, { cuts: 4, kills: 16, faults: 4 });
