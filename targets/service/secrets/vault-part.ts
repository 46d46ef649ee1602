/** The Vault API as a part of the service. */
import { vaultApp } from '../../../http-api/vault-app.ts';
import type { NetAddress } from '../../host.ts';
import type { Application, Part, Shared } from '../part.ts';
import type { Secrets } from './kept-store.ts';

export function vaultPart({ host, options, journal }: Shared, { store }: Secrets, address: NetAddress): Part {
  const { fetch } = vaultApp({
    server: store,
    bytes: host.bytes,
    random: host.random,
    bodyBytes: Math.min(options.maxBodyBytes, MOST_BODY_BYTES),
    urlLength: options.maxUrlLength,
    report: (line) => journal.tell('error', 'secrets', line),
  });
  return {
    title: 'Vault',
    address,
    fetch: fetch as Application,
    refusal: () => JSON.stringify({ errors: ['request refused'] }),
    hasListMethod: true,
  };
}

/** A secret has 256 KiB at most; a batch of transit may be more. */
const MOST_BODY_BYTES = 1024 * 1024;
