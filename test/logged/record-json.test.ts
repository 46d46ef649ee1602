import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { CommitLogError, type ConsumerRecord } from '../../logged/commit-log.ts';
import { keyFromNumber, parseRecord, printKey, printRecord } from '../../logged/codecs/record-json.ts';
import { bytes } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('record-json');
const utf8 = (text: string): Uint8Array => bytes.encodeUtf8(text);
const parse = (text: string) => parseRecord(text, bytes);

function consumed(record: Partial<ConsumerRecord>): ConsumerRecord {
  const defaults = { topic: 'my-topic', partition: 0, offset: 0, key: null, value: utf8('Hi there'), headers: [] };
  return { ...defaults, timestamp: null, appendedAt: 0, ...record };
}

test('a record is read and printed as streambed does', () => {
  const text =
    '{"topic":"my-topic","headers":[{"key":"a","value":"AAE="},{"key":"a","value":""}],' +
    '"timestamp":"2022-05-25T05:22:24.138956Z","key":18446744073709551615,"value":"SGkgdGhlcmU=","partition":3,"offset":12}';
  const record = parse(text);
  assert.equal(record, {
    topic: 'my-topic',
    partition: 3,
    key: new Uint8Array(8).fill(255),
    value: utf8('Hi there'),
    headers: [
      { name: 'a', value: Uint8Array.of(0, 1) },
      { name: 'a', value: new Uint8Array() },
    ],
    timestamp: 1653456144138.956,
  });
  assert.is(printRecord(consumed({ ...record, partition: 3, offset: 12 } as Partial<ConsumerRecord>), bytes), text);
});

test('what is missing is printed as streambed prints it', () => {
  const text =
    '{"topic":"my-topic","headers":[],"timestamp":null,"key":0,"value":"SGkgdGhlcmU=","partition":0,"offset":0}';
  assert.is(printRecord(consumed({}), bytes), text);
  assert.is(printRecord(consumed({ key: new Uint8Array(8) }), bytes), text);
});

test('null values are null, or empty for clients that cannot read a null', () => {
  const record = consumed({ value: null, headers: [{ name: 'h', value: null }] });
  const head = '{"topic":"my-topic","headers":[{"key":"h","value":';
  const middle = '}],"timestamp":null,"key":0,"value":';
  const tail = ',"partition":0,"offset":0}';
  assert.is(printRecord(record, bytes), `${head}null${middle}null${tail}`);
  assert.is(printRecord(record, bytes, '""'), `${head}""${middle}""${tail}`);
});

test('headers, timestamp and partition may be left out; null key and value are none', () => {
  const bare = parse('{"topic":"t","key":null,"value":null}');
  assert.equal(bare, { topic: 't', partition: undefined, key: null, value: null, headers: [], timestamp: null });
  assert.equal(
    parse('{"topic":"t","key":1,"value":"","headers":null,"timestamp":null,"more":{}}').value,
    new Uint8Array(),
  );
  assert.equal(parse('{"topic":"t","key":1,"value":"","headers":[{"key":"h","value":null}]}').headers, [
    { name: 'h', value: null },
  ]);
});

