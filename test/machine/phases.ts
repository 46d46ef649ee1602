/** What a service goes through in the emulated machine, and what it may take there: the budgets stand here. */
import type { LoadOptions } from './guest-service.ts';
import type { Scenario } from './scenario.ts';

const KIB_PER_MIB = 1024;

export const BUDGETS = {
  /** 1.1 MiB. */
  binaryBytes: 1_153_434,
  /** 1.4 MiB, with the secret store. */
  wholeBinaryBytes: 1_468_006,
  idleRssKib: 2 * KIB_PER_MIB,
  /** With 32 connections. */
  loadedRssKib: 2.75 * KIB_PER_MIB,
  firstAnswerMs: 1000,
  /** Of the bare echo route's requests per second, for single records over 8 connections. */
  produceRatio: 0.5,
  /** Between the least at the beginning and at the end: pages of an allocator that breathes. */
  soakGrowthKib: 32,
  nodeLoadedRssKib: 64 * KIB_PER_MIB,
  /** With the secret store, 1,000 secrets and 10 topics. */
  wholeIdleRssKib: 2.75 * KIB_PER_MIB,
  /** With 32 connections. */
  wholeLoadedRssKib: 3.5 * KIB_PER_MIB,
  /** While a password is hashed. */
  loginRssKib: 12 * KIB_PER_MIB,
  /** After it: a few pages, as of the token that it gave. */
  loginKeptKib: 32,
  /** While it is hashed. With the loop at a halt there is room for one before and one after. */
  loginAnswers: 10,
} as const;

const STARTS = 5;
const SOAK_ROUNDS = 10;
/** With fewer requests growth is told, but not judged. */
const LEAST_SOAK = 10_000;
/** Of a round, for a command in the machine must not take too long. */
const SOAK_AT_ONCE = 2000;
const COMPACTED_RECORDS = 100_000;
const COMPACTED_KEYS = 10_000;
const BATCH = 100;

export async function start(scenario: Scenario): Promise<void> {
  scenario.figure('start/first-200/after-boot', scenario.service.msToFirstAnswer, 'ms');
  const again: number[] = [];
  for (let round = 0; round < STARTS; round += 1) again.push(await scenario.startAgain(`/data/start-${round}`));
  // What others do on this machine only ever adds to it.
  scenario.expect('start/first-200', Math.min(...again), 'ms', { atMost: BUDGETS.firstAnswerMs });
  await scenario.machine.run('sleep 2');
  scenario.printMemory('idle', await scenario.service.memory(), { VmRSS: BUDGETS.idleRssKib });
}

/** 10,000 single records. */
export async function eightConnections(scenario: Scenario): Promise<void> {
  const load = { topic: 'eight', connections: 8, requests: 1000 };
  await scenario.measureRate('8-connections', 10, load, { atLeast: BUDGETS.produceRatio });
  scenario.printMemory('8-connections', await scenario.service.memory(), {});
}

/** 5,000 single records, each of which also goes to four subscribers. */
export async function thirtyTwoConnections(scenario: Scenario): Promise<void> {
  await scenario.service.forgetPeak();
  const load = { topic: 'eight', first: 10_000, connections: 32, requests: 1000, streams: 4 };
  const results = await scenario.measureRate('32-connections-4-streams', 5, load, null);
  const streamed = results.reduce((sum, result) => sum + result.streamed, 0);
  scenario.figure('streamed/32-connections-4-streams', streamed, 'records');
  const memory = results.at(-1)?.memory;
  const peak = (await scenario.service.memory()).VmHWM;
  if (memory === undefined || memory === null) throw new Error('the load driver took no sample');
  scenario.printMemory('32-connections-4-streams', { ...memory, VmHWM: peak }, { VmHWM: BUDGETS.loadedRssKib });
}

