import * as assert from 'uvu/assert';
import { CommitLogError } from '../../logged/commit-log.ts';
import { configEntries, parseTopicConfig } from '../../logged/topics/topic-config.ts';
import { suite } from '../support/suite.ts';

const test = suite('topic-config');

function rejects(set: Record<string, string>, ...parts: string[]): void {
  try {
    parseTopicConfig(set);
  } catch (error) {
    assert.instance(error, CommitLogError);
    assert.is((error as CommitLogError).code, 'invalid-config');
    for (const part of parts) assert.ok((error as Error).message.includes(part), (error as Error).message);
    return;
  }
  assert.unreachable(`accepted ${JSON.stringify(set)}`);
}

test('an empty configuration has the defaults', () => {
  assert.equal(parseTopicConfig({}), {
    cleanup: { delete: true, compact: false },
    retentionMs: 604800000,
    retentionBytes: 33554432,
    segmentBytes: 1048576,
    segmentMs: 604800000,
    maxMessageBytes: 262144,
    minCleanableDirtyRatio: 0.5,
    deleteRetentionMs: 86400000,
    durability: 'sync',
    compactionKeep: 1,
  });
});

test('values are parsed; -1 is none', () => {
  const config = parseTopicConfig({
    'cleanup.policy': 'compact, delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'segment.bytes': '4096',
    'segment.ms': '1',
    'max.message.bytes': '67108864',
    'min.cleanable.dirty.ratio': '0.01',
    'delete.retention.ms': '0',
    'streambed.durability': 'every:250ms',
    'streambed.compaction.keep': '3',
  });
  assert.equal(config, {
    cleanup: { delete: true, compact: true },
    retentionMs: Number.POSITIVE_INFINITY,
    retentionBytes: Number.POSITIVE_INFINITY,
    segmentBytes: 4096,
    segmentMs: 1,
    maxMessageBytes: 67108864,
    minCleanableDirtyRatio: 0.01,
    deleteRetentionMs: 0,
    durability: { everyMs: 250 },
    compactionKeep: 3,
  });
  assert.is(parseTopicConfig({ 'streambed.durability': 'os' }).durability, 'os');
});

test('what is unknown, malformed or out of range is refused by name and value', () => {
  rejects({ 'retention.hours': '1' }, 'retention.hours', '1', 'known');
  rejects({ constructor: 'x' }, 'constructor', 'known');
  const wrong: Record<string, string[]> = {
    'cleanup.policy': ['', 'compact,', 'Delete', 'none'],
    'delete.retention.ms': ['-1', '', '1.5', '1e3', ' 1', '0x10'],
    'max.message.bytes': ['0', '67108865', '1m'],
    'min.cleanable.dirty.ratio': ['-0.1', '1.1', 'half', '', '.', '1.0.0'],
    'retention.bytes': ['-2', '9007199254740993'],
    'retention.ms': ['-2', 'week'],
    'segment.bytes': ['4095', '2147483648', '-1'],
    'segment.ms': ['0', '-1'],
    'streambed.compaction.keep': ['0', '1025'],
    'streambed.durability': ['', 'never', 'every:0ms', 'every:10', 'every:1.5ms', 'every:86400001ms', 'SYNC'],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) rejects({ [name]: value }, `${name}=${value}:`, 'want');
  }
  rejects({ 'retention.ms': 1 as unknown as string }, 'retention.ms=1', 'text');
});

test('entries show every name, sorted, with value, default and whether it was set', () => {
  const entries = configEntries({
    'segment.bytes': '8192',
    'retention.ms': '604800000',
  });
  const names = entries.map((entry) => entry.name);
  assert.equal(names, [...names].sort());
  assert.is(names.length, 10);
  const of = (name: string) => entries.find((entry) => entry.name === name);
  assert.equal(of('segment.bytes'), {
    name: 'segment.bytes',
    value: '8192',
    defaultValue: '1048576',
    isDefault: false,
  });
  assert.is(of('retention.ms')?.isDefault, false);
  assert.equal(of('cleanup.policy'), {
    name: 'cleanup.policy',
    value: 'delete',
    defaultValue: 'delete',
    isDefault: true,
  });
  parseTopicConfig(Object.fromEntries(entries.map((entry) => [entry.name, entry.value])));
});
