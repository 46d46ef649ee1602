/** Where the root key comes from, as whoever opens a store says it; see `barrier.ts`. */
import type { Sodium } from '../../targets/host.ts';
import { SecretStoreError } from '../secret-store.ts';
import { KEY_BYTES } from './keyring.ts';
import type { KeyringHeader } from './keyring-file.ts';

export type SealConfig = StaticSeal | { readonly type: 'shamir' };

export interface StaticSeal {
  readonly type: 'static';
  readonly current: RootKey;
  /** Opens what is wrapped with it still; then it is wrapped with the current one. */
  readonly previous?: RootKey | undefined;
}

export interface RootKey {
  readonly id: string;
  /** 32 bytes, copied. */
  readonly key: Uint8Array;
}

/** Copies, the current one first. Errors: `invalid`. */
export function rootKeysOf(seal: SealConfig): RootKey[] {
  if (seal.type === 'shamir') return [];
  return [seal.current, ...(seal.previous === undefined ? [] : [seal.previous])].map(copyKey);
}

export function wipeRootKeys({ wipe }: Sodium, rootKeys: readonly RootKey[]): void {
  for (const { key } of rootKeys) wipe(key);
}

/** A copy of the root key of that id. Errors: `invalid`. */
export function findRootKey(rootKeys: readonly RootKey[], id: string): Uint8Array {
  const root = rootKeys.find((one) => one.id === id);
  if (root === undefined) throw new SecretStoreError('invalid', `keyring: needs the root key ${id}`);
  return root.key.slice();
}

export function staticHeader(rootKeyId: string): KeyringHeader {
  return { type: 'static', rootKeyId, shares: 0, threshold: 0 };
}

function copyKey({ id, key }: RootKey): RootKey {
  if (key.length === KEY_BYTES) return { id, key: key.slice() };
  throw new SecretStoreError('invalid', `root key ${id}: has ${key.length} bytes, want ${KEY_BYTES}`);
}