/** The Node build: idle, and under the load of 8 connections, of which it takes a few a second there. */
export async function node(scenario: Scenario): Promise<void> {
  scenario.figure('start/first-200/after-boot', scenario.service.msToFirstAnswer, 'ms');
  await scenario.machine.run('sleep 2');
  scenario.printMemory('idle', await scenario.service.memory(), {});
  await scenario.service.forgetPeak();
  await scenario.measureRate('8-connections', 5, { topic: 'eight', connections: 8, requests: 200 }, null);
  const budget = { VmHWM: BUDGETS.nodeLoadedRssKib };
  scenario.printMemory('8-connections', await scenario.service.memory(), budget);
}

export async function compaction(scenario: Scenario): Promise<void> {
  const { service, machine } = scenario;
  const topics = '/v3/clusters/streambed/topics';
  await service.post(topics, { topic_name: 'compacted', partitions_count: 1 });
  const load = { topic: 'compacted', connections: 4, requests: COMPACTED_RECORDS / BATCH / 4, records: BATCH };
  await scenario.measureRate('100-records-each', 4, { ...load, keys: COMPACTED_KEYS }, null);
  scenario.printMemory('before-compaction', await service.memory(), {});
  await service.forgetPeak();
  const change = { data: [{ name: 'cleanup.policy', value: 'compact' }] };
  await service.post(`${topics}/compacted/configs:alter`, change);
  const pattern = 'compacted: .*"topic":"compacted"';
  await machine.run(`until grep -q '${pattern}' ${service.log}; do sleep 1; kill -0 ${service.pid} || exit 1; done`);
  const [told = '{}'] = /(?<=compacted: ){.*"topic":"compacted".*}/.exec(await service.readLog()) ?? [];
  const { bytesBefore, bytesAfter } = JSON.parse(told) as { bytesBefore: number; bytesAfter: number };
  scenario.figure('compaction/bytes-before', bytesBefore, 'bytes');
  scenario.figure('compaction/bytes-after', bytesAfter, 'bytes');
  scenario.printMemory('after-compaction', await service.memory(), {});
}

export async function hundredTopics(scenario: Scenario): Promise<void> {
  const load = { topic: 'hundred', topics: 100, connections: 8, requests: 200 };
  await scenario.measureRate('100-topics', 5, load, null);
  scenario.printMemory('100-topics', await scenario.service.memory(), {});
}

/** The topic's size is bounded, so that nothing has a reason to grow. */
export async function soak(scenario: Scenario, requests: number): Promise<void> {
  await createBoundedTopic(scenario, 'soak');
  await searchGrowth(scenario, requests, { kind: 'mix', topic: 'soak' });
}

export async function createBoundedTopic({ service }: Scenario, name: string): Promise<void> {
  const config = { 'retention.bytes': '2097152', 'segment.bytes': '262144' };
  await service.post('/v3/clusters/streambed/topics', {
    topic_name: name,
    partitions_count: 1,
    configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
  });
}

/**
 * By the least that is resident among the first rounds and among the last: housekeeping takes some for a while, and what
 * grows is there between two of its rounds as well. The round at the very beginning does not count.
 */
export async function searchGrowth(scenario: Scenario, requests: number, load: LoadOptions): Promise<void> {
  const resident: number[] = [];
  const turns = Math.ceil(requests / SOAK_ROUNDS / SOAK_AT_ONCE);
  const part = { ...load, connections: 8, requests: Math.ceil(requests / SOAK_ROUNDS / turns) };
  for (let round = 0; round < SOAK_ROUNDS; round += 1) {
    await scenario.measureRate(`soak-${round}`, turns, part, null);
    const { VmRSS } = await scenario.service.memory();
    resident.push(VmRSS);
    scenario.figure(`memory/soak-${round}/VmRSS`, VmRSS, 'kB');
  }
  const growth = Math.min(...resident.slice(-3)) - Math.min(...resident.slice(1, 4));
  const figure = `memory/growth-over-${requests}-requests`;
  if (requests >= LEAST_SOAK) return scenario.expect(figure, growth, 'kB', { atMost: BUDGETS.soakGrowthKib });
  scenario.figure(figure, growth, 'kB');
  scenario.report.skip(figure, `fewer than ${LEAST_SOAK} end before topics have been full for the first time`);
}
