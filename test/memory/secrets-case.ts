/** The log and the secret store at once: secrets, encryption, logins with their costly hashes, and records. */
import { ROOT_TOKEN } from '../support/vault-service.ts';
import { Client, inParallel } from './client.ts';
import type { LimitedService } from './limited-service.ts';
import type { Measured } from './measured.ts';

const REQUESTS = 4000;
const CONNECTIONS = 32;
const SECRETS = 1000;
/** Each costs 7 MiB and a second. */
const LOGIN_EVERY = 201;

const V2 = 'application/vnd.kafka.binary.v2+json';
const PLAINTEXT = Buffer.alloc(100, 'p').toString('base64');

export async function useSecrets(limited: LimitedService, measured: Measured): Promise<void> {
  const [, url = ''] = await limited.line(/serving Vault on (\S+),/);
  const vault = new Client(url, CONNECTIONS);
  const kafka = new Client(limited.service.url, CONNECTIONS);
  const headers = { 'x-vault-token': ROOT_TOKEN };
  const ask = (method: string, path: string, body?: object): Promise<string> =>
    vault.want({ method, path: `/v1/${path}`, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  try {
    await ask('POST', 'sys/auth/userpass', { type: 'userpass' });
    await ask('POST', 'auth/userpass/users/joe', { password: 'right' });
    await ask('POST', 'sys/mounts/transit', { type: 'transit' });
    await ask('POST', 'transit/keys/records');
    measured.memory('idle', limited);
    const write = (n: number) =>
      ask('POST', `secret/data/device-${n % SECRETS}`, { data: { n, password: 'x'.repeat(40) } });
    const kinds = [
      write,
      (n: number) => ask('GET', `secret/data/device-${n % SECRETS}`),
      () => ask('POST', 'transit/encrypt/records', { plaintext: PLAINTEXT }),
      () => produce(kafka),
    ] as const;
    await measured.time('write', SECRETS, 'requests/s', () => inParallel(CONNECTIONS, counter(SECRETS), write));
    await measured.time('mixed', REQUESTS, 'requests/s', () =>
      inParallel(CONNECTIONS, counter(REQUESTS), (n) => {
        if (n % LOGIN_EVERY === 0) return ask('POST', 'auth/userpass/login/joe', { password: 'right' });
        return (kinds[n % kinds.length] ?? write)(n);
      }),
    );
    const { data } = JSON.parse(await ask('GET', `secret/data/device-${SECRETS - 4}`)) as Secret;
    const isLast = data.data.n === REQUESTS - 4;
    measured.check('what was written last is read', { n: data.data.n, version: data.metadata.version }, isLast);
    measured.memory('mixed', limited);
  } finally {
    vault.close();
    kafka.close();
  }
}

interface Secret {
  readonly data: { readonly data: { readonly n: number }; readonly metadata: { readonly version: number } };
}

function counter(end: number): () => number | undefined {
  let begun = 0;
  return () => (begun < end ? (begun += 1) - 1 : undefined);
}

function produce(client: Client): Promise<string> {
  const body = JSON.stringify({ records: [{ value: PLAINTEXT }] });
  return client.want({ method: 'POST', path: '/topics/secrets-beside', headers: { 'content-type': V2 }, body });
}
