/**
 * The configuration of a topic: Kafka's names, as text outside and typed inside. For the file log, and for everybody
 * who checks or shows a configuration. Defaults are sized for a router with 128 MiB of memory; the README says why.
 */
import { CommitLogError, type ConfigEntry } from '../commit-log.ts';

/** When an append is acknowledged; see `commit-log.ts`. */
export type Durability = 'sync' | 'os' | { readonly everyMs: number };

/** All values in force. `Infinity` is Kafka's -1: none. */
export interface TopicConfig {
  readonly cleanup: { readonly delete: boolean; readonly compact: boolean };
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly maxMessageBytes: number;
  readonly minCleanableDirtyRatio: number;
  readonly deleteRetentionMs: number;
  readonly durability: Durability;
  /** How many of the latest records compaction keeps per key. */
  readonly compactionKeep: number;
}

const MAX = Number.MAX_SAFE_INTEGER;
const MAX_DURABILITY_MS = 86_400_000;

/** Sorted by name. Those with a range are numbers, and whole ones but for the ratio; -1 in the range stands for none. */
const TABLE: readonly (readonly [name: string, defaultValue: string, min?: number, max?: number])[] = [
  ['cleanup.policy', 'delete'],
  ['delete.retention.ms', '86400000', 0, MAX],
  ['max.message.bytes', '262144', 1, 67_108_864],
  ['min.cleanable.dirty.ratio', '0.5', 0, 1],
  ['retention.bytes', '33554432', -1, MAX],
  ['retention.ms', '604800000', -1, MAX],
  ['segment.bytes', '1048576', 4096, 2_147_483_647],
  ['segment.ms', '604800000', 1, MAX],
  ['streambed.compaction.keep', '1', 1, 1024],
  ['streambed.durability', 'sync'],
];

/** Throws `invalid-config`, naming name and value, unless every name is known and every value in range. */
export function parseTopicConfig(set: Readonly<Record<string, string>>): TopicConfig {
  for (const [name, value] of Object.entries<unknown>(set)) {
    if (!TABLE.some((entry) => entry[0] === name)) throw invalid(name, value, 'a known configuration name');
    if (typeof value !== 'string') throw invalid(name, value, 'text');
  }
  const number = (name: string) => numberOf(name, valueOf(set, name));
  return {
    cleanup: cleanupOf(valueOf(set, 'cleanup.policy')),
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    segmentBytes: number('segment.bytes'),
    segmentMs: number('segment.ms'),
    maxMessageBytes: number('max.message.bytes'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    deleteRetentionMs: number('delete.retention.ms'),
    durability: durabilityOf(valueOf(set, 'streambed.durability')),
    compactionKeep: number('streambed.compaction.keep'),
  };
}

/** Every known name with its value in force, sorted by name. */
export function configEntries(set: Readonly<Record<string, string>>): ConfigEntry[] {
  return TABLE.map(([name, defaultValue]) => {
    const isDefault = !Object.hasOwn(set, name);
    return {
      name,
      value: isDefault ? defaultValue : set[name]!,
      defaultValue,
      isDefault,
    };
  });
}

function valueOf(set: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(set, name) ? set[name]! : TABLE.find((entry) => entry[0] === name)![1];
}

function numberOf(name: string, text: string): number {
  const [, , min = 0, max = MAX] = TABLE.find((entry) => entry[0] === name)!;
  const pattern = max === 1 ? /^[\d.]+$/ : /^-?\d+$/;
  const value = pattern.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw invalid(name, text, `${max === 1 ? 'a number' : 'a whole number'} from ${min} to ${max}`);
  }
  return value === -1 ? Number.POSITIVE_INFINITY : value;
}

function cleanupOf(text: string): TopicConfig['cleanup'] {
  const policies = text.split(',').map((policy) => policy.trim());
  if (!policies.every((policy) => policy === 'delete' || policy === 'compact')) {
    throw invalid('cleanup.policy', text, 'delete, compact, or both with a comma');
  }
  return {
    delete: policies.includes('delete'),
    compact: policies.includes('compact'),
  };
}

function durabilityOf(text: string): Durability {
  if (text === 'sync' || text === 'os') return text;
  const everyMs = Number(/^every:(\d+)ms$/.exec(text)?.[1] ?? 0);
  if (everyMs >= 1 && everyMs <= MAX_DURABILITY_MS) return { everyMs };
  throw invalid('streambed.durability', text, `sync, os, or every:<n>ms with n from 1 to ${MAX_DURABILITY_MS}`);
}

function invalid(name: string, value: unknown, want: string): CommitLogError {
  return new CommitLogError('invalid-config', `${name}=${String(value)}: want ${want}`);
}
