/** What tells about the server and opens and closes it: health, seal status, init, unseal, seal, rotation. */
import type { Call, Route } from '../core/route.ts';
import type { Barrier } from '../sealing/barrier.ts';
import { type SecretData, SecretStoreError, type StoreReply } from '../secret-store.ts';
import { formatTime } from '../wire/times.ts';
import type { Bytes, Clock } from '../../targets/host.ts';
import { hexOf } from '../wire/hex.ts';

export interface SealRouteParts {
  readonly barrier: Barrier;
  /** Whether the store has been made, to its end. */
  readonly isInitialized: () => boolean;
  readonly bytes: Bytes;
  readonly clock: Clock;
  readonly version: string;
  readonly clusterId: () => string;
  /** Makes everything new and gives the root token. */
  readonly initialize: (
    shares: number,
    threshold: number,
  ) => Promise<{ keys: readonly Uint8Array[]; rootToken: string }>;
  /** Adds a share; opens the store when there are enough. */
  readonly unseal: (share: Uint8Array) => Promise<void>;
  readonly seal: () => void;
}

export function sealRoutes(parts: SealRouteParts): readonly Route[] {
  const { barrier, bytes } = parts;
  const plain = (data: SecretData): StoreReply => ({ data, plain: true });
  const status = (): StoreReply => plain(sealStatus(parts));
  const open = { isOpen: true, worksSealed: true };
  const initialize = async ({ input }: Call): Promise<StoreReply> => {
    // Of a static seal they say nothing: its clients send others.
    const [shares, threshold] = [input.integer('secret_shares') ?? 0, input.integer('secret_threshold') ?? 0];
    const { keys, rootToken } = await parts.initialize(shares, threshold);
    return plain({
      keys: keys.map(hexOf),
      keys_base64: keys.map((key) => bytes.encodeBase64(key)),
      root_token: rootToken,
    });
  };
  const unseal = async ({ input }: Call): Promise<StoreReply> => {
    if (input.boolean('reset') === true) barrier.reset();
    else await parts.unseal(shareOf(bytes, input.text('key')));
    return status();
  };
  const seal = (): StoreReply => {
    parts.seal();
    return { data: null };
  };
  const rotate = async (): Promise<StoreReply> => {
    await barrier.rotate();
    return { data: null };
  };
  return [
    { path: 'health', operations: { read: () => plain(health(parts)) }, ...open },
    { path: 'seal-status', operations: { read: status }, ...open },
    { path: 'leader', operations: { read: () => plain(leader) }, ...open },
    {
      path: 'init',
      operations: { read: () => plain({ initialized: parts.isInitialized() }), update: initialize },
      ...open,
    },
    { path: 'unseal', operations: { update: unseal }, ...open },
    { path: 'seal', operations: { update: seal } },
    { path: 'rotate', operations: { update: rotate } },
    // OpenBao's name for the same.
    { path: 'rotate/keyring', operations: { update: rotate } },
    { path: 'key-status', operations: { read: () => ({ data: keyStatus(barrier) }) } },
  ];
}

const leader = { ha_enabled: false, is_self: false, leader_address: '', leader_cluster_address: '' };

function health({ barrier, isInitialized, clock, version, clusterId }: SealRouteParts): SecretData {
  const initialized = isInitialized();
  const sealed = !initialized || barrier.status().sealed;
  return {
    initialized,
    sealed,
    standby: false,
    performance_standby: false,
    replication_performance_mode: 'disabled',
    replication_dr_mode: 'disabled',
    server_time_utc: Math.floor(clock.now() / 1000),
    version,
    ...(!sealed && { cluster_name: 'streambed', cluster_id: clusterId() }),
  };
}

function sealStatus({ barrier, isInitialized, version, clusterId }: SealRouteParts): SecretData {
  const { type, threshold, shares, progress, nonce, ...status } = barrier.status();
  const initialized = isInitialized();
  const sealed = !initialized || status.sealed;
  return {
    type,
    initialized,
    sealed,
    t: threshold,
    n: shares,
    progress,
    nonce,
    version,
    build_date: '',
    migration: false,
    ...(!sealed && { cluster_name: 'streambed', cluster_id: clusterId() }),
    recovery_seal: type !== 'shamir',
    storage_type: 'file',
  };
}

function keyStatus({ keyring }: Barrier): SecretData {
  const { id, createdAt } = keyring.currentKey;
  return { term: id, install_time: formatTime(createdAt) };
}

/** Hex or base64. Errors: `invalid`. */
function shareOf(bytes: Bytes, text: string | undefined): Uint8Array {
  if (text === undefined || text === '') {
    const message = "'key' must be specified in request body as JSON, or 'reset' set to true";
    throw new SecretStoreError('invalid', message);
  }
  if (/^([\da-f]{2})+$/i.test(text))
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  try {
    return bytes.decodeBase64(text);
  } catch (error) {
    throw new SecretStoreError('invalid', "'key' must be a valid hex or base64 string", { cause: error });
  }
}
