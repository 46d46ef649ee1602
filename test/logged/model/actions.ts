/**
 * What the model test does to a log: plain data, so that fast-check can print and shrink it. Numbers are taken modulo
 * what is there, so that every action means something in every state and any sublist of actions is a run of its own.
 */
import fc from 'fast-check';

export const topics = ['a', 'b', 'ns:c'] as const;
export const groups = ['g', 'h'] as const;

export const configs: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'segment.bytes': '4096' },
  { 'segment.bytes': '4096', 'cleanup.policy': 'compact', 'retention.bytes': '5000' },
  {
    'segment.bytes': '4096',
    'cleanup.policy': 'compact',
    'streambed.compaction.keep': '2',
    'delete.retention.ms': '0',
  },
  { 'segment.bytes': '4096', 'cleanup.policy': 'compact,delete', 'retention.bytes': '9000' },
  { 'segment.bytes': '4096', 'cleanup.policy': 'compact', 'delete.retention.ms': '30000' },
  { 'segment.bytes': '4096', 'retention.bytes': '5000' },
  { 'retention.ms': '60000', 'segment.ms': '20000' },
  { 'segment.bytes': '4096', 'streambed.durability': 'os' },
  { 'streambed.durability': 'every:50ms', 'segment.ms': '1000' },
];

export interface RecordPlan {
  /** Null: none. 0: a key of no bytes. */
  readonly key: number | null;
  /** Null: a tombstone. */
  readonly valueBytes: number | null;
  readonly headers: number;
  /** Relative to the clock; null: none. */
  readonly timestamp: number | null;
  /** Null: chosen by the log. */
  readonly partition: number | null;
}

export type StartPlan = 'beginning' | 'end' | 'offset' | 'timestamp' | 'group';

export type Action =
  | { readonly do: 'create'; readonly topic: number; readonly partitions: number; readonly config: number }
  | {
      readonly do: 'alter';
      readonly topic: number;
      readonly add: number;
      readonly config: number;
      readonly reset: number;
    }
  | { readonly do: 'delete'; readonly topic: number }
  | { readonly do: 'produce'; readonly topic: number; readonly record: RecordPlan }
  | { readonly do: 'batch'; readonly topic: number; readonly records: readonly RecordPlan[] }
  /** A batch of a client that numbers its records. */
  | {
      readonly do: 'numbered';
      readonly client: number;
      readonly topic: number;
      readonly records: readonly RecordPlan[];
    }
  /** The client makes its last call, or an earlier one, again. */
  | { readonly do: 'again'; readonly client: number; readonly back: number }
  | {
      readonly do: 'commit';
      readonly group: number;
      readonly topic: number;
      readonly partition: number;
      readonly at: number;
    }
  | { readonly do: 'forget'; readonly group: number }
  | {
      readonly do: 'read';
      readonly topic: number;
      readonly start: StartPlan;
      readonly at: number;
      readonly bytes: number;
    }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'compact'; readonly topic: number }
  | { readonly do: 'keepHouse' }
  | { readonly do: 'reopen' }
  /**
   * The process is killed, or the power cut in a way that the number says, so many turns after a call was made that
   * is not awaited.
   */
  | { readonly do: 'crashCompacting'; readonly topic: number; readonly turns: number; readonly cut: number | null }
  | { readonly do: 'crash'; readonly cut: number | null; readonly turns: number; readonly during: During };

/** What a crash may interrupt: calls of which all is done or nothing. */
export type During =
  | { readonly do: 'nothing' }
  | {
      readonly do: 'numbered';
      readonly client: number;
      readonly topic: number;
      readonly records: readonly RecordPlan[];
    }
  | Extract<Action, { do: 'create' | 'alter' | 'delete' | 'commit' | 'forget' }>;

const topic = fc.nat({ max: topics.length - 1 });
const config = fc.nat({ max: configs.length - 1 });
const client = fc.nat({ max: 1 });
const group = fc.nat({ max: groups.length - 1 });
const act = <Name extends string>(name: Name) => fc.constant(name);

const record: fc.Arbitrary<RecordPlan> = fc.record({
  key: fc.option(fc.nat({ max: 4 }), { freq: 4 }),
  valueBytes: fc.option(fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 2000 })), { freq: 4 }),
  headers: fc.nat({ max: 3 }),
  timestamp: fc.option(
    fc.integer({ min: -8000, max: 8000 }).map((quarters) => quarters / 4),
    { freq: 2 },
  ),
  partition: fc.option(fc.nat({ max: 3 }), { freq: 2 }),
});

const records = fc.array(record, { minLength: 1, maxLength: 8 });

const create = fc.record({ do: act('create'), topic, partitions: fc.integer({ min: 1, max: 3 }), config });
const alter = fc.record({ do: act('alter'), topic, add: fc.nat({ max: 1 }), config, reset: fc.nat({ max: 3 }) });
const remove = fc.record({ do: act('delete'), topic });
const numbered = fc.record({ do: act('numbered'), client, topic, records });
const forget = fc.record({ do: act('forget'), group });
const commit = fc.record({
  do: act('commit'),
  group,
  topic,
  partition: fc.nat({ max: 3 }),
  at: fc.nat({ max: 60 }),
});
const read = fc.record({
  do: act('read'),
  topic,
  start: fc.constantFrom<StartPlan[]>('beginning', 'end', 'offset', 'timestamp', 'group'),
  at: fc.nat({ max: 60 }),
  bytes: fc.constantFrom(1, 100, 3000, 100_000),
});
const cut = fc.option(fc.nat(), { freq: 2 });
const crash = fc.record({
  do: act('crash'),
  cut,
  turns: fc.nat({ max: 12 }),
  during: fc.oneof(
    fc.record({ do: act('nothing') }),
    numbered,
    numbered,
    numbered,
    create,
    alter,
    remove,
    commit,
    forget,
  ),
});

const weighted: [number, fc.Arbitrary<Action>][] = [
  [2, create],
  [2, alter],
  [1, remove],
  [6, fc.record({ do: act('produce'), topic, record })],
  [10, fc.record({ do: act('batch'), topic, records })],
  [6, numbered],
  [3, fc.record({ do: act('again'), client, back: fc.oneof(fc.constant(0), fc.nat({ max: 30 })) })],
  [3, commit],
  [1, forget],
  [4, read],
  [2, fc.record({ do: act('wait'), ms: fc.constantFrom(1, 1000, 15_000, 30_000, 100_000) })],
  [3, fc.record({ do: act('compact'), topic })],
  [2, fc.record({ do: act('keepHouse') })],
  [2, fc.record({ do: act('reopen') })],
  [5, crash],
  [2, fc.record({ do: act('crashCompacting'), topic, turns: fc.nat({ max: 30 }), cut })],
];

export const action = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
