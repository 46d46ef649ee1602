/** KV version 2 as it is on the wire: Vault's names for what `versions.ts` has. */
import type { Input } from '../../core/input.ts';
import { type SecretData, SecretStoreError } from '../../secret-store.ts';
import { formatDuration } from '../../wire/durations.ts';
import { formatTime } from '../../wire/times.ts';
import type { KvConfig, Metadata, VersionEntry } from './versions.ts';

export function describeConfig({ maxVersions, casRequired, deleteVersionAfter }: KvConfig): SecretData {
  return {
    max_versions: maxVersions,
    cas_required: casRequired,
    delete_version_after: formatDuration(deleteVersionAfter),
  };
}

export function describeVersion(entry: VersionEntry, { customMetadata }: Metadata): SecretData {
  return { ...stateOf(entry), custom_metadata: customMetadata, version: entry.version };
}

export function describeMetadata(metadata: Metadata): SecretData {
  const { versions } = metadata;
  return {
    cas_required: metadata.casRequired,
    created_time: formatTime(metadata.createdAt),
    current_version: metadata.currentVersion,
    custom_metadata: metadata.customMetadata,
    delete_version_after: formatDuration(metadata.deleteVersionAfter),
    max_versions: metadata.maxVersions,
    oldest_version: versions[0]?.version ?? 0,
    updated_time: formatTime(metadata.updatedAt),
    versions: Object.fromEntries(versions.map((entry) => [entry.version, stateOf(entry)])),
  };
}

function stateOf({ createdAt, deletionAt, destroyed }: VersionEntry) {
  return {
    created_time: formatTime(createdAt),
    deletion_time: deletionAt === null ? '' : formatTime(deletionAt),
    destroyed,
  };
}

type Settings = Pick<Metadata, 'maxVersions' | 'casRequired' | 'deleteVersionAfter' | 'customMetadata'>;

/** What a write of metadata changes. A patch merges into the custom metadata, where null removes. Errors: `invalid`. */
export function metadataChanges(input: Input, isPatch: boolean): (before: Settings) => Settings {
  const maxVersions = input.integer('max_versions');
  const casRequired = input.boolean('cas_required');
  const deleteVersionAfter = input.duration('delete_version_after');
  const custom = input.map('custom_metadata');
  if ((maxVersions ?? 0) < 0) throw new SecretStoreError('invalid', 'max_versions cannot be negative');
  return (before) => ({
    maxVersions: maxVersions ?? before.maxVersions,
    casRequired: casRequired ?? before.casRequired,
    deleteVersionAfter: deleteVersionAfter ?? before.deleteVersionAfter,
    customMetadata:
      custom === undefined ? before.customMetadata : customOf(custom, isPatch ? before.customMetadata : null),
  });
}

const MOST_KEYS = 64;
const LONGEST_KEY = 128;
const LONGEST_VALUE = 512;

function customOf(given: SecretData, before: Metadata['customMetadata']): Metadata['customMetadata'] {
  const merged = new Map<string, string>(Object.entries(before ?? {}));
  for (const [key, value] of Object.entries(given)) {
    if (value === null) merged.delete(key);
    else merged.set(key, checked(key, value));
  }
  if (merged.size > MOST_KEYS) throw refused(`${merged.size} keys, at most ${MOST_KEYS} are possible`);
  return Object.fromEntries(merged);
}

function checked(key: string, value: unknown): string {
  if (typeof value !== 'string') throw refused('values must be strings');
  if (key === '' || utf8Length(key) > LONGEST_KEY) throw refused(`a key has 1 to ${LONGEST_KEY} bytes`);
  if (value === '' || utf8Length(value) > LONGEST_VALUE) throw refused(`a value has 1 to ${LONGEST_VALUE} bytes`);
  return value;
}

function utf8Length(text: string): number {
  let length = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}

function refused(why: string): SecretStoreError {
  return new SecretStoreError('invalid', `custom_metadata validation failed: ${why}`);
}