test('what is wrong is refused by the name of its field', () => {
  const base = { topic: 't', key: 0, value: '' };
  const whole = 'a whole number from 0 to';
  const wrong: readonly (readonly [string, string])[] = [
    ['', 'not JSON'],
    ['{"topic":"t"', 'not JSON'],
    ['[]', 'record is []: want an object'],
    ['null', 'record is null: want an object'],
    ['{"key":0,"value":""}', 'topic is missing: want a string'],
    [JSON.stringify({ ...base, topic: 7 }), 'topic is 7: want a string'],
    ['{"topic":"t","value":""}', `key is missing: want ${whole}`],
    [JSON.stringify({ ...base, key: '0' }), `key is "0": want ${whole}`],
    [JSON.stringify({ ...base, key: -1 }), `key is -1: want ${whole}`],
    [JSON.stringify({ ...base, key: 1.5 }), `key is 1.5: want ${whole}`],
    ['{"topic":"t","value":"","key":18446744073709551616}', `key is 18446744073709551616: want ${whole}`],
    ['{"topic":"t","value":"","key":-18446744073709551615}', `key is -18446744073709551615: want ${whole}`],
    ['{"topic":"t","value":"","key":1e19}', `key is 10000000000000000000: want ${whole}`],
    ['{"topic":"t","key":0}', 'value is missing: want base64'],
    [JSON.stringify({ ...base, value: 'SGk' }), 'value is "SGk": want base64'],
    [JSON.stringify({ ...base, value: {} }), 'value is {}: want base64'],
    [JSON.stringify({ ...base, partition: -1 }), `partition is -1: want ${whole} 4294967295`],
    [JSON.stringify({ ...base, partition: '0' }), `partition is "0": want ${whole}`],
    [JSON.stringify({ ...base, partition: null }), `partition is null: want ${whole}`],
    ['{"topic":"t","key":0,"value":"","partition":12345678901234567890}', 'partition is 12345678901234567890: want'],
    [JSON.stringify({ ...base, timestamp: 5 }), 'timestamp is 5: want an RFC 3339 time'],
    [JSON.stringify({ ...base, timestamp: '2022-01-01' }), 'timestamp is "2022-01-01": want an RFC 3339 time'],
    [JSON.stringify({ ...base, headers: {} }), 'headers is {}: want an array'],
    [JSON.stringify({ ...base, headers: [5] }), 'headers[0] is 5: want an object'],
    [JSON.stringify({ ...base, headers: [{ value: '' }] }), 'headers[0].key is missing: want a string'],
    [JSON.stringify({ ...base, headers: [{ key: 'a' }] }), 'headers[0].value is missing: want base64'],
    [JSON.stringify({ ...base, value: '!'.repeat(500) }), `value is "${'!'.repeat(59)}...: want base64`],
  ];
  for (const [text, message] of wrong) {
    try {
      parse(text);
    } catch (error) {
      assert.instance(error, CommitLogError);
      assert.is((error as CommitLogError).code, 'invalid-record');
      assert.is((error as Error).message.slice(0, message.length), message);
      continue;
    }
    assert.unreachable(`accepted ${text}`);
  }
});

test('numbers become 8 bytes, big-endian', () => {
  assert.equal(keyFromNumber(0), new Uint8Array(8));
  assert.equal(keyFromNumber(258), Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2));
  assert.equal(keyFromNumber(0x0102030405060708n), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  for (const wrong of [-1, 0.5, 2 ** 53, Number.NaN, -1n, 2n ** 64n]) assert.is(keyFromNumber(wrong), null);
});

test('keys become numbers: 1 to 8 bytes big-endian, longer ones FNV-1a', () => {
  assert.is(printKey(null), '0');
  assert.is(printKey(new Uint8Array()), '0');
  assert.is(printKey(Uint8Array.of(7)), '7');
  assert.is(printKey(Uint8Array.of(1, 0, 0, 0, 0)), '4294967296');
  assert.is(printKey(Uint8Array.of(0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)), '9007199254740991');
  assert.is(printKey(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 1)), '9007199254740993');
  assert.is(printKey(new Uint8Array(8).fill(255)), '18446744073709551615');
  // From the FNV-1a test vectors of the reference code (Landon Curt Noll, test_fnv.c, fnv1a_64_vector).
  assert.is(printKey(utf8('chongo was here!\n')), String(0x46810940eff5f915n));
  assert.is(printKey(utf8('chongo was here')), String(0xa3de85bd491270cen));
  assert.is(printKey(utf8('chongo was here!')), String(0x858e2fa32a55e61dn));
});

test('every 64-bit key survives the way through the log', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (number) => {
      const record = parse(`{"topic":"t","key":${number},"value":""}`);
      assert.is(printKey(record.key), String(number));
      const bytes = record.key!;
      assert.is(new DataView(bytes.buffer).getBigUint64(0, false), number);
    }),
  );
});
