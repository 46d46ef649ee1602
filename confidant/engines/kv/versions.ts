/**
 * What is known of a secret beside its values, and how it changes: KV version 2 without files. Times of the wall clock,
 * which may jump either way, are only shown; whether a version is deleted is judged by the store's clock, or by nothing
 * but that somebody asked for it.
 */
import { SecretStoreError } from '../../secret-store.ts';

export interface VersionEntry {
  readonly version: number;
  /** Wall clock, ms. */
  readonly createdAt: number;
  /** Wall clock, ms: when it was deleted, or will be; null: never. */
  readonly deletionAt: number | null;
  /** Store clock, ms: when it ends; 0: its deletion was asked for; null: never. Left out in old files: `deletionAt`. */
  readonly endsAt?: number | null;
  readonly destroyed: boolean;
}

/** One moment on both clocks, ms. */
export interface Moment {
  readonly wall: number;
  readonly store: number;
}

/** Its times are of the wall clock, ms. */
export interface Metadata {
  readonly createdAt: number;
  readonly updatedAt: number;
  /** 0: as the mount has it. */
  readonly maxVersions: number;
  readonly casRequired: boolean;
  /** Seconds; 0: as the mount has it. */
  readonly deleteVersionAfter: number;
  readonly customMetadata: Readonly<Record<string, string>> | null;
  /** Ascending; those beyond the most are gone. */
  readonly versions: readonly VersionEntry[];
  /** The number of the newest, also when none is left. */
  readonly currentVersion: number;
}

export interface KvConfig {
  /** 0: 10. */
  readonly maxVersions: number;
  readonly casRequired: boolean;
  readonly deleteVersionAfter: number;
}

export const plainConfig: KvConfig = { maxVersions: 0, casRequired: false, deleteVersionAfter: 0 };
const DEFAULT_MAX_VERSIONS = 10;

export function newMetadata({ wall }: Moment): Metadata {
  return {
    createdAt: wall,
    updatedAt: wall,
    maxVersions: 0,
    casRequired: false,
    deleteVersionAfter: 0,
    customMetadata: null,
    versions: [],
    currentVersion: 0,
  };
}

/** Errors: `conflict`. `cas`: the version that must be the current one. */
export function addVersion(before: Metadata, config: KvConfig, cas: number | undefined, now: Moment): Metadata {
  if (cas === undefined && (before.casRequired || config.casRequired)) {
    throw new SecretStoreError('conflict', 'check-and-set parameter required for this call');
  }
  if (cas !== undefined && cas !== before.currentVersion) {
    throw new SecretStoreError('conflict', 'check-and-set parameter did not match the current version');
  }
  const after = lifetimeOf(before, config);
  const added: VersionEntry = {
    version: before.currentVersion + 1,
    createdAt: now.wall,
    ...endAfter(after, now),
    destroyed: false,
  };
  const most = before.maxVersions || config.maxVersions || DEFAULT_MAX_VERSIONS;
  const versions = [...before.versions, added].slice(-most);
  return { ...before, versions, currentVersion: added.version, updatedAt: now.wall };
}

/** Seconds that a version lives; 0: for ever. A secret may have less than its mount says, not more. */
export function lifetimeOf(metadata: Pick<Metadata, 'deleteVersionAfter'> | null, config: KvConfig): number {
  const own = metadata?.deleteVersionAfter ?? 0;
  if (own === 0 || config.deleteVersionAfter === 0) return own + config.deleteVersionAfter;
  return Math.min(own, config.deleteVersionAfter);
}

function endAfter(seconds: number, { wall, store }: Moment): Pick<VersionEntry, 'deletionAt' | 'endsAt'> {
  if (seconds === 0) return { deletionAt: null, endsAt: null };
  return { deletionAt: wall + seconds * 1000, endsAt: store + seconds * 1000 };
}

/** On the store's clock; `Infinity`: it does not end. */
export function endOf({ deletionAt, endsAt = deletionAt }: VersionEntry): number {
  return endsAt ?? Infinity;
}

export function isDeleted(entry: VersionEntry, { store }: Moment): boolean {
  return entry.destroyed || endOf(entry) <= store;
}

/** The version asked for; 0: the current one. Null: it was never written, or is beyond the most that are kept. */
export function findVersion(metadata: Metadata, version: number): VersionEntry | null {
  const number = version === 0 ? metadata.currentVersion : version;
  return metadata.versions.find((entry) => entry.version === number) ?? null;
}

type Change = (entry: VersionEntry) => VersionEntry;

/** Changes the versions of these numbers, as far as they are there. */
export function changeVersions(
  before: Metadata,
  numbers: readonly number[],
  change: Change,
  { wall }: Moment,
): Metadata {
  const versions = before.versions.map((entry) => (numbers.includes(entry.version) ? change(entry) : entry));
  return { ...before, versions, updatedAt: wall };
}

export function deletion(now: Moment): Change {
  return (entry) => ({ ...entry, deletionAt: isDeleted(entry, now) ? entry.deletionAt : now.wall, endsAt: 0 });
}

export function undeletion(now: Moment, deleteVersionAfter: number): Change {
  return (entry) => (entry.destroyed ? entry : { ...entry, ...endAfter(deleteVersionAfter, now) });
}

export const destruction: Change = (entry) => ({ ...entry, destroyed: true });

/** RFC 7396 on the map of a secret. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const merged = new Map(Object.entries(isMap(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
