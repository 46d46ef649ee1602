/** The log and the secret store at once: secrets, encryption, logins with their costly hashes, and records. */
import { ROOT_TOKEN } from '../support/vault-service.ts';
import { Client, inParallel } from './client.ts';
import type { LimitedService } from './limited-service.ts';
import type { Measured } from './measured.ts';

const REQUESTS = 6000;
const CONNECTIONS = 32;
const SECRETS = 1000;
const LOGINS_PER_REQUESTS = 100;

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
    const kinds = [
      (n: number) => ask('POST', `secret/data/device-${n % SECRETS}`, { data: { n, password: 'x'.repeat(40) } }),
      (n: number) => ask('GET', `secret/data/device-${(n - 1) % SECRETS}`),
      () => ask('POST', 'transit/encrypt/records', { plaintext: PLAINTEXT }),
      () => produce(kafka),
    ] as const;
    let begun = 0;
    const next = (): number | undefined => (begun < REQUESTS ? (begun += 1) - 1 : undefined);
    await measured.time('mixed', REQUESTS, 'requests/s', () =>
      inParallel(CONNECTIONS, next, (n) => {
        if (n % LOGINS_PER_REQUESTS === 0) return ask('POST', 'auth/userpass/login/joe', { password: 'right' });
        // Two of a kind follow each other, so that what is read was written: by the first round at the latest.
        return n < 4 * SECRETS
          ? (kinds[n % 4 === 1 ? 0 : n % 4] ?? kinds[0])(n >> 2)
          : (kinds[n % 4] ?? kinds[0])(n >> 2);
      }),
    );
    const read = JSON.parse(await ask('GET', `secret/data/device-${SECRETS - 1}`)) as Secret;
    measured.check(
      'what was written is read',
      { version: read.data.metadata.version },
      read.data.data.n % SECRETS === SECRETS - 1,
    );
    measured.memory('mixed', limited);
  } finally {
    vault.close();
    kafka.close();
  }
}

interface Secret {
  readonly data: { readonly data: { readonly n: number }; readonly metadata: { readonly version: number } };
}

function produce(client: Client): Promise<string> {
  const body = JSON.stringify({ records: [{ value: PLAINTEXT }] });
  return client.want({ method: 'POST', path: '/topics/secrets-beside', headers: { 'content-type': V2 }, body });
}
