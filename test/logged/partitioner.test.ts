import * as assert from 'uvu/assert';
import { murmur2, partitionForKey, StickyPartitioner } from '../../logged/topics/partitioner.ts';
import { suite } from '../support/suite.ts';

const test = suite('partitioner');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** From Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java, testMurmur2. */
const KAFKA_VECTORS: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

/** Random bytes by a linear congruence: the same each time. */
function seededRandom(seed: number) {
  let state = seed;
  return {
    fill(into: Uint8Array): void {
      for (let i = 0; i < into.length; i += 1) {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        into[i] = state >>> 16;
      }
    },
  };
}

test('murmur2 gives what Kafka gives', () => {
  for (const [text, hash] of KAFKA_VECTORS) assert.is(murmur2(utf8(text)), hash, text);
  // Bytes above 127: burdiyan/kafkautil, partitioner_test.go, made with the JVM client, and librdkafka for none at all.
  assert.is(murmur2(Uint8Array.of(12, 42, 56, 24, 109, 111)), 274204207);
  assert.is(murmur2(new Uint8Array()), 275646681);
});

test('a key goes to toPositive(murmur2(key)) % partitions', () => {
  assert.is(partitionForKey(utf8('21'), 12), 1173551340 % 12);
  assert.is(partitionForKey(utf8('foobar'), 10), 1357151166 % 10);
  assert.is(partitionForKey(utf8('anything'), 1), 0);
});

test('keyless records stick to a partition for a batch of bytes and then go to another', () => {
  const sticky = new StickyPartitioner(seededRandom(7), 100);
  const placed = Array.from({ length: 12 }, () => sticky.next(5, 40));
  const runs = [placed.slice(0, 3), placed.slice(3, 6), placed.slice(6, 9), placed.slice(9)];
  for (const run of runs) assert.is(new Set(run).size, 1, String(placed));
  for (let i = 1; i < runs.length; i += 1) assert.is.not(runs[i]![0], runs[i - 1]![0], String(placed));
});

test('keyless records are deterministic given the random bytes, and fill all partitions evenly', () => {
  const place = () => {
    const sticky = new StickyPartitioner(seededRandom(42));
    return Array.from({ length: 9000 }, () => sticky.next(3, 16384));
  };
  const placed = place();
  assert.equal(place(), placed);
  for (const partition of [0, 1, 2]) {
    const count = placed.filter((p) => p === partition).length;
    assert.ok(count > 2700 && count < 3300, `partition ${partition} got ${count} of 9000`);
  }
});

test('partitions added later are used, and one partition needs no random bytes', () => {
  const sticky = new StickyPartitioner(seededRandom(1), 1);
  const used = new Set<number>();
  for (let i = 0; i < 20; i += 1) used.add(sticky.next(2, 10));
  assert.equal([...used].sort(), [0, 1]);
  for (let i = 0; i < 60; i += 1) used.add(sticky.next(4, 10));
  assert.equal([...used].sort(), [0, 1, 2, 3]);

  const none = new StickyPartitioner({
    fill: () => assert.unreachable('drew random bytes'),
  });
  assert.is(none.next(1, 10), 0);
});
