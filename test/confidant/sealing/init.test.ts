/** `sys/init` as clients send it: the shares of a Shamir seal have to be said, to one that is static they mean nothing. */
import * as assert from 'uvu/assert';
import { allEngines } from '../../../confidant/engines/engines.ts';
import { FileSecretStore } from '../../../confidant/file-secret-store.ts';
import { type SecretData, SecretStoreError } from '../../../confidant/secret-store.ts';
import type { SealConfig } from '../../../confidant/sealing/seal-config.ts';
import { MemoryDisk } from '../../support/memory-host/disk.ts';
import { suite } from '../../support/suite.ts';
import { ArrayJournal } from '../support/server.ts';
import { ROOT, staticSeal } from './stores.ts';

const test = suite('sys/init');

async function initialise(seal: SealConfig, ...tries: readonly SecretData[]): Promise<unknown> {
  const store = await FileSecretStore.open(new MemoryDisk().host(), {
    root: ROOT,
    seal,
    journal: new ArrayJournal(),
    engines: allEngines,
    version: '1.15.0',
    report: (line) => assert.unreachable(line),
  });
  try {
    let answer: unknown;
    for (const data of tries) {
      const request = { id: 'i', operation: 'update', path: 'sys/init', data, token: null } as const;
      const reply = store.handle({ ...request, remoteAddress: '', wrapTtl: null });
      answer = await reply.then(
        ({ data: made }) => (made?.['keys'] as unknown[] | undefined)?.length,
        (error: unknown) => (error instanceof SecretStoreError ? `${error.code}: ${error.message}` : error),
      );
    }
    return answer;
  } finally {
    await store.close();
  }
}

const shamir = { type: 'shamir' } as const;
const counts = (shares: number, threshold: number): SecretData => ({
  secret_shares: shares,
  secret_threshold: threshold,
});

test('a Shamir seal wants its shares and their threshold, in the words of Vault', async () => {
  for (const [data, fault] of [
    [{}, 'shares must be at least one'],
    [{ secret_threshold: 1 }, 'shares must be at least one'],
    [{ secret_shares: 3 }, 'threshold must be at least one'],
    [{ secret_shares: 1 }, 'threshold must be at least one'],
    [counts(3, 1), 'threshold must be greater than one for multiple shares'],
    [counts(3, 4), 'threshold cannot be larger than shares'],
    [counts(256, 2), 'shares must be less than 256'],
  ] as const) {
    assert.is(await initialise(shamir, data), `invalid: invalid seal configuration: ${fault}`);
    assert.is(await initialise(shamir, data, counts(1, 1)), 1, 'it may be tried again');
  }
  assert.is(await initialise(shamir, counts(5, 3)), 5);
});

test('a static seal wants none, whatever is sent', async () => {
  for (const data of [{}, { recovery_shares: 1, recovery_threshold: 1 }, counts(5, 3), counts(0, 0)]) {
    assert.is(await initialise(staticSeal('k'), data), 0);
  }
});
