/** The shares that were handed in to unseal, until there are enough. Texts and rules are Vault's. */
import type { Host, Sodium } from '../../targets/host.ts';
import { SecretStoreError } from '../secret-store.ts';
import { KEY_BYTES } from './keyring.ts';
import { combineShares, splitSecret } from './shamir.ts';
import { hexOf } from '../wire/hex.ts';

const MAX_SHARES = 255;

export interface ShareCount {
  readonly shares: number;
  readonly threshold: number;
}

/** Errors: `invalid`. */
export function checkShareCount({ shares, threshold }: ShareCount): void {
  if (!(shares >= 1)) throw wrongCount('shares must be at least one');
  if (!(threshold >= 1)) throw wrongCount('threshold must be at least one');
  if (shares > 1 && threshold === 1) throw wrongCount('threshold must be greater than one for multiple shares');
  if (shares > MAX_SHARES) throw wrongCount('shares must be less than 256');
  if (threshold > shares) throw wrongCount('threshold cannot be larger than shares');
  if (!Number.isInteger(shares) || !Number.isInteger(threshold)) throw wrongCount('shares and threshold must be whole');
}

/** A single share is the key itself. */
export function splitRootKey({ random }: Pick<Host, 'random'>, key: Uint8Array, count: ShareCount): Uint8Array[] {
  return count.shares === 1 ? [key.slice()] : splitSecret(random, key, count.shares, count.threshold);
}

/** The key, or null for shares that do not go together. */
export function combineRootKey(shares: readonly Uint8Array[]): Uint8Array | null {
  const [only] = shares;
  const key = shares.length === 1 && only !== undefined ? only.slice() : combineShares(shares);
  return key?.length === KEY_BYTES ? key : null;
}

export class ShareCollector {
  readonly #host: Pick<Host, 'random'>;
  readonly #sodium: Sodium;
  #shares: Uint8Array[] = [];
  #nonce = '';

  constructor(host: Pick<Host, 'random'>, sodium: Sodium) {
    this.#host = host;
    this.#sodium = sodium;
  }

  get progress(): number {
    return this.#shares.length;
  }

  /** A UUID for each round of collecting, else empty. */
  get nonce(): string {
    return this.#nonce;
  }

  /** Takes one more, the same only once, and gives all of them when they are enough. Errors: `invalid`. */
  add(share: Uint8Array | null, threshold: number): readonly Uint8Array[] | null {
    if (share === null) throw invalid("'key' must be specified in request body as JSON, or 'reset' set to true");
    const want = threshold === 1 ? KEY_BYTES : KEY_BYTES + 1;
    if (share.length < want) throw invalid(`key is shorter than minimum ${want} bytes`);
    if (share.length > want) throw invalid(`key is longer than maximum ${want} bytes`);
    if (!this.#shares.some((known) => this.#sodium.equal(known, share))) this.#shares.push(share.slice());
    if (this.#nonce === '') this.#nonce = newUuid(this.#host);
    return this.#shares.length < threshold ? null : this.#shares;
  }

  reset(): void {
    for (const share of this.#shares) this.#sodium.wipe(share);
    this.#shares = [];
    this.#nonce = '';
  }
}

/** RFC 9562, version 4. */
function newUuid({ random }: Pick<Host, 'random'>): string {
  const drawn = new Uint8Array(16);
  random.fill(drawn);
  drawn[6] = ((drawn[6] ?? 0) & 0x0f) | 0x40;
  drawn[8] = ((drawn[8] ?? 0) & 0x3f) | 0x80;
  const digits = hexOf(drawn);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function wrongCount(message: string): SecretStoreError {
  return invalid(`invalid seal configuration: ${message}`);
}

function invalid(message: string): SecretStoreError {
  return new SecretStoreError('invalid', message);
}
