/**
 * The whole service, with the secret store, in the emulated machine: idle with a device's secrets and topics, under
 * clients of both APIs, during a login, and over many requests.
 */
import type { GuestService, LoadOptions } from './guest-service.ts';
import { BUDGETS, createBoundedTopic } from './phases.ts';
import { PROGRAMS, type Runtime, type Scenario } from './scenario.ts';

const SECRETS = 1000;
const TOPICS = 10;
const ROOT_KEY = '/data/root-key';
const ROOT_TOKEN = '/tmp/root-token';
/** From the port of the one API to that of the other. */
const VAULT_PORT_STEP = 100;
const PASSWORD = 'of-a-person';

/** What a device may, whose clients do all that the load driver does. */
const POLICY = `path "secret/data/devices/*" { capabilities = ["create", "read", "update"] }
path "auth/token/create" { capabilities = ["update"] }`;

export function wholeRuntime(programs: string): Runtime {
  const program = `${PROGRAMS}/streambed-whole`;
  const keys = (data: string): string => `--data ${data} --root-key-file ${ROOT_KEY}`;
  return {
    name: 'quickjs-with-secret-store',
    programs,
    prepare: (data) => `${program} init ${keys(data)} >${ROOT_TOKEN}`,
    serve: (data, port) =>
      `${program} serve ${keys(data)} --kafka 127.0.0.1:${port} --vault 127.0.0.1:${vaultPort(port)} --log-level debug`,
    echo: () => null,
  };
}

function vaultPort(kafkaPort: number): number {
  return kafkaPort + VAULT_PORT_STEP;
}

/** The load of clients of both APIs, half of the connections to each. */
export async function setUp(scenario: Scenario): Promise<LoadOptions> {
  const { service, machine } = scenario;
  const vault = vaultPort(service.port);
  await servesSecrets(scenario, service);
  const root = { port: vault, token: (await machine.run(`cat ${ROOT_TOKEN}`)).trim() };
  await service.post('/v1/sys/policies/acl/device', { policy: POLICY }, root);
  const created = await service.post('/v1/auth/token/create', { policies: ['device'], ttl: '240h' }, root);
  const { auth } = JSON.parse(created) as { readonly auth: { readonly client_token: string } };
  await service.post('/v1/sys/auth/userpass', { type: 'userpass' }, root);
  await service.post('/v1/auth/userpass/users/joe', { password: PASSWORD, token_policies: 'device' }, root);
  const load = { vault, token: auth.client_token, topic: 'whole', topics: TOPICS, secrets: SECRETS };
  await service.load({ ...load, kind: 'secrets', connections: 4, requests: SECRETS });
  for (let topic = 0; topic < TOPICS; topic += 1) await createBoundedTopic(scenario, `whole-${topic}`);
  await service.load({ ...load, connections: 4, requests: 10 * TOPICS });
  return { ...load, kind: 'whole' };
}

/** The other API answers first. */
async function servesSecrets({ machine }: Scenario, { log, pid }: GuestService): Promise<void> {
  await machine.run(`until grep -q 'serving Vault' ${log}; do sleep 1; kill -0 ${pid} || exit 1; done`);
}

/** As it is after all has been stored, and as it is after another start. */
export async function idle(scenario: Scenario): Promise<void> {
  await printIdle(scenario, 'idle-1000-secrets-10-topics');
  await scenario.restart();
  scenario.figure('start/first-200/1000-secrets-10-topics', scenario.service.msToFirstAnswer, 'ms');
  await servesSecrets(scenario, scenario.service);
  await printIdle(scenario, 'restarted-1000-secrets-10-topics');
}

async function printIdle(scenario: Scenario, when: string): Promise<void> {
  await scenario.service.forgetPeak();
  await scenario.machine.run('sleep 2');
  scenario.printMemory(when, await scenario.service.memory(), { VmRSS: BUDGETS.wholeIdleRssKib });
}

export async function thirtyTwoConnections(scenario: Scenario, load: LoadOptions): Promise<void> {
  await scenario.service.forgetPeak();
  const results = await scenario.measureRate('32-connections', 4, { ...load, connections: 32, requests: 1000 }, null);
  const memory = results.at(-1)?.memory;
  const peak = (await scenario.service.memory()).VmHWM;
  if (memory === undefined || memory === null) throw new Error('the load driver took no sample');
  scenario.printMemory('32-connections', { ...memory, VmHWM: peak }, { VmHWM: BUDGETS.wholeLoadedRssKib });
}

/** The first one since the start, so that nothing it needs is there before. */
export async function login(scenario: Scenario): Promise<void> {
  const { service } = scenario;
  const before = await service.memory();
  await service.forgetPeak();
  const path = '/v1/auth/userpass/login/joe';
  const { status, ms, answers, longestMs } = await service.login(vaultPort(service.port), path, { password: PASSWORD });
  const after = await service.memory();
  if (status !== 200) throw new Error(`the login was answered with ${status}`);
  scenario.figure('login/time', ms, 'ms');
  scenario.expect('login/health-answers-meanwhile', answers, 'answers', { atLeast: BUDGETS.loginAnswers });
  scenario.figure('login/longest-wait-for-health', longestMs, 'ms');
  scenario.printMemory('login', after, { VmHWM: BUDGETS.loginRssKib });
  scenario.expect('memory/login/kept', after.VmRSS - before.VmRSS, 'kB', { atMost: BUDGETS.loginKeptKib });
}
